import amqp, { type Channel, type ChannelModel, type ConsumeMessage } from 'amqplib';
import { Pool } from 'undici';
import type { ByHand } from './draining.ts';
import { TYPE } from './event.ts';

export interface HandWrittenOptions {
  readonly url: string;
  readonly exchange: string;
  /** One subscription each, with a queue named by its number. */
  readonly callbacks: readonly string[];
  readonly queuePrefix: string;
  /** Messages of one queue that may be unacknowledged. */
  readonly prefetch: number;
  /** Requests of one subscription under way at one time. */
  readonly concurrency: number;
}

/**
 * What a user would write to send events to listeners without a gateway: a quorum queue, a channel and an HTTP pool for
 * each, an acknowledgement for each answer, and nothing for the day on which a listener fails.
 */
export class HandWritten implements ByHand {
  readonly #options: HandWrittenOptions;
  readonly #connection: ChannelModel;
  readonly #channel: Channel;
  readonly #pools: Pool[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #isStopping = false;

  private constructor(options: HandWrittenOptions, connection: ChannelModel, channel: Channel) {
    this.#options = options;
    this.#connection = connection;
    this.#channel = channel;
  }

  /** Resolves when the queues are bound. */
  static async make(options: HandWrittenOptions): Promise<HandWritten> {
    const { url, exchange } = options;
    const connection = await amqp.connect(url, { noDelay: true });
    const channel = await connection.createChannel();
    const byHand = new HandWritten(options, connection, channel);
    for (const queue of byHand.#queues) {
      const settings = { 'x-queue-type': 'quorum', 'x-single-active-consumer': true };
      await channel.assertQueue(queue, { durable: true, arguments: settings });
      await channel.bindQueue(queue, exchange, TYPE);
    }
    return byHand;
  }

  async start(): Promise<void> {
    const { callbacks } = this.#options;
    await Promise.all(this.#queues.map((queue, i) => this.#run(queue, callbacks[i] ?? '')));
  }

  /** The queues go too. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#underWay);
    for (const queue of this.#queues) await this.#channel.deleteQueue(queue);
    await this.#connection.close();
    await Promise.all(this.#pools.map((pool) => pool.close()));
  }

  get #queues(): string[] {
    const { callbacks, queuePrefix } = this.#options;
    return callbacks.map((_, i) => `${queuePrefix}.${i}`);
  }

  async #run(queue: string, callback: string): Promise<void> {
    const { prefetch, concurrency } = this.#options;
    const { origin, pathname: path } = new URL(callback);
    const pool = new Pool(origin, { connections: concurrency, allowH2: false });
    this.#pools.push(pool);
    const headers = { 'content-type': 'application/json' };
    const channel = await this.#connection.createChannel();
    await channel.prefetch(prefetch);
    const waiting: ConsumeMessage[] = [];
    let workers = 0;
    const work = async (first: ConsumeMessage): Promise<void> => {
      for (let next: ConsumeMessage | undefined = first; next && !this.#isStopping; next = waiting.shift()) {
        const answer = await pool.request({ method: 'POST', path, headers, body: next.content });
        await answer.body.dump();
        channel.ack(next);
      }
      workers--;
    };
    await channel.consume(queue, (message) => {
      if (!message) return;
      if (workers === concurrency) return void waiting.push(message);
      workers++;
      const worker: Promise<void> = work(message).finally(() => this.#underWay.delete(worker));
      this.#underWay.add(worker);
    });
  }
}
