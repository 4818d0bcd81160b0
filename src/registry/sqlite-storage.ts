/** What the worker thread of the SQLite registry does: loaded by URL, see `src/sqlite/worker.ts`. */
import type { DatabaseSync } from 'node:sqlite';
import type { Storage } from '../sqlite/storage.ts';

/** "tmfR" */
const APPLICATION_ID = 0x746d6652;

/** A removed subscription stays as a tombstone: `removed_at` is set, its document is gone, its id is not free. */
const VERSION_1 = `
  CREATE TABLE registry (id TEXT NOT NULL);
  CREATE TABLE subscriptions (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    unique_key TEXT UNIQUE,
    version INTEGER NOT NULL,
    document TEXT,
    removed_at INTEGER
  );
`;

/** A subscription as JSON, but for its version, which has a column. */
export interface SubscriptionRow {
  readonly document: string;
  readonly version: number;
}

interface NewSubscription extends SubscriptionRow {
  readonly id: string;
  readonly uniqueKey: string | null;
}

function prepare(db: DatabaseSync) {
  const identity = db.prepare('SELECT id FROM registry');
  const setIdentity = db.prepare('INSERT INTO registry VALUES (?)');
  const all = db.prepare('SELECT document, version FROM subscriptions WHERE removed_at IS NULL ORDER BY seq');
  const byKey = db.prepare('SELECT document, version FROM subscriptions WHERE unique_key = ?');
  const insert = db.prepare(
    `INSERT INTO subscriptions (id, unique_key, version, document) VALUES (:id, :uniqueKey, :version, :document)
       ON CONFLICT (id) DO UPDATE
         SET unique_key = :uniqueKey, version = :version, document = :document, removed_at = NULL
         WHERE removed_at IS NOT NULL AND version < :version`,
  );
  const byId = db.prepare('SELECT document, version FROM subscriptions WHERE id = ? AND removed_at IS NULL');
  const change = db.prepare(
    'UPDATE subscriptions SET document = :document, version = :version WHERE id = :id',
  );
  const remove = db.prepare(
    `UPDATE subscriptions SET removed_at = :now, version = version + 1, document = NULL, unique_key = NULL
       WHERE id = :id AND removed_at IS NULL`,
  );

  return {
    reads: {
      load: (): SubscriptionRow[] => all.all() as unknown as SubscriptionRow[],
    },
    writes: {
      /** The registry's id; `proposed` becomes it when there is none yet. */
      identify: (proposed: string): string => {
        const row = identity.get() as { id: string } | undefined;
        if (!row) setIdentity.run(proposed);
        return row?.id ?? proposed;
      },

      /** Answers the subscription that has the unique key already; undefined when the new one was stored. */
      insert: ({ id, uniqueKey, version, document }: NewSubscription): SubscriptionRow | undefined => {
        const existing = uniqueKey === null ? undefined : byKey.get(uniqueKey);
        if (!existing && insert.run({ id, uniqueKey, version, document }).changes === 0)
          throw new Error(`the subscription ${id} was removed`);
        return existing as SubscriptionRow | undefined;
      },

      /** `members` replace those of the document. Undefined when there is no such subscription (any more). */
      update: ({ id, members }: { id: string; members: object }): SubscriptionRow | undefined => {
        const row = byId.get(id) as SubscriptionRow | undefined;
        if (!row) return undefined;
        const document = JSON.stringify({ ...(JSON.parse(row.document) as object), ...members });
        change.run({ id, document, version: row.version + 1 });
        return { document, version: row.version + 1 };
      },

      remove: ({ id, now }: { id: string; now: number }): boolean =>
        Number(remove.run({ id, now }).changes) > 0,
    },
  };
}

export type RegistryProcedures = ReturnType<typeof prepare>;

export const storage: Storage<RegistryProcedures> = {
  title: 'registry',
  applicationId: APPLICATION_ID,
  migrations: [VERSION_1],
  prepare,
};
