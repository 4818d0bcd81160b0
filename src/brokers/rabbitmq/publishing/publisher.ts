import type { ConfirmChannel, Message } from 'amqplib';
import type { Clock } from '../../../time.ts';
import { PublishRefused, type Coordinates, type NewRecord } from '../../broker.ts';
import type { Link } from '../wire/link.ts';
import { propertiesOf } from '../wire/message.ts';

export interface PublisherOptions {
  readonly link: Link;
  /** The source's name, as coordinates show it. */
  readonly name: string;
  /** May events be published to it: is it bound to the queues? */
  readonly isSource: (exchange: string) => boolean;
  readonly routingKeyOf: (eventType: string) => string;
  /** The longest wait for a connection and a confirmation, milliseconds. */
  readonly waitMs: number;
  /** Bytes that may wait for their confirmation. */
  readonly queueBytes: number;
  readonly newId: () => string;
  readonly clock: Clock;
}

interface Waiting {
  readonly bytes: number;
  readonly settle: (problem?: string) => void;
}

/**
 * Publishes events: each is confirmed by the server once every queue that it was routed to has it on disk, and
 * refused when there is none, which there always should be: the stream has them all.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #waiting = new Map<string, Waiting>();
  #channel: Promise<ConfirmChannel> | undefined;
  #bytes = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  async publish(record: NewRecord): Promise<Coordinates> {
    const { isSource, queueBytes, name, newId, clock } = this.#options;
    const { topic, value, headers } = record;
    if (!isSource(topic)) throw new PublishRefused(`${topic} is no exchange of this source, or is missing`);
    if (this.#bytes + value.byteLength > queueBytes && this.#bytes > 0)
      throw new PublishRefused('too many events wait to be confirmed by RabbitMQ');
    const routingKey = this.#options.routingKeyOf(headers['eventType'] ?? '');
    const messageId = newId();
    const bytes = value.byteLength;
    this.#bytes += bytes;
    try {
      const channel = await this.#within(this.#open());
      const stampedAt = clock.now();
      await this.#within(
        new Promise<void>((resolve, reject) => {
          const settle = (problem?: string): void => {
            this.#waiting.delete(messageId);
            if (problem === undefined) resolve();
            else reject(new PublishRefused(problem));
          };
          this.#waiting.set(messageId, { bytes, settle });
          const confirmed = (error: unknown): void =>
            settle(error ? `RabbitMQ refused it: ${(error as Error).message}` : undefined);
          channel.publish(
            topic,
            routingKey,
            asBuffer(value),
            propertiesOf(record, messageId, stampedAt),
            confirmed,
          );
        }),
      );
      return { broker: name, topic, routingKey, messageId };
    } catch (error) {
      if (error instanceof PublishRefused) throw error;
      throw new PublishRefused(String(error), { cause: error });
    } finally {
      this.#waiting.delete(messageId);
      this.#bytes -= bytes;
    }
  }

  /** Resolves once nothing waits for its confirmation any more, or after the longest wait. */
  async stop(): Promise<void> {
    const opening = this.#channel;
    if (opening)
      await this.#within(opening.then((channel) => channel.waitForConfirms())).catch(() => undefined);
  }

  async #open(): Promise<ConfirmChannel> {
    this.#channel ??= this.#connect();
    const opening = this.#channel;
    try {
      return await opening;
    } catch (error) {
      if (this.#channel === opening) this.#channel = undefined;
      throw error;
    }
  }

  async #connect(): Promise<ConfirmChannel> {
    const { link } = this.#options;
    await link.up();
    const channel = await link.confirmChannel();
    channel.on('return', (message: Message) => {
      const id: unknown = message.properties.messageId;
      if (typeof id === 'string') this.#waiting.get(id)?.settle('no queue took it: nobody would have got it');
    });
    // Before amqplib, which tells of it as if RabbitMQ had refused each of them.
    channel.prependOnceListener('close', () => {
      this.#channel = undefined;
      for (const { settle } of [...this.#waiting.values()])
        settle('the connection closed before the event was confirmed');
    });
    return channel;
  }

  async #within<T>(work: Promise<T>): Promise<T> {
    const { clock, waitMs } = this.#options;
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = clock.after(waitMs, () =>
      reject(new PublishRefused(`RabbitMQ did not confirm it within ${waitMs} ms`)),
    );
    try {
      return await Promise.race([work, promise]);
    } finally {
      timer.cancel();
    }
  }
}

function asBuffer(value: Uint8Array): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}
