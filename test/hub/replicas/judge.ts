import type { Subscription } from '../../../src/registry/store.ts';

/** What clients were answered, and whether it can stand beside everything else they were answered. */
export class Judge {
  readonly problems: string[] = [];
  /** Ids that were answered with 201, in the order of the answers. */
  readonly answered: string[] = [];
  readonly #made = new Map<string, { id: string; at: number }[]>();
  /** When the first DELETE of it was sent. */
  readonly #removing = new Map<string, number>();
  /** 204. */
  readonly #removed = new Set<string>();

  registered(callback: string, id: string, at: number): void {
    const made = this.#made.get(callback) ?? [];
    this.#made.set(callback, made);
    for (const before of made) {
      if (before.id === id || this.#wasRemoving(before.id, at) || this.#wasRemoving(id, at)) continue;
      this.problems.push(`${callback} has the ids ${before.id} and ${id}`);
    }
    made.push({ id, at });
    if (!this.answered.includes(id)) this.answered.push(id);
  }

  removing(id: string, at: number): void {
    if (!this.#removing.has(id)) this.#removing.set(id, at);
  }

  removed(id: string): void {
    this.#removed.add(id);
  }

  /** 404 on a GET, or as much as that. */
  notFound(id: string): void {
    if (!this.#removing.has(id)) this.problems.push(`${id} was not found, and nobody removed it`);
  }

  isRemoving(id: string): boolean {
    return this.#removing.has(id);
  }

  atTheEnd(living: readonly Subscription[]): void {
    const ids = new Set(living.map(({ id }) => id));
    for (const id of this.answered) {
      if (!ids.has(id) && !this.#removing.has(id))
        this.problems.push(`${id} was answered with 201 and is not there`);
    }
    for (const id of this.#removed) if (ids.has(id)) this.problems.push(`${id} was removed and is there`);
  }

  #wasRemoving(id: string, at: number): boolean {
    return (this.#removing.get(id) ?? Infinity) <= at;
  }
}
