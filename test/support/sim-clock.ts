import type { Clock, Timer } from '../../src/time.ts';

interface Pending {
  at: number;
  order: number;
  fire: (() => void) | undefined;
}

/** A clock that stands still until the test moves it. Timers fire in order, with all promises settled in between. */
export class SimClock implements Clock {
  #now = Date.UTC(2026, 0, 1);
  readonly #start = this.#now;
  #order = 0;
  #timers: Pending[] = [];

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#start;
  }

  after(ms: number, fire: () => void): Timer {
    const timer: Pending = { at: this.#now + Math.max(0, ms), order: this.#order++, fire };
    const index = this.#timers.findLastIndex((other) => other.at <= timer.at);
    this.#timers.splice(index + 1, 0, timer);
    return { cancel: () => (timer.fire = undefined) };
  }

  /** Moves to the next timer and fires it. False when there is none. */
  async step(): Promise<boolean> {
    await settled();
    const next = this.#timers.shift();
    if (!next) return false;
    if (!next.fire) return true;
    this.#now = Math.max(this.#now, next.at);
    next.fire();
    await settled();
    return true;
  }

  /** Moves by `ms`, firing everything on the way. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settled();
    while ((this.#timers[0]?.at ?? Infinity) <= until) await this.step();
    this.#now = until;
    await settled();
  }

  /** Moves until `done`; throws when `limitMs` pass without it. */
  async until(done: () => boolean, limitMs: number): Promise<void> {
    const limit = this.#now + limitMs;
    await settled();
    while (!done()) {
      if (this.#now > limit) throw new Error(`not done after ${limitMs} simulated milliseconds`);
      if (!(await this.step())) throw new Error('nothing is pending, and it is not done');
    }
  }
}

/** All promises that can settle have settled. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
