import type { Clock } from '../time.ts';

/** Between the last moment of an attempt and the moment when another process may begin: clocks and scheduling err. */
const MARGIN_MS = 1_000;

export interface LeaseTimes {
  /** After so long without a word from us the group gives our partitions away. */
  readonly sessionTimeoutMs: number;
  /** The longest that an attempt takes. */
  readonly attemptTimeoutMs: number;
}

/**
 * RULES 9: our partitions are surely ours only for as long as the group has heard of us. Kept by two clocks: one
 * stands still while the machine sleeps, the other can be set.
 */
export class Lease {
  readonly #clock: Clock;
  readonly #times: LeaseTimes;
  #heard: { monotonic: number; wall: number } | undefined;

  constructor(clock: Clock, times: LeaseTimes) {
    this.#clock = clock;
    this.#times = times;
  }

  /** To be taken before a request is sent; given to `renew` when it was answered. */
  now(): { monotonic: number; wall: number } {
    return { monotonic: this.#clock.monotonic(), wall: this.#clock.now() };
  }

  renew(sentAt: { monotonic: number; wall: number }): void {
    this.#heard = sentAt;
  }

  end(): void {
    this.#heard = undefined;
  }

  /** May an attempt start, which will have ended before anybody else can have the partition? */
  holds(): boolean {
    return this.#remaining() > this.#times.attemptTimeoutMs + MARGIN_MS;
  }

  /** False when an attempt takes longer than the group waits for us. */
  canHold(): boolean {
    return this.#times.sessionTimeoutMs > this.#times.attemptTimeoutMs + MARGIN_MS;
  }

  /** Milliseconds until another may have the partitions; 0 when one may have them by now. */
  get remainingMs(): number {
    return Math.max(0, this.#remaining() - MARGIN_MS);
  }

  isOver(): boolean {
    return this.remainingMs === 0;
  }

  #remaining(): number {
    if (!this.#heard) return -Infinity;
    const { monotonic, wall } = this.#heard;
    const since = Math.max(this.#clock.monotonic() - monotonic, this.#clock.now() - wall);
    return this.#times.sessionTimeoutMs - since;
  }
}

/** The time of one generation: what answers later is of no account any more. */
export class Stay {
  #isOver = false;

  end(): void {
    this.#isOver = true;
  }

  isOver(): boolean {
    return this.#isOver;
  }
}
