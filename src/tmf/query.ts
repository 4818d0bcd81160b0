/**
 * The `query` of a hub, compiled: one part for the index (event types), one to evaluate on the event
 * (HUB-CONTRACT 3). See `query-syntax.ts` for what is understood.
 */
import { asObject, memberOf } from './document.ts';
import { canonicalEventType } from './event-names.ts';
import { isWanted, valuesAt, wantedValues, type Wanted } from './query-match.ts';
import { readConditions, type Condition, type KnownEventTypes, type QueryRefusal } from './query-syntax.ts';

export interface Query {
  /** Exactly as given. */
  readonly text: string;
  /** Equal for queries that differ only in order, repetition, blanks or spelling of event types; '' = everything. */
  readonly canonical: string;
  /** Canonical event types that can match, for an index; null = all. */
  readonly eventTypes: ReadonlySet<string> | null;
  /** What is left to ask of the parsed event once its type is in `eventTypes`; undefined = nothing. Never throws. */
  readonly matches: ((document: unknown) => boolean) | undefined;
  /** Why the parsed event does not match, in words; undefined when it does. */
  explain(document: unknown): string | undefined;
}

export interface QueryOptions {
  /**
   * Event types that may be named, canonical form to spelling; others are refused. Null accepts any. See
   * `HubPlace.knownEventTypes`.
   */
  readonly knownEventTypes: KnownEventTypes;
}

interface CompiledCondition {
  readonly attribute: string;
  readonly path: readonly string[];
  readonly wanted: Wanted;
}

/** Compiles a query; absent is written ''. Never throws; time is linear in the text. */
export function compileQuery(
  text: string,
  options: QueryOptions,
): { readonly ok: true; readonly query: Query } | QueryRefusal {
  const read = readConditions(text, options.knownEventTypes);
  if (!read.ok) return read;
  const types = read.conditions.get('eventType')?.values;
  const eventTypes = types === undefined ? null : new Set([...types].map(canonicalEventType));
  const others = [...read.conditions.values()].filter((condition) => condition.attribute !== 'eventType');
  const conditions = others.map(compile);
  return {
    ok: true,
    query: {
      text,
      canonical: canonicalText(others, eventTypes),
      eventTypes,
      matches:
        conditions.length === 0
          ? undefined
          : (document) => conditions.every((condition) => holds(condition, document)),
      explain: (document) => explainType(document, types, eventTypes) ?? explain(document, conditions),
    },
  };
}

function compile({ attribute, values }: Condition): CompiledCondition {
  return { attribute, path: attribute.split('.'), wanted: wantedValues(values) };
}

function holds(condition: CompiledCondition, document: unknown): boolean {
  return valuesAt(document, condition.path).some((value) => isWanted(value, condition.wanted));
}

function canonicalText(conditions: readonly Condition[], eventTypes: ReadonlySet<string> | null): string {
  const lines = conditions.map(({ attribute, values }) => [attribute, ...[...values].sort()]);
  if (eventTypes !== null) lines.push(['eventType', ...[...eventTypes].sort()]);
  return lines
    .map((line) => JSON.stringify(line))
    .sort()
    .join('&');
}

function explainType(
  document: unknown,
  types: ReadonlySet<string> | undefined,
  eventTypes: ReadonlySet<string> | null,
): string | undefined {
  if (types === undefined || eventTypes === null) return undefined;
  const type = memberOf(asObject(document), 'eventType');
  if (typeof type === 'string' && eventTypes.has(canonicalEventType(type))) return undefined;
  return `eventType is ${shown([type])}; the query wants ${oneOf(types)}`;
}

function explain(document: unknown, conditions: readonly CompiledCondition[]): string | undefined {
  const failed = conditions.find((condition) => !holds(condition, document));
  if (failed === undefined) return undefined;
  const found = shown(valuesAt(document, failed.path));
  return `${failed.attribute} is ${found}; the query wants ${oneOf(failed.wanted.texts)}`;
}

const SHOWN_VALUES = 10;
const SHOWN_LENGTH = 100;

function shown(values: readonly unknown[]): string {
  const present = values.filter((value) => value !== undefined);
  if (present.length === 0) return 'absent';
  const texts = present.slice(0, SHOWN_VALUES).map((value) => {
    if (typeof value === 'string') return `'${value.slice(0, SHOWN_LENGTH)}'`;
    return typeof value === 'number' || typeof value === 'boolean' ? String(value) : 'no plain value';
  });
  return present.length > SHOWN_VALUES ? `${texts.join(', ')}, ...` : texts.join(', ');
}

function oneOf(values: ReadonlySet<string>): string {
  return [...values].map((value) => `'${value}'`).join(' or ');
}
