import type { Database } from '../../sqlite/database.ts';
import type { Partition, Position } from '../log/log.ts';
import type { ReplayJob, ReplayJobs } from '../log/log.ts';
import type { PositionRow } from './storage/feeds.ts';
import type { LogProcedures } from './storage/storage.ts';

/** Positions cross the threads as rows of values: thousands are committed at once, in one transaction. */
export async function commitPositions(
  database: Database<LogProcedures>,
  positions: readonly Position[],
): Promise<readonly Position[]> {
  if (positions.length > 0) await database.call('positions.commit', positions.map(rowOf));
  return [];
}

/** The stored positions of these subscriptions in these partitions; none where nothing was committed. */
export async function loadPositions(
  database: Database<LogProcedures>,
  subscriptionIds: readonly string[],
  partitions: readonly Partition[],
): Promise<Position[]> {
  const asked = new Set(partitions.map(({ topic, partition }) => `${topic}:${partition}`));
  const rows = await database.call('positions.load', subscriptionIds);
  return rows.map(positionOf).filter(({ topic, partition }) => asked.has(`${topic}:${partition}`));
}

export function createReplayJobs(database: Database<LogProcedures>): ReplayJobs {
  return {
    save: (job) => database.call('replay-jobs.save', { id: job.id, job: JSON.stringify(job) }),
    load: async () =>
      (await database.call('replay-jobs.load', undefined)).map((job) => JSON.parse(job) as ReplayJob),
    remove: (id) => database.call('replay-jobs.remove', id),
    // The file is this process's alone: nobody else makes jobs.
    watch: () => undefined,
  };
}

function rowOf({ subscriptionId, topic, partition, topicId, offset, holes }: Position): PositionRow {
  return [subscriptionId, topic, partition, topicId, offset, holes];
}

function positionOf([subscriptionId, topic, partition, topicId, offset, holes]: PositionRow): Position {
  return { subscriptionId, topic, partition, topicId, offset, holes };
}
