/** From the text of a query to what it asks, in whichever of the two languages it is written. */
import { MOST_CONDITIONS, sizeOf } from './conditions.ts';
import { readFilter, type ReadQuery } from './filter.ts';
import { readJsonPath } from './json-path.ts';
import { decode, encodedIndex } from './pieces.ts';
import { Refused, type QueryRefusal } from './refusal.ts';
import type { Reading } from './terms.ts';

/** Never throws. Work is linear in the text. */
export function readQuery(
  text: string,
  reading: Reading,
): ({ readonly ok: true } & ReadQuery) | QueryRefusal {
  try {
    const asked = read(text, reading);
    if (sizeOf(asked.condition) <= MOST_CONDITIONS) return { ok: true, ...asked };
    const reason = `the query has more than ${MOST_CONDITIONS} conditions (values of one attribute joined by ',' are one)`;
    return new Refused(reason, text.length - text.trimStart().length).refusal;
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
