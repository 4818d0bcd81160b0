import type { CatchUpReads } from './catch-up-reads.ts';
import type { Cluster } from '../wire/cluster.ts';
import type { Place } from './fetch.ts';
import type { HeadReads } from './head-reads.ts';
import type { Read } from './head-stream.ts';

/**
 * Reads a topic from anywhere. Whoever reads on where the last read ended follows the topic, and is told of new
 * records at once; any other read is a look at the past, and disturbs nobody who follows.
 */
export class TopicReader {
  readonly #cluster: Cluster;
  readonly #following: HeadReads;
  readonly #looking: CatchUpReads;
  readonly #next = new Map<string, number>();

  constructor(cluster: Cluster, following: HeadReads, looking: CatchUpReads) {
    this.#cluster = cluster;
    this.#following = following;
    this.#looking = looking;
  }

  /** Rejects with OffsetOutOfRange, or when the partition cannot be read now. */
  async read(
    topic: string,
    partition: number,
    from: number,
    maxBytes: number,
  ): Promise<Read & { topicId: string }> {
    const place: Place = { topic, partition };
    const topicId = this.#cluster.topics.get(topic)?.topicId;
    // Of a topic that was made anew nobody has read anything yet.
    const key = `${topicId} ${partition}`;
    if (topicId === undefined) {
      await this.#cluster.refresh();
      throw new Error(`the topic ${topic} is not there`);
    }
    if (from !== (this.#next.get(key) ?? from)) {
      return { ...(await this.#looking.read({ ...place, topicId }, from, maxBytes)), topicId };
    }
    this.#next.set(key, from);
    try {
      const read = await this.#following.read({ ...place, topicId }, from);
      this.#next.set(key, read.next);
      return { ...read, topicId };
    } catch (error) {
      this.#next.delete(key);
      throw error;
    }
  }
}
