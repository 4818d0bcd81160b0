/** Lets a loop sleep until somebody has news for it. News that comes while it works is not missed. */
export class Signal {
  #raised = false;
  #resolve: (() => void) | undefined;

  raise(): void {
    this.#raised = true;
    this.#resolve?.();
    this.#resolve = undefined;
  }

  /** What was raised so far is taken note of. */
  clear(): void {
    this.#raised = false;
  }

  /** Resolves at once when it was raised since the last `clear`. */
  wait(): Promise<void> {
    if (this.#raised) return Promise.resolve();
    return new Promise((resolve) => (this.#resolve = resolve));
  }
}
