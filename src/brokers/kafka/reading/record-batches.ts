import { isUtf8 } from 'node:buffer';
import type { fetchV13, RecordsBatch } from '@platformatic/kafka';
import type { KeyedRecord } from '../../tables/topic-access.ts';

type FetchedPartition = fetchV13.FetchResponse['responses'][number]['partitions'][number];

/** Producers write what they like; a later time is no Date. Milliseconds since the epoch. */
const LATEST_DATE = 8.64e15;
const TRANSACTIONAL = 1 << 4;
const CONTROL = 1 << 5;
/** Key of a control record: version (int16), type (int16); type 0 is the marker of an abort. */
const ABORT = 0;
const CONTROL_TYPE_AT = 2;
/** Of objects in memory, beside the bytes of a record. */
const OVERHEAD_BYTES = 100;
const TIMESTAMP_IS_APPEND_TIME = 1 << 3;

/**
 * The records from `from` on that a reader of committed data may see, and the offset to read from next. A batch may
 * begin before `from`; control batches and aborted transactions hold offsets but no events.
 */
export function readable(
  { records: batches, abortedTransactions }: FetchedPartition,
  from: number,
): { records: KeyedRecord[]; next: number; bytes: number } {
  const records: KeyedRecord[] = [];
  const isAborted = abortedAmong(abortedTransactions ?? []);
  let next = from;
  let bytes = 0;
  for (const batch of batches ?? []) {
    const last = Number(batch.firstOffset) + batch.lastOffsetDelta;
    next = Math.max(next, last + 1);
    // An empty batch takes its place too.
    bytes += OVERHEAD_BYTES;
    if (isAborted(batch) || (batch.attributes & CONTROL) !== 0) continue;
    for (const record of batch.records) {
      const offset = Number(batch.firstOffset) + record.offsetDelta;
      if (offset < from) continue;
      records.push(recordOf(batch, record, offset));
      bytes += record.length + OVERHEAD_BYTES;
    }
  }
  return { records, next, bytes };
}

/**
 * Tells of each batch, in log order, whether it belongs to an aborted transaction. The broker names the aborted ones
 * by producer and first offset; each ends with the producer's abort marker.
 */
function abortedAmong(
  transactions: readonly { producerId: bigint; firstOffset: bigint }[],
): (batch: RecordsBatch) => boolean {
  if (transactions.length === 0) return () => false;
  const coming = transactions.toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  const open = new Set<bigint>();
  return (batch) => {
    while (coming[0] && coming[0].firstOffset <= batch.firstOffset + BigInt(batch.lastOffsetDelta)) {
      open.add((coming.shift() as { producerId: bigint }).producerId);
    }
    if ((batch.attributes & CONTROL) !== 0) {
      if (batch.records[0]?.key?.readInt16BE(CONTROL_TYPE_AT) === ABORT) open.delete(batch.producerId);
      return false;
    }
    return (batch.attributes & TRANSACTIONAL) !== 0 && open.has(batch.producerId);
  };
}

function recordOf(batch: RecordsBatch, record: RecordsBatch['records'][number], offset: number): KeyedRecord {
  const { key, value } = record;
  const timestamp =
    (batch.attributes & TIMESTAMP_IS_APPEND_TIME) === 0
      ? batch.firstTimestamp + record.timestampDelta
      : batch.maxTimestamp;
  return {
    offset,
    key: key ?? undefined,
    // A copy: a view would keep in memory all that came over the network with it.
    value: value === null ? undefined : Buffer.from(value),
    headers: headersOf(record.headers),
    timestamp: Math.min(Math.max(Number(timestamp), 0), LATEST_DATE),
  };
}

function headersOf(entries: RecordsBatch['records'][number]['headers']): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of entries) {
    if (name !== null) headers[name.toString()] = value === null ? '' : textOf(value);
  }
  return headers;
}

/** Bytes that are no text become a data URL (RFC 2397), so that none is lost. */
export function textOf(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return isUtf8(buffer) ? buffer.toString() : `data:;base64,${buffer.toString('base64')}`;
}
