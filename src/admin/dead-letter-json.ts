import { isUtf8 } from 'node:buffer';
import type { DeadLetter } from '../brokers/broker.ts';

/** A dead letter as the outside contract shows it: `payload` when the bytes are JSON, else `payloadBase64`. */
export type DeadLetterJson = Omit<DeadLetter, 'body'> &
  ({ readonly payload: unknown } | { readonly payloadBase64: string });

/**
 * The one place that gives a dead letter its JSON form. The form is for reading: numbers that JavaScript cannot
 * hold are rounded in `payload`, while what is stored and replayed stays the original bytes.
 */
export function deadLetterJson(letter: DeadLetter): DeadLetterJson {
  const { body, ...rest } = letter;
  return { ...rest, ...payloadOf(body) };
}

function payloadOf(body: Uint8Array): { payload: unknown } | { payloadBase64: string } {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  // Decoding bytes that are no UTF-8 would replace them silently: then only base64 shows what was there.
  if (isUtf8(bytes)) {
    try {
      return { payload: JSON.parse(bytes.toString('utf8')) as unknown };
    } catch {
      // Not JSON: shown as base64.
    }
  }
  return { payloadBase64: bytes.toString('base64') };
}
