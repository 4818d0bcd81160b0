import { setTimeout as sleep } from 'node:timers/promises';
import amqp, { type ChannelModel, type ConfirmChannel } from 'amqplib';
import { Load, messageOf, type Unsent } from '../load.ts';

const AGAIN_MS = 200;

/**
 * Straight into the exchange, with confirms and over one channel, so that the queue has the events of a key in the
 * order of their numbers. What is not confirmed is published again: the queue may have it twice then.
 */
export class RabbitLoad extends Load {
  readonly exchange: string;
  readonly #url: string;
  #model: ChannelModel | undefined;
  #channel: ConfirmChannel | undefined;
  /** Events that came back because no queue wanted them. */
  #unwanted = 0;
  #offset = 0;

  /** `named`: what its event ids begin with. */
  constructor(url: string, exchange: string, named: string) {
    super(named, 1);
    this.#url = url;
    this.exchange = exchange;
  }

  protected async publish(events: readonly Unsent[]): Promise<void> {
    const confirmed = new Map<string, number>();
    const left = (): Unsent[] => events.filter(({ eventId }) => !confirmed.has(eventId));
    while (left().length > 0 && !this.isClosed) {
      const channel = (this.#channel ??= await this.#connected().catch(() => undefined));
      if (!channel || !(await this.#sendAll(channel, left(), confirmed))) {
        await this.letGo();
        await sleep(AGAIN_MS);
      }
      if (this.#unwanted > 0) throw new Error(`${this.#unwanted} events were routed to no queue`);
    }
    for (const event of events) {
      const at = confirmed.get(event.eventId);
      if (at !== undefined) this.sent.push({ ...event, offset: this.#offset++, at });
    }
  }

  protected async letGo(): Promise<void> {
    const model = this.#model;
    this.#model = undefined;
    this.#channel = undefined;
    await model?.close().catch(() => undefined);
  }

  async #connected(): Promise<ConfirmChannel> {
    const model = (this.#model = await amqp.connect(this.#url, { timeout: 2_000 }));
    model.on('error', () => undefined);
    const channel = await model.createConfirmChannel();
    channel.on('error', () => undefined);
    channel.on('return', () => this.#unwanted++);
    await channel.assertExchange(this.exchange, 'topic', { durable: true });
    return channel;
  }

  /** False when the channel ended before all were confirmed: RabbitMQ may have the others nevertheless. */
  async #sendAll(
    channel: ConfirmChannel,
    events: readonly Unsent[],
    confirmed: Map<string, number>,
  ): Promise<boolean> {
    const sending = new Promise<void>((resolve, reject) => {
      const ended = (): void => reject(new Error('the channel ended'));
      let open = events.length;
      channel.once('close', ended);
      for (const event of events) {
        const { eventType, body, headers } = messageOf(event);
        const stamped = { messageId: event.eventId, timestamp: Math.floor(Date.now() / 1000), headers };
        const properties = { persistent: true, mandatory: true, contentType: 'application/json', ...stamped };
        channel.publish(this.exchange, eventType, Buffer.from(body), properties, (error: Error | null) => {
          if (error) {
            reject(error);
            return;
          }
          confirmed.set(event.eventId, performance.now());
          if (--open > 0) return;
          channel.off('close', ended);
          resolve();
        });
      }
    });
    try {
      await sending;
      return true;
    } catch {
      this.repeated += events.filter(({ eventId }) => !confirmed.has(eventId)).length;
      return false;
    }
  }
}
