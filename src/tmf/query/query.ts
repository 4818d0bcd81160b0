/**
 * The `query` of a hub, compiled: for the index (event types, one equality), to ask of the event, and what is sent of
 * it (HUB-CONTRACT 3, docs/query.md).
 */
import type { Projection } from '../projection.ts';
import { and, type Condition } from './conditions.ts';
import type { Steps } from './cursor.ts';
import { predicateOf, whyNot, type Predicate } from './evaluate.ts';
import { equalityOf, eventTypesOf, isEventTypes, type Equality } from './indexing.ts';
import type { Part } from './paths.ts';
import { readQuery } from './read.ts';
import type { QueryRefusal } from './refusal.ts';
import type { KnownEventTypes } from './terms.ts';

export interface Query {
  /** Exactly as given. */
  readonly text: string;
  /**
   * Equal for queries that differ only in order, repetition, blanks or spelling of operators and event types; '' =
   * everything, sent whole.
   */
  readonly canonical: string;
  /** Canonical event types that can match, for an index; null = all. */
  readonly eventTypes: ReadonlySet<string> | null;
  /** What is left to ask of the parsed event once its type is in `eventTypes`; undefined = nothing. Never throws. */
  readonly matches: Predicate | undefined;
  /** One of the things that `matches` asks, for an index; undefined when none can be looked up. */
  readonly equality: Equality | undefined;
  /** What is sent of an event; undefined = all of it. */
  readonly projection: Projection | undefined;
  /** Why the parsed event does not match, in words; undefined when it does. Never throws. */
  explain(document: unknown): string | undefined;
}

export interface QueryOptions {
  /**
   * Event types that may be named, canonical form to spelling; others are refused. Null accepts any. See
   * `HubPlace.knownEventTypes`.
   */
  readonly knownEventTypes: KnownEventTypes;
  /** Where it looks; the whole document unless said. */
  readonly part?: Part;
  /** Counts the characters that reading looks at. */
  readonly steps?: Steps;
}

/** Compiles a query; absent is written ''. Never throws; time is linear in the text. */
export function compileQuery(
  text: string,
  { knownEventTypes, part = 'document', steps = { count: 0 } }: QueryOptions,
): { readonly ok: true; readonly query: Query } | QueryRefusal {
  const read = readQuery(text, { known: knownEventTypes, part, steps, patterns: 0 });
  if (!read.ok) return read;
  const { condition, fields } = read;
  const parts = condition.kind === 'and' ? condition.parts : [condition];
  // The index has asked for the event type before.
  const rest = parts.filter((one) => !isEventTypes(one));
  const query: Query = {
    text,
    canonical: canonicalOf(condition, fields, part),
    eventTypes: eventTypesOf(condition),
    matches: rest.length === 0 ? undefined : predicateOf(and(rest), part),
    equality: equalityOf(rest, part),
    projection: fields && { fields },
    explain: (document) => whyNot(condition, document, part),
  };
  return { ok: true, query };
}

/** Says the question only once where queries of two parts are joined: `state=x` of a header is another one. */
function canonicalOf(condition: Condition, fields: Projection['fields'] | undefined, part: Part): string {
  const paths = fields && [...new Set(fields.map((path) => path.join('.')))].sort();
  const asked = condition.kind === 'or' ? `(${condition.canonical})` : condition.canonical;
  const all = [asked, paths ? `fields${JSON.stringify(paths)}` : ''].filter((text) => text !== '').join('&');
  return part === 'document' || all === '' ? all : `${part}(${all})`;
}
