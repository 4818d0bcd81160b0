import type { KeyedRecord, Repeated } from './topic-access.ts';

/** Where the record of a key is, and which one it was first. */
export interface LatestRecord {
  readonly offset: number;
  /** When it was written there, milliseconds since the epoch. */
  readonly writtenAt: number;
  /** Of value and headers, roughly. */
  readonly bytes: number;
  readonly first: Repeated;
}

interface Ended {
  readonly offset: number;
  readonly writtenAt: number;
}

/** Longer than a record is ever on its way to be written again. */
const REMEMBER_ENDED_MS = 3_600_000;

/**
 * Which record of each key holds, in a log where records are written again for lack of compaction (`repeats`). What is
 * written again may come behind a newer record of its key, or behind the key's end: the one that was first written
 * last holds. Some hundred bytes for each key.
 */
export class LatestRecords {
  /** Those written longest ago come first. */
  readonly #records = new Map<string, LatestRecord>();
  readonly #ended = new Map<string, Ended>();

  /** In log order. The record as tables are to see it; undefined: it repeats one that does not hold any more. */
  take(key: string, record: KeyedRecord): KeyedRecord | undefined {
    const { offset, timestamp, value, repeats } = record;
    const first = repeats ?? { offset, timestamp };
    if (repeats && repeats.offset < this.#holdsSince(key)) return undefined;
    this.#records.delete(key);
    this.#ended.delete(key);
    if (value) this.#records.set(key, { offset, writtenAt: timestamp, bytes: sizeOf(record), first });
    else this.#ended.set(key, { offset: first.offset, writtenAt: timestamp });
    this.#forget(timestamp - REMEMBER_ENDED_MS);
    return repeats ? { ...record, timestamp: repeats.timestamp } : record;
  }

  get(key: string): LatestRecord | undefined {
    return this.#records.get(key);
  }

  /** Those written longest ago, at most `limit`, and before `time` only. */
  writtenBefore(time: number, limit: number): [key: string, record: LatestRecord][] {
    const found: [string, LatestRecord][] = [];
    for (const [key, record] of this.#records) {
      if (found.length >= limit || record.writtenAt >= time) break;
      found.push([key, record]);
    }
    return found;
  }

  /** The log starts over: its offsets mean something else now. */
  clear(): void {
    this.#records.clear();
    this.#ended.clear();
  }

  #holdsSince(key: string): number {
    return this.#records.get(key)?.first.offset ?? this.#ended.get(key)?.offset ?? -1;
  }

  #forget(before: number): void {
    for (const [key, { writtenAt }] of this.#ended) {
      if (writtenAt >= before) return;
      this.#ended.delete(key);
    }
  }
}

function sizeOf({ value, headers }: KeyedRecord): number {
  let bytes = value?.byteLength ?? 0;
  for (const [name, text] of Object.entries(headers)) bytes += name.length + text.length;
  return bytes;
}
