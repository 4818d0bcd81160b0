/**
 * A dead letter as a record of the topic `{name}.dead-letters`:
 *
 *   key      the letter's id
 *   value    the original bytes of the event
 *   headers  those of the original record as they were, and of ours
 *            `tmf-hub-letter`          all else of the letter, as one line of JSON
 *            `tmf-hub-corrected-body`  base64, while a replay with a corrected body is asked for
 *
 * A new state is a new record with the same key. So `kafka-console-consumer --topic tmf-hub.dead-letters
 * --from-beginning --property print.key=true --property print.headers=true` shows what happened to each.
 */
import type { DeadLetter } from '../broker.ts';
import type { KeyedRecord } from './topic-access.ts';

export interface LetterRecord {
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** Headers of the original record that have such names are kept inside the JSON. */
const OURS = 'tmf-hub-';
const LETTER = `${OURS}letter`;
const CORRECTED = `${OURS}corrected-body`;

type LetterJson = Omit<DeadLetter, 'id' | 'body' | 'source'> & {
  readonly source: Omit<DeadLetter['source'], 'headers'> & { headers?: DeadLetter['source']['headers'] };
};

export function encodeLetter(letter: DeadLetter): LetterRecord {
  const { id: _, body, source, replay, ...rest } = letter;
  const { headers, ...place } = source;
  const foreign = Object.entries(headers).filter(([name]) => !name.startsWith(OURS));
  const inside = Object.entries(headers).filter(([name]) => name.startsWith(OURS));
  const json: LetterJson = {
    ...rest,
    source: inside.length === 0 ? place : { ...place, headers: Object.fromEntries(inside) },
    ...(replay ? { replay: { requestedAt: replay.requestedAt } } : {}),
  };
  const corrected = replay?.correctedBodyBase64;
  return {
    value: body,
    headers: {
      ...Object.fromEntries(foreign),
      [LETTER]: JSON.stringify(json),
      ...(corrected === undefined ? {} : { [CORRECTED]: corrected }),
    },
  };
}

/** undefined when the record is no dead letter of ours. */
export function decodeLetter(id: string, { value, headers }: KeyedRecord): DeadLetter | undefined {
  const json = letterJson(headers);
  if (!json || !value) return undefined;
  const foreign = Object.entries(headers).filter(([name]) => !name.startsWith(OURS));
  const { source, replay, ...rest } = json;
  const corrected = headers[CORRECTED];
  return {
    id,
    ...rest,
    source: { ...source, headers: { ...Object.fromEntries(foreign), ...source.headers } },
    body: value,
    ...(replay
      ? { replay: corrected === undefined ? replay : { ...replay, correctedBodyBase64: corrected } }
      : {}),
  };
}

/** What a record takes of the topic's `max.message.bytes`, at most; headers have up to 11 bytes around them. */
export function sizeOfRecord(id: string, { value, headers }: LetterRecord): number {
  let bytes = 256 + Buffer.byteLength(id) + value.byteLength;
  for (const [name, text] of Object.entries(headers))
    bytes += 11 + Buffer.byteLength(name) + Buffer.byteLength(text);
  return bytes;
}

function letterJson(headers: KeyedRecord['headers']): LetterJson | undefined {
  try {
    const json = JSON.parse(headers[LETTER] ?? '') as LetterJson | null;
    return json && !Number.isNaN(Date.parse(json.deadAt)) ? json : undefined;
  } catch {
    return undefined;
  }
}
