import { Kafka, logLevel, type Consumer } from 'kafkajs';
import { Pool } from 'undici';
import type { ByHand } from './draining.ts';
import { TYPE } from './event.ts';

export interface HandWrittenOptions {
  readonly brokers: string[];
  readonly topic: string;
  /** One subscription each, with a consumer group named by its number. */
  readonly callbacks: readonly string[];
  readonly groupPrefix: string;
  /** Requests of one subscription under way at one time. */
  readonly concurrency: number;
}

/**
 * What a user would write to send events to listeners without a gateway: a consumer group and an HTTP pool for each,
 * a commit for each batch, and nothing for the day on which a listener fails.
 */
export class HandWritten implements ByHand {
  readonly #consumers: readonly Consumer[];
  readonly #pools: Pool[] = [];
  readonly #options: HandWrittenOptions;

  constructor(options: HandWrittenOptions) {
    const { brokers, callbacks, groupPrefix } = options;
    const kafka = new Kafka({ brokers, clientId: 'by-hand', logLevel: logLevel.NOTHING });
    this.#options = options;
    this.#consumers = callbacks.map((_, i) => kafka.consumer({ groupId: `${groupPrefix}.${i}` }));
  }

  /** Begins at the topic's first events. */
  async start(): Promise<void> {
    const { callbacks } = this.#options;
    await Promise.all(this.#consumers.map((consumer, i) => this.#run(consumer, callbacks[i] ?? '')));
  }

  /** What is under way is finished. */
  async stop(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.disconnect()));
    await Promise.all(this.#pools.map((pool) => pool.close()));
  }

  async #run(consumer: Consumer, callback: string): Promise<void> {
    const { topic, concurrency } = this.#options;
    const { origin, pathname: path } = new URL(callback);
    const pool = new Pool(origin, { connections: concurrency, allowH2: false });
    this.#pools.push(pool);
    const headers = { 'content-type': 'application/json' };
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      async eachBatch(turn) {
        const rest = turn.batch.messages.values();
        const worker = async (): Promise<void> => {
          for (const message of rest) {
            if (message.headers?.['eventType']?.toString() !== TYPE) continue;
            const answer = await pool.request({ method: 'POST', path, headers, body: message.value });
            await answer.body.dump();
          }
        };
        await Promise.all(Array.from({ length: concurrency }, worker));
        turn.resolveOffset(turn.batch.lastOffset());
        await turn.heartbeat();
        await turn.commitOffsetsIfNecessary(turn.uncommittedOffsets());
      },
    });
  }
}
