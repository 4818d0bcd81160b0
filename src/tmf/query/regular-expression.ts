/**
 * Regular expressions of strangers. RE2's engine takes time linear in the value, but a step of it may take time linear
 * in the pattern, whose counted repetitions are written out first. So both are bounded: the size of what is written out,
 * worked out beforehand, and how much of the values is looked at.
 */
import { RE2JSException, RE2JSSyntaxException, RE2Set } from 're2js';

/** Size of all expressions of one query: their characters, or characters and classes written out if these are more. */
export const LARGEST_PATTERNS = 500;
/** Characters of the values of one attribute, all together; a value beyond it never matches. */
export const LONGEST_TEXT = 10_000;
/** Bytes that the states of one pattern may take; with fewer states than it would like it is slower, not wrong. */
const STATE_MEMORY = 64 * 1024;
/** A Unicode class (`\pL`) has some hundred ranges. */
const UNICODE_CLASS = 10;

/** Does the pattern match anywhere in the text? */
export type TextTest = (text: string) => boolean;

export function sizeOf(pattern: string): number {
  return Math.max(pattern.length, writtenOut(pattern));
}

/** The test, or why there is none, as the end of a sentence, and where in the pattern. */
export function compilePattern(pattern: string): TextTest | { readonly why: string; readonly at: number } {
  try {
    // A set of one: unlike a single expression, a set lets us bound its memory.
    const set = new RE2Set(RE2Set.UNANCHORED, 0, STATE_MEMORY);
    set.add(pattern);
    set.compile();
    return (text) => set.match(text).length > 0;
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const culprit = error instanceof RE2JSSyntaxException ? error.getPattern() : null;
    const at = culprit === null ? 0 : Math.max(0, pattern.indexOf(culprit));
    return { why: `is not understood: ${error.message}`, at };
  }
}

const COUNTED = /\{(\d+)(?:,(\d*))?\}/y;

/**
 * How many characters and classes a pattern has once `x{3}` is written `xxx` and `x{1,2}` is `xx?`; never less than
 * what the compiler makes of it. One pass.
 */
function writtenOut(pattern: string): number {
  /** Of the groups that are open here: all in them so far, and the last piece, which a repetition takes. */
  const open = [{ total: 0, last: 0 }];
  const add = (size: number): void => {
    const group = open[open.length - 1] as (typeof open)[number];
    group.total += size;
    group.last = size;
  };
  const repeat = (least: number, most: number): void => {
    // What was repeated once cannot be again without brackets.
    const group = open[open.length - 1] as (typeof open)[number];
    // x{1,3} is x(x(x)?)?: a question mark costs what a character does.
    group.total += group.last * (Math.max(1, least, most) - 1) + Math.max(0, most - least);
  };
  for (let at = 0; at < pattern.length;) {
    const char = pattern.charAt(at);
    if (char === '(') {
      open.push({ total: 1, last: 0 });
      at += 1;
    } else if (char === ')') {
      const group = open.length > 1 ? open.pop() : undefined;
      if (group) add(group.total);
      at += 1;
    } else if (char === '{') {
      COUNTED.lastIndex = at;
      const counted = COUNTED.exec(pattern);
      if (counted) repeat(Number(counted[1]), Number(counted[2] ?? 0));
      else add(1);
      at += counted ? counted[0].length : 1;
    } else {
      const [size, end] = piece(pattern, at);
      add(size);
      at = end;
    }
  }
  // What is never closed is refused by the compiler; here it only must not be counted too small.
  return open.reduce((sum, { total }) => sum + total, 0);
}

/** One whole, so that a repetition behind it takes all of it: `\pL`, `\p{Greek}`, `\x{41}`, `\n`. */
const ESCAPE = /\\(?:[pP](?:\{[^}]*\}|.)|x\{[^}]*\}|.)/suy;

/** Size and end of a class, an escape or one character. */
function piece(pattern: string, at: number): readonly [size: number, end: number] {
  if (pattern.charAt(at) === '[') return characterClass(pattern, at);
  if (pattern.charAt(at) !== '\\') return [1, at + 1];
  if (pattern.charAt(at + 1) === 'Q') {
    const end = pattern.indexOf('\\E', at);
    return end === -1 ? [pattern.length - at, pattern.length] : [end - at, end + 2];
  }
  ESCAPE.lastIndex = at;
  const escape = ESCAPE.exec(pattern)?.[0] ?? '\\';
  return [/[pP]/.test(escape) ? UNICODE_CLASS : 1, at + escape.length];
}

function characterClass(pattern: string, open: number): readonly [size: number, end: number] {
  let at = open + (pattern.charAt(open + 1) === '^' ? 2 : 1);
  let size = 1;
  // A bracket that closes at once stands for itself.
  if (pattern.charAt(at) === ']') at += 1;
  while (at < pattern.length && pattern.charAt(at) !== ']') {
    const char = pattern.charAt(at);
    const named = pattern.startsWith('[:', at) ? pattern.indexOf(':]', at) : -1;
    if (char === '\\' && /[pP]/.test(pattern.charAt(at + 1))) size += UNICODE_CLASS;
    at = named !== -1 ? named + 2 : at + (char === '\\' ? 2 : 1);
  }
  return [size, at + 1];
}
