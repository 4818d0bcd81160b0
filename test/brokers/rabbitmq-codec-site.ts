import type { Message, Options } from 'amqplib';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

interface Definitions {
  readonly BasicProperties: number;
  readonly BasicPublish: number;
  encodeMethod(id: number, channel: number, fields: object): Buffer;
  encodeProperties(id: number, channel: number, size: number, fields: object): Buffer;
  decode(id: number, encoded: Buffer): Message['properties'];
}

// The package shows its codec to nobody, and only the codec knows what a server would get to see.
const load = createRequire(import.meta.url);
const definitions = load(join(dirname(load.resolve('amqplib')), 'lib/defs.js')) as Definitions;

/** Of a header frame: type, channel, size, class, weight, body size; and the octet that ends every frame. */
const BEFORE_PROPERTIES = 19;
const FRAME_END = 1;

/** What the properties are after the way over the wire. Throws what the client throws for what cannot be sent. */
export function overTheWire({ headers, ...rest }: Options.Publish): Message['properties'] {
  const { BasicProperties } = definitions;
  const table = (headers ?? {}) as object;
  const fields = { ...rest, headers: table, deliveryMode: rest.persistent ? 2 : 1 };
  const frame: Buffer = definitions.encodeProperties(BasicProperties, 1, 0, fields);
  return definitions.decode(BasicProperties, frame.subarray(BEFORE_PROPERTIES, -FRAME_END));
}

/** Throws what the client throws where a name is too long. */
export function addressOverTheWire(exchange: string, routingKey: string): void {
  definitions.encodeMethod(definitions.BasicPublish, 1, { exchange, routingKey });
}

/** As RabbitMQ hands it out. */
export function messageOf(
  content: Buffer,
  properties: object,
  { exchange = 'tmf.events', routingKey = 'ProductOrderCreateEvent' } = {},
): Message {
  const fields = { exchange, routingKey, deliveryTag: 1, redelivered: false };
  return { fields, content, properties: properties as Message['properties'] };
}
