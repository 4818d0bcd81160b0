import type { ConfirmChannel, Options } from 'amqplib';
import { EventEmitter } from 'node:events';
import type { NewRecord } from '../../src/brokers/broker.ts';
import { Publisher } from '../../src/brokers/rabbitmq/publishing/publisher.ts';
import { NotConnected, type Link } from '../../src/brokers/rabbitmq/wire/link.ts';
import { SimClock } from '../support/sim-clock.ts';
import { addressOverTheWire, messageOf, overTheWire } from './rabbitmq-codec-site.ts';

export const WAIT_MS = 30_000;
export const QUEUE_BYTES = 1_000;

export interface Published {
  readonly exchange: string;
  readonly routingKey: string;
  readonly content: string;
  readonly messageId: string;
  /** As the server says it: an error is its refusal. */
  readonly confirm: (error?: Error) => void;
  /** No queue is there for it. The server says this before it confirms. */
  readonly giveBack: () => void;
}

/** A channel that takes what the client's codec can encode, and confirms when the test says so. */
class FakeConfirmChannel extends EventEmitter {
  isOpen = true;
  readonly #published: Published[];

  constructor(published: Published[]) {
    super();
    this.#published = published;
  }

  publish(
    exchange: string,
    routingKey: string,
    content: Buffer,
    options: Options.Publish,
    confirmed: (error: unknown) => void,
  ): boolean {
    if (!this.isOpen) throw new Error('Channel closed');
    addressOverTheWire(exchange, routingKey);
    const properties = overTheWire(options);
    this.#published.push({
      ...{ exchange, routingKey, content: content.toString() },
      messageId: options.messageId ?? '',
      confirm: (error) => confirmed(error ?? null),
      giveBack: () => this.emit('return', messageOf(content, properties)),
    });
    return true;
  }

  /** As the client has it, all that is not confirmed fails. */
  end(): void {
    this.isOpen = false;
    this.emit('close');
  }

  waitForConfirms = (): Promise<void> => Promise.resolve();
}

export class PublisherSite {
  readonly clock = new SimClock();
  readonly published: Published[] = [];
  readonly channels: FakeConfirmChannel[] = [];
  readonly publisher: Publisher;
  /** Is there a connection? */
  isUp = true;
  /** So many channels that are asked for next are refused. */
  refusals = 0;
  #ids = 0;
  #woken: (() => void)[] = [];

  constructor() {
    const link = { up: () => this.#up(), confirmChannel: () => this.#channel() };
    this.publisher = new Publisher({
      ...{ link: link as unknown as Link, name: 'rabbit', clock: this.clock },
      isSource: (exchange) => exchange === 'tmf.events',
      routingKeyOf: (eventType) => eventType,
      ...{ waitMs: WAIT_MS, queueBytes: QUEUE_BYTES },
      newId: () => `id-${++this.#ids}`,
    });
  }

  connect(): void {
    this.isUp = true;
    for (const wake of this.#woken.splice(0)) wake();
  }

  /** The outcome as a text: never rejects, so that it may wait to be looked at. */
  publish(value: string, { topic = 'tmf.events', headers = {} }: Partial<NewRecord> = {}): Promise<string> {
    const all = { eventType: 'ProductOrderCreateEvent', ...headers };
    return this.publisher.publish({ topic, key: 'order-1', value: Buffer.from(value), headers: all }).then(
      ({ messageId }) => `confirmed ${messageId}`,
      (error: unknown) => `${(error as Error).name}: ${(error as Error).message}`,
    );
  }

  /** All promises that can settle have settled. */
  settled(): Promise<void> {
    return this.clock.advance(0);
  }

  async #up(): Promise<void> {
    if (!this.isUp) await new Promise<void>((resolve) => this.#woken.push(resolve));
  }

  async #channel(): Promise<ConfirmChannel> {
    if (this.refusals-- > 0) throw new NotConnected('RabbitMQ: no channel is left');
    const channel = new FakeConfirmChannel(this.published);
    this.channels.push(channel);
    return channel as unknown as ConfirmChannel;
  }
}
