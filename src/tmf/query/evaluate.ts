/** Conditions asked of a parsed event: the answer, and why it was no. */
import { EVENT_TYPE, plainText, type Comparison, type Condition } from './conditions.ts';
import { valuesAt, type Part } from './paths.ts';
import { LONGEST_TEXT } from './regular-expression.ts';

/** Never throws. Work is linear in the conditions and in what stands at their paths. */
export type Predicate = (document: unknown) => boolean;

export function predicateOf(condition: Condition, part: Part): Predicate {
  if (condition.kind === 'comparison') {
    return (document) => holds(condition, valuesOf(condition, document, part));
  }
  const tests = condition.parts.map((one) => predicateOf(one, part));
  return condition.kind === 'and'
    ? (document) => tests.every((test) => test(document))
    : (document) => tests.some((test) => test(document));
}

function valuesOf({ path, attribute }: Comparison, document: unknown, part: Part): readonly unknown[] {
  // The type of an event stands in its envelope and nowhere else.
  return valuesAt(document, path, attribute === EVENT_TYPE ? 'header' : part);
}

function holds({ operator, accepts, negated }: Comparison, values: readonly unknown[]): boolean {
  if (operator !== 'regex') return values.some(accepts) !== negated;
  let left = LONGEST_TEXT;
  const found = values.some((value) => {
    left -= plainText(value)?.length ?? 0;
    return left >= 0 && accepts(value);
  });
  return found !== negated;
}

const SHOWN_VALUES = 10;
const SHOWN_LENGTH = 100;

/** All of those that are given; undefined when none is. */
export function every(given: readonly (Predicate | undefined)[]): Predicate | undefined {
  const tests = given.filter((test) => test !== undefined);
  return tests.length > 1 ? (document) => tests.every((test) => test(document)) : tests[0];
}

/** Why a condition does not hold, in words; undefined when it does. */
export function whyNot(condition: Condition, document: unknown, part: Part): string | undefined {
  if (condition.kind === 'comparison') {
    const found = valuesOf(condition, document, part);
    if (holds(condition, found)) return undefined;
    return `${condition.attribute} is ${shown(found)}; the query wants ${wish(condition)}`;
  }
  const reasons: string[] = [];
  for (const one of condition.parts) {
    const reason = whyNot(one, document, part);
    if (condition.kind === 'and' && reason !== undefined) return reason;
    if (condition.kind === 'or' && reason === undefined) return undefined;
    if (reason !== undefined) reasons.push(reason);
  }
  if (condition.kind === 'and') return undefined;
  const more = reasons.length > SHOWN_VALUES ? ' / ...' : '';
  return `no alternative holds: ${reasons.slice(0, SHOWN_VALUES).join(' / ')}${more}`;
}

const WISHES: Readonly<Record<Comparison['operator'], readonly [wanted: string, negated: string]>> = {
  eq: ['', 'anything but '],
  gt: ['more than ', 'nothing more than '],
  gte: ['at least ', 'nothing from '],
  lt: ['less than ', 'nothing less than '],
  lte: ['at most ', 'nothing up to '],
  regex: ['a match of ', 'no match of '],
  exists: ['it present', 'it absent'],
};

function wish({ operator, negated, values }: Comparison): string {
  const more = values.length > SHOWN_VALUES ? ', ...' : '';
  const texts = values.slice(0, SHOWN_VALUES).map((value) => `'${value.slice(0, SHOWN_LENGTH)}'`);
  return `${WISHES[operator][negated ? 1 : 0]}${texts.join(' or ')}${more}`;
}

function shown(values: readonly unknown[]): string {
  if (values.length === 0) return 'absent';
  const texts = values.slice(0, SHOWN_VALUES).map((value) => {
    if (typeof value === 'string') return `'${value.slice(0, SHOWN_LENGTH)}'`;
    return typeof value === 'number' || typeof value === 'boolean' ? String(value) : 'no plain value';
  });
  return values.length > SHOWN_VALUES ? `${texts.join(', ')}, ...` : texts.join(', ');
}
