import { chmodSync, closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StorageError, failureOf } from './errors.ts';
import type { Storage } from './storage.ts';

/** A process that was killed a moment ago may still be letting go of its lock. */
const LOCK_WAIT_MS = 1_000;

/**
 * Opens a database file, made if need be (directory 0700, file 0600), for this process alone, and brings its schema
 * up to date. The lock is the operating system's, so it ends with the process, however that ends.
 * Throws a StorageError with one sentence for an operator when the file cannot be worked with.
 */
export function openFile(file: string, storage: Storage, maxPages?: number): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    makePrivately(file);
    db = new DatabaseSync(file, { timeout: LOCK_WAIT_MS });
    db.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT');
    checkIdentity(db, file, storage);
    // FULL: a commit has reached the disk when it returns.
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384;
      PRAGMA journal_size_limit = 67108864`);
    migrate(db, storage);
    if (maxPages !== undefined) db.exec(`PRAGMA max_page_count = ${maxPages}`);
    return db;
  } catch (error) {
    db?.close();
    throw new StorageError(failureOf(error, file));
  }
}

function makePrivately(file: string): void {
  const directory = dirname(file);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (existsSync(file)) return;
  closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
  syncDirectory(directory);
}

/** The file's name must survive a power loss too. */
function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function checkIdentity(db: DatabaseSync, file: string, { title, applicationId, migrations }: Storage): void {
  const id = pragma(db, 'application_id');
  const version = pragma(db, 'user_version');
  const { tables } = db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as { tables: number };
  if (id === 0 && version === 0 && tables === 0) return;
  if (id !== applicationId) {
    throw new StorageError({
      fault: 'foreign',
      message: `${file} is a database of another program, not the ${title}: move it away, or set another data.dir`,
    });
  }
  if (version > migrations.length) {
    throw new StorageError({
      fault: 'foreign',
      message: `${file} was written by a newer release (schema ${version}, this one knows ${migrations.length}): install that release again`,
    });
  }
}

function migrate(db: DatabaseSync, { applicationId, migrations }: Storage): void {
  for (let version = pragma(db, 'user_version'); version < migrations.length; version++) {
    db.exec('BEGIN IMMEDIATE');
    db.exec(`${migrations[version] ?? ''}; PRAGMA application_id = ${applicationId};
      PRAGMA user_version = ${version + 1}; COMMIT`);
  }
}

function pragma(db: DatabaseSync, name: 'application_id' | 'user_version'): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
}
