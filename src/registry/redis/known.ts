import type { Kept, RegistryEntry } from '../store.ts';
import type { Row } from './row.ts';

/**
 * All that this process knows of the registry, tombstones too: what it delivers by while Redis is away, and what is
 * written back when Redis lost it. An entry is only ever replaced by a higher version (RULES 19).
 */
export class KnownEntries {
  readonly #rows = new Map<string, Row>();
  readonly #holders = new Map<string, string>();

  /** False when it was known already, in this version or a later one. */
  learn(row: Row): boolean {
    const { id, version, uniqueKey } = row.entry;
    const before = this.#rows.get(id);
    if (before !== undefined && before.entry.version >= version) {
      this.place(id, row.seq);
      return false;
    }
    const formerKey = before?.entry.uniqueKey ?? null;
    if (formerKey !== null && this.#holders.get(formerKey) === id) this.#holders.delete(formerKey);
    if (uniqueKey !== null) this.#holders.set(uniqueKey, id);
    this.#rows.set(id, { entry: row.entry, seq: row.seq ?? before?.seq });
    return true;
  }

  /** Its place in the order of creation, where it had none so far. */
  place(id: string, seq: number | undefined): void {
    const row = this.#rows.get(id);
    if (row !== undefined && row.seq === undefined) this.#rows.set(id, { entry: row.entry, seq });
  }

  get(id: string): Row | undefined {
    return this.#rows.get(id);
  }

  holderOf(uniqueKey: string): RegistryEntry<Kept> | undefined {
    return this.#rows.get(this.#holders.get(uniqueKey) ?? '')?.entry;
  }

  /** In the order of creation. */
  all(): Row[] {
    return [...this.#rows.values()].sort(byCreation);
  }

  living(): Kept[] {
    return this.all().flatMap(({ entry: { subscription } }) => (subscription === null ? [] : [subscription]));
  }
}

/** Those without a place are told apart by when they were made. */
function byCreation(a: Row, b: Row): number {
  const [placeA, placeB] = [a.seq ?? Infinity, b.seq ?? Infinity];
  if (placeA !== placeB) return placeA - placeB;
  const [madeA, madeB] = [madeAt(a), madeAt(b)];
  if (madeA !== madeB) return madeA < madeB ? -1 : 1;
  return a.entry.id < b.entry.id ? -1 : 1;
}

function madeAt({ entry: { subscription } }: Row): string {
  return subscription?.createdAt ?? '';
}
