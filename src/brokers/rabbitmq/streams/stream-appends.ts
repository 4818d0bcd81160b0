import type { ConfirmChannel, Message } from 'amqplib';
import type { Clock, Timer } from '../../../time.ts';
import { TooLarge } from '../../tables/topic-access.ts';
import type { Link } from '../wire/link.ts';
import { ReadBack } from './read-back.ts';
import type { TableMessage } from './stream-message.ts';

export interface StreamAppendsOptions {
  readonly reading: Link;
  readonly publishing: Link;
  /** Ids that no message had before, of whatever process. */
  readonly newId: () => string;
  /** The largest body that the server may be asked to take. */
  readonly maxMessageBytes: number;
  readonly clock: Clock;
}

interface Pending {
  readonly stream: string;
  readonly bytes: number;
  readonly timer: Timer;
  readonly resolve: (offset: number) => void;
  readonly reject: (error: Error) => void;
  /** Undefined until it is sent. */
  channel: ConfirmChannel | undefined;
}

const TIMEOUT_MS = 10_000;
const PRECONDITION_FAILED = 406;

/**
 * Appends to streams, each answered with the offset that it got. RabbitMQ confirms that a message is durable and says
 * no offset; the message is therefore read back, which only what is durable can be. Where the server has fewer bytes
 * to give to a message than it was said to have, it closes the channel: that is asked for once, and remembered.
 */
export class StreamAppends {
  readonly #options: StreamAppendsOptions;
  readonly #readBacks = new Map<string, ReadBack>();
  readonly #pending = new Map<string, Pending>();
  #channel: Promise<ConfirmChannel> | undefined;
  #maxBytes: number;
  #isStopped = false;

  constructor(options: StreamAppendsOptions) {
    this.#options = options;
    this.#maxBytes = options.maxMessageBytes;
  }

  /**
   * Those of one stream are written in the order of the calls. Rejects with TooLarge when the server will never take it;
   * after any other rejection it may be there or not, but is not written later.
   */
  append(stream: string, message: TableMessage): Promise<number> {
    const { newId, clock } = this.#options;
    const bytes = message.content.byteLength;
    if (this.#isStopped) return Promise.reject(new Error(`nothing is written to ${stream} any more`));
    if (bytes > this.#maxBytes)
      return Promise.reject(new TooLarge(`${bytes} bytes are more than RabbitMQ takes`));
    const id = newId();
    return new Promise((resolve, reject) => {
      const timer = clock.after(TIMEOUT_MS, () => this.#fail(id, new Error(this.#unanswered(stream))));
      this.#pending.set(id, { stream, bytes, timer, resolve, reject, channel: undefined });
      this.#send(id, stream, message).catch((error: unknown) => {
        this.#fail(id, error instanceof Error ? error : new Error(String(error)));
      });
    });
  }

  /** What is under way is told by a rejection. */
  stop(): void {
    this.#isStopped = true;
    for (const id of [...this.#pending.keys()]) this.#fail(id, new Error('it was stopped'));
    for (const readBack of this.#readBacks.values()) readBack.stop();
    void this.#channel?.then((channel) => channel.close()).catch(() => undefined);
  }

  async #send(id: string, stream: string, { content, properties }: TableMessage): Promise<void> {
    const [channel] = await Promise.all([this.#open(), this.#readBack(stream).attached()]);
    const pending = this.#pending.get(id);
    // It was given up: to write it now would be behind its caller's back.
    if (!pending) return;
    pending.channel = channel;
    channel.publish('', stream, content, { ...properties, messageId: id }, (refused: unknown) => {
      if (refused instanceof Error) this.#fail(id, unknown(stream, refused.message));
    });
  }

  #open(): Promise<ConfirmChannel> {
    this.#channel ??= this.#opened().catch((error: unknown) => {
      this.#channel = undefined;
      throw error;
    });
    return this.#channel;
  }

  async #opened(): Promise<ConfirmChannel> {
    const channel = await this.#options.publishing.confirmChannel();
    channel.on('return', ({ properties, fields }: Message) => {
      const gone = new Error(`the stream ${fields.routingKey} is not there`);
      this.#fail(String(properties.messageId), gone);
    });
    channel.on('error', (error: Error) => this.#closed(channel, error));
    channel.on('close', () => {
      this.#channel = undefined;
      this.#closed(channel, new Error('the channel was closed'));
    });
    return channel;
  }

  #closed(channel: ConfirmChannel, reason: Error & { code?: unknown }): void {
    const sent = [...this.#pending].filter(([, pending]) => pending.channel === channel);
    if (reason.code === PRECONDITION_FAILED && /\bsize\b/.test(reason.message)) {
      const [largest] = sent.toSorted(([, a], [, b]) => b.bytes - a.bytes);
      if (largest) {
        const [id, { bytes }] = largest;
        this.#maxBytes = Math.min(this.#maxBytes, bytes - 1);
        this.#fail(id, new TooLarge(reason.message));
      }
    }
    for (const [id, { stream }] of sent) this.#fail(id, unknown(stream, reason.message));
  }

  #readBack(stream: string): ReadBack {
    const known = this.#readBacks.get(stream);
    if (known) return known;
    const readBack = new ReadBack({
      ...{ link: this.#options.reading, stream, clock: this.#options.clock },
      seen: (id, offset) => this.#settle(id)?.resolve(offset),
      lost: (reason) => {
        for (const [id, pending] of [...this.#pending])
          if (pending.stream === stream && pending.channel) this.#fail(id, unknown(stream, reason));
      },
    });
    this.#readBacks.set(stream, readBack);
    return readBack;
  }

  #fail(id: string, error: Error): void {
    this.#settle(id)?.reject(error);
  }

  #settle(id: string): Pending | undefined {
    const pending = this.#pending.get(id);
    pending?.timer.cancel();
    this.#pending.delete(id);
    return pending;
  }

  #unanswered(stream: string): string {
    const { reading, publishing } = this.#options;
    return `${stream}: no answer within ${TIMEOUT_MS} ms. ${publishing.problem ?? reading.problem ?? ''}`.trim();
  }
}

function unknown(stream: string, reason: string): Error {
  return new Error(`it is not known whether ${stream} has it: ${reason}`);
}
