import type { Channel, ConsumeMessage } from 'amqplib';
import type { Clock } from '../../../time.ts';
import type { Link } from '../wire/link.ts';
import { streamOffsetOf } from '../wire/message.ts';

/** Where a consumer begins: an offset, or what the server finds; `since` is in milliseconds since the epoch. */
export type Beginning = number | 'first' | 'last' | 'next' | { readonly since: number };

export interface StreamMessage {
  readonly offset: number;
  readonly message: ConsumeMessage;
}

export interface CursorOptions {
  readonly link: Link;
  readonly stream: string;
  readonly from: Beginning;
  /** Messages that may be under way, or wait to be taken; the server may exceed it by what is left of a chunk. */
  readonly prefetch: number;
  readonly clock: Clock;
}

/**
 * One consumer of a stream on a channel of its own. It reads ahead as far as the prefetch goes and no further. It does
 * not come back when its channel closes: whoever reads opens another one where this one ended.
 */
export class StreamCursor {
  readonly #stream: string;
  readonly #channel: Channel;
  readonly #clock: Clock;
  #ready: StreamMessage[] = [];
  #ended: string | undefined;
  #wake: () => void = () => undefined;

  /** Resolves once it is attached: with `next`, nothing that is published after that is missed. */
  static async open({ link, stream, from, prefetch, clock }: CursorOptions): Promise<StreamCursor> {
    const channel = await link.channel();
    const cursor = new StreamCursor(stream, channel, clock);
    try {
      await channel.prefetch(prefetch);
      await channel.consume(stream, (message) => cursor.#arrived(message), {
        arguments: { 'x-stream-offset': argumentOf(from) },
      });
      // The server says "consuming" before it looks for the place. What it answers after that, it answers after that.
      await channel.prefetch(prefetch);
    } catch (error) {
      cursor.close();
      throw error;
    }
    return cursor;
  }

  private constructor(stream: string, channel: Channel, clock: Clock) {
    this.#stream = stream;
    this.#channel = channel;
    this.#clock = clock;
    channel.on('close', () => this.#end('its channel was closed'));
  }

  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  /**
   * What has arrived, up to about `maxBytes` but at least one; waits up to `waitMs` for that, then answers none. Rejects
   * once the cursor has ended. One call at a time.
   */
  async take(maxBytes: number, waitMs: number): Promise<StreamMessage[]> {
    if (this.#ready.length === 0 && this.#ended === undefined) await this.#arrival(waitMs);
    if (this.#ended !== undefined) throw new Error(`${this.#stream} cannot be read: ${this.#ended}`);
    let bytes = 0;
    let count = 0;
    for (const { message } of this.#ready) {
      bytes += message.content.byteLength;
      if (count > 0 && bytes > maxBytes) break;
      count++;
    }
    const taken = this.#ready.splice(0, count);
    const last = taken.at(-1);
    if (last) this.#channel.ack(last.message, true);
    return taken;
  }

  close(): void {
    this.#close('it was closed');
  }

  #arrived(message: ConsumeMessage | null): void {
    if (this.#ended !== undefined) return;
    if (!message) return this.#close('the server ended it');
    this.#ready.push({ offset: streamOffsetOf(message), message });
    this.#wake();
  }

  #close(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#end(reason);
    this.#channel.close().catch(() => undefined);
  }

  #end(reason: string): void {
    this.#ended ??= reason;
    this.#ready = [];
    this.#wake();
  }

  #arrival(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.after(waitMs, resolve);
      this.#wake = () => {
        timer.cancel();
        resolve();
      };
    });
  }
}

function argumentOf(from: Beginning): unknown {
  if (typeof from !== 'object') return from;
  return { '!': 'timestamp', value: Math.floor(from.since / 1000) };
}
