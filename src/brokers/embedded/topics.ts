import type { Database } from '../../sqlite/database.ts';
import type { Partition } from '../log/log.ts';
import { EmbeddedPartition } from './partition.ts';
import { partitionOf } from '../log/murmur2.ts';
import { Tail, TailBudget } from './tail.ts';
import type { PartitionRow } from './storage/partitions.ts';
import type { LogProcedures } from './storage/storage.ts';

/** The latest records of each partition that stay in memory, and of all together. */
const TAIL_BYTES = 1 << 20;
const TAILS_BYTES = 16 << 20;

/** The topics of the file and their partitions. A topic is made with its first record, if not before. */
export class Topics {
  readonly #database: Database<LogProcedures>;
  readonly #partitionsPerTopic: number;
  readonly #byTopic = new Map<string, EmbeddedPartition[]>();
  readonly #byId = new Map<number, EmbeddedPartition>();
  readonly #tails = new TailBudget(TAILS_BYTES);
  readonly #made: (partitions: readonly Partition[]) => void;
  readonly #making = new Map<string, Promise<void>>();

  /** `made` is told the partitions of topics that were made after the start. */
  constructor(
    database: Database<LogProcedures>,
    partitionsPerTopic: number,
    made: (partitions: readonly Partition[]) => void,
  ) {
    this.#database = database;
    this.#partitionsPerTopic = partitionsPerTopic;
    this.#made = made;
  }

  /** Makes these topics where they are missing, and brings all topics of the file up to the number of partitions. */
  async start(topics: readonly string[]): Promise<void> {
    const there = await this.#make([]);
    this.#take(await this.#make([...topics, ...there.map(({ topic }) => topic)]));
  }

  all(): readonly EmbeddedPartition[] {
    return [...this.#byId.values()];
  }

  byId(id: number): EmbeddedPartition | undefined {
    return this.#byId.get(id);
  }

  find({ topic, partition, topicId }: Partition): EmbeddedPartition {
    const found = this.#byTopic.get(topic)?.[partition];
    if (found?.topicId !== topicId)
      throw new Error(`the embedded log has no partition ${topic}:${partition}`);
    return found;
  }

  /** Where a record with this key belongs; undefined while the topic is not there. */
  partitionFor(topic: string, key: string): EmbeddedPartition | undefined {
    const partitions = this.#byTopic.get(topic);
    return partitions?.[partitionOf(key, partitions.length)];
  }

  make(topic: string): Promise<void> {
    const making =
      this.#making.get(topic) ??
      this.#make([topic])
        .then((rows) => this.#made(this.#take(rows)))
        .finally(() => this.#making.delete(topic));
    this.#making.set(topic, making);
    return making;
  }

  #make(topics: readonly string[]): Promise<PartitionRow[]> {
    return this.#database.call('topics.make', { topics, partitions: this.#partitionsPerTopic });
  }

  /** Rows come by topic and number; answers those that were not known. */
  #take(rows: readonly PartitionRow[]): EmbeddedPartition[] {
    const fresh = rows.filter(({ id }) => !this.#byId.has(id));
    return fresh.map((row) => {
      const partition = new EmbeddedPartition(row, new Tail(TAIL_BYTES, this.#tails));
      this.#byId.set(row.id, partition);
      const siblings = this.#byTopic.get(row.topic) ?? [];
      siblings.push(partition);
      this.#byTopic.set(row.topic, siblings);
      return partition;
    });
  }
}
