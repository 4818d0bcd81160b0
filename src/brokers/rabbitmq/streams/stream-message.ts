import type { ConsumeMessage, Options } from 'amqplib';
import type { AppendedRecord, KeyedRecord } from '../../tables/topic-access.ts';
import type { StreamMessage } from './stream-cursor.ts';

/**
 * A record of a table as a message of a stream:
 *
 *   body     the value, then the record's headers as JSON: RabbitMQ takes no more of headers than fits into one frame
 *            (some 100 KB), and a dead letter may have more
 *   headers  `key`        absent: the message is no record
 *            `valueBytes` where in the body the headers begin
 *            `tombstone`  the key ended
 *            `writtenAt`  milliseconds since the epoch
 *            `repeats`, `repeatsWrittenAt`  of a record that is written again: which one, and when that was
 */
interface OurHeaders {
  readonly key?: string;
  readonly valueBytes?: number;
  readonly tombstone?: true;
  readonly writtenAt?: number;
  readonly repeats?: number;
  readonly repeatsWrittenAt?: number;
}

export interface TableMessage {
  readonly content: Buffer;
  readonly properties: Options.Publish;
}

/** `now`: milliseconds since the epoch. */
export function encodeRecord({ key, value, headers, repeats }: AppendedRecord, now: number): TableMessage {
  const bytes = value ?? new Uint8Array();
  const ours: OurHeaders = {
    ...{ key, valueBytes: bytes.byteLength, writtenAt: now },
    ...(value === null ? { tombstone: true } : {}),
    ...(repeats ? { repeats: repeats.offset, repeatsWrittenAt: repeats.timestamp } : {}),
  };
  return message(Buffer.concat([bytes, Buffer.from(JSON.stringify(headers))]), ours, now);
}

/** A message that is no record: its offset tells where the stream ended. */
export function encodeMarker(now: number): TableMessage {
  return message(Buffer.alloc(0), { writtenAt: now }, now);
}

/** Anything that somebody else has put into the stream becomes a record without a key. */
export function decodeRecord({ offset, message: { content, properties } }: StreamMessage): KeyedRecord {
  const ours = (properties.headers ?? {}) as Record<keyof OurHeaders, unknown>;
  const timestamp = Number(ours.writtenAt ?? 0);
  const { key, valueBytes, repeats, repeatsWrittenAt } = ours;
  const headers = typeof valueBytes === 'number' ? headersIn(content.subarray(valueBytes)) : undefined;
  if (typeof key !== 'string' || typeof valueBytes !== 'number' || !headers)
    return { offset, key: undefined, value: content, headers: {}, timestamp };
  return {
    ...{ offset, key: Buffer.from(key), headers, timestamp },
    value: ours.tombstone === true ? undefined : content.subarray(0, valueBytes),
    ...(typeof repeats === 'number'
      ? { repeats: { offset: repeats, timestamp: Number(repeatsWrittenAt) } }
      : {}),
  };
}

export function messageIdOf({ properties }: ConsumeMessage): string | undefined {
  const id: unknown = properties.messageId;
  return typeof id === 'string' ? id : undefined;
}

function message(content: Buffer, headers: OurHeaders, now: number): TableMessage {
  const timestamp = Math.floor(now / 1000);
  return { content, properties: { mandatory: true, persistent: true, timestamp, headers } };
}

function headersIn(json: Buffer): Record<string, string> | undefined {
  try {
    return JSON.parse(json.toString()) as Record<string, string>;
  } catch {
    return undefined;
  }
}
