import type { Database } from '../sqlite/database.ts';
import type { RegistryProcedures } from './sqlite-storage.ts';
import type { FeedNote, FeedNotes } from './store.ts';

/** Notes in the registry's file. Calls of one moment share a commit; they reject with a StorageError. */
export class SqliteNotes implements FeedNotes {
  readonly #database: Database<RegistryProcedures>;

  constructor(database: Database<RegistryProcedures>) {
    this.#database = database;
  }

  async load(subscriptionId: string): Promise<FeedNote> {
    const { attempts, settledUpTo } = await this.#database.call('notes.load', subscriptionId);
    return { attempts: new Map(attempts.map(({ key, attempts }) => [key, attempts])), settledUpTo };
  }

  attempted(subscriptionId: string, messageKey: string, attempts: number): Promise<void> {
    return this.#database.call('notes.attempted', { id: subscriptionId, key: messageKey, attempts });
  }

  settledUpTo(subscriptionId: string, time: number): Promise<void> {
    return this.#database.call('notes.settledUpTo', { id: subscriptionId, time });
  }

  forget(subscriptionId: string): Promise<void> {
    return this.#database.call('notes.forget', subscriptionId);
  }
}
