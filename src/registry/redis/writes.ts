import type { Kept, RegistryEntry, SubscriptionChange } from '../store.ts';
import { RegistryUnavailable } from './connection.ts';
import type { SharedEntries } from './entries.ts';
import type { Reconciliation } from './reconciliation.ts';
import type { Row } from './row.ts';
import type { RegistryTable, Strange } from './table.ts';

/** So often an entry may have been changed by others in between; more would be no accident. */
const MOST_ROUNDS = 100;

/**
 * Writes to an entry hold the version that they replace. When another replica was first, the change is made again to
 * what it wrote; when Redis lost what is known here, that is written back first.
 */
export class Writes {
  readonly #table: RegistryTable;
  readonly #entries: SharedEntries;
  readonly #reconciliation: Reconciliation;

  constructor(table: RegistryTable, entries: SharedEntries, reconciliation: Reconciliation) {
    this.#table = table;
    this.#entries = entries;
    this.#reconciliation = reconciliation;
  }

  async insert(
    registryId: string,
    subscription: Kept,
    uniqueKey: string | null,
  ): Promise<{ created: boolean; subscription: Kept }> {
    const { id, version } = subscription;
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const present = this.#concerned(id, uniqueKey);
      const result = await this.#table.insert(registryId, { id, version, uniqueKey, subscription }, present);
      switch (result.answer) {
        case 'done':
          await this.#entries.wrote(result.row);
          return { created: true, subscription };
        case 'exists':
          this.#entries.accept(result.row);
          return { created: false, subscription: result.row.entry.subscription ?? subscription };
        case 'taken':
          throw new Error(`the subscription ${id} exists, or was removed in that version or a later one`);
        case 'behind':
          await this.#reconciliation.run();
          break;
        default:
          await this.#setRight(result);
      }
    }
    throw tooMany(id);
  }

  async update(
    registryId: string,
    id: string,
    change: SubscriptionChange,
    ifVersion: number | undefined,
  ): Promise<Kept | undefined> {
    const next = ({ uniqueKey }: RegistryEntry<Kept>, before: Kept, version: number) => ({
      ...{ id, version, uniqueKey },
      subscription: { ...before, ...change, version },
    });
    const row = await this.#change(registryId, id, next, ifVersion);
    return row?.entry.subscription ?? undefined;
  }

  async remove(registryId: string, id: string, ifVersion: number | undefined): Promise<boolean> {
    const ended = { id, uniqueKey: null, subscription: null };
    const row = await this.#change(
      registryId,
      id,
      (_entry, _before, version) => ({ ...ended, version }),
      ifVersion,
    );
    return row !== undefined;
  }

  /** Undefined when there is no such subscription or version (any more). */
  async #change(
    registryId: string,
    id: string,
    next: (entry: RegistryEntry<Kept>, before: Kept, version: number) => RegistryEntry<Kept>,
    ifVersion?: number,
  ): Promise<Row | undefined> {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const entry = this.#living(id, ifVersion) ?? (await this.#lookAgain(id, ifVersion));
      if (entry?.subscription == null) return undefined;
      const wanted = next(entry, entry.subscription, entry.version + 1);
      const result = await this.#table.replace(registryId, wanted, entry.version);
      if (result.answer === 'done') {
        await this.#entries.wrote(result.row);
        return result.row;
      }
      if (result.answer !== 'changed') await this.#setRight(result);
      else if (result.row !== undefined && result.row.entry.version > entry.version)
        this.#entries.accept(result.row);
      else await this.#reconciliation.run();
    }
    throw tooMany(id);
  }

  #living(id: string, ifVersion: number | undefined): RegistryEntry<Kept> | undefined {
    const entry = this.#entries.known.get(id)?.entry;
    if (entry === undefined || entry.subscription === null) return undefined;
    return entry.version === (ifVersion ?? entry.version) ? entry : undefined;
  }

  /** Another replica may have made or changed it a moment ago. */
  async #lookAgain(id: string, ifVersion: number | undefined): Promise<RegistryEntry<Kept> | undefined> {
    for (const row of await this.#table.read([id])) this.#entries.accept(row);
    return this.#living(id, ifVersion);
  }

  /** What Redis has to know before it can say whether the id and the key are free. */
  #concerned(id: string, uniqueKey: string | null): RegistryEntry<Kept>[] {
    const { known } = this.#entries;
    const holder = uniqueKey === null ? undefined : known.holderOf(uniqueKey);
    const same = known.get(id)?.entry;
    return [holder, same].filter((entry) => entry !== undefined);
  }

  async #setRight(strange: Strange): Promise<void> {
    if (strange.answer === 'other') this.#reconciliation.check(strange.registryId);
    await this.#reconciliation.run();
  }
}

function tooMany(id: string): RegistryUnavailable {
  return new RegistryUnavailable(`the subscription ${id} is being changed by others all the time`);
}
