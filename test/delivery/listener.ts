import type { CallbackAnswer } from '../../src/callbacks/sender.ts';

export const OK = { status: 204, retryAfter: undefined, text: '', durationMs: 2 };

export interface Temper {
  readonly seed: number;
  /** 0..1: how many events fail once or twice, how many always. */
  readonly flaky: number;
  readonly poison: number;
}

/** A listener of a random history: what it answers, and what it saw. */
export class Listener {
  readonly id: string;
  /** First offset owed, for each partition; what was accepted before it is not. */
  readonly startedAt = new Map<number, number>();
  readonly successes = new Map<string, number>();
  /** The calls it is at work on, by event. */
  readonly inFlight = new Map<string, object>();
  /** Events that it got from the present owner of their partition. */
  readonly fresh = new Set<string>();
  /** Events whose call was broken off, whatever it made of them. */
  readonly brokenOff = new Set<string>();
  readonly #failuresLeft = new Map<string, number>();
  readonly #temper: Temper;
  downUntil = 0;
  downStatus = 0;
  slowUntil = 0;
  gone = false;

  constructor(id: string, temper: Temper) {
    this.id = id;
    this.#temper = temper;
  }

  /** In [0, 1), the same for every listener and attempt: decides whether the event is poison or flaky. */
  fateOf(eventId: string): number {
    return seeded(this.#temper.seed + Number(eventId.slice(1)))();
  }

  answer(eventId: string, now: number): CallbackAnswer {
    if (now < this.downUntil) {
      return this.downStatus === 0
        ? { failure: 'connect', message: 'refused', durationMs: 1 }
        : { ...OK, status: this.downStatus };
    }
    const { poison, flaky } = this.#temper;
    const fate = this.fateOf(eventId);
    if (fate < poison) return { ...OK, status: fate < poison / 2 ? 500 : 400 };
    if (fate >= poison + flaky) return OK;
    const left = this.#failuresLeft.get(eventId) ?? 2;
    this.#failuresLeft.set(eventId, left - 1);
    if (left <= 0) return OK;
    return { ...OK, status: left > 1 ? 503 : 500 };
  }
}

/** A small seeded generator in [0, 1), so that a history can be played again. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
