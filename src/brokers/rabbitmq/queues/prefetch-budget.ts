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
  readonly #since = new Map<Holder, number>();
  #bytes = 0;
  #timer: Timer | undefined;

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
    if (this.#bytes > this.#maxBytes) this.#lookSoon();
  }

  forget(holder: Holder): void {
    this.#parked.delete(holder);
    this.#since.delete(holder);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #lookSoon(): void {
    this.#timer ??= this.#clock.after(this.#parked.size === 0 ? 0 : LOOK_MS, () => {
      this.#timer = undefined;
      this.#look();
      if (this.#parked.size > 0) this.#lookSoon();
    });
  }

  #look(): void {
    if (this.#bytes > this.#maxBytes) this.#relieve();
    else if (this.#bytes < this.#maxBytes * ROOM_AGAIN) this.#unparkFirst();
    else if (this.#parked.size > 0) this.#park(this.#longestHere());
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
    this.#since.set(first, this.#clock.monotonic());
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
    for (const [holder, since] of this.#since) if (holder.isStalled && now - since >= TURN_MS) return holder;
    return undefined;
  }
}
