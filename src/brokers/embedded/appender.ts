import type { Database } from '../../sqlite/database.ts';
import { StorageError } from '../../sqlite/errors.ts';
import type { Clock } from '../../time.ts';
import { PublishRefused, type Coordinates, type NewRecord, type SourceRecord } from '../broker.ts';
import { murmur2 } from '../log/murmur2.ts';
import type { EmbeddedPartition } from './partition.ts';
import { roomFor, writeRecord } from './record-codec.ts';
import type { NewChunk } from './storage/appending.ts';
import type { LogProcedures } from './storage/storage.ts';

/** A reader takes whole chunks from the file, so a chunk is small against what it asks for. */
const CHUNK_BYTES = 1 << 16;
/** What crosses to the storage thread in one piece. */
const CALL_BYTES = 4 << 20;

interface Pending {
  readonly partition: EmbeddedPartition;
  readonly record: NewRecord;
  /** As JSON. */
  readonly headers: string;
  readonly resolve: (source: Coordinates) => void;
  readonly reject: (error: Error) => void;
}

/** Pending records of one partition that become one row. */
interface Chunk {
  readonly partition: EmbeddedPartition;
  readonly pending: Pending[];
  room: number;
}

/**
 * Collects the records that are appended in one turn of the event loop and hands them to the storage thread packed by
 * partition, in one buffer: with many callers the threads meet a few hundred times a second, not for each record.
 */
export class Appender {
  readonly #database: Database<LogProcedures>;
  readonly #broker: string;
  readonly #clock: Clock;
  #pending: Pending[] = [];

  constructor(database: Database<LogProcedures>, broker: string, clock: Clock) {
    this.#database = database;
    this.#broker = broker;
    this.#clock = clock;
  }

  /** Resolves once durable; rejects with PublishRefused when it was not written. */
  append(partition: EmbeddedPartition, given: NewRecord): Promise<Coordinates> {
    // Its own copy: the tail keeps it, and a view would keep the whole request in memory that it was cut from.
    const record = { ...given, value: new Uint8Array(given.value) };
    return new Promise((resolve, reject) => {
      this.#pending.push({ partition, record, headers: JSON.stringify(record.headers), resolve, reject });
      if (this.#pending.length === 1) setImmediate(() => this.flush());
    });
  }

  /** Hands over what was collected. */
  flush(): void {
    const pending = this.#pending;
    this.#pending = [];
    let call: Chunk[] = [];
    let bytes = 0;
    for (const chunk of chunksOf(pending)) {
      if (bytes + chunk.room > CALL_BYTES && call.length > 0) {
        void this.#send(call);
        call = [];
        bytes = 0;
      }
      call.push(chunk);
      bytes += chunk.room;
    }
    if (call.length > 0) void this.#send(call);
  }

  async #send(chunks: readonly Chunk[]): Promise<void> {
    const time = Math.floor(this.#clock.now());
    const { buffer, packed } = pack(chunks, time);
    try {
      const firsts = await this.#database.call('records.append', { buffer, time, chunks: packed }, [buffer]);
      chunks.forEach((chunk, i) => this.#appended(chunk, firsts[i] as number, time));
    } catch (error) {
      const refused = new PublishRefused(reasonOf(error), { cause: error });
      for (const { pending } of chunks) for (const { reject } of pending) reject(refused);
    }
  }

  #appended({ partition, pending }: Chunk, first: number, timestamp: number): void {
    const records = pending.map(({ record }, i): SourceRecord => {
      const { topic } = partition;
      const source = { broker: this.#broker, topic, partition: partition.partition, offset: first + i };
      return { source, key: record.key, value: record.value, headers: record.headers, timestamp };
    });
    partition.appended(first, records);
    pending.forEach(({ resolve }, i) => resolve((records[i] as SourceRecord).source));
  }
}

/** By partition, each in the order of appending; a large record is a chunk of its own. */
function chunksOf(pending: readonly Pending[]): Chunk[] {
  const chunks: Chunk[] = [];
  const open = new Map<EmbeddedPartition, Chunk>();
  for (const one of pending) {
    const { partition } = one;
    const room = roomFor({ ...one.record, headers: one.headers });
    let chunk = open.get(partition);
    if (!chunk || chunk.room + room > CHUNK_BYTES) {
      chunk = { partition, pending: [], room: 0 };
      open.set(partition, chunk);
      chunks.push(chunk);
    }
    chunk.pending.push(one);
    chunk.room += room;
  }
  return chunks;
}

function pack(chunks: readonly Chunk[], time: number): { buffer: ArrayBuffer; packed: NewChunk[] } {
  const into = Buffer.allocUnsafeSlow(chunks.reduce((sum, { room }) => sum + room, 0));
  let at = 0;
  const packed = chunks.map(({ partition, pending }): NewChunk => {
    const from = at;
    for (const { record, headers } of pending) {
      at = writeRecord(into, at, { key: record.key, headers, value: record.value }, time);
    }
    return { partitionId: partition.id, count: pending.length, from, to: at, hashes: hashesOf(pending) };
  });
  return { buffer: into.buffer, packed };
}

/** Of the ids that `find` looks for. */
function hashesOf(pending: readonly Pending[]): number[] {
  const ids = new Set<string>();
  for (const { record } of pending) {
    const { eventId, correlationId } = record.headers;
    if (eventId !== undefined) ids.add(eventId);
    if (correlationId !== undefined) ids.add(correlationId);
  }
  return Array.from(ids, murmur2);
}

function reasonOf(error: unknown): string {
  if (error instanceof StorageError) return `the event was not stored: ${error.message}`;
  return `the event was not stored: ${String(error)}`;
}
