/** What a client asks for with `POST /hub`, read from the body and checked against the policy (HUB-CONTRACT 2, 3). */
import type { CallbackSender } from '../../callbacks/sender.ts';
import type { Extensions, HubScope } from '../../registry/store.ts';
import type { Catalogue, EventTypes } from '../../tmf/catalogue.ts';
import { memberOf } from '../../tmf/document.ts';
import type { JsonObject } from '../../tmf/document.ts';
import { looksLikeEventType } from '../../tmf/event-names.ts';
import type { Profiles } from '../../tmf/profiles.ts';
import { allOf } from '../../tmf/query/all-of.ts';
import { compileQuery } from '../../tmf/query/query.ts';
import type { Query } from '../../tmf/query/query.ts';
import { readExtensions } from './extensions.ts';
import { badQuery, refuse } from '../refusal.ts';
import type { Refusal } from '../refusal.ts';
import { compileFilters } from '../topics/filters.ts';

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
  readonly extensions: Extensions | undefined;
  readonly duplicates: RegistrationPolicy['duplicates'];
}

type Compiled = { readonly ok: true; readonly query: Query } | Refusal;

export interface RequestReader {
  readonly catalogue: Catalogue;
  readonly sender: Pick<CallbackSender, 'refusal'>;
  readonly policy: RegistrationPolicy;
  readonly profiles: Profiles;
}

/** Reads a body of the right shape (the API description was checked before). Unknown members are ignored. */
export function readRegistration(
  scope: HubScope,
  body: JsonObject,
  { catalogue, sender, policy, profiles }: RequestReader,
): ({ readonly ok: true } & RegistrationRequest) | Refusal {
  const extensions = readExtensions(body, profiles.names);
  if (!extensions.ok) return extensions;
  const profile = profiles.of(scope.basePath, extensions.value?.profile);
  const callback = textOf(body, 'callback');
  const forbidden = sender.refusal(callback);
  if (forbidden !== undefined) return refuse(400, 'Callback refused', forbidden, { code: 'callbackRefused' });

  const query = textOf(body, 'query');
  const compiled = compileFor(scope, query, knownTypes(scope, catalogue, policy), policy.lenientQuery);
  if (!compiled.ok) return compiled;
  const ordering = memberOf(body, 'ordering') === 'none' ? 'none' : 'key';
  const duplicates = profile?.duplicates ?? policy.duplicates;
  const { value } = extensions;
  return { ok: true, callback, query, compiled: compiled.query, ordering, extensions: value, duplicates };
}

/** The description says that it is a text, null or absent. */
function textOf(body: JsonObject, name: string): string {
  const value = memberOf(body, name);
  return typeof value === 'string' ? value : '';
}

/** Compiles a query that was accepted before: a policy that changed since does not take a subscription away. */
export function recompile(scope: HubScope, query: string, { catalogue, policy }: RequestReader): Compiled {
  const strict = compileFor(scope, query, knownTypes(scope, catalogue, policy), false);
  return strict.ok ? strict : compileFor(scope, query, null, true);
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

/** Of a topic's hub the topic's filters hold too. */
function compileFor(
  { topic }: HubScope,
  text: string,
  knownEventTypes: EventTypes | null,
  lenient: boolean,
): Compiled {
  const own = compileOwn(text, knownEventTypes, lenient);
  if (!own.ok || topic === undefined) return own;
  const filters = compileFilters(topic);
  return filters.ok ? { ok: true, query: allOf([...filters.queries, own.query]) } : filters;
}

function compileOwn(text: string, knownEventTypes: EventTypes | null, lenient: boolean): Compiled {
  const result = compileQuery(text, { knownEventTypes });
  if (result.ok) return result;
  return lenient && saysNothing(text) ? compileOwn('', knownEventTypes, false) : badQuery('query', result);
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
