import type { Clock, Timer } from '../../../time.ts';

/** A feed, as the budget sees it. */
export interface Holder {
  /** Bytes that wait without having been offered. */
  readonly bufferedBytes: number;
  /** It waits for its listener, not for us. */
  readonly isStalled: boolean;
  readonly isParked: boolean;
  park(): void;
  unpark(): void;
}

/** So long a feed stays that others wait for: beyond the longest pause between two probes of a listener that is down. */
const TURN_MS = 90_000;
const LOOK_MS = 1_000;
/** Below this part of the budget one that waits may come back. */
const ROOM_AGAIN = 0.5;

/**
 * What RabbitMQ hands out before there is room for it lies in memory. It has a budget for the whole process: beyond it
 * the largest holders among those whose listeners do not keep up give all back, and get it again in turns (promise 3).
 */
export class PrefetchBudget {
  readonly #maxBytes: number;
  readonly #clock: Clock;
  readonly #holders: () => Iterable<Holder>;
  /** In the order in which they were parked. */
  readonly #parked = new Map<Holder, true>();
  /** Since when each holds something while others wait: then its turn began. */
  readonly #since = new Map<Holder, number>();
  #bytes = 0;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(maxBytes: number, clock: Clock, holders: () => Iterable<Holder>) {
    this.#maxBytes = maxBytes;
    this.#clock = clock;
    this.#holders = holders;
  }

  get bytes(): number {
    return this.#bytes;
  }

  changed(bytes: number): void {
    this.#bytes += bytes;
    if (this.#isOver) this.#lookIn(this.#parked.size === 0 ? 0 : LOOK_MS);
  }

  forget(holder: Holder): void {
    this.#parked.delete(holder);
    this.#since.delete(holder);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  get #isOver(): boolean {
    return this.#bytes > this.#maxBytes;
  }

  #lookIn(ms: number): void {
    if (this.#isStopped) return;
    this.#timer ??= this.#clock.after(ms, () => {
      this.#timer = undefined;
      this.#look();
      // Whoever does not keep up may turn out later: nothing tells it.
      if (this.#parked.size > 0 || this.#isOver) this.#lookIn(LOOK_MS);
    });
  }

  #look(): void {
    this.#noteTurns();
    if (this.#isOver) this.#relieve();
    else if (this.#bytes < this.#maxBytes * ROOM_AGAIN) this.#unparkFirst();
    else if (this.#parked.size > 0) this.#park(this.#longestHere());
  }

  #noteTurns(): void {
    if (this.#parked.size === 0) {
      this.#since.clear();
      return;
    }
    const now = this.#clock.monotonic();
    for (const holder of this.#holders()) {
      if (!holder.isStalled) this.#since.delete(holder);
      else if (!holder.isParked && !this.#since.has(holder)) this.#since.set(holder, now);
    }
  }

  #relieve(): void {
    for (let over = this.#bytes - this.#maxBytes; over > 0;) {
      const holder = this.#largest();
      if (!holder) return;
      over -= holder.bufferedBytes;
      this.#park(holder);
    }
  }

  /** Its bytes are free once nothing of it is under way, which takes a while. */
  #park(holder: Holder | undefined): void {
    if (!holder) return;
    this.#parked.set(holder, true);
    this.#since.delete(holder);
    holder.park();
  }

  #unparkFirst(): void {
    const [first] = this.#parked.keys();
    if (!first) return;
    this.#parked.delete(first);
    first.unpark();
  }

  #largest(): Holder | undefined {
    let largest: Holder | undefined;
    for (const holder of this.#holders()) {
      if (!holder.isStalled || holder.isParked) continue;
      if (holder.bufferedBytes > (largest?.bufferedBytes ?? 0)) largest = holder;
    }
    return largest;
  }

  /** One that had its turn, while others wait for theirs. */
  #longestHere(): Holder | undefined {
    const now = this.#clock.monotonic();
    for (const [holder, since] of this.#since) if (now - since >= TURN_MS) return holder;
    return undefined;
  }
}
