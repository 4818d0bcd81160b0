import type { FeedNote, FeedNotes } from '../../src/registry/store.ts';

/** The notes of a registry in memory. */
export class MemoryNotes implements FeedNotes {
  readonly #attempts = new Map<string, Map<string, number>>();
  readonly #settledUpTo = new Map<string, number>();

  async load(subscriptionId: string): Promise<FeedNote> {
    return {
      attempts: new Map(this.#attempts.get(subscriptionId)),
      settledUpTo: this.#settledUpTo.get(subscriptionId),
    };
  }

  async attempted(subscriptionId: string, messageKey: string, attempts: number): Promise<void> {
    const noted = this.#attempts.get(subscriptionId) ?? new Map<string, number>();
    this.#attempts.set(subscriptionId, noted);
    if (attempts === 0) noted.delete(messageKey);
    else noted.set(messageKey, attempts);
  }

  async settledUpTo(subscriptionId: string, time: number): Promise<void> {
    this.#settledUpTo.set(subscriptionId, Math.max(time, this.#settledUpTo.get(subscriptionId) ?? time));
  }

  async forget(subscriptionId: string): Promise<void> {
    this.#attempts.delete(subscriptionId);
    this.#settledUpTo.delete(subscriptionId);
  }
}
