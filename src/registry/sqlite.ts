import { join } from 'node:path';
import type { Logger } from '../logger.ts';
import { Database } from '../sqlite/database.ts';
import { moduleBeside } from '../sqlite/storage.ts';
import type { Clock } from '../time.ts';
import type { RegistryProcedures, SubscriptionRow } from './sqlite-storage.ts';
import type { RegistryStore, Subscription, SubscriptionChange } from './store.ts';
import type { Health } from '../brokers/broker.ts';

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
  return new SqliteRegistry(options);
}

class SqliteRegistry implements RegistryStore {
  readonly #options: SqliteRegistryOptions;
  readonly #database: Database<RegistryProcedures>;
  #registryId: string | undefined;

  constructor(options: SqliteRegistryOptions) {
    const { dir, clock, logger } = options;
    this.#options = options;
    this.#database = new Database({
      file: join(dir, 'registry.db'),
      storage: moduleBeside(import.meta.url, './sqlite-storage'),
      clock,
      logger,
    });
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

  async load(): Promise<Subscription[]> {
    return (await this.#database.call('load', undefined)).map(subscriptionOf);
  }

  async insert(
    subscription: Subscription,
    uniqueKey: string | null,
  ): Promise<{ created: boolean; subscription: Subscription }> {
    const { version, ...document } = subscription;
    const row = { id: subscription.id, uniqueKey, version, document: JSON.stringify(document) };
    const existing = await this.#database.call('insert', row);
    return existing
      ? { created: false, subscription: subscriptionOf(existing) }
      : { created: true, subscription };
  }

  async update(id: string, change: SubscriptionChange): Promise<Subscription | undefined> {
    const row = await this.#database.call('update', { id, members: change });
    return row && subscriptionOf(row);
  }

  remove(id: string): Promise<boolean> {
    return this.#database.call('remove', { id, now: this.#options.clock.now() });
  }

  health(): Health {
    if (this.#registryId === undefined) return { ok: false, reason: 'the registry is not open' };
    return this.#database.health();
  }
}

function subscriptionOf({ document, version }: SubscriptionRow): Subscription {
  return { ...(JSON.parse(document) as Omit<Subscription, 'version'>), version };
}
