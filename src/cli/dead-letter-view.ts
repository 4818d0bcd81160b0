import type { Terminal } from './terminal.ts';
import { sheet, table } from './table.ts';

/** What the commands read of a dead letter. */
export interface DeadLetterView {
  readonly id: string;
  readonly reason: string;
  readonly subscriptionId: string | null;
  readonly callback: string | null;
  readonly eventId: string | null;
  readonly eventType: string | null;
  readonly correlationId: string | null;
  readonly attempts: readonly {
    readonly n: number;
    readonly at: string;
    readonly status?: number;
    readonly error?: string;
    readonly durationMs: number;
    readonly answer?: string;
  }[];
  readonly error: string | null;
  readonly retryCount: number;
  readonly source: {
    readonly broker: string;
    readonly topic: string;
    readonly partition?: number;
    readonly offset?: number;
    readonly key?: string;
  };
  readonly payload?: unknown;
  readonly payloadBase64?: string;
  readonly deadAt: string;
  readonly state: string;
}

/** One dead letter as lines to read. */
export function showDeadLetter(letter: DeadLetterView, paint: Terminal['paint']): string[] {
  const { broker, topic, partition, offset, key } = letter.source;
  const place = [broker, topic, partition, offset].filter((part) => part !== undefined).join(' / ');
  return [
    ...sheet([
      ['id', letter.id],
      ['reason', paint('red', letter.reason)],
      ['error', letter.error],
      ['state', letter.state],
      ['dead at', letter.deadAt],
      ['event type', letter.eventType],
      ['event id', letter.eventId],
      ['correlation id', letter.correlationId],
      ['subscription', letter.subscriptionId],
      ['callback', letter.callback],
      ['came from', place],
      ['ordering key', key],
    ]),
    '',
    paint('bold', `Attempts (${letter.retryCount} after the first)`),
    ...table(
      letter.attempts.map(({ n, at, status, error, durationMs, answer }) => [
        `  ${n}`,
        at,
        status === undefined ? (error ?? '-') : String(status),
        `${Math.round(durationMs)} ms`,
        answer === undefined ? '' : oneLine(answer),
      ]),
    ),
    '',
    paint('bold', 'Event'),
    letter.payloadBase64 ?? JSON.stringify(letter.payload, null, 2),
  ];
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}
