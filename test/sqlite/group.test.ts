import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { openFile } from '../../src/sqlite/file.ts';
import { CallGroups } from '../../src/sqlite/group.ts';
import { storage } from './notes-storage.ts';

let dir: string;
let db: DatabaseSync;
let groups: CallGroups;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sqlite-'));
  db = openFile(join(dir, 'notes.db'), storage, 10);
  groups = new CallGroups(db, storage.prepare(db), 'notes.db');
});

afterEach(() => {
  db.close();
  rmSync(dir, { recursive: true });
});

function addAll(texts: readonly string[]) {
  const calls = texts.map((text, id) => ({ id, procedure: 'add', args: text, bytes: 0 }));
  return groups.write(calls, []);
}

const stored = () =>
  (db.prepare('SELECT text FROM notes ORDER BY id').all() as { text: string }[]).map((row) => row.text);

describe('a group of calls', () => {
  test('RULES 24: is one transaction', () => {
    let commits = 0;
    const exec = db.exec.bind(db);
    db.exec = (sql) => {
      if (sql === 'COMMIT') commits++;
      exec(sql);
    };
    const { answers, transaction } = addAll(['a', 'bb', 'ccc']);
    expect(answers).toEqual([1, 2, 3].map((value, id) => ({ id, value })));
    expect(transaction).toEqual({ calls: 3 });
    expect(commits).toBe(1);
  });

  test('answers each call for itself: one that fails is undone alone', () => {
    const { answers, transaction } = addAll(['a', 'b', 'a', 'c']);
    expect(answers.map((answer) => 'failure' in answer)).toEqual([false, false, true, false]);
    expect(answers[2]).toMatchObject({
      failure: { fault: 'refused', message: expect.stringMatching(/UNIQUE/) as string },
    });
    expect(transaction).toEqual({ calls: 4 });
    expect(stored()).toEqual(['a', 'b', 'c']);
  });

  test('RULES 26: with a full disk all fail and nothing is written, the calls that would fit included', () => {
    addAll(['kept']);
    const { answers, transaction } = addAll(['small', 'x'.repeat(200_000), 'small too']);
    expect(answers).toHaveLength(3);
    for (const answer of answers) expect(answer).toMatchObject({ failure: { fault: 'full' } });
    expect(transaction).toMatchObject({
      calls: 3,
      failure: { message: expect.stringMatching(/disk is full/) as string },
    });
    expect(stored()).toEqual(['kept']);
  });

  test('RULES 26: when the commit itself fails, all fail, nothing is written, and the next group is not disturbed', () => {
    const exec = db.exec.bind(db);
    db.exec = (sql) => {
      if (sql === 'COMMIT') throw Object.assign(new Error('disk I/O error'), { errcode: 778 });
      exec(sql);
    };
    const { answers } = addAll(['a', 'b']);
    for (const answer of answers) expect(answer).toMatchObject({ failure: { fault: 'io' } });
    db.exec = exec;
    expect(stored()).toEqual([]);
    addAll(['c']);
    expect(stored()).toEqual(['c']);
  });

  test('a procedure that does not exist is that call’s failure', () => {
    const call = { id: 7, procedure: 'toString', args: undefined, bytes: 0 };
    expect(groups.read([call], [])).toMatchObject({ answers: [{ id: 7, failure: { fault: 'refused' } }] });
  });
});
