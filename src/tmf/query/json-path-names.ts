/** Paths of JSONPath: which places of the event a filter asks. */
import type { Cursor } from './cursor.ts';
import { expect, readName, readString, unsupported } from './json-path-text.ts';
import { Refused } from './refusal.ts';

/**
 * `@.a.b`, `@['a']`, `@.a[*].b` (arrays stand for each of their elements with and without `[*]`). The cursor is at the
 * `@`.
 */
export function readPath(cursor: Cursor): readonly string[] {
  const start = cursor.at;
  cursor.next();
  const path: string[] = [];
  for (;;) {
    if (cursor.take('.')) path.push(nameBehindDot(cursor));
    else if (cursor.take('[')) path.push(...inBrackets(cursor, path.length > 0));
    else break;
  }
  return path.length > 0 ? path : unsupported(cursor, "'@' without a name", start);
}

function nameBehindDot(cursor: Cursor): string {
  if (cursor.char === '.') return unsupported(cursor, 'descendants (..)');
  if (cursor.char === '*') return unsupported(cursor, 'any name (*)');
  const name = readName(cursor);
  if (name === '') throw new Refused('a name is missing here', cursor.at);
  return cursor.char === '(' ? unsupported(cursor, `the function ${name}()`) : name;
}

function inBrackets(cursor: Cursor, behindName: boolean): readonly string[] {
  cursor.blanks();
  const { at, char } = cursor;
  if (char === "'" || char === '"') {
    const name = readString(cursor);
    cursor.blanks();
    if (cursor.char === ',') return unsupported(cursor, 'several names at once');
    expect(cursor, ']');
    return [name];
  }
  if (char === '*' && behindName) {
    cursor.next();
    expect(cursor, ']');
    return [];
  }
  if (/[-\d:?*]/.test(char)) return unsupported(cursor, 'an index, a slice or a filter inside a path', at);
  throw new Refused("a name in quotes is missing here: @['name']", at);
}
