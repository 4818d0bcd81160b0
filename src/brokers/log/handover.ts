import type { Committer } from './committer.ts';
import type { PartitionReader } from './partition-reader.ts';

/**
 * What a planned handover waits for attempts in flight. Those of most listeners end by then, and so nothing is repeated;
 * a slow one holds up neither the replica that takes over nor the one that stops, and gets its event again.
 */
const GRACE_MS = 1_000;

/**
 * Ends the work on partitions that go to another process (PITFALLS 21, RULES 9): from the call on no attempt starts, and
 * when it resolves none is under way. `planned`: what was settled meanwhile is committed. `lost`: attempts are broken off
 * at once, and nothing is committed: the positions are another's already.
 */
export async function handOver(
  readers: readonly PartitionReader[],
  how: 'planned' | 'lost',
  committer: Committer,
): Promise<void> {
  for (const reader of readers) reader.disown();
  const graceMs = how === 'planned' ? GRACE_MS : 0;
  const released: Promise<void>[] = [];
  for (const reader of readers) {
    for (const cursor of reader.all()) {
      // Most have nothing in memory, and there may be very many.
      if (cursor.ledger.size > 0) released.push(cursor.outlet.release(cursor, graceMs));
    }
  }
  if (how === 'lost') removeAll(readers);
  await Promise.all(released);
  if (how === 'planned') await committer.flush();
  removeAll(readers);
}

/** A cursor that was removed commits nothing any more, whatever is settled later. */
function removeAll(readers: readonly PartitionReader[]): void {
  for (const reader of readers) for (const cursor of [...reader.all()]) reader.remove(cursor);
}
