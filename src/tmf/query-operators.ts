/** Operators of TMF630 filters in the text of a query, written plainly or percent-encoded. */

export interface Operator {
  /** Position of its first character. */
  readonly start: number;
  /** Position behind its last. */
  readonly end: number;
  /** Plain form, e.g. `=` or `>=`; undefined for a character that starts an operator but makes none. */
  readonly symbol: string | undefined;
}

const FIRST_CHARACTER = /[=<>!*~]|%3D|%3C|%3E|%21|%2A|%7E/i;
/**
 * What may follow the first character. An encoded `=` behind a plain one starts the value: whoever encodes it there
 * means the value. Behind an encoded first character it belongs to the operator.
 */
const OPERATOR =
  /^(?:==|=~|=|<=|<|>=|>|!=|\*=|%3D(?:=|%3D|~|%7E)?|%3C(?:=|%3D)?|%3E(?:=|%3D)?|%21(?:=|%3D)|%2A(?:=|%3D))/i;

/** The first operator in a condition, or undefined when there is none. */
export function findOperator(condition: string): Operator | undefined {
  const first = FIRST_CHARACTER.exec(condition);
  if (first === null) return undefined;
  const start = first.index;
  // No operator is longer than two encoded characters.
  const found = OPERATOR.exec(condition.slice(start, start + 6))?.[0];
  return found === undefined
    ? { start, end: start + first[0].length, symbol: undefined }
    : { start, end: start + found.length, symbol: decodeURIComponent(found) };
}

/** Operators that are written behind the attribute's name: `priority.gt=3`. */
export const SUFFIX_OPERATORS: ReadonlySet<string> = new Set(['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'regex']);
