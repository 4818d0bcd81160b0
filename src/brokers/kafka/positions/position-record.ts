import type { Partition, Position } from '../../log/log.ts';

/** Brokers refuse longer metadata (their default for `offset.metadata.max.bytes`). */
const METADATA_BYTES = 4_096;
/** The most that stands before the holes: mark, topic id, generation, separators. */
const PREFIX_BYTES = 64;

/** Bytes that the holes of a position may take (RULES 7). */
export const HOLES_CAPACITY = METADATA_BYTES - PREFIX_BYTES;

const MARK = 'tmf-hub/1';

export interface CommittedOffset {
  readonly offset: number;
  readonly metadata: string;
}

/** What is written beside the committed offset: `tmf-hub/1 <topic id> <generation> <holes>`. */
export function encodeMetadata(position: Position, generation: number): string {
  return `${MARK} ${position.topicId} ${generation} ${position.holes}`;
}

/**
 * The inverse. An offset without our metadata was set by somebody else's hand, such as Kafka's own tool: it counts as
 * it stands, for the topic as it is (RULES 6).
 */
export function decodePosition(
  subscriptionId: string,
  { topic, partition, topicId }: Partition,
  { offset, metadata }: CommittedOffset,
): Position {
  const [mark, storedTopicId, , holes] = metadata.split(' ');
  if (mark !== MARK || storedTopicId === undefined || holes === undefined) {
    return { subscriptionId, topic, partition, topicId, offset, holes: '', foreign: true };
  }
  return { subscriptionId, topic, partition, topicId: storedTopicId, offset, holes };
}
