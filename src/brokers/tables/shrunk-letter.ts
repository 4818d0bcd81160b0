import type { DeadLetter } from '../broker.ts';
import { encodeLetter, sizeOfRecord, type LetterRecord } from './dead-letter-record.ts';

export interface LetterForm {
  readonly record: LetterRecord;
  /** Bytes of the body that are kept; undefined when the letter is whole. */
  readonly kept?: number;
}

const SMALLEST_CUT = 64;

/**
 * The letter as a record, and after it ever smaller ones for a topic that refuses it (RULES 13): with its last attempt
 * only; then as reason `too-large`, with as much of the body as `maxBytes` leaves room for, and half as much each
 * time; in the end with its coordinates alone. Forms larger than `maxBytes` are left out. One that carries a corrected
 * body is already there without it, and is not cut for its sake.
 */
export function* letterForms(letter: DeadLetter, maxBytes: number): Generator<LetterForm> {
  const { body, source, replay } = letter;
  const brief = {
    ...letter,
    attempts: letter.attempts.slice(-1).map(({ answer: _, ...attempt }) => attempt),
  };
  const fits = (record: LetterRecord): boolean => sizeOfRecord(letter.id, record) <= maxBytes;
  const whole = encodeLetter(letter);
  if (fits(whole)) yield { record: whole };
  if (replay?.correctedBodyBase64 !== undefined) return;
  if (fits(encodeLetter(brief))) yield { record: encodeLetter(brief) };
  const room = maxBytes - sizeOfRecord(letter.id, encodeLetter(cut(brief, 0)));
  for (let kept = Math.min(body.byteLength, room); kept >= SMALLEST_CUT; kept = Math.floor(kept / 2)) {
    if (kept < body.byteLength) yield { record: encodeLetter(cut(brief, kept)), kept };
  }
  yield { record: encodeLetter(cut({ ...brief, source: { ...source, headers: {} } }, 0)), kept: 0 };
}

function cut(letter: DeadLetter, bytes: number): DeadLetter {
  const kept = `Of the ${letter.body.byteLength} bytes of the event only the first ${bytes} are kept: its dead letter is too large for the topic.`;
  return {
    ...letter,
    reason: 'too-large',
    error: letter.error === null ? kept : `${letter.error} ${kept}`,
    body: letter.body.subarray(0, bytes),
  };
}
