/** Attempts per second of one subscription: a bucket that holds one second's worth. */
export class RateLimit {
  readonly #perSecond: number | undefined;
  #tokens: number;
  #filledAt: number | undefined;

  /** `perSecond` undefined: no limit. */
  constructor(perSecond: number | undefined) {
    this.#perSecond = perSecond;
    this.#tokens = Math.max(1, perSecond ?? 0);
  }

  /** Takes a token and answers 0, or answers when (monotonic ms) there will be one. */
  take(now: number): number {
    const perSecond = this.#perSecond;
    if (perSecond === undefined) return 0;
    const elapsed = now - (this.#filledAt ?? now);
    this.#tokens = Math.min(Math.max(1, perSecond), this.#tokens + (elapsed * perSecond) / 1000);
    this.#filledAt = now;
    // Whole milliseconds: a timer cannot wait for less, and rounding must not make it come too early for ever.
    if (this.#tokens < 1) return now + Math.ceil(((1 - this.#tokens) * 1000) / perSecond);
    this.#tokens--;
    return 0;
  }

  /** The token that was just taken was not used. */
  giveBack(): void {
    this.#tokens++;
  }
}
