import type { Clock } from '../../../time.ts';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5_000;

interface Refusal {
  readonly sentence: string;
  readonly pauseMs: number;
  /** By the monotonic clock. */
  readonly pausedUntil: number;
  /** While `one` tries all others wait; `all` may try when the last attempt ended otherwise than by a refusal. */
  trying: 'none' | 'one' | 'all';
}

/**
 * Pauses between attempts to get into places that have refused us, 500 ms at first and up to 5 s. There are several
 * connections to one place, each wanted by somebody who tries again soon: without pauses a wrong password would be
 * said several times a second, and directories lock the account for that. One sentence after another means that
 * somebody is at work on it: then the pauses are short again.
 */
export class Refusals {
  readonly #clock: Clock;
  readonly #refusals = new Map<string, Refusal>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Undefined when a connection to the place may be tried; who was told so must call `ended` when the attempt is over.
   * Else the sentence it was last refused with: no attempt now.
   */
  holding(place: string): string | undefined {
    const refusal = this.#refusals.get(place);
    if (!refusal || refusal.trying === 'all') return undefined;
    if (refusal.trying === 'one' || this.#isPaused(refusal)) return refusal.sentence;
    refusal.trying = 'one';
    return undefined;
  }

  /** Whether it has let nobody in since it refused. */
  has(place: string): boolean {
    return this.#refusals.has(place);
  }

  /** Attempts that had begun before the pause make it no longer. */
  refused(place: string, sentence: string): void {
    const last = this.#refusals.get(place);
    if (last?.trying === 'none' && this.#isPaused(last)) return;
    const pauseMs =
      last?.sentence === sentence ? Math.min(LONGEST_PAUSE_MS, last.pauseMs * 2) : FIRST_PAUSE_MS;
    const pausedUntil = this.#clock.monotonic() + pauseMs;
    this.#refusals.set(place, { sentence, pauseMs, pausedUntil, trying: 'none' });
  }

  letIn(place: string): void {
    this.#refusals.delete(place);
  }

  /** After `refused` or `letIn`, if either: an attempt that came to nothing ends the pause, but not its length. */
  ended(place: string): void {
    const refusal = this.#refusals.get(place);
    if (refusal?.trying === 'one') refusal.trying = 'all';
  }

  #isPaused({ pausedUntil }: Refusal): boolean {
    return this.#clock.monotonic() < pausedUntil;
  }
}
