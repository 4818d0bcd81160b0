import type { fetchV13, RecordsBatch } from '@platformatic/kafka';
import { NONE, OFFSET_OUT_OF_RANGE } from '../../src/brokers/kafka/wire/error-codes.ts';

const NOT_LEADER = 6;
const BATCH_HEAD_BYTES = 61;
const RECORD_HEAD_BYTES = 8;

export type FakeValue = Uint8Array | string | null;

/** One partition of a fake cluster, as a broker serves it. */
export class FakePartition {
  /** Node id; -1: none. */
  leader: number;
  start = 0;
  end = 0;
  batches: RecordsBatch[] = [];
  /** What a fetch is answered with instead; 0: nothing. */
  errorCode = NONE;

  constructor(leader: number) {
    this.leader = leader;
  }

  /** One batch at the end. */
  append(values: readonly FakeValue[]): void {
    this.batches.push(batchOf(this.end, values));
    this.end += values.length;
  }

  /** The first batch of an answer is given whatever its size; it may begin before the offset that was asked for. */
  fetch(
    nodeId: number,
    { partition, fetchOffset, partitionMaxBytes }: fetchV13.FetchRequestPartition,
    answer: { bytesLeft: number; isEmpty: boolean },
  ): fetchV13.FetchResponsePartition {
    const from = Number(fetchOffset);
    const errorCode = this.errorCode || this.#refusal(nodeId, from);
    const records: RecordsBatch[] = [];
    let bytes = 0;
    for (const batch of errorCode === NONE ? this.batches : []) {
      if (Number(batch.firstOffset) + batch.lastOffsetDelta < from) continue;
      bytes += sizeOf(batch);
      if (bytes > Math.min(answer.bytesLeft, partitionMaxBytes) && !answer.isEmpty) break;
      records.push(batch);
      answer.isEmpty = false;
    }
    answer.bytesLeft -= bytes;
    return {
      ...{ partitionIndex: partition, errorCode, records, preferredReadReplica: -1, abortedTransactions: [] },
      ...{
        highWatermark: BigInt(this.end),
        lastStableOffset: BigInt(this.end),
        logStartOffset: BigInt(this.start),
      },
    };
  }

  #refusal(nodeId: number, from: number): number {
    if (nodeId !== this.leader) return NOT_LEADER;
    return from < this.start || from > this.end ? OFFSET_OUT_OF_RANGE : NONE;
  }
}

/** Without keys and headers. `changes` are to the batch's head: attributes, producer. */
export function batchOf(
  firstOffset: number,
  values: readonly FakeValue[],
  changes: Partial<RecordsBatch> = {},
): RecordsBatch {
  return {
    ...{
      firstOffset: BigInt(firstOffset),
      length: 0,
      partitionLeaderEpoch: 0,
      magic: 2,
      crc: 0,
      attributes: 0,
    },
    ...{ lastOffsetDelta: values.length - 1, firstTimestamp: 0n, maxTimestamp: 0n },
    ...{ producerId: -1n, producerEpoch: -1, firstSequence: -1 },
    records: values.map((value, offsetDelta) => {
      const bytes = value === null ? null : Buffer.from(value);
      const length = RECORD_HEAD_BYTES + (bytes?.length ?? 0);
      return { length, attributes: 0, timestampDelta: 0n, offsetDelta, key: null, value: bytes, headers: [] };
    }),
    ...changes,
  };
}

function sizeOf({ records }: RecordsBatch): number {
  return records.reduce((sum, { length }) => sum + length, BATCH_HEAD_BYTES);
}
