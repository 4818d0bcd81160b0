import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../src/logger.ts';
import { Database } from '../../src/sqlite/database.ts';
import type { NotesProcedures } from './notes-storage.ts';
import { SimClock } from '../support/sim-clock.ts';
import { until } from './until.ts';

let dir: string;
let clock: SimClock;
let opened: Database<NotesProcedures>[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sqlite-'));
  clock = new SimClock();
  opened = [];
});

afterEach(async () => {
  await Promise.all(opened.map((database) => database.close()));
  rmSync(dir, { recursive: true });
});

function notebook(options: { maxPages?: number } = {}): Database<NotesProcedures> {
  const storage = new URL('./notes-storage.ts', import.meta.url);
  const database = new Database<NotesProcedures>({
    ...{ file: join(dir, 'notes.db'), storage, clock, logger: silentLogger },
    ...options,
  });
  opened.push(database);
  return database;
}

describe('a database in a worker thread', () => {
  test('RULES 24: writes that wait together share a commit, and are there after it', async () => {
    const notes = notebook();
    await notes.open();
    const texts = Array.from({ length: 500 }, (_, i) => `note ${i}`);
    await Promise.all(texts.map((text) => notes.call('add', text)));
    expect(notes.counters.writes).toBe(500);
    expect(notes.counters.transactions).toBeLessThan(50);
    await notes.close();
    expect(await notebook().call('all', undefined)).toEqual(texts);
  });

  test('a write that fails by itself takes no other write of its group down', async () => {
    const notes = notebook();
    await notes.open();
    const results = await Promise.allSettled(['a', 'b', 'a', 'c'].map((text) => notes.call('add', text)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(await notes.call('all', undefined)).toEqual(['a', 'b', 'c']);
    expect(notes.health()).toEqual({ ok: true });
  });

  test('buffers are moved there and back, not copied', async () => {
    const there = Uint8Array.of(1, 2, 3).buffer;
    const back = await notebook().call('reversed', there, [there]);
    expect(there.byteLength).toBe(0);
    expect([...new Uint8Array(back)]).toEqual([3, 2, 1]);
  });

  test('close answers what was called before, and refuses what comes after', async () => {
    const notes = notebook();
    const before = Promise.all(Array.from({ length: 50 }, (_, i) => notes.call('add', `note ${i}`)));
    await notes.close();
    expect(await before).toHaveLength(50);
    await expect(notes.call('add', 'late')).rejects.toMatchObject({ fault: 'stopped' });
    expect(await notebook().call('all', undefined)).toHaveLength(50);
  });

  test('a crashed thread rejects its calls, is reported, and is started again', async () => {
    const notes = notebook();
    await notes.call('add', 'kept');
    const crashing = expect(notes.call('crash', undefined)).rejects.toMatchObject({ fault: 'crashed' });
    await crashing;
    expect(notes.health()).toMatchObject({
      ok: false,
      reason: expect.stringContaining('notes.db') as string,
    });
    expect(notes.alive()).toBe(false);
    await expect(notes.call('add', 'meanwhile')).rejects.toMatchObject({ fault: 'crashed' });
    await until(() => notes.health().ok, clock);
    expect(notes.alive()).toBe(true);
    await notes.call('add', 'after');
    expect(await notes.call('all', undefined)).toEqual(['kept', 'after']);
  });
});

describe('RULES 26: a full disk', () => {
  test('rejects the writer with a sentence, and still reads', async () => {
    const notes = notebook({ maxPages: 10 });
    await notes.call('add', 'kept');
    const refused = expect(notes.call('add', 'x'.repeat(200_000))).rejects;
    await refused.toThrow(/notes\.db could not be written: the disk is full/);
    expect(await notes.call('all', undefined)).toEqual(['kept']);
  });

  test('is reported until a write succeeds: the disk is tried again by itself', async () => {
    const notes = notebook({ maxPages: 10 });
    await expect(notes.call('add', 'x'.repeat(200_000))).rejects.toMatchObject({ fault: 'full' });
    expect(notes.health()).toMatchObject({
      ok: false,
      reason: expect.stringContaining('disk is full') as string,
    });
    const tried = notes.counters.transactions;
    await until(() => notes.counters.transactions > tried + 2, clock);
    expect(notes.health().ok).toBe(false);
    await notes.call('room', 1_000);
    await until(() => notes.health().ok, clock);
    await notes.call('add', 'x'.repeat(200_000));
  });

  test('a write that happens to fit meanwhile does not call the disk healthy', async () => {
    const notes = notebook({ maxPages: 10 });
    await expect(notes.call('add', 'x'.repeat(200_000))).rejects.toMatchObject({ fault: 'full' });
    await notes.call('add', 'fits');
    expect(notes.health().ok).toBe(false);
  });
});
