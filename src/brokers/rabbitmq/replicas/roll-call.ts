import type { Channel, ConsumeMessage } from 'amqplib';
import type { Logger } from '../../../logger.ts';
import type { Clock, Timer } from '../../../time.ts';
import type { Link } from '../wire/link.ts';

export interface RollCallOptions {
  /** Of this replica, unique. */
  readonly id: string;
  readonly prefix: string;
  /** Calls go out over one connection and are heard over the other, so that a blocked publisher harms no consumer. */
  readonly publishing: Link;
  readonly hearing: Link;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The replicas are others than before. */
  readonly changed: () => void;
}

const CALL_MS = 1_000;
/** One that was not heard for so long is gone. Measured by the listener's own clock only: clocks of replicas differ. */
const GONE_MS = 5_000;
const LEAVING = 'leaving';

/**
 * Which replicas there are: each calls its name once a second into an exchange that all hear. It decides only who is
 * to work on which queue; that no two do at once is RabbitMQ's single active consumer's business. Whoever does not
 * hear itself knows nothing of the others either, and goes on with those it knew.
 */
export class RollCall {
  readonly #options: RollCallOptions;
  /** When each was heard last. */
  readonly #heard = new Map<string, number>();
  #members: readonly string[];
  #channel: Channel | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: RollCallOptions) {
    this.#options = options;
    this.#members = [options.id];
    options.hearing.onUp(() => void this.#listen());
    options.publishing.onUp(() => void this.#open());
  }

  get id(): string {
    return this.#options.id;
  }

  /** Sorted. This replica is always one of them. */
  get members(): readonly string[] {
    return this.#members;
  }

  start(): void {
    void this.#listen();
    void this.#open();
    this.#callLater();
  }

  /** Tells the others, so that they need not miss it first. */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#call(LEAVING);
  }

  get #exchange(): string {
    return `${this.#options.prefix}.replicas`;
  }

  async #open(): Promise<void> {
    try {
      const channel = await this.#options.publishing.channel();
      channel.once('close', () => {
        if (this.#channel === channel) this.#channel = undefined;
      });
      await channel.assertExchange(this.#exchange, 'fanout', { durable: true });
      this.#channel = channel;
      this.#call('here');
    } catch (error) {
      this.#options.logger.debug({ reason: String(error) }, 'rabbitmq.roll-call-not-open');
    }
  }

  async #listen(): Promise<void> {
    try {
      const channel = await this.#options.hearing.channel();
      await channel.assertExchange(this.#exchange, 'fanout', { durable: true });
      const { queue } = await channel.assertQueue('', { exclusive: true, autoDelete: true, durable: false });
      await channel.bindQueue(queue, this.#exchange, '');
      await channel.consume(queue, (message) => this.#hear(message), { noAck: true });
    } catch (error) {
      // The next connection, or the next call, tries again.
      this.#options.logger.debug({ reason: String(error) }, 'rabbitmq.roll-call-not-heard');
    }
  }

  #callLater(): void {
    this.#timer = this.#options.clock.after(CALL_MS, () => {
      if (this.#stopped) return;
      if (!this.#channel && this.#options.publishing.isUp) void this.#open();
      this.#call('here');
      this.#count();
      this.#callLater();
    });
  }

  #call(what: string): void {
    try {
      this.#channel?.publish(this.#exchange, '', Buffer.from(`${what} ${this.#options.id}`));
    } catch {
      // It has just closed; `close` says the rest.
    }
  }

  #hear(message: ConsumeMessage | null): void {
    if (!message || this.#stopped) return;
    const [what, id = ''] = message.content.toString().split(' ');
    const isNew = !this.#heard.has(id);
    if (what === LEAVING) this.#heard.delete(id);
    else this.#heard.set(id, this.#options.clock.monotonic());
    if (isNew || what === LEAVING) this.#count();
  }

  #count(): void {
    const { id, clock, logger, changed } = this.#options;
    const now = clock.monotonic();
    const own = this.#heard.get(id);
    if (own === undefined || now - own > GONE_MS) return;
    for (const [other, at] of this.#heard) if (now - at > GONE_MS) this.#heard.delete(other);
    const members = [...this.#heard.keys()].toSorted();
    if (members.join() === this.#members.join()) return;
    logger.info({ replicas: members, self: id }, 'rabbitmq.replicas');
    this.#members = members;
    changed();
  }
}
