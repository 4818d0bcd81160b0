/** Which lines were logged lately, so that the same one does not fill the log. */
export class SaidLately {
  readonly #forMs: number;
  readonly #most: number;
  readonly #until = new Map<string, number>();

  /** `forMs`: how long a line counts as said. Of more than `most` different lines the newest are not said at all. */
  constructor(forMs: number, most: number) {
    this.#forMs = forMs;
    this.#most = most;
  }

  /** Shall the line be logged? Then it counts as said. `now` in milliseconds, never going back. */
  isNews(line: string, now: number): boolean {
    if ((this.#until.get(line) ?? 0) > now) return false;
    this.#until.delete(line);
    // The oldest stand first.
    for (const [old, until] of this.#until) {
      if (until > now) break;
      this.#until.delete(old);
    }
    if (this.#until.size >= this.#most) return false;
    this.#until.set(line, now + this.#forMs);
    return true;
  }
}
