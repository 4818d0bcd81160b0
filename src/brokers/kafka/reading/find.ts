import type { Partition } from '../../log/log.ts';
import type { CatchUpReads } from './catch-up-reads.ts';
import type { LogOffsets } from '../wire/log-offsets.ts';
import { soughtBy, type Sought } from '../../tables/sought.ts';
import type { KeyedRecord } from '../../tables/topic-access.ts';

const READ_BYTES = 512 << 10;

export interface Found {
  readonly partition: Partition;
  readonly record: KeyedRecord;
}

/**
 * Looks through the partitions for records of an event id or a correlation id, oldest first, at most `limit`. Kafka has
 * no index: this reads all that is there (some 100,000 records a second), for an operator's question now and then.
 */
export async function find(
  { reads, offsets }: { reads: CatchUpReads; offsets: LogOffsets },
  partitions: readonly Partition[],
  by: Sought,
  limit: number,
): Promise<Found[]> {
  const isSought = soughtBy(by);
  const found = await Promise.all(
    partitions.map(async (partition) => {
      const hits: Found[] = [];
      const { start, end } = await offsets.bounds(partition);
      for (let from = start; from < end && hits.length < limit;) {
        const { records, next } = await reads.read(partition, from, READ_BYTES);
        for (const record of records) if (isSought(record)) hits.push({ partition, record });
        from = Math.max(next, from);
        if (next === from && records.length === 0) break;
      }
      return hits;
    }),
  );
  return found
    .flat()
    .toSorted((a, b) => a.record.timestamp - b.record.timestamp)
    .slice(0, limit);
}
