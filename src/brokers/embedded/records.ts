import type { Database } from '../../sqlite/database.ts';
import type { Clock } from '../../time.ts';
import type { SourceRecord } from '../broker.ts';
import { OffsetOutOfRange, type Batch } from '../log/log.ts';
import { murmur2 } from '../log/murmur2.ts';
import type { EmbeddedPartition } from './partition.ts';
import { lengthOfRecord, readRecord } from './record-codec.ts';
import type { LogProcedures } from './storage/storage.ts';
import type { Topics } from './topics.ts';

/** How long a read waits at the end of a partition for a record to come. */
const READ_WAIT_MS = 1_000;

/** Reads records: the latest from memory, older ones from the storage thread. */
export class Records {
  readonly #database: Database<LogProcedures>;
  readonly #topics: Topics;
  readonly #broker: string;
  readonly #clock: Clock;

  constructor(database: Database<LogProcedures>, topics: Topics, broker: string, clock: Clock) {
    this.#database = database;
    this.#topics = topics;
    this.#broker = broker;
    this.#clock = clock;
  }

  async read(partition: EmbeddedPartition, from: number, maxBytes: number): Promise<Batch> {
    if (from < partition.start || from > partition.end) throw outOfRange(partition, from);
    if (from === partition.end) await partition.arrival(this.#clock, READ_WAIT_MS);
    if (from === partition.end) return { records: [], next: from };
    const records = partition.fromTail(from, maxBytes) ?? (await this.#readStored(partition, from, maxBytes));
    return { records, next: from + records.length };
  }

  async find(by: { eventId: string } | { correlationId: string }, limit: number): Promise<SourceRecord[]> {
    const [header, value] =
      'eventId' in by ? (['eventId', by.eventId] as const) : (['correlationId', by.correlationId] as const);
    const found = await this.#database.call('records.find', { header, value, hash: murmur2(value), limit });
    return found.flatMap(({ partitionId, offset, record }) => {
      const partition = this.#topics.byId(partitionId);
      const packed = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
      return partition ? [this.#recordAt(packed, 0, partition, offset)] : [];
    });
  }

  async #readStored(partition: EmbeddedPartition, from: number, maxBytes: number): Promise<SourceRecord[]> {
    const stored = await this.#database.call('records.read', { partitionId: partition.id, from, maxBytes });
    if (stored === 'out-of-range') throw outOfRange(partition, from);
    const packed = Buffer.from(stored.buffer);
    const records: SourceRecord[] = [];
    let at = 0;
    for (let i = 0; i < stored.count; i++) {
      records.push(this.#recordAt(packed, at, partition, from + i));
      at += lengthOfRecord(packed, at);
    }
    return records;
  }

  #recordAt(packed: Buffer, at: number, partition: EmbeddedPartition, offset: number): SourceRecord {
    const { key, headers, value, timestamp } = readRecord(packed, at);
    const source = { broker: this.#broker, topic: partition.topic, partition: partition.partition, offset };
    // Its own copy: an event that waits long for its listener must not hold the whole batch in memory.
    return { source, key, headers, value: new Uint8Array(value), timestamp };
  }
}

function outOfRange({ topic, partition, start, end }: EmbeddedPartition, from: number): OffsetOutOfRange {
  return new OffsetOutOfRange(`${topic}:${partition} has offsets ${start} to ${end}, not ${from}`);
}
