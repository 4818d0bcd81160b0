import type { Channel } from 'amqplib';
import type { Logger } from '../../../logger.ts';
import type { Wants } from '../../broker.ts';
import type { Calls } from '../wire/calls.ts';
import type { Link } from '../wire/link.ts';

export interface TopologyOptions {
  readonly link: Link;
  readonly calls: Calls;
  /** What the names of all that is the gateway's own begin with (RULES 1). */
  readonly prefix: string;
  /** The exchanges that events come from. */
  readonly exchanges: readonly string[];
  /** Are those that are missing declared? Else they are waited for. */
  readonly mayDeclare: boolean;
  /** Makes the stream that has a copy of all events, unless it is there. */
  readonly ensureStream: () => Promise<void>;
  readonly stream: string;
  readonly logger: Logger;
}

/** Every routing key. */
export const ALL = '#';

/**
 * Every end of a channel counts for each message that it held, also for those that nobody attempted. 4.x has a limit of
 * 20 where none is set, and -1 for none, by which servers before throw away what is returned once; and a queue cannot be
 * declared again with another one. So this holds on all of them, and after an upgrade.
 */
const LASTING = { 'x-queue-type': 'quorum', 'x-delivery-limit': 1_000_000_000 };

/**
 * What there is to be at the broker, and how it hangs together:
 *
 *     source exchanges --#--> {prefix}.intake --routing keys--> {prefix}.{subscription} --dead--> {prefix}.dead-lettered
 *                                             --#--> {prefix}.events
 *
 * A queue needs its own routing keys at one exchange only, whatever exchanges there are; a source that comes or goes is
 * one binding for all subscriptions (RULES 20).
 */
export class Topology {
  readonly #options: TopologyOptions;
  /** Source exchanges that are not there. */
  #missing: readonly string[] = [];
  #checking: Promise<void> | undefined;
  #nextCheck: Promise<void> | undefined;

  constructor(options: TopologyOptions) {
    this.#options = options;
  }

  get missing(): readonly string[] {
    return this.#missing;
  }

  isSource(exchange: string): boolean {
    return this.#options.exchanges.includes(exchange) && !this.#missing.includes(exchange);
  }

  queueOf(subscriptionId: string): string {
    return `${this.#options.prefix}.${subscriptionId}`;
  }

  get deadLettered(): string {
    return `${this.#options.prefix}.dead-lettered`;
  }

  /**
   * Resolves when all but the queues is there, as it was at some moment after the call. Rejects when the server refuses
   * it or is away; source exchanges that are missing and may not be declared stand in `missing`.
   */
  ensure(): Promise<void> {
    if (!this.#checking) {
      this.#checking = this.#check().finally(() => (this.#checking = undefined));
      return this.#checking;
    }
    // What is under way may have looked already.
    this.#nextCheck ??= this.#checking
      .catch(() => undefined)
      .then(() => {
        this.#nextCheck = undefined;
        return this.ensure();
      });
    return this.#nextCheck;
  }

  /** Rejects when it is there with other arguments. */
  async declareQueue(subscriptionId: string, wants: Wants): Promise<void> {
    const settings = { durable: true, arguments: this.#argumentsOf(wants) };
    await this.#options.calls.run((channel) => channel.assertQueue(this.queueOf(subscriptionId), settings));
  }

  /** Makes the bindings, unless they are there; those no longer wanted go last (RULES 20). */
  async bindQueue(
    subscriptionId: string,
    { wanted, former }: { readonly wanted: readonly string[]; readonly former: readonly string[] },
  ): Promise<void> {
    const { calls } = this.#options;
    const queue = this.queueOf(subscriptionId);
    const unwanted = former.filter((key) => !wanted.includes(key));
    await Promise.all(
      wanted.map((key) => calls.run((channel) => channel.bindQueue(queue, this.#intake, key))),
    );
    await Promise.all(
      unwanted.map((key) => calls.run((channel) => channel.unbindQueue(queue, this.#intake, key))),
    );
  }

  async deleteFeed(subscriptionId: string): Promise<void> {
    await this.#options.calls.run((channel) => channel.deleteQueue(this.queueOf(subscriptionId)));
  }

  get #intake(): string {
    return `${this.#options.prefix}.intake`;
  }

  get #deadLetterExchange(): string {
    return `${this.#options.prefix}.dlx`;
  }

  #argumentsOf({ ordering }: Wants): Record<string, unknown> {
    return {
      ...LASTING,
      ...(ordering === 'key' && { 'x-single-active-consumer': true }),
      'x-dead-letter-exchange': this.#deadLetterExchange,
      'x-dead-letter-strategy': 'at-least-once',
      'x-overflow': 'reject-publish',
    };
  }

  async #check(): Promise<void> {
    const { calls, exchanges, ensureStream, stream } = this.#options;
    await ensureStream();
    const isThere = await calls.exists('queue', this.deadLettered);
    await calls.run(async (channel) => {
      await channel.assertExchange(this.#intake, 'topic', { durable: true, internal: true });
      await channel.bindQueue(stream, this.#intake, ALL);
      await channel.assertExchange(this.#deadLetterExchange, 'fanout', { durable: true });
      if (!isThere) await channel.assertQueue(this.deadLettered, { durable: true, arguments: LASTING });
      await channel.bindQueue(this.deadLettered, this.#deadLetterExchange, ALL);
    });
    const missing: string[] = [];
    await Promise.all(
      exchanges.map(async (exchange) => {
        if (!(await this.#bindSource(exchange))) missing.push(exchange);
      }),
    );
    this.#tellMissing(missing);
  }

  async #bindSource(exchange: string): Promise<boolean> {
    const { calls, mayDeclare } = this.#options;
    // One that producers made in their own way is used as it is; declaring it in ours would be refused.
    if (!(await calls.exists('exchange', exchange))) {
      if (!mayDeclare) return false;
      await calls.run((channel: Channel) => channel.assertExchange(exchange, 'topic', { durable: true }));
    }
    await calls.run((channel) => channel.bindExchange(this.#intake, exchange, ALL));
    return true;
  }

  #tellMissing(missing: readonly string[]): void {
    const news = missing.filter((exchange) => !this.#missing.includes(exchange));
    if (news.length > 0) this.#options.logger.warn({ exchanges: news }, 'rabbitmq.exchanges-missing');
    this.#missing = missing;
  }
}
