import type { DatabaseSync } from 'node:sqlite';
import type { Procedures } from '../../../sqlite/storage.ts';
import { STRETCH } from './schema.ts';

/** Records of one partition, packed one after the other as `record-codec.ts` says. */
export interface NewChunk {
  readonly partitionId: number;
  readonly count: number;
  /** Where its bytes lie in the buffer. */
  readonly from: number;
  readonly to: number;
  /** Hashes of the event ids and correlation ids in it. */
  readonly hashes: readonly number[];
}

export interface Append {
  readonly buffer: ArrayBuffer;
  /** Milliseconds since the epoch: the stamp of all records in it. */
  readonly time: number;
  readonly chunks: readonly NewChunk[];
}

export function appendProcedures(db: DatabaseSync) {
  const reserve = db.prepare(
    'UPDATE partitions SET next = next + ?, bytes = bytes + ? WHERE id = ? RETURNING next',
  );
  const insert = db.prepare(
    'INSERT INTO chunks (partition_id, first, count, time, records) VALUES (?, ?, ?, ?, ?)',
  );
  const index = db.prepare('INSERT OR IGNORE INTO event_ids (stretch, hash, seq) VALUES (?, ?, ?)');

  function store(buffer: ArrayBuffer, time: number, chunk: NewChunk): number {
    const { partitionId, count, from, to, hashes } = chunk;
    const { next } = reserve.get(count, to - from, partitionId) as { next: number };
    const first = next - count;
    const bytes = new Uint8Array(buffer, from, to - from);
    const seq = Number(insert.run(partitionId, first, count, time, bytes).lastInsertRowid);
    const stretch = Math.floor(seq / STRETCH);
    for (const hash of hashes) index.run(stretch, hash, seq);
    return first;
  }

  return {
    reads: {},
    writes: {
      /** Answers the offset of the first record of each chunk. */
      'records.append': ({ buffer, time, chunks }: Append): number[] =>
        chunks.map((chunk) => store(buffer, time, chunk)),
    },
  } satisfies Procedures;
}
