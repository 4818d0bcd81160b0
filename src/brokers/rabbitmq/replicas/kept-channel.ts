import type { Channel } from 'amqplib';
import type { Logger } from '../../../logger.ts';
import type { Link } from '../wire/link.ts';

export interface KeptChannelOptions {
  readonly link: Link;
  readonly logger: Logger;
  /** What is to be done on a new one before it is of use. */
  readonly prepare: (channel: Channel) => Promise<unknown>;
}

/** One channel that is made again after its end, whenever somebody asks for it to be there. */
export class KeptChannel {
  readonly #options: KeptChannelOptions;
  #current: Channel | undefined;
  #isOpening = false;

  constructor(options: KeptChannelOptions) {
    this.#options = options;
  }

  /** Undefined while there is none, or it is not prepared yet. */
  get current(): Channel | undefined {
    return this.#current;
  }

  /** Resolves with true when it was opened by this call. Never rejects: whoever wants it asks again. */
  async ensure(): Promise<boolean> {
    const { link, logger } = this.#options;
    if (this.#current || this.#isOpening || !link.isUp) return false;
    this.#isOpening = true;
    try {
      this.#current = await this.#open();
      return this.#current !== undefined;
    } catch (error) {
      logger.debug({ reason: String(error) }, 'rabbitmq.channel-not-kept');
      return false;
    } finally {
      this.#isOpening = false;
    }
  }

  /** It is of no use any more. */
  drop(): void {
    const channel = this.#current;
    this.#current = undefined;
    channel?.close().catch(() => undefined);
  }

  async #open(): Promise<Channel | undefined> {
    const channel = await this.#options.link.channel();
    const state: { isOpen: boolean } = { isOpen: true };
    channel.once('close', () => {
      state.isOpen = false;
      if (this.#current === channel) this.#current = undefined;
    });
    try {
      await this.#options.prepare(channel);
    } catch (error) {
      channel.close().catch(() => undefined);
      throw error;
    }
    return state.isOpen ? channel : undefined;
  }
}
