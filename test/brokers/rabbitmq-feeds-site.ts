import amqp, { type Channel, type ChannelModel, type ConfirmChannel } from 'amqplib';
import type { Logger } from '../../src/logger.ts';
import { systemClock, type Clock, type Timer } from '../../src/time.ts';
import { TestIntake } from '../contracts/broker-intake.ts';
import { TestOutlet, type Behaviour } from '../contracts/broker-outlet.ts';
import { MemoryNotes } from '../support/memory-notes.ts';
import { RabbitProcess, type RabbitProcessSettings } from '../support/rabbit-process.ts';
import { uniqueName } from '../support/shared-service.ts';

export const MINUTE = 60_000;

/** Time as it is, but for the moments when a test lets hours pass at once. The wall clock stays. */
export class LeapingClock implements Clock {
  readonly #pending = new Map<object, { readonly due: number; readonly fire: () => void; timer: Timer }>();
  #leapt = 0;

  now(): number {
    return systemClock.now();
  }

  monotonic(): number {
    return systemClock.monotonic() + this.#leapt;
  }

  after(ms: number, fire: () => void): Timer {
    const id = {};
    const once = (): void => {
      if (this.#pending.delete(id)) fire();
    };
    this.#pending.set(id, { due: this.monotonic() + ms, fire: once, timer: systemClock.after(ms, once) });
    return {
      cancel: () => {
        this.#pending.get(id)?.timer.cancel();
        this.#pending.delete(id);
      },
    };
  }

  /** What was to happen within `ms` milliseconds happens now. */
  leap(ms: number): void {
    this.#leapt += ms;
    for (const waiting of this.#pending.values()) {
      waiting.timer.cancel();
      waiting.timer = systemClock.after(waiting.due - this.monotonic(), waiting.fire);
    }
  }
}

interface Said {
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The driver in a process of its own, started, with what it said. */
export class FeedsReplica {
  readonly process: RabbitProcess;
  readonly clock: LeapingClock;
  readonly intake = new TestIntake();
  readonly outlets: TestOutlet[] = [];
  readonly #log: readonly Said[];

  constructor(process: RabbitProcess, clock: LeapingClock, log: readonly Said[]) {
    this.process = process;
    this.clock = clock;
    this.#log = log;
  }

  get broker() {
    return this.process.broker;
  }

  /** The fields of what was said under this name. */
  said(message: string): Said['fields'][] {
    return this.#log.filter((said) => said.message === message).map(({ fields }) => fields);
  }

  async attach(
    id: string,
    as: 'new' | 'known' = 'new',
    behaviour: Behaviour = { settles: false },
  ): Promise<TestOutlet> {
    const outlet = new TestOutlet(id, behaviour, () => this.broker);
    this.outlets.push(outlet);
    this.intake.add(id);
    await this.broker.attach(outlet, as);
    return outlet;
  }
}

export interface Production {
  /** Ordering key; default: one for all. */
  readonly key?: string;
  /** Routing key. */
  readonly type?: string;
  readonly exchange?: string;
  readonly value?: Buffer;
}

/** A gateway's name on a server, with a producer, an operator and any number of replicas. */
export class FeedsSite {
  readonly prefix = uniqueName('feeds');
  readonly exchange = `${this.prefix}-orders`;
  readonly notes = new MemoryNotes();
  readonly #url: string;
  readonly #replicas: FeedsReplica[] = [];
  #model!: ChannelModel;
  #admin!: Channel;
  #producer!: ConfirmChannel;

  private constructor(url: string) {
    this.#url = url;
  }

  static async on({ url }: { readonly url: string }): Promise<FeedsSite> {
    const site = new FeedsSite(url);
    await site.connect();
    return site;
  }

  /** An operator's channel, on which nothing may be refused. */
  get admin(): Channel {
    return this.#admin;
  }

  /** Again, after the server has closed all connections. */
  async connect(): Promise<void> {
    this.#model = await amqp.connect(this.#url);
    this.#admin = await this.#model.createChannel();
    this.#producer = await this.#model.createConfirmChannel();
    for (const one of [this.#model, this.#admin, this.#producer]) one.on('error', () => undefined);
  }

  /** Started, with the server's connections up. */
  async replica(settings: Partial<RabbitProcessSettings> = {}): Promise<FeedsReplica> {
    const clock = new LeapingClock();
    const log: Said[] = [];
    const say = (fields: object, message: string): void =>
      void log.push({ message, fields: fields as Said['fields'] });
    const logger: Logger = { debug: say, info: say, warn: say, error: say, isLevelEnabled: () => true };
    const { prefix, notes } = this;
    const process = await RabbitProcess.start({
      ...{ url: this.#url, prefix, notes, exchanges: [this.exchange], clock, logger },
      ...settings,
    });
    const replica = new FeedsReplica(process, clock, log);
    this.#replicas.push(replica);
    await process.broker.start(replica.intake);
    return replica;
  }

  queueOf(subscriptionId: string): string {
    return `${this.prefix}.${subscriptionId}`;
  }

  /** Messages of a subscription's queue that no consumer has. */
  async ready(subscriptionId: string): Promise<number> {
    return (await this.admin.checkQueue(this.queueOf(subscriptionId))).messageCount;
  }

  /** As producers do that know nothing of the gateway. Resolves when the server has it. */
  async produce(id: string, given: Production = {}): Promise<void> {
    const { key = 'k', type = 'ProductOrderCreateEvent', exchange = this.exchange, value } = given;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const headers = { eventId: id, orderingKey: key, timestamp_in_ms: `${systemClock.now()}` };
    const options = { messageId: id, persistent: true, headers };
    this.#producer.publish(exchange, type, value ?? Buffer.from(id), options, (error: unknown) => {
      if (error instanceof Error) reject(error);
      else resolve(undefined);
    });
    await promise;
  }

  /** Events `{prefix}0` ..., in this order. */
  async produceMany(prefix: string, count: number, given: Production = {}): Promise<string[]> {
    const ids = Array.from({ length: count }, (_, i) => `${prefix}${i}`);
    await Promise.all(ids.map((id) => this.produce(id, given)));
    return ids;
  }

  /** Leaves nothing behind, and tells of broken promises that no test asks about. */
  async close(): Promise<void> {
    await Promise.all(this.#replicas.map(({ process }) => process.end()));
    const own = ['events', 'subscriptions', 'dead-letters', 'dead-lettered'];
    const fed = this.#replicas.flatMap(({ outlets }) => outlets.map(({ subscriptionId }) => subscriptionId));
    const operator = await amqp.connect(this.#url);
    const channel = await operator.createChannel();
    for (const name of new Set([...own, ...fed])) await channel.deleteQueue(this.queueOf(name));
    for (const name of ['intake', 'dlx', 'replicas']) await channel.deleteExchange(`${this.prefix}.${name}`);
    await channel.deleteExchange(this.exchange);
    await operator.close();
    await this.#model.close().catch(() => undefined);
    const breaches = this.#replicas.flatMap(({ outlets }) => outlets.flatMap((outlet) => outlet.breaches));
    expect(breaches).toEqual([]);
  }
}

export const idsOf = (deliveries: readonly { readonly event: { readonly id: string } }[]): string[] =>
  deliveries.map(({ event }) => event.id);
