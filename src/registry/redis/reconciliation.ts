import type { Logger } from '../../logger.ts';
import { RegistryUnavailable } from './connection.ts';
import type { KnownEntries } from './known.ts';
import { digestOf, type Row } from './row.ts';
import type { Pulse, RegistryTable, Stamp } from './table.ts';

/** Between two pages other work has its turn. */
const PAGE = 200;

/** Two registries stand where there should be one: nobody but an operator can tell which one is meant (RULES 1). */
export class OtherRegistry extends Error {
  override readonly name = 'OtherRegistry';
}

export interface ReconciliationOptions {
  readonly table: RegistryTable;
  readonly known: KnownEntries;
  /** The setting `name`, for messages. */
  readonly prefix: string;
  readonly logger: Logger;
  readonly newId: () => string;
  /** Takes over an entry that is newer than what is known. */
  readonly accept: (row: Row) => void;
  /** Why a registry must not be begun yet in an empty Redis; undefined when it may. */
  readonly notYet: () => string | undefined;
}

/**
 * Makes Redis and this process know the same: what Redis has in a higher version is taken over, what it has in a lower
 * one or not at all is written back, for absence is never deletion (RULES 19). Any number of replicas may do it at the
 * same time.
 */
export class Reconciliation {
  readonly #options: ReconciliationOptions;
  #registryId: string | undefined;
  #running: Promise<Pulse> | undefined;
  #trouble: string | undefined;
  #restored = 0;

  constructor(options: ReconciliationOptions) {
    this.#options = options;
  }

  /** Undefined until Redis or a copy has told; never changes after. */
  get registryId(): string | undefined {
    return this.#registryId;
  }

  /** Set from when Redis was found empty until all is there again. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /**
   * Resolves with the registry's pulse from before it began: what changed after is told by the changes after that one.
   * A call while one goes on shares it. Rejects with RegistryUnavailable or OtherRegistry.
   */
  run(): Promise<Pulse> {
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
    return this.#running;
  }

  /** A copy holds that registry's entries. Throws when it is not ours. */
  belongsTo(registryId: string): void {
    this.#registryId ??= registryId;
    if (registryId !== this.#registryId) throw this.#other("a broker's copy", registryId);
  }

  /** Redis holds that registry. Throws when it is not ours. */
  check(registryId: string): void {
    this.#registryId ??= registryId;
    if (registryId !== this.#registryId) throw this.#other('Redis', registryId);
  }

  #other(where: string, registryId: string): OtherRegistry {
    const { prefix } = this.#options;
    return new OtherRegistry(
      `two registries share the name "${prefix}": this gateway works on ${String(this.#registryId)}, ${where} holds ${registryId}; give each gateway a "name" of its own, or one Redis to both`,
    );
  }

  async #run(): Promise<Pulse> {
    const { table } = this.#options;
    for (;;) {
      const pulse = await table.pulse();
      if (pulse.registryId !== undefined) {
        this.check(pulse.registryId);
        await this.#merge(pulse.registryId);
        this.#recovered();
        return pulse;
      }
      await (this.#registryId === undefined ? this.#begin() : this.#writeBack(this.#registryId));
    }
  }

  async #begin(): Promise<void> {
    const { table, newId, logger, notYet } = this.#options;
    const reason = notYet();
    if (reason !== undefined) throw new RegistryUnavailable(reason);
    const proposed = newId();
    this.check(await table.identify(proposed, newId()));
    if (this.#registryId === proposed) logger.info({ registryId: proposed }, 'registry.created');
  }

  /** The id comes last: as long as it is missing, no replica inserts what another may be about to write back. */
  async #writeBack(registryId: string): Promise<void> {
    const { table, newId, logger } = this.#options;
    if (this.#trouble === undefined) {
      this.#trouble = 'Redis lost the registry: it is being written back';
      this.#restored = 0;
      logger.error({ registryId, reason: this.#trouble }, 'registry.flushed');
    }
    await this.#merge(registryId);
    this.check(await table.identify(registryId, newId()));
  }

  #recovered(): void {
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    const registryId = this.#registryId;
    this.#options.logger.warn({ registryId, entries: this.#restored }, 'registry.written-back');
  }

  async #merge(registryId: string): Promise<void> {
    const { table, known } = this.#options;
    const ids = new Set(known.all().map(({ entry }) => entry.id));
    for (const id of await table.ids()) ids.add(id);
    const all = [...ids];
    for (let from = 0; from < all.length; from += PAGE) {
      await this.#mergePage(registryId, all.slice(from, from + PAGE));
    }
  }

  async #mergePage(registryId: string, ids: readonly string[]): Promise<void> {
    const { table, known, accept } = this.#options;
    const stamps = await table.compare(ids);
    const differing = ids.filter((id) => differs(known.get(id), stamps.get(id)));
    const unlike: string[] = [];
    for (const row of await table.read(differing)) {
      const mine = known.get(row.entry.id);
      if (mine === undefined || mine.entry.version < row.entry.version) accept(row);
      else if (mine.entry.version === row.entry.version && digestOf(mine.entry) !== digestOf(row.entry))
        unlike.push(row.entry.id);
      else known.place(row.entry.id, row.seq);
    }
    const owed = ids.filter((id) => isOwed(known.get(id), stamps.get(id)));
    await this.#restore(registryId, [...owed, ...unlike]);
    for (const row of await table.read(unlike)) accept(row);
  }

  async #restore(registryId: string, ids: readonly string[]): Promise<void> {
    const { table, known } = this.#options;
    const rows = ids.flatMap((id) => known.get(id) ?? []);
    if (rows.length === 0) return;
    const placed = await table.restore(registryId, rows);
    if ('answer' in placed) {
      if (placed.answer === 'other') this.check(placed.registryId);
      return;
    }
    for (const { entry, seq } of placed) known.place(entry.id, seq);
    this.#restored += placed.length;
  }
}

/** Is what Redis has worth a look? */
function differs(mine: Row | undefined, stamp: Stamp | undefined): boolean {
  if (stamp === undefined) return false;
  if (mine?.seq === undefined || mine.entry.version < stamp.version) return true;
  return mine.entry.version === stamp.version && digestOf(mine.entry) !== stamp.digest;
}

/** Redis has it in a lower version, not at all, or in parts. */
function isOwed(mine: Row | undefined, stamp: Stamp | undefined): boolean {
  if (mine === undefined) return false;
  return stamp === undefined || stamp.version < mine.entry.version || !stamp.whole;
}
