import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openFile } from '../../src/sqlite/file.ts';
import type { Storage } from '../../src/sqlite/storage.ts';

let dir: string;
let file: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sqlite-'));
  file = join(dir, 'data', 'notes.db');
});

afterEach(() => rmSync(dir, { recursive: true }));

const NOTES: Storage = {
  title: 'notebook',
  applicationId: 77,
  migrations: ['CREATE TABLE notes (text TEXT NOT NULL)'],
  prepare: () => ({ reads: {}, writes: {} }),
};
const NOTES_2: Storage = {
  ...NOTES,
  migrations: [...NOTES.migrations, "ALTER TABLE notes ADD COLUMN colour TEXT NOT NULL DEFAULT 'white'"],
};

describe('opening a database file', () => {
  test('makes the directory and the file for the owner alone', () => {
    const db = openFile(file, NOTES);
    db.exec("INSERT INTO notes VALUES ('a')");
    expect(statSync(join(dir, 'data')).mode & 0o777).toBe(0o700);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(`${file}-wal`).mode & 0o777).toBe(0o600);
    db.close();
  });

  test('RULES 24: commits are synchronous', () => {
    const db = openFile(file, NOTES);
    expect(db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 });
    expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    db.close();
  });

  test('brings an older schema up to date and keeps what is in it', () => {
    const old = openFile(file, NOTES);
    old.exec("INSERT INTO notes VALUES ('a')");
    old.close();
    const db = openFile(file, NOTES_2);
    expect(db.prepare('SELECT * FROM notes').all()).toEqual([{ text: 'a', colour: 'white' }]);
    db.close();
  });

  test('refuses a schema of a newer release', () => {
    openFile(file, NOTES_2).close();
    expect(() => openFile(file, NOTES)).toThrow(/written by a newer release \(schema 2, this one knows 1\)/);
  });

  test("refuses another program's database and leaves it as it is", () => {
    openFile(file, { ...NOTES, applicationId: 78 }).close();
    const foreign = join(dir, 'foreign.db');
    const other = new DatabaseSync(foreign);
    other.exec('CREATE TABLE theirs (a)');
    other.close();
    for (const path of [file, foreign]) {
      const before = readFileSync(path);
      expect(() => openFile(path, NOTES)).toThrow(/is a database of another program, not the notebook/);
      expect(readFileSync(path)).toEqual(before);
    }
  });

  test('refuses a file that is no database, or a damaged one, and leaves it as it is', () => {
    const text = join(dir, 'text.db');
    writeFileSync(text, 'A letter to my landlord. '.repeat(500));
    expect(() => openFile(text, NOTES)).toThrow(/text\.db is not a database: restore it from a copy/);
    expect(readFileSync(text, 'utf8')).toMatch(/^A letter to my landlord/);
  });

  test('refuses a second user, in this process or another, with one sentence', async () => {
    const db = openFile(file, NOTES);
    const sentence =
      /notes\.db is in use by another process: stop that one, or give this one a data\.dir of its own/;
    expect(() => openFile(file, NOTES)).toThrow(sentence);
    db.close();
    const holder = await holderOf(file);
    expect(() => openFile(file, NOTES)).toThrow(sentence);
    await kill(holder);
  });

  test('a process that was killed leaves no lock behind', async () => {
    await kill(await holderOf(file));
    openFile(file, NOTES).close();
  });
});

/** Another process that has the file open. */
async function holderOf(path: string) {
  const source = `
    const { openFile } = await import(${JSON.stringify(new URL('../../src/sqlite/file.ts', import.meta.url).href)});
    globalThis.db = openFile(${JSON.stringify(path)},
      { title: 'notebook', applicationId: 77, migrations: ['CREATE TABLE notes (text TEXT NOT NULL)'] });
    db.exec("INSERT INTO notes VALUES ('theirs')");
    console.log('open');
    setInterval(() => undefined, 60_000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(child.stdout, 'data');
  return child;
}

async function kill(child: Awaited<ReturnType<typeof holderOf>>): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
