import type { Logger } from '../../logger.ts';
import type { RegistryStore } from '../../registry/store.ts';
import type { Clock, Timer } from '../../time.ts';
import type { Turns } from './in-turn.ts';
import type { Feeds } from './feeds.ts';
import type { Roster } from './roster.ts';
import type { Unfinished } from './unfinished.ts';

const EVERY_MS = 10_000;

export interface JanitorDependencies {
  readonly store: RegistryStore;
  readonly feeds: Feeds;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly roster: Roster;
  readonly unfinished: Unfinished;
  /** By id. */
  readonly inTurn: Turns;
}

/** Finishes, every 10 s, what failures, crashes and stragglers left (RULES 18). */
export class Janitor {
  readonly #dependencies: JanitorDependencies;
  /** Removed not long ago, and when their feeds are to be ended once more. */
  readonly #ended = new Map<string, number>();
  #timer: Timer | undefined;
  #sweeping: Promise<void> | undefined;

  constructor(dependencies: JanitorDependencies) {
    this.#dependencies = dependencies;
  }

  start(): void {
    this.#timer = this.#dependencies.clock.after(EVERY_MS, () => {
      this.start();
      void this.sweep();
      void this.#endAgain();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /**
   * A replica that was late to let go of it may have written a position after the positions were removed. All that fed
   * it end its feed once more, because only the one that was late knows how late.
   */
  ended(id: string): void {
    const { store, clock } = this.#dependencies;
    if (store.isShared) this.#ended.set(id, clock.monotonic() + EVERY_MS);
  }

  /** Undoes what can be. Never rejects. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#sweep().finally(() => (this.#sweeping = undefined));
    return this.#sweeping;
  }

  async #sweep(): Promise<void> {
    const { unfinished, inTurn } = this.#dependencies;
    for (const id of unfinished.abandoned()) {
      await inTurn(id, async () => {
        if (unfinished.isAbandoned(id)) await unfinished.undo(id);
      });
    }
  }

  async #endAgain(): Promise<void> {
    const { clock, inTurn, logger } = this.#dependencies;
    for (const [id, due] of this.#ended) {
      if (clock.monotonic() < due) continue;
      this.#ended.delete(id);
      try {
        await inTurn(id, () => this.#detachAgain(id));
      } catch (error) {
        logger.warn({ err: error, subscriptionId: id }, 'subscription.undo.failed');
        this.ended(id);
      }
    }
  }

  /** Not of one that was declared again under its id meanwhile. */
  async #detachAgain(id: string): Promise<void> {
    const { roster, store, feeds } = this.#dependencies;
    if (roster.get(id) !== undefined || (await store.find(id)) !== undefined) return;
    await feeds.detach(id);
  }
}
