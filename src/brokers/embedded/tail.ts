import type { SourceRecord } from '../broker.ts';

/** What a record takes in memory beside its value, roughly. */
const OVERHEAD = 512;
/** Places freed at the front that are worth moving the rest. */
const COMPACT_AT = 1_024;

/** The bytes that all tails together may hold; when it is full, the tail that was idle longest gives way. */
export class TailBudget {
  readonly #maxBytes: number;
  /** Longest idle first. */
  readonly #tails = new Set<Tail>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** `tail` took a record of this size. */
  taken(tail: Tail, bytes: number): void {
    this.#tails.delete(tail);
    this.#tails.add(tail);
    this.#bytes += bytes;
    for (const idle of this.#tails) {
      while (this.#bytes > this.#maxBytes && idle.forgetOldest()) continue;
      if (this.#bytes <= this.#maxBytes) return;
    }
  }

  given(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/**
 * The latest records of one partition, in memory: a reader at the head gets what has just become durable without
 * asking the storage thread. Bounded by bytes; a record larger than the bound is not kept at all.
 */
export class Tail {
  readonly #maxBytes: number;
  readonly #budget: TailBudget;
  #records: (SourceRecord | undefined)[] = [];
  /** Place of the oldest record that is kept. */
  #oldest = 0;
  /** Offset of the record at place 0. */
  #offset = 0;
  #bytes = 0;

  constructor(maxBytes: number, budget: TailBudget) {
    this.#maxBytes = maxBytes;
    this.#budget = budget;
  }

  /** A gap to what came before empties the tail: it answers contiguous offsets only. */
  push(offset: number, record: SourceRecord): void {
    if (offset !== this.#offset + this.#records.length) {
      while (this.forgetOldest()) continue;
      this.#records = [];
      this.#oldest = 0;
      this.#offset = offset;
    }
    const bytes = sizeOf(record);
    this.#records.push(record);
    this.#bytes += bytes;
    while (this.#bytes > this.#maxBytes) this.forgetOldest();
    this.#budget.taken(this, bytes);
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

  /** False when there is none. */
  forgetOldest(): boolean {
    const record = this.#records[this.#oldest];
    if (!record) return false;
    this.#records[this.#oldest] = undefined;
    this.#oldest++;
    this.#bytes -= sizeOf(record);
    this.#budget.given(sizeOf(record));
    return true;
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
