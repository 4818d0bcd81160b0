/** The Produce request with what an idempotent producer adds to each batch. */
import {
  NumericMap,
  Writer,
  createAPI,
  createRecordsBatch,
  produceV9,
  type MessageRecord,
} from '@platformatic/kafka';

export interface KafkaNewRecord {
  readonly topic: string;
  /** The ordering key: its hash chooses the partition, as it does for Java producers. */
  readonly key: string;
  /** null: a tombstone. */
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Instead of the one that the key chooses. */
  readonly partition?: number;
}

/** What the broker recognises a batch by: the producer, and the number of its first record in the partition. */
export interface Sequence {
  readonly producerId: bigint;
  readonly epoch: number;
  readonly first: number;
}

export interface SequencedBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly KafkaNewRecord[];
  readonly sequence: Sequence;
}

/** All replicas in sync have it. */
const ACKS_ALL = -1;

/** `timestamp`: of all records, milliseconds since the epoch; `timeoutMs`: how long the leader waits for the replicas. */
export const produce = createAPI<
  [batches: readonly SequencedBatch[], timestamp: number, timeoutMs: number],
  produceV9.ProduceResponse
>(produceV9.api.key, produceV9.api.version, encode, produceV9.parseResponse);

function encode(batches: readonly SequencedBatch[], timestamp: number, timeoutMs: number): Writer {
  const topics = Map.groupBy(batches, ({ topic }) => topic);
  return Writer.create()
    .appendString(null)
    .appendInt16(ACKS_ALL)
    .appendInt32(timeoutMs)
    .appendArray([...topics], (writer, [topic, ofTopic]) => {
      writer.appendString(topic).appendArray(ofTopic, (w, batch) => {
        const records = encodeBatch(batch, BigInt(timestamp));
        w.appendInt32(batch.partition)
          .appendUnsignedVarInt(records.length + 1)
          .appendFrom(records);
      });
    })
    .appendTaggedFields();
}

function encodeBatch({ topic, partition, records, sequence }: SequencedBatch, timestamp: bigint): Writer {
  const { producerId, epoch, first } = sequence;
  const messages = records.map((record) => encodeRecord(record, { topic, partition, timestamp }));
  return createRecordsBatch(messages, {
    producerId,
    producerEpoch: epoch,
    sequences: new NumericMap([[`${topic}:${partition}`, first]]),
  });
}

function encodeRecord(
  { key, value, headers }: KafkaNewRecord,
  common: { topic: string; partition: number; timestamp: bigint },
): MessageRecord {
  const named = new Map<Buffer, Buffer>();
  for (const name in headers) named.set(Buffer.from(name), Buffer.from(headers[name] as string));
  // The library's type leaves out tombstones, its encoding does not.
  const bytes = (value && Buffer.from(value.buffer, value.byteOffset, value.byteLength)) as Buffer;
  return { ...common, key: Buffer.from(key), value: bytes, headers: named };
}
