import type { Clock } from '../../../time.ts';
import { OffsetOutOfRange } from '../../log/log.ts';
import type { Link } from '../wire/link.ts';
import { StreamCursor, type StreamMessage } from './stream-cursor.ts';
import { messageIdOf } from './stream-message.ts';

export interface FollowedStreamOptions {
  readonly link: Link;
  readonly stream: string;
  readonly clock: Clock;
  /** The first offset of the stream, which is not empty. */
  readonly firstOffset: () => Promise<number>;
  /** Writes a message and answers its offset. */
  readonly mark: () => Promise<number>;
}

interface Seen {
  readonly offset: number;
  readonly id: string | undefined;
}

const PREFETCH = 64;
const WAIT_MS = 1_000;

/**
 * One stream, read from some offset on and then always further. RabbitMQ gives a stream no identity, and a consumer
 * that asks for what is not there gets what comes next; so this class notices by itself
 *
 * - that another stream of this name has taken its place: a consumer that begins anew begins with the last message that
 *   was read, which must be the same; or something that is written now gets an offset that was read before;
 * - that retention has removed what was still to be read: there is a gap, and the stream begins behind it. Gaps of one
 *   are the server's: it ends each segment with a record of its own.
 */
export class FollowedStream {
  readonly #options: FollowedStreamOptions;
  #cursor: StreamCursor | undefined;
  #next = 0;
  /** The last one that was read. */
  #last: Seen | undefined;
  /** The highest offset that was there once. */
  #known = -1;
  /** What was read last did not come again yet. */
  #isInDoubt = false;
  #lost: OffsetOutOfRange | undefined;
  #isStopped = false;

  constructor(options: FollowedStreamOptions) {
    this.#options = options;
  }

  /**
   * Waits up to about a second for the first message. Rejects with OffsetOutOfRange when messages from `from` on are
   * lost, or the stream is another one now. One call at a time.
   */
  async read(from: number, maxBytes: number): Promise<{ messages: StreamMessage[]; next: number }> {
    try {
      if (this.#lost) throw this.#lost;
      const cursor = await this.#at(from);
      const taken = await cursor.take(maxBytes, WAIT_MS);
      if (taken.length === 0) await this.#check();
      else this.#compare(taken);
      const messages = taken.filter(({ offset }) => offset >= from);
      await this.#noneIsMissing(from, messages);
      this.#passed(messages);
      return { messages, next: this.#next };
    } catch (error) {
      const reason = this.#lost ?? error;
      this.#forget(this.#lost !== undefined);
      throw reason;
    }
  }

  /** Answers the offset of what `write` wrote. Rejects with OffsetOutOfRange when it went to another stream. */
  async wrote(write: () => Promise<number>): Promise<number> {
    const before = this.#known;
    const offset = await write();
    if (offset <= before) this.#lose('was made anew');
    this.#known = Math.max(this.#known, offset);
    return offset;
  }

  stop(): void {
    this.#isStopped = true;
    this.#cursor?.close();
  }

  async #at(from: number): Promise<StreamCursor> {
    if (from === this.#next && this.#cursor?.isOpen === true) return this.#cursor;
    this.#cursor?.close();
    if (from !== this.#next) this.#last = undefined;
    this.#next = from;
    this.#isInDoubt = this.#last !== undefined;
    const { link, stream, clock } = this.#options;
    if (this.#isStopped) throw new Error(`${stream} is not read any more`);
    const beginning = { from: this.#last?.offset ?? from, prefetch: PREFETCH };
    this.#cursor = await StreamCursor.open({ link, stream, ...beginning, clock });
    return this.#cursor;
  }

  /** Nothing came, not even what was there once: it may be on its way still, or not be there at all. */
  async #check(): Promise<void> {
    if (this.#isInDoubt || this.#known >= this.#next) await this.wrote(this.#options.mark);
  }

  #compare(taken: readonly StreamMessage[]): void {
    this.#isInDoubt = false;
    const again = taken.find(({ offset }) => offset === this.#last?.offset);
    if (again && messageIdOf(again.message) !== this.#last?.id) this.#lose('was made anew');
  }

  async #noneIsMissing(from: number, messages: readonly StreamMessage[]): Promise<void> {
    let expected = from;
    for (const { offset } of messages) {
      if (offset > expected + 1 && (await this.#options.firstOffset()) > expected + 1)
        this.#lose(`begins behind ${expected} now`);
      expected = offset + 1;
    }
  }

  #passed(messages: readonly StreamMessage[]): void {
    const last = messages.at(-1);
    if (!last) return;
    this.#last = { offset: last.offset, id: messageIdOf(last.message) };
    this.#next = last.offset + 1;
    this.#known = Math.max(this.#known, last.offset);
  }

  /** The next read says so too, for it is the one that begins anew. */
  #lose(what: string): never {
    this.#lost = new OffsetOutOfRange(`${this.#options.stream} ${what}`);
    this.#cursor?.close();
    throw this.#lost;
  }

  #forget(all: boolean): void {
    this.#cursor?.close();
    this.#cursor = undefined;
    if (!all) return;
    this.#lost = undefined;
    this.#last = undefined;
    this.#known = -1;
    this.#next = -1;
  }
}
