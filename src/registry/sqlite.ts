import { join } from 'node:path';
import type { Logger } from '../logger.ts';
import { Database } from '../sqlite/database.ts';
import { moduleBeside } from '../sqlite/storage.ts';
import type { Clock } from '../time.ts';
import type { RegistryProcedures, SubscriptionRow } from './sqlite-storage.ts';
import { SqliteNotes } from './sqlite-notes.ts';
import { registryOf } from './kinds.ts';
import type {
  DocumentStore,
  FeedNotes,
  Kept,
  RegistryEntry,
  RegistryStore,
  SubscriptionChange,
} from './store.ts';
import type { Health } from '../health.ts';

export interface SqliteRegistryOptions {
  /** Directory of the file `registry.db`, made if need be; for one process at a time. */
  readonly dir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newId: () => string;
}

/**
 * The registry in a SQLite file of its own, for one gateway. `open` rejects with a sentence for an operator when the
 * file cannot be had; other calls reject with a StorageError when nothing was written.
 */
export function createSqliteRegistry(options: SqliteRegistryOptions): RegistryStore {
  return registryOf(new SqliteRegistry(options));
}

class SqliteRegistry implements DocumentStore<Kept> {
  readonly isShared = false;
  readonly notes: FeedNotes;
  readonly #options: SqliteRegistryOptions;
  readonly #database: Database<RegistryProcedures>;
  #registryId: string | undefined;
  #changed: (entry: RegistryEntry<Kept>) => void = () => undefined;

  constructor(options: SqliteRegistryOptions) {
    const { dir, clock, logger } = options;
    this.#options = options;
    this.#database = new Database({
      file: join(dir, 'registry.db'),
      storage: moduleBeside(import.meta.url, './sqlite-storage'),
      clock,
      logger,
    });
    this.notes = new SqliteNotes(this.#database);
  }

  get registryId(): string {
    if (this.#registryId === undefined) throw new Error('the registry has no id before it is open');
    return this.#registryId;
  }

  async open(): Promise<void> {
    await this.#database.open();
    this.#registryId = await this.#database.call('identify', this.#options.newId());
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  follow(changed: (entry: RegistryEntry<Kept>) => void): void {
    this.#changed = changed;
  }

  async load(): Promise<Kept[]> {
    return (await this.#database.call('load', undefined)).map(documentOf);
  }

  async find(id: string): Promise<Kept | undefined> {
    const row = await this.#database.call('find', id);
    return row && documentOf(row);
  }

  async insert(given: Kept, uniqueKey: string | null): Promise<{ created: boolean; subscription: Kept }> {
    const { version, ...document } = given;
    const { id } = given;
    const row = { id, uniqueKey, version, document: JSON.stringify(document) };
    const existing = await this.#database.call('insert', row);
    if (existing) return { created: false, subscription: documentOf(existing) };
    this.#changed({ id, version, uniqueKey, subscription: given });
    return { created: true, subscription: given };
  }

  async update(id: string, change: SubscriptionChange, ifVersion?: number): Promise<Kept | undefined> {
    const row = await this.#database.call('update', { id, members: change, ifVersion });
    if (row === undefined) return undefined;
    const document = documentOf(row);
    this.#changed({ id, version: row.version, uniqueKey: row.uniqueKey, subscription: document });
    return document;
  }

  async remove(id: string, ifVersion?: number): Promise<boolean> {
    const version = await this.#database.call('remove', { id, now: this.#options.clock.now(), ifVersion });
    if (version === undefined) return false;
    this.#changed({ id, version, uniqueKey: null, subscription: null });
    return true;
  }

  /** Nobody else writes, and each look is into the file. */
  async catchUp(): Promise<void> {
    await Promise.resolve();
  }

  health(): Health {
    if (this.#registryId === undefined) return { ok: false, reason: 'the registry is not open' };
    return this.#database.health();
  }
}

function documentOf({ document, version }: SubscriptionRow): Kept {
  return { ...(JSON.parse(document) as Kept), version };
}
