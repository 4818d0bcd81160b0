import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { silentLogger } from '../../src/logger.ts';
import { createSqliteRegistry } from '../../src/registry/sqlite.ts';
import type { RegistryEntry, RegistryStore } from '../../src/registry/store.ts';
import { SimClock } from '../support/sim-clock.ts';
import { registryContract, subscription } from './registry.ts';

async function openIn(dir: string, changed?: (entry: RegistryEntry) => void): Promise<RegistryStore> {
  const store = createSqliteRegistry({ dir, clock: new SimClock(), logger: silentLogger, newId: randomUUID });
  if (changed) store.follow(changed);
  await store.open();
  return store;
}

registryContract('SQLite', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'registry-'));
  let store = await openIn(dir);
  return {
    get store() {
      return store;
    },
    reopen: async (changed) => {
      await store.close();
      store = await openIn(dir, changed);
      return store;
    },
    cleanup: async () => {
      await store.close();
      rmSync(dir, { recursive: true });
    },
  };
});

describe('the SQLite registry', () => {
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'registry-'));
  });

  afterEach(() => rmSync(dir, { recursive: true }));

  test('refuses a second user with one sentence', async () => {
    const store = await openIn(dir);
    await expect(openIn(dir)).rejects.toThrow(/registry\.db is in use by another process: stop that one/);
    await store.close();
    await (await openIn(dir)).close();
  });

  test('has no id and no health before it is open', async () => {
    const store = createSqliteRegistry({
      ...{ dir, clock: new SimClock(), logger: silentLogger, newId: randomUUID },
    });
    expect(() => store.registryId).toThrow(/open/);
    expect(store.health().ok).toBe(false);
  });

  test('opens the file of a release that kept no notes', async () => {
    await (await openIn(dir)).close();
    const db = new DatabaseSync(join(dir, 'registry.db'));
    db.exec('DROP TABLE attempts; DROP TABLE settled; PRAGMA user_version = 1');
    db.close();
    const store = await openIn(dir);
    await store.notes.attempted('a', 'm', 1);
    expect((await store.notes.load('a')).attempts.get('m')).toBe(1);
    await store.close();
  });

  test('is for one replica', async () => {
    const store = await openIn(dir);
    expect(store.isShared).toBe(false);
    await store.close();
  });

  test('keeps of a removed subscription a tombstone with nothing in it', async () => {
    const store = await openIn(dir);
    await store.insert(subscription('a', { callback: 'https://private.example/' }), 'key');
    await store.remove('a');
    await store.close();
    const db = new DatabaseSync(join(dir, 'registry.db'));
    expect(db.prepare('SELECT id, unique_key, document, version FROM subscriptions').all()).toEqual([
      { id: 'a', unique_key: null, document: null, version: 2 },
    ]);
    db.close();
    expect(statSync(join(dir, 'registry.db')).mode & 0o777).toBe(0o600);
  });
});
