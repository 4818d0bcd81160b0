/** What the tables need of a log that keeps them: compacted topics on Kafka, streams on RabbitMQ. */

export interface KeyedRecord {
  readonly offset: number;
  readonly key: Uint8Array | undefined;
  /** undefined: a tombstone. No bytes at all are a value. */
  readonly value: Uint8Array | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  /** It is written again, so that a log that does not compact keeps it. */
  readonly repeats?: Repeated;
}

/** Of a record that is there once more: which one it was first, and when that was written. */
export interface Repeated {
  readonly offset: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
}

export interface AppendedRecord {
  readonly topic: string;
  readonly key: string;
  /** null: a tombstone. */
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Only for logs that do not compact. */
  readonly repeats?: Repeated;
}

export interface TopicAccess {
  /**
   * Creates the topic if it is not there, and answers how many partitions it has. Rejects when that cannot be had;
   * the caller decides whether to try again.
   */
  ensure(
    topic: string,
    settings: { partitions: number; configs: Readonly<Record<string, string>> },
  ): Promise<number>;
  /**
   * Records from `from` on: at least one if there is one, however large, else waits up to a second and answers none.
   * Rejects with OffsetOutOfRange (log/log.ts). `topicId` is that of the topic that was read (RULES 4).
   */
  read(
    topic: string,
    partition: number,
    from: number,
    maxBytes: number,
  ): Promise<{ records: readonly KeyedRecord[]; next: number; topicId: string }>;
  /** `start`: first offset that may still be there. `end`: the offset that the next stable record will get or pass. */
  bounds(topic: string, partition: number): Promise<{ start: number; end: number; topicId: string }>;
  /**
   * Durable when it resolves. Calls made one after the other are written in that order. Rejects with TooLarge when the
   * topic or the broker will never take a record of this size.
   */
  append(record: AppendedRecord): Promise<{ partition: number; offset: number }>;
}

/** A record is larger than its topic takes: sending it again is in vain. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge';
}
