import { createHash } from 'node:crypto';
import type { Message, Options } from 'amqplib';
import type { Coordinates, NewRecord, SourceRecord } from '../../broker.ts';

/** Headers of ours, or of the broker, that say nothing about the event. */
const KEY = 'orderingKey';
/** As RabbitMQ's own time-stamping plugin names it: the property of AMQP counts in seconds only. */
const STAMPED_MS = 'timestamp_in_ms';
const BROKERS_OWN =
  /^x-(?:death|(?:first|last)-death-(?:exchange|queue|reason)|delivery-count|acquired-count|stream-offset)$/;

/** Of all that a Date can be, milliseconds since the epoch. */
const LATEST_DATE = 8.64e15;

/** `stampedAt`: milliseconds since the epoch. */
export function propertiesOf(record: NewRecord, messageId: string, stampedAt: number): Options.Publish {
  return {
    mandatory: true,
    persistent: true,
    contentType: 'application/json',
    messageId,
    timestamp: Math.floor(stampedAt / 1000),
    headers: { ...record.headers, [KEY]: record.key, [STAMPED_MS]: `${stampedAt}` },
  };
}

/** What the record of a message says of its place. `topic` is the exchange that it was published to. */
export function coordinatesOf(broker: string, { fields, properties, content }: Message): Coordinates {
  const { exchange, routingKey } = fields;
  const given: unknown = properties.messageId;
  const messageId = typeof given === 'string' && given !== '' ? given : idOfContent(routingKey, content);
  return { broker, topic: exchange, routingKey, messageId };
}

/** `now` stamps a message that nobody has stamped. */
export function recordOf(broker: string, message: Message, now: number): SourceRecord {
  const { content, properties } = message;
  const raw = (properties.headers ?? {}) as Record<string, unknown>;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(raw)) {
    if (name === KEY || name === STAMPED_MS || value === undefined || value === null) continue;
    if (BROKERS_OWN.test(name)) continue;
    headers[name] = textOf(value);
  }
  const key = raw[KEY];
  return {
    source: coordinatesOf(broker, message),
    key: typeof key === 'string' ? key : undefined,
    value: content,
    headers,
    timestamp: stampedAt(message) ?? now,
  };
}

/** Of a message of a stream. */
export function streamOffsetOf({ properties }: Message): number {
  return Number((properties.headers as Record<string, unknown> | undefined)?.['x-stream-offset']);
}

/** Milliseconds since the epoch; undefined when neither the producer nor RabbitMQ stamped it. */
export function stampedAt({ properties }: Message): number | undefined {
  const ms: unknown = (properties.headers as Record<string, unknown> | undefined)?.[STAMPED_MS];
  const seconds: unknown = properties.timestamp;
  return (
    dateOf(typeof ms === 'string' ? Number(ms) : ms) ??
    dateOf(typeof seconds === 'number' ? seconds * 1000 : undefined)
  );
}

/** Producers write what they like; a time that no date can show would fail later, where nothing is prepared for it. */
function dateOf(ms: unknown): number | undefined {
  return typeof ms === 'number' && ms > 0 && ms <= LATEST_DATE ? ms : undefined;
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Buffer.isBuffer(value)) return value.toString();
  return typeof value === 'object' ? JSON.stringify(value) : `${value as number | boolean | bigint}`;
}

function idOfContent(routingKey: string, content: Buffer): string {
  return createHash('sha256')
    .update(routingKey)
    .update('\n')
    .update(content)
    .digest('base64url')
    .slice(0, 22);
}
