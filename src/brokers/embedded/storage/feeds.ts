import type { DatabaseSync } from 'node:sqlite';
import type { Procedures } from '../../../sqlite/storage.ts';

/** [subscriptionId, topic, partition, topicId, offset, holes]: thousands of them cross the threads at once. */
export type PositionRow = readonly [string, string, number, string, number, string];

export function feedProcedures(db: DatabaseSync) {
  const load = db.prepare(
    `SELECT subscription_id, topic, partition, topic_id, "offset", holes FROM positions WHERE subscription_id = ?`,
  );
  load.setReturnArrays(true);
  const commit = db.prepare(
    `INSERT INTO positions VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
       SET topic_id = excluded.topic_id, "offset" = excluded."offset", holes = excluded.holes`,
  );
  const drop = db.prepare('DELETE FROM positions WHERE subscription_id = ?');
  const saveJob = db.prepare('INSERT OR REPLACE INTO replay_jobs VALUES (?, ?)');
  const loadJobs = db.prepare('SELECT job FROM replay_jobs ORDER BY id');
  const removeJob = db.prepare('DELETE FROM replay_jobs WHERE id = ?');

  return {
    reads: {
      'positions.load': (subscriptionIds: readonly string[]): PositionRow[] =>
        subscriptionIds.flatMap((id) => load.all(id) as unknown as PositionRow[]),
      'replay-jobs.load': (): string[] =>
        (loadJobs.all() as unknown as { job: string }[]).map(({ job }) => job),
    },
    writes: {
      'positions.commit': (rows: readonly PositionRow[]): void => {
        for (const row of rows) commit.run(...row);
      },
      'positions.drop': (subscriptionId: string): void => {
        drop.run(subscriptionId);
      },
      'replay-jobs.save': ({ id, job }: { id: string; job: string }): void => {
        saveJob.run(id, job);
      },
      'replay-jobs.remove': (id: string): void => {
        removeJob.run(id);
      },
    },
  } satisfies Procedures;
}
