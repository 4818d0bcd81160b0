/** Comparing a value of an event with one of a query: numbers as numbers, dates as instants, the rest as text. */

const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** A date, or a time with its zone: a time without one is no instant. */
const INSTANT = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d))?$/;
/** Longer texts are no numbers that anybody compares, and no dates. */
const LONGEST = 100;

function numberOf(text: string): number | undefined {
  return text.length <= LONGEST && NUMBER.test(text) ? Number(text) : undefined;
}

/** Many queries look at the same time of one event, and reading a date is dear. */
let latest: { readonly text: string; readonly instant: number | undefined } = {
  text: '',
  instant: undefined,
};

/** Milliseconds since the epoch; a date alone is its midnight in UTC. Undefined for what is no instant. */
function instantOf(text: string): number | undefined {
  if (text.length > LONGEST) return undefined;
  if (latest.text !== text) {
    const instant = INSTANT.test(text) ? Date.parse(text) : NaN;
    latest = { text, instant: Number.isNaN(instant) ? undefined : instant };
  }
  return latest.instant;
}

/** Values of which an attribute must have one, as text, as numbers and as instants. */
export interface Wanted {
  readonly texts: ReadonlySet<string>;
  readonly numbers: ReadonlySet<number>;
  /** Milliseconds since the epoch. */
  readonly instants: ReadonlySet<number>;
}

export function wantedValues(values: Iterable<string>): Wanted {
  const texts = new Set(values);
  const all = [...texts];
  return {
    texts,
    numbers: new Set(all.map(numberOf).filter((number) => number !== undefined)),
    instants: new Set(all.map(instantOf).filter((instant) => instant !== undefined)),
  };
}

/** Text compares case-sensitive, a boolean as its word. */
export function isWanted(value: unknown, { texts, numbers, instants }: Wanted): boolean {
  switch (typeof value) {
    case 'string': {
      if (texts.has(value)) return true;
      const instant = instants.size > 0 ? instantOf(value) : undefined;
      return instant !== undefined && instants.has(instant);
    }
    case 'number':
      return numbers.has(value);
    case 'boolean':
      return texts.has(String(value));
    default:
      return false;
  }
}

export type Range = 'gt' | 'gte' | 'lt' | 'lte';

/** A test for values beyond a bound. What has no order with it (a boolean, an object) is never beyond. */
export function beyond(range: Range, bound: string): (value: unknown) => boolean {
  const number = numberOf(bound);
  const instant = instantOf(bound);
  return (value) => {
    if (typeof value === 'number') return number !== undefined && inRange(range, value, number);
    if (typeof value !== 'string') return false;
    const asNumber = number === undefined ? undefined : numberOf(value);
    if (number !== undefined && asNumber !== undefined) return inRange(range, asNumber, number);
    const asInstant = instant === undefined ? undefined : instantOf(value);
    if (instant !== undefined && asInstant !== undefined) return inRange(range, asInstant, instant);
    return inRange(range, value, bound);
  };
}

/** Texts by their UTF-16 units. */
function inRange<T extends number | string>(range: Range, value: T, bound: T): boolean {
  switch (range) {
    case 'gt':
      return value > bound;
    case 'gte':
      return value >= bound;
    case 'lt':
      return value < bound;
    case 'lte':
      return value <= bound;
  }
}
