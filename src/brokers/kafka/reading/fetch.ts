import type { Cluster } from '../wire/cluster.ts';
import { UNKNOWN_TOPIC_OR_PARTITION } from '../wire/error-codes.ts';
import { readable } from './record-batches.ts';
import type { KeyedRecord } from '../../tables/topic-access.ts';
import { requests, type Line, type Node, type Wire } from '../wire/wire.ts';

export interface Place {
  readonly topic: string;
  readonly partition: number;
  /** When given, the topic must still be that one. */
  readonly topicId?: string;
}

export interface Fetched {
  /** 0, or why there are no records. */
  readonly errorCode: number;
  readonly records: readonly KeyedRecord[];
  /** The offset to read from next. */
  readonly next: number;
  /** What the records take, as they were before any compression. */
  readonly bytes: number;
  /** The last stable offset: what a reader of committed data can get up to. */
  readonly end: number;
}

export interface FetchLimits {
  /** How long the broker waits for a first record, milliseconds. */
  readonly waitMs: number;
  readonly maxBytes: number;
  readonly maxBytesPerPartition: number;
}

/** No session: every request names all it wants. */
const NO_SESSION = 0;
const NO_SESSION_EPOCH = -1;
const READ_COMMITTED = 1;
const NO_EPOCH = -1;

/**
 * One request for several partitions of one node. Answers by the object that was asked with; one that the node said
 * nothing of is missing. Rejects when the node did not answer.
 */
export async function fetch<Wish extends { readonly place: Place; readonly from: number }>(
  { wire, cluster }: { wire: Wire; cluster: Cluster },
  line: Line,
  node: Node,
  wishes: readonly Wish[],
  limits: FetchLimits,
): Promise<Map<Wish, Fetched>> {
  const fetched = new Map<Wish, Fetched>();
  const byTopic = new Map<string, { wishes: Map<number, Wish> }>();
  for (const wish of wishes) {
    const topicId = cluster.topics.get(wish.place.topic)?.topicId;
    if (topicId === undefined || (wish.place.topicId ?? topicId) !== topicId) {
      fetched.set(wish, {
        errorCode: UNKNOWN_TOPIC_OR_PARTITION,
        records: [],
        next: wish.from,
        bytes: 0,
        end: -1,
      });
      continue;
    }
    const topic = byTopic.get(topicId) ?? { wishes: new Map<number, Wish>() };
    byTopic.set(topicId, topic);
    topic.wishes.set(wish.place.partition, wish);
  }
  if (byTopic.size === 0) return fetched;
  const topics = [...byTopic].map(([topicId, { wishes: wanted }]) => ({
    topicId,
    partitions: [...wanted].map(([partition, { from }]) => ({
      ...{ partition, currentLeaderEpoch: NO_EPOCH, lastFetchedEpoch: NO_EPOCH },
      ...{ fetchOffset: BigInt(from), partitionMaxBytes: limits.maxBytesPerPartition },
    })),
  }));
  const answer = await wire.call(
    line,
    node,
    requests.fetch,
    limits.waitMs,
    1,
    limits.maxBytes,
    READ_COMMITTED,
    NO_SESSION,
    NO_SESSION_EPOCH,
    topics,
    [],
    '',
  );
  for (const { topicId, partitions } of answer.responses) {
    for (const partition of partitions) {
      const wish = byTopic.get(topicId)?.wishes.get(partition.partitionIndex);
      if (!wish) continue;
      const { errorCode, lastStableOffset } = partition;
      fetched.set(wish, { errorCode, end: Number(lastStableOffset), ...readable(partition, wish.from) });
    }
  }
  return fetched;
}
