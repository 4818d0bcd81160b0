/** The smallest pieces of JSONPath: signs, strings, patterns, names, numbers; and the refusal of what is not supported. */
import { isBlank, type Cursor } from './cursor.ts';
import { quoted, Refused } from './refusal.ts';

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** `'text'` or `"text"`; the cursor is at the quote. */
export function readString(cursor: Cursor): string {
  const start = cursor.at;
  const quote = cursor.char;
  cursor.next();
  let text = '';
  for (;;) {
    text += cursor.until((char) => char === quote || char === '\\');
    if (cursor.ended) throw new Refused('this quote is never closed', start);
    if (cursor.take(quote)) return text;
    text += readEscape(cursor);
  }
}

function readEscape(cursor: Cursor): string {
  const start = cursor.at;
  cursor.next();
  const { char } = cursor;
  cursor.next();
  if (char === 'u') {
    const digits = cursor.text.slice(cursor.at, cursor.at + 4);
    cursor.next(digits.length);
    if (/^[0-9a-f]{4}$/i.test(digits)) return String.fromCharCode(parseInt(digits, 16));
  }
  if (char !== '' && '\'"\\/'.includes(char)) return char;
  const escaped = ESCAPES[char];
  if (escaped === undefined) throw new Refused("this '\\' starts no escape; a backslash is \\\\", start);
  return escaped;
}

/** `/pattern/flags`; the cursor is at the first slash. Answers the pattern with its flags in RE2's form. */
export function readPattern(cursor: Cursor): string {
  const start = cursor.at;
  cursor.next();
  let pattern = '';
  for (;;) {
    pattern += cursor.until((char) => char === '/' || char === '\\');
    if (cursor.ended) throw new Refused('this regular expression is never closed by /', start);
    if (cursor.take('/')) break;
    cursor.next();
    pattern += cursor.char === '/' ? '/' : `\\${cursor.char}`;
    cursor.next();
  }
  const place = cursor.at;
  const flags = cursor.until((char) => !/[a-z]/i.test(char));
  if (!/^[ims]*$/.test(flags)) throw new Refused(`${quoted(flags)} are not flags i, m or s`, place);
  return flags === '' ? pattern : `(?${flags})${pattern}`;
}

/** A name behind a dot, also one that starts with @ (`@type`); '' when none is here. */
export function readName(cursor: Cursor): string {
  const start = cursor.at;
  return cursor.until((char, at) => !(isNameCharacter(char) || (char === '@' && at === start)));
}

export function isNameCharacter(char: string): boolean {
  return /[\w-]/.test(char) || (char > '\u007f' && !isBlank(char));
}

/** A number, as written; '' when none is here. */
export function readNumber(cursor: Cursor): string {
  const digits = (): string => cursor.until((char) => !/\d/.test(char));
  const sign = cursor.take('-') ? '-' : '';
  let number = digits();
  if (number !== '' && cursor.take('.')) number += `.${digits()}`;
  if (number !== '' && /^[eE][+-]?\d/.test(cursor.text.slice(cursor.at, cursor.at + 3))) {
    const mantissa = number;
    cursor.next();
    const exponent = cursor.take('-') ? '-' : cursor.take('+') ? '+' : '';
    number = `${mantissa}e${exponent}${digits()}`;
  }
  return sign + number;
}

/** Moves over blanks, and over `word` if it stands behind them. */
export function takes(cursor: Cursor, word: string): boolean {
  cursor.blanks();
  return cursor.take(word);
}

export function expect(cursor: Cursor, word: string): void {
  if (takes(cursor, word)) return;
  const before = cursor.ended ? '' : `, before ${quoted(cursor.char)}`;
  throw new Refused(`'${word}' is missing here${before}`, cursor.at);
}

/** For what is JSONPath, but more than a filter. */
export function unsupported(cursor: Cursor, what: string, at = cursor.at): never {
  checkWhole(cursor.again());
  const supported = "a filter $[?(@.name=='value' && ...)] is";
  throw new Refused(`JSONPath with ${what} is not supported, ${supported}`, at, 501);
}

/** Refuses a text whose brackets or quotes do not close: what is valid elsewhere must at least be whole. */
function checkWhole(cursor: Cursor): void {
  const { text } = cursor;
  const open: number[] = [];
  while (!cursor.ended) {
    const { char, at } = cursor;
    if (char === "'" || char === '"') readString(cursor);
    else if (cursor.take('=~')) {
      cursor.blanks();
      if (cursor.char === '/') readPattern(cursor);
    } else {
      cursor.next();
      if (char in CLOSING) open.push(at);
      if (!')]}'.includes(char)) continue;
      const bracket = open.pop();
      if (bracket === undefined || CLOSING[text.charAt(bracket)] !== char) {
        throw new Refused(`this '${char}' closes nothing`, at);
      }
    }
  }
  const last = open.pop();
  if (last !== undefined) throw new Refused(`this '${text.charAt(last)}' is never closed`, last);
}
