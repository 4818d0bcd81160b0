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

/** Notes of the brokers (see `FeedNotes`). */
const VERSION_2 = `
  CREATE TABLE attempts (
    subscription_id TEXT NOT NULL,
    message_key TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    PRIMARY KEY (subscription_id, message_key)
  ) WITHOUT ROWID;
  CREATE TABLE settled (subscription_id TEXT PRIMARY KEY, up_to INTEGER NOT NULL) WITHOUT ROWID;
`;

/** A subscription or a topic as JSON, but for its version, which has a column. */
export interface SubscriptionRow {
  readonly id: string;
  readonly version: number;
  readonly uniqueKey: string | null;
  readonly document: string;
}

interface Update {
  readonly id: string;
  readonly members: object;
  readonly ifVersion: number | undefined;
}

interface Removal {
  readonly id: string;
  readonly now: number;
  readonly ifVersion?: number | null | undefined;
}

interface NoteRows {
  readonly attempts: readonly { readonly key: string; readonly attempts: number }[];
  readonly settledUpTo: number | undefined;
}

const ROW = 'id, version, unique_key AS uniqueKey, document';

function prepare(db: DatabaseSync) {
  const subscriptions = prepareSubscriptions(db);
  const notes = prepareNotes(db);
  return {
    reads: { ...subscriptions.reads, ...notes.reads },
    writes: { ...subscriptions.writes, ...notes.writes },
  };
}

function prepareSubscriptions(db: DatabaseSync) {
  const identity = db.prepare('SELECT id FROM registry');
  const setIdentity = db.prepare('INSERT INTO registry VALUES (?)');
  const all = db.prepare(`SELECT ${ROW} FROM subscriptions WHERE removed_at IS NULL ORDER BY seq`);
  const byKey = db.prepare(`SELECT ${ROW} FROM subscriptions WHERE unique_key = ?`);
  const insert = db.prepare(
    `INSERT INTO subscriptions (id, unique_key, version, document) VALUES (:id, :uniqueKey, :version, :document)
       ON CONFLICT (id) DO UPDATE
         SET unique_key = :uniqueKey, version = :version, document = :document, removed_at = NULL
         WHERE removed_at IS NOT NULL AND version < :version`,
  );
  const byId = db.prepare(`SELECT ${ROW} FROM subscriptions WHERE id = ? AND removed_at IS NULL`);
  const change = db.prepare(
    'UPDATE subscriptions SET document = :document, version = :version WHERE id = :id',
  );
  const remove = db.prepare(
    `UPDATE subscriptions SET removed_at = :now, version = version + 1, document = NULL, unique_key = NULL
       WHERE id = :id AND removed_at IS NULL AND version = coalesce(:ifVersion, version) RETURNING version`,
  );

  return {
    reads: {
      load: (): SubscriptionRow[] => all.all() as unknown as SubscriptionRow[],
      find: (id: string): SubscriptionRow | undefined => byId.get(id) as SubscriptionRow | undefined,
    },
    writes: {
      /** The registry's id; `proposed` becomes it when there is none yet. */
      identify: (proposed: string): string => {
        const row = identity.get() as { id: string } | undefined;
        if (!row) setIdentity.run(proposed);
        return row?.id ?? proposed;
      },

      /** Answers the subscription that has the unique key already; undefined when the new one was stored. */
      insert: ({ id, uniqueKey, version, document }: SubscriptionRow): SubscriptionRow | undefined => {
        const existing = uniqueKey === null ? undefined : byKey.get(uniqueKey);
        if (!existing && insert.run({ id, uniqueKey, version, document }).changes === 0)
          throw new Error(`the subscription ${id} was removed`);
        return existing as SubscriptionRow | undefined;
      },

      /** `members` replace those of the document. Undefined when there is no such subscription or version. */
      update: ({ id, members, ifVersion }: Update): SubscriptionRow | undefined => {
        const row = byId.get(id) as SubscriptionRow | undefined;
        if (!row || (ifVersion !== undefined && row.version !== ifVersion)) return undefined;
        const document = JSON.stringify({ ...(JSON.parse(row.document) as object), ...members });
        change.run({ id, document, version: row.version + 1 });
        return { ...row, document, version: row.version + 1 };
      },

      /** The version of the tombstone; undefined when there was no such subscription or version. */
      remove: ({ id, now, ifVersion = null }: Removal): number | undefined =>
        (remove.get({ id, now, ifVersion }) as { version: number } | undefined)?.version,
    },
  };
}

function prepareNotes(db: DatabaseSync) {
  const attempts = db.prepare('SELECT message_key AS key, attempts FROM attempts WHERE subscription_id = ?');
  const settled = db.prepare('SELECT up_to AS upTo FROM settled WHERE subscription_id = ?');
  const note = db.prepare('INSERT OR REPLACE INTO attempts VALUES (:id, :key, :attempts)');
  const drop = db.prepare('DELETE FROM attempts WHERE subscription_id = :id AND message_key = :key');
  const settle = db.prepare(
    'INSERT INTO settled VALUES (:id, :time) ON CONFLICT DO UPDATE SET up_to = max(up_to, :time)',
  );
  const forgetAttempts = db.prepare('DELETE FROM attempts WHERE subscription_id = ?');
  const forgetSettled = db.prepare('DELETE FROM settled WHERE subscription_id = ?');

  return {
    reads: {
      'notes.load': (id: string): NoteRows => ({
        attempts: attempts.all(id) as unknown as NoteRows['attempts'],
        settledUpTo: (settled.get(id) as { upTo: number } | undefined)?.upTo,
      }),
    },
    writes: {
      'notes.attempted': ({ id, key, attempts }: { id: string; key: string; attempts: number }): void => {
        if (attempts === 0) drop.run({ id, key });
        else note.run({ id, key, attempts });
      },
      'notes.settledUpTo': ({ id, time }: { id: string; time: number }): void =>
        void settle.run({ id, time }),
      'notes.forget': (id: string): void => {
        forgetAttempts.run(id);
        forgetSettled.run(id);
      },
    },
  };
}

export type RegistryProcedures = ReturnType<typeof prepare>;

export const storage: Storage<RegistryProcedures> = {
  title: 'registry',
  applicationId: APPLICATION_ID,
  migrations: [VERSION_1, VERSION_2],
  prepare,
};
