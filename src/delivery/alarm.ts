import type { Clock, Timer } from '../time.ts';

/** Rings at the earliest time that somebody asked for, and is then not set. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #timer: Timer | undefined;
  #at = Infinity;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** `at` in monotonic milliseconds. */
  set(at: number): void {
    if (this.#at <= at) return;
    this.#timer?.cancel();
    this.#at = at;
    this.#timer = this.#clock.after(at - this.#clock.monotonic(), () => {
      this.#at = Infinity;
      this.#ring();
    });
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#at = Infinity;
  }
}
