/** Reads what the admin API is given: query parameters and bodies, each mistake named in a Problem. */
import type { DeadLetterFilter, DeadLetterGroup, DeadLetterState, ReplayRange } from '../brokers/broker.ts';
import { Problem } from './problem.ts';

export const DEFAULT_LIMIT = 100;
export const MAX_LIMIT = 1000;

const GROUPS: readonly DeadLetterGroup[] = ['reason', 'subscriptionId', 'eventType'];
const STATES: readonly DeadLetterState[] = ['open', 'replayed', 'discarded'];
const TEXT_FILTERS = ['subscriptionId', 'reason', 'eventType', 'eventId', 'correlationId'] as const;
const FILTERS: readonly string[] = [...TEXT_FILTERS, 'since', 'until', 'state'];
const ISO_TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;

export interface DeadLetterQuery {
  readonly filter: DeadLetterFilter;
  readonly page: { readonly offset: number; readonly limit: number };
  readonly groupBy: DeadLetterGroup | undefined;
}

/** Parameters of GET /admin/dead-letters. What is not said is: open ones, the first 100. */
export function deadLetterQuery(query: URLSearchParams): DeadLetterQuery {
  const values = single(query, [...FILTERS, 'limit', 'offset', 'groupBy']);
  const groupBy = values.get('groupBy');
  return {
    filter: deadLetterFilter(Object.fromEntries([...values].filter(([name]) => FILTERS.includes(name)))),
    page: {
      offset: integer('offset', values.get('offset'), 0, 0, Number.MAX_SAFE_INTEGER),
      limit: integer('limit', values.get('limit'), DEFAULT_LIMIT, 1, MAX_LIMIT),
    },
    groupBy: groupBy === undefined ? undefined : oneOf('groupBy', groupBy, GROUPS),
  };
}

/** A filter as it stands in a query string or in the body of a replay; without `state` it means open ones. */
export function deadLetterFilter(given: unknown): DeadLetterFilter {
  const values = members('filter', given, FILTERS);
  const filter: { -readonly [K in keyof DeadLetterFilter]: DeadLetterFilter[K] } = { state: 'open' };
  for (const name of TEXT_FILTERS) {
    if (values.has(name)) filter[name] = text(name, values.get(name));
  }
  if (values.has('since')) filter.since = isoTime('since', values.get('since'));
  if (values.has('until')) filter.until = isoTime('until', values.get('until'));
  if (values.has('state')) filter.state = oneOf('state', values.get('state'), STATES);
  return filter;
}

/** Body of POST /admin/subscriptions/{id}/replay. */
export function replayRange(body: unknown): ReplayRange {
  const values = members('the body', body, ['from', 'to', 'correlationId']);
  if (!values.has('from')) {
    throw new Problem(400, 'from is missing: an ISO time, {"time"}, {"eventId"} or {"offsets"}');
  }
  return {
    from: replayStart(values.get('from')),
    ...(values.has('to') && { to: isoTime('to', values.get('to')) }),
    ...(values.has('correlationId') && { correlationId: text('correlationId', values.get('correlationId')) }),
  };
}

function replayStart(from: unknown): ReplayRange['from'] {
  if (typeof from === 'string') return { time: isoTime('from', from) };
  const [only, ...more] = members('from', from, ['time', 'eventId', 'offsets']);
  if (only === undefined || more.length > 0) {
    throw new Problem(400, 'from takes exactly one of time, eventId and offsets');
  }
  const [name, value] = only;
  if (name === 'time') return { time: isoTime('from.time', value) };
  if (name === 'eventId') return { eventId: text('from.eventId', value) };
  return { offsets: offsets(value) };
}

function offsets(value: unknown): Record<string, number> {
  const entries = [...members('from.offsets', value)];
  if (entries.length === 0) throw new Problem(400, 'from.offsets is empty');
  for (const [place, offset] of entries) {
    if (!/^.+:\d+$/.test(place) || !Number.isSafeInteger(offset) || (offset as number) < 0) {
      throw new Problem(400, `from.offsets wants {"topic:partition": offset}, not ${JSON.stringify(place)}`);
    }
  }
  return Object.fromEntries(entries) as Record<string, number>;
}

/** The value of the one query parameter that a call requires. */
export function requiredParameter(query: URLSearchParams, name: string): string {
  const value = single(query, [name]).get(name);
  if (value === undefined) throw new Problem(400, `the query parameter ${name} is missing`);
  return text(name, value);
}

/** The members of a JSON object as a map (a member named `__proto__` is one like any other). */
function members(what: string, value: unknown, known?: readonly string[]): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Problem(400, `${what} must be a JSON object`);
  }
  const entries = Object.entries(value);
  const unknown = known && entries.find(([name]) => !known.includes(name));
  if (unknown)
    throw new Problem(400, `${what} does not know ${quoted(unknown[0])}, only ${known.join(', ')}`);
  return new Map(entries);
}

function single(query: URLSearchParams, known: readonly string[]): Map<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of query) {
    if (!known.includes(name)) {
      throw new Problem(400, `unknown query parameter ${quoted(name)}, known are ${known.join(', ')}`);
    }
    if (values.has(name)) throw new Problem(400, `the query parameter ${name} is given twice`);
    values.set(name, value);
  }
  return values;
}

function text(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new Problem(400, `${name} must be a text that is not empty`);
}

function oneOf<T extends string>(name: string, value: unknown, known: readonly T[]): T {
  const found = known.find((candidate) => candidate === value);
  if (found === undefined) throw new Problem(400, `${name} must be one of ${known.join(', ')}`);
  return found;
}

function integer(name: string, value: string | undefined, absent: number, min: number, max: number): number {
  if (value === undefined) return absent;
  const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new Problem(400, `${name} must be a whole number from ${min} to ${max}, not ${quoted(value)}`);
}

/** Any ISO 8601 date or time, given back in the one form in which texts compare like times. */
function isoTime(name: string, value: unknown): string {
  // An unescaped + in a query string arrives as a blank.
  const given = typeof value === 'string' ? value.replace(/ (?=\d\d:?\d\d$)/, '+') : '';
  const time = ISO_TIME.test(given) ? Date.parse(given) : Number.NaN;
  if (!Number.isNaN(time)) return new Date(time).toISOString();
  throw new Problem(400, `${name} must be an ISO time such as 2026-01-31T08:00:00Z`);
}

function quoted(value: string): string {
  return JSON.stringify(value.slice(0, 100));
}
