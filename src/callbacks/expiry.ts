/** Things that all live equally long, and one timer for all of them. */
import type { Clock, Timer } from '../time.ts';

/** The two members belong to the `Expiry` that the item is in. */
export interface Expiring {
  /** Monotonic, milliseconds. */
  dueAt: number;
  /** Where it stands, -1 when nowhere. */
  slot: number;
}

/**
 * A timer that comes so late says that the process stood still (frozen, suspended, starved). What happened meanwhile is
 * still to be heard of, such as an answer that waits in its socket: that gets a moment before anything expires.
 */
const STOOD_STILL_MS = 500;
const CATCH_UP_MS = 50;

/**
 * Items that are deleted in time never touch the timer, so it fires about once per lifetime, however many items
 * pass through; only then are all looked at.
 *
 * An array whose items know their place, because a `Map` or `Set` that lives long while tens of thousands of
 * short-lived items a second pass through it leaves a trail of outgrown tables, which keep those items alive past
 * the collector's cheap generation: measured, a fifth of all the CPU time of sending.
 */
export class Expiry<T extends Expiring> {
  readonly #clock: Clock;
  readonly #lifetimeMs: number;
  readonly #expire: (item: T) => void;
  #items: T[] = [];
  #timer: Timer | undefined;
  #sweepAt = 0;

  /** `expire` is called once per item, after `lifetimeMs`, with the item already removed. */
  constructor(clock: Clock, lifetimeMs: number, expire: (item: T) => void) {
    this.#clock = clock;
    this.#lifetimeMs = lifetimeMs;
    this.#expire = expire;
  }

  get size(): number {
    return this.#items.length;
  }

  /** `now` is the clock's monotonic time. The item must not be in already. */
  add(item: T, now: number): void {
    item.dueAt = now + this.#lifetimeMs;
    item.slot = this.#items.push(item) - 1;
    if (!this.#timer) this.#sweepAfter(this.#lifetimeMs, now);
  }

  /** Does nothing when the item is not in. */
  delete(item: T): void {
    if (item.slot < 0) return;
    const last = this.#items.pop();
    if (last !== undefined && last !== item) {
      this.#items[item.slot] = last;
      last.slot = item.slot;
    }
    item.slot = -1;
  }

  /** The item that expires next; it takes a look at each. */
  oldest(): T | undefined {
    let oldest = this.#items[0];
    for (const item of this.#items) if (oldest && item.dueAt < oldest.dueAt) oldest = item;
    return oldest;
  }

  /** Empties it without expiring anything, and answers what was in it. */
  clear(): T[] {
    const items = this.#items;
    this.#items = [];
    for (const item of items) item.slot = -1;
    this.#timer?.cancel();
    this.#timer = undefined;
    return items;
  }

  #isArmed(): boolean {
    return this.#timer !== undefined;
  }

  #sweepAfter(ms: number, now: number): void {
    this.#sweepAt = now + ms;
    this.#timer = this.#clock.after(ms, () => this.#sweep());
  }

  #sweep(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    if (now - this.#sweepAt > STOOD_STILL_MS) return this.#sweepAfter(CATCH_UP_MS, now);
    for (const item of this.#items.filter(({ dueAt }) => dueAt <= now)) {
      // Expiring one item may have deleted another.
      if (item.slot < 0) continue;
      this.delete(item);
      this.#expire(item);
    }
    const next = this.oldest();
    if (next && !this.#isArmed()) this.#sweepAfter(Math.ceil(next.dueAt - now), now);
  }
}
