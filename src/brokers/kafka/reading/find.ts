import type { Partition } from '../../log/log.ts';
import type { CatchUpReads } from './catch-up-reads.ts';
import type { LogOffsets } from '../wire/log-offsets.ts';
import { textOf } from './record-batches.ts';
import type { KeyedRecord } from '../../tables/topic-access.ts';

const READ_BYTES = 512 << 10;

export type Sought = { readonly eventId: string } | { readonly correlationId: string };

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
  const isSought = matcher(by);
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

/** By the header where the producer sent it, else by what the event itself says. */
function matcher(by: Sought): (record: KeyedRecord) => boolean {
  const [member, id] =
    'eventId' in by ? (['eventId', by.eventId] as const) : (['correlationId', by.correlationId] as const);
  // Taking every event apart costs more than reading it; only what JSON may write in several ways needs it.
  const quoted = /^[\w.:-]*$/.test(id) ? Buffer.from(`"${id}"`) : undefined;
  return ({ headers, value }) => {
    const header = headers[member];
    if (header !== undefined) return header === id;
    if (value === undefined) return false;
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    if (quoted && !bytes.includes(quoted)) return false;
    return saysSo(value, member, id);
  };
}

function saysSo(value: Uint8Array, member: string, id: string): boolean {
  try {
    const event = JSON.parse(textOf(value)) as Record<string, unknown> | null;
    return event !== null && typeof event === 'object' && event[member] === id;
  } catch {
    return false;
  }
}
