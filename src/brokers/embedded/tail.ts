import type { SourceRecord } from '../broker.ts';

/** What a record takes in memory beside its value, roughly. */
const OVERHEAD = 512;
/** Places freed at the front that are worth moving the rest. */
const COMPACT_AT = 1_024;

/**
 * The latest records of one partition, in memory: a reader at the head gets what has just become durable without
 * asking the storage thread. Bounded by bytes; one record larger than the bound is not kept at all.
 */
export class Tail {
  readonly #maxBytes: number;
  #records: (SourceRecord | undefined)[] = [];
  /** Place of the oldest record that is kept. */
  #oldest = 0;
  /** Offset of the record at place 0. */
  #offset = 0;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** A gap to what came before empties the tail: it answers contiguous offsets only. */
  push(offset: number, record: SourceRecord): void {
    if (offset !== this.#offset + this.#records.length) {
      this.#records = [];
      this.#oldest = 0;
      this.#offset = offset;
      this.#bytes = 0;
    }
    this.#records.push(record);
    this.#bytes += sizeOf(record);
    while (this.#bytes > this.#maxBytes) this.#forgetOldest();
    if (this.#oldest >= COMPACT_AT && this.#oldest > this.#records.length / 2) this.#compact();
  }

  /**
   * Records from the offset `from` on, at least one and no more than `maxBytes` else; undefined when the record at
   * `from` is not in memory.
   */
  read(from: number, maxBytes: number): SourceRecord[] | undefined {
    const place = from - this.#offset;
    if (place < this.#oldest || place >= this.#records.length) return undefined;
    const records: SourceRecord[] = [];
    let bytes = 0;
    for (let i = place; i < this.#records.length; i++) {
      const record = this.#records[i] as SourceRecord;
      bytes += sizeOf(record);
      if (bytes > maxBytes && records.length > 0) break;
      records.push(record);
    }
    return records;
  }

  #forgetOldest(): void {
    this.#bytes -= sizeOf(this.#records[this.#oldest] as SourceRecord);
    this.#records[this.#oldest] = undefined;
    this.#oldest++;
  }

  #compact(): void {
    this.#records = this.#records.slice(this.#oldest);
    this.#offset += this.#oldest;
    this.#oldest = 0;
  }
}

function sizeOf(record: SourceRecord): number {
  return record.value.byteLength + OVERHEAD;
}
