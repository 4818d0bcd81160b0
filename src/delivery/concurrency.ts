import type { DeliverySettings } from './settings.ts';

/** An answer this much slower than the quickest is no sign of load, whatever the ratio. Milliseconds. */
const TOLERANCE_MS = 2;
const SLOWER_RATIO = 1.5;
/** The quickest answer is forgotten slowly, so that a listener that became slower for good is not held back. */
const FORGET = 1.02;

/**
 * How many attempts of one subscription may run at once. Adaptive: it grows while answers are good and no slower
 * than before (doubling at first, then one step a round of answers), and halves at most once a round when the listener
 * is overloaded.
 */
export class Concurrency {
  readonly #max: number;
  readonly #fixed: boolean;
  #limit: number;
  /** Below it the limit doubles each round: at the beginning and after an outage, until the listener slows down. */
  #rampTo: number;
  #answers = 0;
  #sum = 0;
  /** Answers to attempts that were already out when it last shrank: they say nothing new. */
  #stale = 0;
  #quickest = Infinity;

  constructor(limits: DeliverySettings['limits']) {
    this.#fixed = limits.concurrency !== 'adaptive';
    this.#max = limits.concurrency === 'adaptive' ? limits.maxConcurrency : limits.concurrency;
    this.#limit =
      limits.concurrency === 'adaptive' ? Math.min(limits.startConcurrency, this.#max) : this.#max;
    this.#rampTo = this.#max;
  }

  get limit(): number {
    return this.#limit;
  }

  succeeded(durationMs: number): void {
    if (this.#stale > 0) this.#stale--;
    this.#sum += durationMs;
    if (++this.#answers < this.#limit) return;
    const average = this.#sum / this.#answers;
    this.#endRound();
    const slower = average > this.#quickest * SLOWER_RATIO && average > this.#quickest + TOLERANCE_MS;
    this.#quickest = Math.min(this.#quickest * FORGET, average);
    if (slower && !this.#fixed) this.#rampTo = 0;
    else if (this.#limit < this.#rampTo) this.#limit = Math.min(this.#limit * 2, this.#rampTo);
    else if (!this.#fixed) this.#limit = Math.min(this.#limit + 1, this.#max);
  }

  overloaded(): void {
    if (this.#fixed) return;
    if (this.#stale > 0) {
      this.#stale--;
      return;
    }
    this.#stale = this.#limit - 1;
    this.#limit = Math.max(1, Math.floor(this.#limit / 2));
    this.#rampTo = 0;
    this.#endRound();
  }

  /** After an outage the rate begins at one and doubles up to what it was. */
  rampUp(): void {
    this.#rampTo = Math.max(this.#limit, this.#rampTo);
    this.#limit = 1;
    this.#endRound();
  }

  #endRound(): void {
    this.#answers = 0;
    this.#sum = 0;
  }
}
