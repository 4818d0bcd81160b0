import type { DatabaseSync } from 'node:sqlite';
import type { Procedures } from '../../../sqlite/storage.ts';
import { headersOfRecord, lengthOfRecord } from '../record-codec.ts';
import { STRETCH } from './schema.ts';

export interface Read {
  readonly partitionId: number;
  readonly from: number;
  /** At least one record is answered when there is one, however large. */
  readonly maxBytes: number;
}

/** `count` records with offsets from the one asked for on, packed in `buffer`. */
export interface Packed {
  readonly count: number;
  readonly buffer: ArrayBuffer;
}

export interface Find {
  readonly header: 'eventId' | 'correlationId';
  readonly value: string;
  readonly hash: number;
  readonly limit: number;
}

export interface Found {
  readonly partitionId: number;
  readonly offset: number;
  readonly record: Uint8Array;
}

interface Chunk {
  readonly partitionId: number;
  readonly first: number;
  readonly count: number;
  readonly records: Uint8Array;
}

const COLUMNS = 'partition_id AS partitionId, first, count, records';

export function readProcedures(db: DatabaseSync) {
  const bounds = db.prepare('SELECT start, next FROM partitions WHERE id = ?');
  const chunksFrom = db.prepare(
    `SELECT ${COLUMNS} FROM chunks WHERE partition_id = :partition AND first >=
       (SELECT max(first) FROM chunks WHERE partition_id = :partition AND first <= :from) ORDER BY first`,
  );
  const firstSince = db.prepare(
    `SELECT min(first) AS first FROM chunks INDEXED BY chunks_by_time WHERE partition_id = ? AND time >= ?`,
  );
  const chunksWith = db.prepare(
    `WITH RECURSIVE stretches (n) AS (
       SELECT min(seq) / ${STRETCH} FROM chunks
       UNION ALL SELECT n + 1 FROM stretches WHERE n < (SELECT max(seq) / ${STRETCH} FROM chunks))
     SELECT ${COLUMNS} FROM stretches
       CROSS JOIN event_ids ON event_ids.stretch = n AND event_ids.hash = ?
       CROSS JOIN chunks ON chunks.seq = event_ids.seq`,
  );

  return {
    reads: {
      'records.read': ({ partitionId, from, maxBytes }: Read, transfer: ArrayBuffer[]) => {
        const { start, next } = bounds.get(partitionId) as { start: number; next: number };
        if (from < start || from > next) return 'out-of-range' as const;
        const rows = chunksFrom.iterate({ partition: partitionId, from });
        const packed = pack(rows as Iterable<unknown> as Iterable<Chunk>, from, maxBytes);
        transfer.push(packed.buffer);
        return packed;
      },

      /** The first offset whose record is stamped at or after `time` (ms); the end when there is none. */
      'records.offset-at': ({ partitionId, time }: { partitionId: number; time: number }): number => {
        const { first } = firstSince.get(partitionId, time) as { first: number | null };
        return first ?? (bounds.get(partitionId) as { next: number }).next;
      },

      /** Oldest first. */
      'records.find': ({ header, value, hash, limit }: Find): Found[] => {
        const found: Found[] = [];
        if (limit <= 0) return found;
        for (const chunk of chunksWith.iterate(hash) as Iterable<unknown> as Iterable<Chunk>) {
          for (const { offset, bytes } of recordsOf(chunk)) {
            if (headersOfRecord(bytes, 0)[header] !== value) continue;
            // Copied, or else the whole chunk would be cloned along with the view.
            found.push({ partitionId: chunk.partitionId, offset, record: Uint8Array.from(bytes) });
            if (found.length >= limit) return found;
          }
        }
        return found;
      },
    },
    writes: {},
  } satisfies Procedures;
}

function* recordsOf({ first, count, records }: Chunk): Iterable<{ offset: number; bytes: Buffer }> {
  const buffer = asBuffer(records);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const end = at + lengthOfRecord(buffer, at);
    yield { offset: first + i, bytes: buffer.subarray(at, end) };
    at = end;
  }
}

/** Copies records with offsets from `from` on into one buffer, until the next would be too much. */
function pack(chunks: Iterable<Chunk>, from: number, maxBytes: number): Packed {
  const parts: Buffer[] = [];
  let count = 0;
  let room = maxBytes;
  let full = false;
  for (const chunk of chunks) {
    const buffer = asBuffer(chunk.records);
    let at = 0;
    let offset = chunk.first;
    while (offset < from) {
      at += lengthOfRecord(buffer, at);
      offset++;
    }
    const begin = at;
    for (const end = chunk.first + chunk.count; offset < end; offset++) {
      const length = lengthOfRecord(buffer, at);
      full = length > room && count > 0;
      if (full) break;
      room -= length;
      at += length;
      count++;
    }
    parts.push(buffer.subarray(begin, at));
    if (full || room <= 0) break;
  }
  return { count, buffer: joined(parts) };
}

function joined(parts: readonly Buffer[]): ArrayBuffer {
  const all = Buffer.allocUnsafeSlow(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) at += part.copy(all, at);
  return all.buffer;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
