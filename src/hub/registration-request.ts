/** What a client asks for with `POST /hub`, read from the body and checked against the policy (HUB-CONTRACT 2, 3). */
import type { CallbackSender } from '../callbacks/sender.ts';
import type { HubScope } from '../registry/store.ts';
import type { Catalogue, EventTypes } from '../tmf/catalogue.ts';
import { memberOf } from '../tmf/document.ts';
import type { JsonObject } from '../tmf/document.ts';
import { looksLikeEventType } from '../tmf/event-names.ts';
import { compileQuery } from '../tmf/query.ts';
import type { Query } from '../tmf/query.ts';
import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';

export interface RegistrationPolicy {
  readonly duplicates: 'idempotent' | 'conflict' | 'allow';
  /** A query that says nothing (`data`) means everything instead of 400. */
  readonly lenientQuery: boolean;
  readonly unknownEventTypes: 'reject' | 'accept';
}

export interface RegistrationRequest {
  readonly callback: string;
  /** Exactly as sent; '' when absent or null. */
  readonly query: string;
  readonly compiled: Query;
  readonly ordering: 'key' | 'none';
}

/** Members that change what is sent or how: leaving them out unsaid could send events without the auth they need. */
const NOT_SUPPORTED = ['profile', 'headers', 'auth', 'secret', 'retry'];

type Compiled = { readonly ok: true; readonly query: Query } | Refusal;

export interface RequestReader {
  readonly catalogue: Catalogue;
  readonly sender: Pick<CallbackSender, 'refusal'>;
  readonly policy: RegistrationPolicy;
}

/** Reads a body of the right shape (the API description was checked before). Unknown members are ignored. */
export function readRegistration(
  scope: HubScope,
  body: JsonObject,
  { catalogue, sender, policy }: RequestReader,
): ({ readonly ok: true } & RegistrationRequest) | Refusal {
  const extension = NOT_SUPPORTED.find((name) => (memberOf(body, name) ?? null) !== null);
  if (extension !== undefined) {
    const message = `this version does not support "${extension}" in a registration; leave it out to register without it`;
    return refuse(501, 'Not supported', message);
  }
  const callback = textOf(body, 'callback');
  const forbidden = sender.refusal(callback);
  if (forbidden !== undefined) return refuse(400, 'Callback refused', forbidden, { code: 'callbackRefused' });

  const query = textOf(body, 'query');
  const compiled = compileFor(query, knownTypes(scope, catalogue, policy), policy.lenientQuery);
  if (!compiled.ok) return compiled;
  const ordering = memberOf(body, 'ordering') === 'none' ? 'none' : 'key';
  return { ok: true, callback, query, compiled: compiled.query, ordering };
}

/** The description says that it is a text, null or absent. */
function textOf(body: JsonObject, name: string): string {
  const value = memberOf(body, name);
  return typeof value === 'string' ? value : '';
}

/** Compiles a query that was accepted before: a policy that changed since does not take a subscription away. */
export function recompile(scope: HubScope, query: string, { catalogue, policy }: RequestReader): Compiled {
  const strict = compileFor(query, knownTypes(scope, catalogue, policy), false);
  return strict.ok ? strict : compileFor(query, null, true);
}

/** The query that matches every event of a hub. */
export function everything(): Query {
  const result = compileQuery('', { knownEventTypes: null });
  if (!result.ok) throw new Error('the empty query must compile');
  return result.query;
}

function knownTypes(scope: HubScope, catalogue: Catalogue, policy: RegistrationPolicy): EventTypes | null {
  if (policy.unknownEventTypes === 'accept') return null;
  if (scope.basePath === '') return catalogue.knownEventTypes;
  return catalogue.hubAt(scope.basePath)?.knownEventTypes ?? null;
}

function compileFor(text: string, knownEventTypes: EventTypes | null, lenient: boolean): Compiled {
  const result = compileQuery(text, { knownEventTypes });
  if (result.ok) return result;
  if (lenient && saysNothing(text)) return compileFor('', knownEventTypes, false);
  const message = `query, character ${result.position + 1}: ${result.reason}`;
  return result.status === 501
    ? refuse(501, 'Query not supported', message)
    : refuse(400, 'Query not understood', message, { code: 'invalidQuery' });
}

/** One word that is neither condition nor event type, as the sample `data` that some specifications show. */
function saysNothing(query: string): boolean {
  return /^\s*\w+\s*$/.test(query) && !looksLikeEventType(query.trim());
}

/**
 * What makes two registrations the same: hub, callback and what the query means. URLs that differ only in the
 * spelling of scheme, host or default port are one.
 */
export function identityOf(scope: HubScope, callback: string, query: Query): string {
  return JSON.stringify([scope.basePath, normalCallback(callback), query.canonical]);
}

function normalCallback(callback: string): string {
  const url = URL.parse(callback);
  if (url === null) return callback;
  url.hash = '';
  return url.href;
}
