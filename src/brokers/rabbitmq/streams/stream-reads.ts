import type { Clock, Timer } from '../../../time.ts';
import type { Link } from '../wire/link.ts';
import { StreamCursor, type Beginning, type StreamMessage } from './stream-cursor.ts';

export interface StreamReadsOptions {
  readonly link: Link;
  /** Messages that one reading may have under way. */
  readonly prefetch: number;
  readonly clock: Clock;
}

/** A consumer that nobody reads from at present, and where it stands. */
interface Parked {
  readonly stream: string;
  readonly next: number;
  readonly cursor: StreamCursor;
  readonly timer: Timer;
}

const WAIT_MS = 1_000;
/** A read that goes on where another one ended comes within this time, or needs a new consumer. */
const PARKED_MS = 3_000;
const MOST_PARKED = 8;
/** The first message of a stream that has some: a replica of the server may have to catch up. */
const FIRST_WAIT_MS = 10_000;
/** The server sends what is there without a pause; while others write it never ends. */
const SILENCE_MS = 50;
const MOST_LOOKS = 20;

/** Reads of streams at any place. One that goes on where another one ended goes on with its consumer too. */
export class StreamReads {
  readonly #options: StreamReadsOptions;
  readonly #parked: Parked[] = [];
  #isStopped = false;

  constructor(options: StreamReadsOptions) {
    this.#options = options;
  }

  /**
   * Messages from `from` on, or from where retention begins: at least one when there is one, else waits up to a second
   * and answers none. About `maxBytes` at most, but for a single larger one.
   */
  async read(
    stream: string,
    from: number,
    maxBytes: number,
  ): Promise<{ messages: readonly StreamMessage[]; next: number }> {
    const cursor = this.#unpark(stream, from) ?? (await this.#open(stream, from));
    const messages = await this.#taken(cursor, from, maxBytes);
    const next = (messages.at(-1)?.offset ?? from - 1) + 1;
    this.#park(stream, next, cursor);
    return { messages, next };
  }

  /** The first messages from a place that only the server knows; none when there are none within `waitMs`. */
  async peek(stream: string, from: Beginning, waitMs: number): Promise<StreamMessage[]> {
    const cursor = await this.#open(stream, from);
    try {
      return await cursor.take(Infinity, waitMs);
    } finally {
      cursor.close();
    }
  }

  /** Of a stream that is not empty. */
  async firstOffset(stream: string): Promise<number> {
    const [first] = await this.peek(stream, 'first', FIRST_WAIT_MS);
    if (!first) throw new Error(`${stream} does not say where it begins`);
    return first.offset;
  }

  /**
   * The offset behind the last message, as this replica of the server knows it; 0 when no message comes within
   * `waitMs`. What is written meanwhile may be behind it.
   */
  async endOf(stream: string, waitMs: number): Promise<number> {
    const cursor = await this.#open(stream, 'last');
    try {
      let end = 0;
      for (let look = 0; look < MOST_LOOKS; look++) {
        const last = (await cursor.take(Infinity, look === 0 ? waitMs : SILENCE_MS)).at(-1);
        if (!last) break;
        end = last.offset + 1;
      }
      return end;
    } finally {
      cursor.close();
    }
  }

  /** Reads that wait are told by a rejection. */
  stop(): void {
    this.#isStopped = true;
    for (const { cursor, timer } of this.#parked.splice(0)) {
      timer.cancel();
      cursor.close();
    }
  }

  async #taken(cursor: StreamCursor, from: number, maxBytes: number): Promise<StreamMessage[]> {
    try {
      for (;;) {
        const taken = await cursor.take(maxBytes, WAIT_MS);
        const wanted = taken.filter(({ offset }) => offset >= from);
        // A stream is read in chunks, from a chunk's beginning: it may be all before the place asked for.
        if (wanted.length > 0 || taken.length === 0) return wanted;
      }
    } catch (error) {
      cursor.close();
      throw error;
    }
  }

  async #open(stream: string, from: Beginning): Promise<StreamCursor> {
    if (this.#isStopped) throw new Error(`${stream} is not read any more`);
    const { link, prefetch, clock } = this.#options;
    return StreamCursor.open({ link, stream, from, prefetch, clock });
  }

  #park(stream: string, next: number, cursor: StreamCursor): void {
    if (this.#isStopped) return cursor.close();
    const timer = this.#options.clock.after(PARKED_MS, () => this.#close(parked));
    const parked: Parked = { stream, next, cursor, timer };
    this.#parked.push(parked);
    const [oldest] = this.#parked;
    if (oldest && this.#parked.length > MOST_PARKED) this.#close(oldest);
  }

  #unpark(stream: string, next: number): StreamCursor | undefined {
    const at = this.#parked.findIndex((one) => one.stream === stream && one.next === next);
    const [parked] = at < 0 ? [] : this.#parked.splice(at, 1);
    parked?.timer.cancel();
    return parked?.cursor.isOpen === true ? parked.cursor : undefined;
  }

  #close(parked: Parked): void {
    parked.timer.cancel();
    parked.cursor.close();
    this.#parked.splice(this.#parked.indexOf(parked), 1);
  }
}
