/** What was used last, up to a total weight; what was not used for the longest goes first. The newest always stays. */
export class Recent<K, V extends { readonly weight: number }> {
  readonly #most: number;
  readonly #entries = new Map<K, V>();
  #weight = 0;

  /** `most`: of the weights of all entries together. */
  constructor(most: number) {
    this.#most = most;
  }

  get weight(): number {
    return this.#weight;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The entry of the key, made when there is none. What `make` throws is passed on, and nothing is kept. */
  get(key: K, make: () => V): V {
    const known = this.#entries.get(key);
    const entry = known ?? make();
    if (known === undefined) this.#weight += entry.weight;
    // A map remembers the order of insertion: the last is the latest used.
    else this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#shrink();
    return entry;
  }

  #shrink(): void {
    for (const [key, { weight }] of this.#entries) {
      if (this.#weight <= this.#most || this.#entries.size === 1) return;
      this.#entries.delete(key);
      this.#weight -= weight;
    }
  }
}
