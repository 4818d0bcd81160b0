import type { DatabaseSync } from 'node:sqlite';
import type { Procedures } from './storage.ts';

/** Room for a batch of events: a probe that succeeds in a hole of a few bytes would call a full disk healthy. */
const PROBE_BYTES = 1 << 16;

/**
 * A write that changes nothing of value, to find out whether the disk takes writes again: `fill` commits a piece of
 * file that is new, `clear` gives it back.
 */
export function probeProcedures(db: DatabaseSync) {
  return {
    reads: {},
    writes: {
      'probe.fill': () => {
        db.exec(`CREATE TABLE IF NOT EXISTS probe (filling BLOB);
          INSERT INTO probe VALUES (zeroblob(${PROBE_BYTES}))`);
      },
      'probe.clear': () => db.exec('DROP TABLE IF EXISTS probe'),
    },
  } satisfies Procedures;
}
