/** From the text of a query to what it asks, in whichever of the two languages it is written. */
import { readFilter, type ReadQuery } from './filter.ts';
import { readJsonPath } from './json-path.ts';
import { decode } from './pieces.ts';
import { Refused, type QueryRefusal } from './refusal.ts';
import type { Reading } from './terms.ts';

/** Never throws. Work is linear in the text. */
export function readQuery(
  text: string,
  reading: Reading,
): ({ readonly ok: true } & ReadQuery) | QueryRefusal {
  try {
    return { ok: true, ...read(text, reading) };
  } catch (error) {
    if (error instanceof Refused) return error.refusal;
    throw error;
  }
}

function read(text: string, reading: Reading): ReadQuery {
  const start = text.trimStart();
  if (!/^(?:\$|%24)/.test(start)) return readFilter(text, reading);
  // Who encodes the first bracket encodes all of it; in a plain text a percent sign is one.
  if (!/^(?:%24|\$\s*%5B)/i.test(start)) return { condition: readJsonPath(text, reading), fields: undefined };
  const decoded = decode({ text, at: 0 });
  reading.steps.count += text.length;
  try {
    return { condition: readJsonPath(decoded, reading), fields: undefined };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    throw new Refused(error.message, encodedIndex(text, error.position), error.status);
  }
}

/** The index in a percent-encoded text of a character of what it decodes to. */
function encodedIndex(text: string, index: number): number {
  let at = 0;
  for (let left = index; left > 0 && at < text.length; left -= 1) {
    const byte = text.charAt(at) === '%' ? parseInt(text.slice(at + 1, at + 3), 16) : 0;
    const bytes = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    at += byte === 0 ? 1 : 3 * bytes;
    // Four bytes are two UTF-16 units.
    if (bytes === 4) left -= 1;
  }
  return Math.min(at, text.length);
}
