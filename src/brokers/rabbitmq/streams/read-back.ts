import type { Clock } from '../../../time.ts';
import type { Link } from '../wire/link.ts';
import { StreamCursor } from './stream-cursor.ts';
import { messageIdOf } from './stream-message.ts';

export interface ReadBackOptions {
  readonly link: Link;
  readonly stream: string;
  readonly clock: Clock;
  /** Told of every message of the stream, by whomever it was written. */
  readonly seen: (messageId: string, offset: number) => void;
  /** From now on until the next `attached`, messages pass unseen. */
  readonly lost: (reason: string) => void;
}

const PREFETCH = 100;
const WAIT_MS = 60_000;

/** Sees what is written to a stream: nothing else tells which offset a message got. */
export class ReadBack {
  readonly #options: ReadBackOptions;
  #cursor: StreamCursor | undefined;
  #attaching: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: ReadBackOptions) {
    this.#options = options;
  }

  /** Resolves at once while it is. What is published after that is seen. */
  attached(): Promise<void> {
    this.#attaching ??= this.#attach().catch((error: unknown) => {
      this.#attaching = undefined;
      throw error;
    });
    return this.#attaching;
  }

  stop(): void {
    this.#isStopped = true;
    this.#cursor?.close();
  }

  async #attach(): Promise<void> {
    const { link, stream, clock } = this.#options;
    const cursor = await StreamCursor.open({ link, stream, from: 'next', prefetch: PREFETCH, clock });
    this.#cursor = cursor;
    if (this.#isStopped) cursor.close();
    void this.#follow(cursor);
  }

  async #follow(cursor: StreamCursor): Promise<void> {
    try {
      for (;;) {
        for (const { offset, message } of await cursor.take(Infinity, WAIT_MS)) {
          const id = messageIdOf(message);
          if (id !== undefined) this.#options.seen(id, offset);
        }
      }
    } catch (error) {
      this.#attaching = undefined;
      this.#options.lost(error instanceof Error ? error.message : String(error));
    }
  }
}
