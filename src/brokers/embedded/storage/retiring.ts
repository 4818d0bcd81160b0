import type { DatabaseSync } from 'node:sqlite';
import type { Procedures } from '../../../sqlite/storage.ts';
import { STRETCH } from './schema.ts';

/** Bounds of one slice, so that other calls wait no longer than some milliseconds for it. */
const SLICE_CHUNKS = 256;
const SLICE_BYTES = 4 << 20;

export interface Retire {
  /** Chunks stamped before (ms) go, and all appended before them; null = none by age. */
  readonly before: number | null;
  /** The oldest chunks go until no more bytes are left; null = any number may stay. */
  readonly maxBytes: number | null;
}

export interface Retired {
  readonly starts: readonly { readonly partitionId: number; readonly start: number }[];
  readonly records: number;
  /** There is more to remove than one slice may. */
  readonly more: boolean;
}

interface ChunkSize {
  readonly seq: number;
  readonly partitionId: number;
  readonly count: number;
  readonly end: number;
  readonly bytes: number;
}

export function retireProcedures(db: DatabaseSync) {
  const lastBefore = db.prepare(
    `SELECT max((SELECT max(seq) FROM chunks INDEXED BY chunks_by_time
       WHERE partition_id = partitions.id AND time < ?)) AS seq FROM partitions`,
  );
  const totalBytes = db.prepare('SELECT coalesce(sum(bytes), 0) AS bytes FROM partitions');
  const oldest = db.prepare(
    `SELECT seq, partition_id AS partitionId, count, first + count AS end, length(records) AS bytes
       FROM chunks ORDER BY seq LIMIT ${SLICE_CHUNKS + 1}`,
  );
  const remove = db.prepare('DELETE FROM chunks WHERE seq = ?');
  const advance = db.prepare('UPDATE partitions SET start = ?, bytes = bytes - ? WHERE id = ?');
  const firstSeq = db.prepare('SELECT min(seq) AS seq FROM chunks');
  const forgetIds = db.prepare('DELETE FROM event_ids WHERE stretch < ?');
  const forgetAllIds = db.prepare('DELETE FROM event_ids');

  /** Freed pages are used again by later records; the file keeps the size it once had. */
  function retire({ before, maxBytes }: Retire): Retired {
    const lastTooOld =
      (before === null ? null : (lastBefore.get(before) as { seq: number | null }).seq) ?? -1;
    let excess = maxBytes === null ? 0 : (totalBytes.get() as { bytes: number }).bytes - maxBytes;
    if (lastTooOld < 0 && excess <= 0) return { starts: [], records: 0, more: false };
    const starts = new Map<number, number>();
    let records = 0;
    let chunks = 0;
    let bytes = 0;
    let more = false;
    for (const chunk of oldest.all() as unknown as ChunkSize[]) {
      if (chunk.seq > lastTooOld && excess <= 0) break;
      more = chunks === SLICE_CHUNKS || bytes >= SLICE_BYTES;
      if (more) break;
      remove.run(chunk.seq);
      advance.run(chunk.end, chunk.bytes, chunk.partitionId);
      starts.set(chunk.partitionId, chunk.end);
      excess -= chunk.bytes;
      bytes += chunk.bytes;
      records += chunk.count;
      chunks++;
    }
    if (chunks > 0) dropStretches();
    return { starts: [...starts].map(([partitionId, start]) => ({ partitionId, start })), records, more };
  }

  function dropStretches(): void {
    const { seq } = firstSeq.get() as { seq: number | null };
    if (seq === null) forgetAllIds.run();
    else forgetIds.run(Math.floor(seq / STRETCH));
  }

  return { reads: {}, writes: { 'records.retire': retire } } satisfies Procedures;
}
