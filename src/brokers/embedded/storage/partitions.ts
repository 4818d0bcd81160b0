import type { DatabaseSync } from 'node:sqlite';
import type { Procedures } from '../../../sqlite/storage.ts';

export interface PartitionRow {
  /** Number of the partition within the file; other tables name it by this. */
  readonly id: number;
  readonly topic: string;
  readonly partition: number;
  readonly topicId: string;
  /** First offset still there. */
  readonly start: number;
  /** The offset that the next record gets; kept here because retention may remove all records. */
  readonly next: number;
}

export interface MakeTopics {
  readonly topics: readonly string[];
  /** A topic that has more keeps them. */
  readonly partitions: number;
}

export function partitionProcedures(db: DatabaseSync) {
  const all = db.prepare(
    'SELECT id, topic, partition, topic_id AS topicId, start, next FROM partitions ORDER BY topic, partition',
  );
  const topicIdOf = db.prepare('SELECT topic_id AS topicId FROM partitions WHERE topic = ? LIMIT 1');
  const newTopicId = db.prepare('SELECT lower(hex(randomblob(8))) AS topicId');
  const add = db.prepare('INSERT OR IGNORE INTO partitions (topic, partition, topic_id) VALUES (?, ?, ?)');

  return {
    reads: {},
    writes: {
      /** Makes what is missing of these topics, partitions added to the existing ones included; answers all there are. */
      'topics.make': ({ topics, partitions }: MakeTopics): PartitionRow[] => {
        for (const topic of topics) {
          const { topicId } = (topicIdOf.get(topic) ?? newTopicId.get()) as { topicId: string };
          for (let partition = 0; partition < partitions; partition++) add.run(topic, partition, topicId);
        }
        return all.all() as unknown as PartitionRow[];
      },
    },
  } satisfies Procedures;
}
