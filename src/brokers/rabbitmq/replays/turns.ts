import type { Clock } from '../../../time.ts';

export type TurnEnd =
  /** There is more to do: its next turn comes after those of the others. */
  | 'again'
  /** Its next turn comes after a pause. */
  | 'later'
  /** It has nothing to do until somebody wakes it. */
  | 'idle';

export interface TurnsOptions {
  /** Turns that are taken at one time. */
  readonly most: number;
  readonly pauseMs: number;
  readonly clock: Clock;
  /** Must not reject. */
  readonly take: (id: string) => Promise<TurnEnd>;
}

/** Work of many in small pieces: a few at one time, all of them in turn, and never two pieces of the same one. */
export class Turns {
  readonly #options: TurnsOptions;
  readonly #waiting = new Set<string>();
  readonly #taking = new Set<string>();
  /** Woken while their turn is being taken: that may have looked too early. */
  readonly #woken = new Set<string>();
  #stopped = false;

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  /** It has something to do, or may have. Nothing is begun before the caller has returned. */
  wake(id: string): void {
    if (this.#taking.has(id)) this.#woken.add(id);
    else this.#waiting.add(id);
    this.#next();
  }

  /** Begins no turn any more. */
  stop(): void {
    this.#stopped = true;
    this.#waiting.clear();
  }

  #next(): void {
    for (const id of this.#waiting) {
      if (this.#stopped || this.#taking.size >= this.#options.most) return;
      this.#waiting.delete(id);
      this.#taking.add(id);
      void this.#take(id);
    }
  }

  async #take(id: string): Promise<void> {
    const { take, clock, pauseMs } = this.#options;
    await Promise.resolve();
    const end = await take(id);
    this.#taking.delete(id);
    if (this.#woken.delete(id) || end === 'again') this.#waiting.add(id);
    else if (end === 'later') clock.after(pauseMs, () => this.wake(id));
    this.#next();
  }
}
