import type { Logger } from '../../../logger.ts';
import type { FeedNotes } from '../../../registry/store.ts';
import type { Attempt } from '../../broker.ts';

interface Record {
  readonly attempts: number;
  readonly history: Attempt[] | undefined;
}

/**
 * How often each message of one queue was tried (PITFALLS 2). RabbitMQ counts what it hands out, not what was tried, so
 * it is noted in the registry's store; what cannot be noted is known to this process all the same.
 */
export class AttemptRecord {
  readonly #subscriptionId: string;
  readonly #notes: FeedNotes;
  readonly #logger: Logger;
  readonly #records = new Map<string, Record>();

  constructor(subscriptionId: string, notes: FeedNotes, logger: Logger) {
    this.#subscriptionId = subscriptionId;
    this.#notes = notes;
    this.#logger = logger;
  }

  of(messageId: string): Record | undefined {
    return this.#records.get(messageId);
  }

  attempted(messageId: string, attempts: number, history: Attempt[] | undefined): void {
    this.#records.set(messageId, { attempts, history });
    this.#note(messageId, attempts);
  }

  settled(messageId: string): void {
    if (this.#records.delete(messageId)) this.#note(messageId, 0);
  }

  /**
   * Before messages are tried that were handed out before, perhaps to another replica. `held`: ids of those in memory.
   * Never rejects: an attempt too many is better than none.
   */
  async load(held: ReadonlySet<string>): Promise<void> {
    try {
      const { attempts: noted } = await this.#notes.load(this.#subscriptionId);
      for (const id of [...this.#records.keys()])
        if (!noted.has(id) && !held.has(id)) this.#records.delete(id);
      for (const [id, attempts] of noted) {
        const own = this.#records.get(id);
        if (attempts > (own?.attempts ?? 0)) this.#records.set(id, { attempts, history: own?.history });
      }
    } catch (error) {
      const about = { subscriptionId: this.#subscriptionId, reason: String(error) };
      this.#logger.warn(about, 'attempts.not-loaded');
    }
  }

  #note(messageId: string, attempts: number): void {
    this.#notes.attempted(this.#subscriptionId, messageId, attempts).catch((error: unknown) => {
      const about = { subscriptionId: this.#subscriptionId, messageId, reason: String(error) };
      this.#logger.warn(about, 'attempts.not-noted');
    });
  }
}
