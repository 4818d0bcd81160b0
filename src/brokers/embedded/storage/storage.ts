/** What the worker thread of the embedded log does: loaded by URL, see `src/sqlite/worker.ts`. */
import type { DatabaseSync } from 'node:sqlite';
import type { Storage } from '../../../sqlite/storage.ts';
import { appendProcedures } from './appending.ts';
import { deadLetterProcedures } from './dead-letters.ts';
import { feedProcedures } from './feeds.ts';
import { partitionProcedures } from './partitions.ts';
import { readProcedures } from './reading.ts';
import { retireProcedures } from './retiring.ts';
import { APPLICATION_ID, MIGRATIONS } from './schema.ts';

function prepare(db: DatabaseSync) {
  const feeds = feedProcedures(db);
  const deadLetters = deadLetterProcedures(db);
  return {
    reads: { ...readProcedures(db).reads, ...feeds.reads, ...deadLetters.reads },
    writes: {
      ...partitionProcedures(db).writes,
      ...appendProcedures(db).writes,
      ...retireProcedures(db).writes,
      ...feeds.writes,
      ...deadLetters.writes,
    },
  };
}

export type LogProcedures = ReturnType<typeof prepare>;

export const storage: Storage<LogProcedures> = {
  title: 'event log',
  applicationId: APPLICATION_ID,
  migrations: MIGRATIONS,
  prepare,
};
