import { OffsetOutOfRange } from '../log/log.ts';
import type { TopicPlace } from './compacted-topic.ts';
import type { KeyedRecord, TopicAccess } from './topic-access.ts';

/** Records between two wanted ones that are rather read along than jumped over. */
const MOST_BETWEEN = 4;
const READ_BYTES = 4 << 20;

/** Where the record of a key is. */
export interface RecordPlace extends TopicPlace {
  readonly id: string;
  /** Size of the record, roughly. */
  readonly bytes: number;
}

/** The records at these places, by the key; those that are no longer there are missing. */
export async function readPlaces(
  access: Pick<TopicAccess, 'read'>,
  topic: string,
  places: readonly RecordPlace[],
): Promise<Map<string, KeyedRecord>> {
  const found = new Map<string, KeyedRecord>();
  const partitions = Map.groupBy(places, (place) => place.partition);
  await Promise.all(
    [...partitions].map(async ([partition, wanted]) => {
      let rest = wanted.toSorted((a, b) => a.offset - b.offset);
      while (rest[0]) {
        const { records, next } = await readFrom(access, topic, partition, rest);
        const byOffset = new Map(records.map((record) => [record.offset, record]));
        for (const { id, offset } of rest) {
          const record = byOffset.get(offset);
          if (record?.key && Buffer.from(record.key).toString() === id) found.set(id, record);
        }
        const [first] = rest;
        rest = rest.filter(({ offset }) => offset >= next && offset > first.offset);
      }
    }),
  );
  return found;
}

async function readFrom(
  access: Pick<TopicAccess, 'read'>,
  topic: string,
  partition: number,
  [first, ...others]: readonly RecordPlace[],
): Promise<Pick<Awaited<ReturnType<TopicAccess['read']>>, 'records' | 'next'>> {
  const from = first?.offset ?? 0;
  let bytes = first?.bytes ?? 0;
  let last = from;
  for (const { offset, bytes: more } of others) {
    if (offset - last > MOST_BETWEEN || bytes + more > READ_BYTES) break;
    bytes += more * (offset - last);
    last = offset;
  }
  try {
    return await access.read(topic, partition, from, bytes);
  } catch (error) {
    // The log was cut off there: what was above may still be.
    if (error instanceof OffsetOutOfRange) return { records: [], next: from + 1 };
    throw error;
  }
}
