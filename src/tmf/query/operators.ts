/** Operators of TMF630 filters, written plainly, percent-encoded or behind the name of the attribute. */

export type OperatorName = 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte' | 'regex';

/** The meaning of the signs, in plain form. */
export const SIGNS: Readonly<Record<string, OperatorName>> = {
  '=': 'eq',
  '==': 'eq',
  '!=': 'ne',
  '>': 'gt',
  '>=': 'gte',
  '<': 'lt',
  '<=': 'lte',
  '*=': 'regex',
  '=~': 'regex',
};

/** Operators that are written behind the attribute's name: `priority.gt=3`. */
const SUFFIXES: ReadonlySet<string> = new Set<OperatorName>(['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'regex']);

export function isSuffix(word: string): word is OperatorName {
  return SUFFIXES.has(word);
}

/** A sign in the text of a query. */
export interface Sign {
  /** As written. */
  readonly written: string;
  /** Plain form, e.g. `>=`; undefined for a character that starts a sign but makes none. */
  readonly plain: string | undefined;
}

const FIRST = /^(?:[=<>!*~]|%3D|%3C|%3E|%21|%2A|%7E)/i;
/**
 * An encoded `=` or `~` behind a plain `=` starts the value: whoever encodes it there means the value. Everywhere else
 * it belongs to the sign.
 */
const SIGN = /^(?:==|=~|=|%3D(?:=|%3D|~|%7E)?|(?:[<>]|%3C|%3E)(?:=|%3D)?|(?:[!*]|%21|%2A)(?:=|%3D))/i;
/** No sign is longer than two encoded characters. */
const LONGEST = 6;

/** The sign that starts at an index, if one does. Constant work. */
export function signAt(text: string, at: number): Sign | undefined {
  if (!'=<>!*~%'.includes(text.charAt(at))) return undefined;
  const here = text.slice(at, at + LONGEST);
  const first = FIRST.exec(here)?.[0];
  if (first === undefined) return undefined;
  const sign = SIGN.exec(here)?.[0];
  return sign === undefined
    ? { written: first, plain: undefined }
    : { written: sign, plain: decodeURIComponent(sign) };
}
