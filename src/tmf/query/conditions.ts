/**
 * What a query asks, as one small tree: comparisons, joined by and / or. Both languages (TMF630 filters and JSONPath)
 * are read into it. A negation stands at the comparison it belongs to.
 */
import { canonicalEventType } from '../event-names.ts';
import type { TextTest } from './regular-expression.ts';
import { beyond, isWanted, wantedValues, type Range, type Wanted } from './values.ts';

export type Condition = Comparison | Group;

export interface Group {
  readonly kind: 'and' | 'or';
  readonly parts: readonly Condition[];
  readonly canonical: string;
}

/** Holds when any value at the path is accepted; negated, when none is (so also when there is none). */
export interface Comparison {
  readonly kind: 'comparison';
  /** As it is shown; tells paths apart. */
  readonly attribute: string;
  readonly path: readonly string[];
  readonly operator: 'eq' | Range | 'regex' | 'exists';
  readonly negated: boolean;
  /** As written, each once; one of them is enough. Empty for `exists`. */
  readonly values: readonly string[];
  /** Is this value of the event one that is asked for? */
  readonly accepts: (value: unknown) => boolean;
  /** Of an equality (but not of event types): what it accepts, for an index. */
  readonly wanted: Wanted | undefined;
  readonly canonical: string;
}

/** The attribute whose values have several spellings (HUB-CONTRACT 5). */
export const EVENT_TYPE = 'eventType';

export type Attribute = Pick<Comparison, 'attribute' | 'path'>;

export function equality(attribute: Attribute, values: Iterable<string>): Comparison {
  const unique = [...new Set(values)];
  if (attribute.attribute === EVENT_TYPE) {
    const types = new Set(unique.map(canonicalEventType));
    const accepts = (value: unknown): boolean =>
      typeof value === 'string' && types.has(canonicalEventType(value));
    return comparison(attribute, { operator: 'eq', values: unique, accepts, named: types });
  }
  const wanted = wantedValues(unique);
  const accepts = (value: unknown): boolean => isWanted(value, wanted);
  return comparison(attribute, { operator: 'eq', values: unique, accepts, wanted });
}

export function range(attribute: Attribute, operator: Range, values: Iterable<string>): Comparison {
  const unique = [...new Set(values)];
  const tests = unique.map((value) => beyond(operator, value));
  const accepts = (value: unknown): boolean => tests.some((test) => test(value));
  return comparison(attribute, { operator, values: unique, accepts });
}

export function expression(attribute: Attribute, pattern: string, test: TextTest): Comparison {
  const accepts = (value: unknown): boolean => {
    const text = plainText(value);
    return text !== undefined && test(text);
  };
  return comparison(attribute, { operator: 'regex', values: [pattern], accepts });
}

/** What a regular expression looks at; undefined for objects. */
export function plainText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

export function presence(attribute: Attribute): Comparison {
  return comparison(attribute, { operator: 'exists', values: [], accepts: () => true });
}

interface Asked extends Pick<Comparison, 'operator' | 'values' | 'accepts'> {
  readonly wanted?: Wanted;
  /** Values in the form in which equal ones are equal, where that is not as written. */
  readonly named?: Iterable<string>;
}

function comparison({ attribute, path }: Attribute, { named, wanted, ...asked }: Asked): Comparison {
  const text = JSON.stringify([attribute, ...[...(named ?? asked.values)].sort()]);
  const canonical = asked.operator === 'eq' ? text : `${asked.operator}${text}`;
  return { kind: 'comparison', attribute, path, ...asked, negated: false, wanted, canonical };
}

/** Not: negations move to the comparisons (De Morgan). Recursion as deep as the tree. */
export function not(condition: Condition): Condition {
  if (condition.kind !== 'comparison') {
    const parts = condition.parts.map(not);
    return condition.kind === 'and' ? or(parts) : and(parts);
  }
  const negated = !condition.negated;
  const canonical = negated ? `!${condition.canonical}` : condition.canonical.slice(1);
  return { ...condition, negated, canonical };
}

/** All must hold. "Neither a, nor b" is made one comparison; nothing at all holds always. */
export function and(parts: readonly Condition[]): Condition {
  return group('and', parts, true);
}

/** One is enough. "a, or b" of one attribute is made one comparison. */
export function or(parts: readonly Condition[]): Condition {
  return group('or', parts, false);
}

function group(kind: Group['kind'], given: readonly Condition[], negated: boolean): Condition {
  const flat = given.flatMap((part) => (part.kind === kind ? part.parts : [part]));
  const parts = distinct(joinEqualities(flat, negated));
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  const lines = parts.map((part) => (part.kind === 'comparison' ? part.canonical : `(${part.canonical})`));
  return { kind, parts, canonical: lines.sort().join(kind === 'and' ? '&' : '|') };
}

/**
 * Equalities (negated: inequalities) of one attribute become one with the values of all, at the place of the first. Of
 * parts that must all hold this is what TMF630 says of an attribute that is repeated, and no other language does.
 */
export function joinEqualities(parts: readonly Condition[], negated: boolean): readonly Condition[] {
  const byAttribute = new Map<string, Comparison[]>();
  const kept: (Condition | Comparison[])[] = [];
  for (const part of parts) {
    if (part.kind !== 'comparison' || part.operator !== 'eq' || part.negated !== negated) {
      kept.push(part);
      continue;
    }
    const same = byAttribute.get(part.attribute);
    if (same) same.push(part);
    else {
      const first = [part];
      byAttribute.set(part.attribute, first);
      kept.push(first);
    }
  }
  return kept.map((part) => (Array.isArray(part) ? joined(part, negated) : part));
}

function joined(same: readonly Comparison[], negated: boolean): Condition {
  const [first] = same as readonly [Comparison, ...Comparison[]];
  if (same.length === 1) return first;
  const all = equality(
    first,
    same.flatMap(({ values }) => values),
  );
  return negated ? not(all) : all;
}

/** Each may cost a look at every element of a list of the event, and so may each path of `fields`. */
export const MOST_CONDITIONS = 200;

/** Comparisons, and each value of those that look at one value after the other. */
export function sizeOf(condition: Condition): number {
  if (condition.kind !== 'comparison') return condition.parts.reduce((sum, part) => sum + sizeOf(part), 0);
  return condition.operator === 'eq' ? 1 : Math.max(1, condition.values.length);
}

function distinct(parts: readonly Condition[]): readonly Condition[] {
  return [...new Map(parts.map((part) => [part.canonical, part])).values()];
}
