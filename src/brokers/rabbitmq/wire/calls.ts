import type { Channel } from 'amqplib';
import type { Link } from './link.ts';

/** Calls of one channel are answered one after the other: several share the work. */
const MOST_CHANNELS = 8;

/**
 * Declarations, bindings and questions, each on one of a few channels. A call that is refused costs its channel, and
 * nothing else.
 */
export class Calls {
  readonly #link: Link;
  readonly #channels = new Map<number, Promise<Channel>>();
  #next = 0;
  #asking: Channel | undefined;
  #asked: Promise<void> = Promise.resolve();

  constructor(link: Link) {
    this.#link = link;
    link.onUp(() => {
      this.#channels.clear();
      this.#asking = undefined;
    });
  }

  /** Rejects with what the server said, or with NotConnected. Calls made inside one `work` are done in order. */
  async run<T>(work: (channel: Channel) => Promise<T>): Promise<T> {
    const at = this.#next++ % MOST_CHANNELS;
    const opening = this.#channels.get(at) ?? this.#open(at);
    return work(await opening);
  }

  /** False when the server says that there is no such queue or exchange. */
  exists(kind: 'queue' | 'exchange', name: string): Promise<boolean> {
    // One at a time, and apart from the rest: a "no" ends the channel, and what else is under way on it.
    const answer = this.#asked.then(() => this.#ask(kind, name));
    this.#asked = answer.then(
      () => undefined,
      () => undefined,
    );
    return answer;
  }

  async #ask(kind: 'queue' | 'exchange', name: string): Promise<boolean> {
    try {
      this.#asking ??= await this.#link.channel();
      await (kind === 'queue' ? this.#asking.checkQueue(name) : this.#asking.checkExchange(name));
      return true;
    } catch (error) {
      this.#asking = undefined;
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  #open(at: number): Promise<Channel> {
    const opening = this.#link.channel();
    this.#channels.set(at, opening);
    const forget = (): void => {
      if (this.#channels.get(at) === opening) this.#channels.delete(at);
    };
    opening.then((channel) => channel.once('close', forget), forget);
    return opening;
  }
}

const NOT_FOUND = 404;

/** Did the server say that there is no such queue or exchange? */
export function isNotFound(error: unknown): boolean {
  return (error as { code?: unknown }).code === NOT_FOUND;
}
