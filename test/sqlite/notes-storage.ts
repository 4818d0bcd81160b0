/** A small storage for the tests, loaded by URL in the worker thread. */
import type { DatabaseSync } from 'node:sqlite';
import type { Storage } from '../../src/sqlite/storage.ts';

function prepare(db: DatabaseSync) {
  const insert = db.prepare('INSERT INTO notes (text) VALUES (?)');
  return {
    reads: {
      all: () =>
        (db.prepare('SELECT text FROM notes ORDER BY id').all() as { text: string }[]).map((row) => row.text),
      reversed: (buffer: ArrayBuffer, transfer: ArrayBuffer[]) => {
        transfer.push(buffer);
        new Uint8Array(buffer).reverse();
        return buffer;
      },
      crash: () => process.exit(1),
      room: (pages: number) => db.exec(`PRAGMA max_page_count = ${pages}`),
    },
    writes: {
      add: (text: string) => {
        insert.run(text);
        return text.length;
      },
    },
  };
}

export type NotesProcedures = ReturnType<typeof prepare>;

export const storage: Storage<NotesProcedures> = {
  title: 'notebook',
  applicationId: 0x6e6f7465,
  migrations: ['CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)'],
  prepare,
};
