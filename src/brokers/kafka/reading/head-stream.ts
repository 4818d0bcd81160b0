import { OffsetOutOfRange } from '../../log/log.ts';
import { NONE, OFFSET_OUT_OF_RANGE } from '../wire/error-codes.ts';
import type { Fetched, Place } from './fetch.ts';
import type { KeyedRecord } from '../../tables/topic-access.ts';

export interface Read {
  readonly records: readonly KeyedRecord[];
  readonly next: number;
}

interface Waiter {
  readonly resolve: (read: Read) => void;
  readonly reject: (error: Error) => void;
}

interface Chunk extends Read {
  readonly from: number;
  readonly bytes: number;
}

/** What one partition's reader has been given ahead of its asking, within a bound. One reader, one read at a time. */
export class HeadStream {
  readonly place: Place;
  /** Where the next fetch goes on. */
  from: number;
  /** When it was found full (monotonic milliseconds); undefined while more may be fetched. */
  fullSince: number | undefined;
  readonly #maxBytes: number;
  #chunks: Chunk[] = [];
  #bytes = 0;
  /** What was handed out last: asked for again when subscriptions changed meanwhile. */
  #last: Chunk | undefined;
  #waiter: Waiter | undefined;
  #failure: Error | undefined;

  constructor(place: Place, from: number, maxBytes: number) {
    this.place = place;
    this.from = from;
    this.#maxBytes = maxBytes;
  }

  /** Also while its reader has not heard yet that the offset is not there: asking for it again is in vain. */
  get isFull(): boolean {
    return this.#bytes >= this.#maxBytes || this.#failure !== undefined;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Resolves with records, or with none when `giveUp` is called before there are any. */
  read(from: number): Promise<Read> {
    if (this.#failure) return Promise.reject(this.#tellFailure(this.#failure));
    const at = this.#chunks[0]?.from ?? this.from;
    if (from !== at) {
      const again = this.#last && partOf(this.#last, from);
      if (again && this.#last?.next === at) return Promise.resolve(again);
      this.#restartAt(from);
    }
    const chunk = this.#chunks.shift();
    if (chunk) return Promise.resolve(this.#handOut(chunk));
    return new Promise((resolve, reject) => (this.#waiter = { resolve, reject }));
  }

  /** What a fetch from `from` brought. Of no use when the reader has gone elsewhere meanwhile. */
  fetched(from: number, { errorCode, records, next, bytes }: Fetched): void {
    if (from !== this.from) return;
    if (errorCode === OFFSET_OUT_OF_RANGE)
      return this.#fail(new OffsetOutOfRange(`offset ${from} is not there`));
    if (errorCode !== NONE || next === from) return;
    this.from = next;
    const chunk = { from, records, next, bytes };
    const waiter = this.#waiter;
    if (!waiter) {
      this.#chunks.push(chunk);
      this.#bytes += bytes;
      return;
    }
    this.#waiter = undefined;
    this.#bytes += bytes;
    waiter.resolve(this.#handOut(chunk));
  }

  /** The reader has waited long enough. */
  giveUp(): void {
    this.#waiter?.resolve({ records: [], next: this.from });
    this.#waiter = undefined;
  }

  #handOut(chunk: Chunk): Read {
    this.#last = chunk;
    this.#bytes -= chunk.bytes;
    return chunk;
  }

  #fail(error: Error): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (waiter) waiter.reject(this.#tellFailure(error));
    else this.#failure = error;
  }

  /** What was read before may be of a log that is no more: handed out, it would hide what stands there now. */
  #tellFailure(error: Error): Error {
    this.#restartAt(this.from);
    return error;
  }

  #restartAt(from: number): void {
    this.giveUp();
    this.#chunks = [];
    this.#bytes = 0;
    this.#last = undefined;
    this.#failure = undefined;
    this.from = from;
  }
}

function partOf({ from: first, records, next }: Chunk, from: number): Read | undefined {
  if (from < first || from >= next) return undefined;
  return { records: records.filter(({ offset }) => offset >= from), next };
}
