import type { Channel, ConsumeMessage } from 'amqplib';
import type { Logger } from '../../../logger.ts';
import type { Clock, Timer } from '../../../time.ts';
import type { Link } from '../wire/link.ts';
import { KeptChannel } from './kept-channel.ts';

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
/** Whoever has not heard its own calls for so long has missed the others' too. */
const DEAF_MS = 2 * CALL_MS;
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
  readonly #calling: KeptChannel;
  readonly #hearing: KeptChannel;
  #members: readonly string[];
  #timer: Timer | undefined;
  #isOn = false;

  constructor(options: RollCallOptions) {
    const { id, publishing, hearing, logger } = options;
    this.#options = options;
    this.#members = [id];
    this.#calling = new KeptChannel({
      link: publishing,
      logger,
      prepare: (channel) => this.#declare(channel),
    });
    this.#hearing = new KeptChannel({ link: hearing, logger, prepare: (channel) => this.#listen(channel) });
    hearing.onUp(() => void this.#ensure());
    publishing.onUp(() => void this.#ensure());
  }

  get id(): string {
    return this.#options.id;
  }

  /** Sorted. This replica is always one of them. */
  get members(): readonly string[] {
    return this.#members;
  }

  start(): void {
    this.#isOn = true;
    void this.#ensure();
    this.#callLater();
  }

  /** Tells the others, so that they need not miss it first. */
  stop(): void {
    this.#isOn = false;
    this.#timer?.cancel();
    this.#call(LEAVING);
  }

  get #exchange(): string {
    return `${this.#options.prefix}.replicas`;
  }

  async #ensure(): Promise<void> {
    if (!this.#isOn) return;
    void this.#hearing.ensure();
    if (await this.#calling.ensure()) this.#callHere();
  }

  async #declare(channel: Channel): Promise<void> {
    await channel.assertExchange(this.#exchange, 'fanout', { durable: true });
  }

  async #listen(channel: Channel): Promise<void> {
    await this.#declare(channel);
    const { queue } = await channel.assertQueue('', { exclusive: true, autoDelete: true, durable: false });
    await channel.bindQueue(queue, this.#exchange, '');
    await channel.consume(queue, (message) => this.#hear(message), { noAck: true });
  }

  #callLater(): void {
    this.#timer = this.#options.clock.after(CALL_MS, () => {
      if (!this.#isOn) return;
      void this.#ensure();
      this.#callHere();
      this.#count();
      this.#callLater();
    });
  }

  #callHere(): void {
    if (this.#isOn) this.#call('here');
  }

  #call(what: string): void {
    try {
      this.#calling.current?.publish(this.#exchange, '', Buffer.from(`${what} ${this.#options.id}`));
    } catch {
      // It has just closed; `close` says the rest.
    }
  }

  #hear(message: ConsumeMessage | null): void {
    // Somebody deleted the queue.
    if (!message) return this.#hearing.drop();
    if (!this.#isOn) return;
    const [what, id = ''] = message.content.toString().split(' ');
    const isNew = !this.#heard.has(id);
    if (id === this.#options.id) this.#hearAgain();
    if (what === LEAVING) this.#heard.delete(id);
    else this.#heard.set(id, this.#options.clock.monotonic());
    if (isNew || what === LEAVING) this.#count();
  }

  /** What was called meanwhile it cannot know: all whom it knew have the usual time to be heard. */
  #hearAgain(): void {
    const now = this.#options.clock.monotonic();
    if (now - (this.#heard.get(this.#options.id) ?? now) <= DEAF_MS) return;
    for (const known of this.#heard.keys()) this.#heard.set(known, now);
  }

  #count(): void {
    const { id, clock, logger, changed } = this.#options;
    const now = clock.monotonic();
    const own = this.#heard.get(id);
    if (own === undefined || now - own > DEAF_MS) return;
    for (const [other, at] of this.#heard) if (now - at > GONE_MS) this.#heard.delete(other);
    const members = [...this.#heard.keys()].toSorted();
    if (members.join() === this.#members.join()) return;
    logger.info({ replicas: members, self: id }, 'rabbitmq.replicas');
    this.#members = members;
    changed();
  }
}
