import type { Channel, ConsumeMessage } from 'amqplib';
import { EventEmitter } from 'node:events';
import { RollCall } from '../../src/brokers/rabbitmq/replicas/roll-call.ts';
import { NotConnected, type Link } from '../../src/brokers/rabbitmq/wire/link.ts';
import { silentLogger } from '../../src/logger.ts';
import type { Clock } from '../../src/time.ts';
import { SimClock } from '../support/sim-clock.ts';

const LATENCY_MS = 5;

type Hear = (message: ConsumeMessage | null) => void;

/** The exchanges of one server: what is published is heard by all that listen at that moment. */
class FakeServer {
  readonly #clock: Clock;
  readonly #listeners = new Map<string, Map<FakeChannel, Hear>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  listen(exchange: string, channel: FakeChannel, hear: Hear): void {
    const listeners = this.#listeners.get(exchange) ?? new Map<FakeChannel, Hear>();
    this.#listeners.set(exchange, listeners.set(channel, hear));
  }

  publish(exchange: string, content: Buffer): void {
    this.#clock.after(LATENCY_MS, () => {
      for (const [channel, hear] of this.#listeners.get(exchange) ?? [])
        if (channel.isOpen) hear({ content } as ConsumeMessage);
    });
  }

  /** Somebody deleted the queues that are listened to. */
  cancelAll(): void {
    for (const listeners of this.#listeners.values()) {
      for (const hear of listeners.values()) hear(null);
      listeners.clear();
    }
  }

  /** Consumers that are there now. */
  get listening(): number {
    return [...this.#listeners.values()].flatMap((all) => [...all.keys()].filter(({ isOpen }) => isOpen))
      .length;
  }
}

class FakeChannel extends EventEmitter {
  isOpen = true;
  readonly #server: FakeServer;
  #exchange = '';

  constructor(server: FakeServer) {
    super();
    this.#server = server;
  }

  assertExchange = (exchange: string): Promise<void> => this.#answer(() => (this.#exchange = exchange));
  assertQueue = (): Promise<{ queue: string }> => this.#answer(() => ({ queue: 'amq.gen-1' }));
  bindQueue = (): Promise<void> => this.#answer(() => undefined);
  consume = (_queue: string, hear: Hear): Promise<void> =>
    this.#answer(() => this.#server.listen(this.#exchange, this, hear));

  publish(exchange: string, _key: string, content: Buffer): boolean {
    if (!this.isOpen) throw new Error('Channel closed');
    this.#server.publish(exchange, content);
    return true;
  }

  close(): Promise<void> {
    if (this.isOpen) {
      this.isOpen = false;
      this.emit('close');
    }
    return Promise.resolve();
  }

  #answer(answer: () => unknown): Promise<never> {
    if (!this.isOpen) return Promise.reject(new Error('Channel closed'));
    return Promise.resolve(answer() as never);
  }
}

/** A connection that a test cuts and mends. */
export class FakeLink {
  isUp = true;
  /** So many of the channels that are asked for next are refused. */
  refusals = 0;
  readonly #server: FakeServer;
  readonly #onUp: (() => void)[] = [];
  readonly #channels: FakeChannel[] = [];

  constructor(server: FakeServer) {
    this.#server = server;
  }

  get link(): Link {
    return this as unknown as Link;
  }

  onUp(listener: () => void): void {
    this.#onUp.push(listener);
  }

  async channel(): Promise<Channel> {
    if (!this.isUp) throw new NotConnected('cut');
    if (this.refusals-- > 0) throw new Error('no channel is left');
    const channel = new FakeChannel(this.#server);
    this.#channels.push(channel);
    return channel as unknown as Channel;
  }

  cut(): void {
    this.isUp = false;
    this.closeChannels();
  }

  mend(): void {
    this.isUp = true;
    for (const listener of this.#onUp) listener();
  }

  closeChannels(): void {
    for (const channel of this.#channels.splice(0)) void channel.close();
  }

  get channels(): number {
    return this.#channels.filter(({ isOpen }) => isOpen).length;
  }
}

/** `aheadMs`: of the wall clock, against the others'. */
class OwnClock implements Clock {
  aheadMs: number;
  readonly #clock: SimClock;
  readonly #startedMs: number;

  constructor(clock: SimClock, aheadMs: number, startedMs: number) {
    this.#clock = clock;
    this.aheadMs = aheadMs;
    this.#startedMs = startedMs;
  }

  now(): number {
    return this.#clock.now() + this.aheadMs;
  }

  monotonic(): number {
    return this.#clock.monotonic() + this.#startedMs;
  }

  after(ms: number, fire: () => void) {
    return this.#clock.after(ms, fire);
  }
}

export class RollCallReplica {
  readonly hearing: FakeLink;
  readonly publishing: FakeLink;
  readonly clock: OwnClock;
  readonly rollCall: RollCall;
  /** What it knew after every change, in turn. */
  readonly history: string[] = [];

  constructor(id: string, site: RollCallSite, aheadMs: number) {
    this.hearing = new FakeLink(site.server);
    this.publishing = new FakeLink(site.server);
    this.clock = new OwnClock(site.clock, aheadMs, 1_000_000 * site.replicas.length);
    this.rollCall = new RollCall({
      ...{ id, prefix: 'hub', clock: this.clock, logger: silentLogger },
      ...{ hearing: this.hearing.link, publishing: this.publishing.link },
      changed: () => void this.history.push(this.members),
    });
  }

  get members(): string {
    return this.rollCall.members.join(' ');
  }

  /** As when its process is killed. */
  die(): void {
    this.hearing.cut();
    this.publishing.cut();
  }
}

/** Replicas at one server, with clocks of their own that run alike. */
export class RollCallSite {
  readonly clock = new SimClock();
  readonly server = new FakeServer(this.clock);
  readonly replicas: RollCallReplica[] = [];

  add(id: string, { aheadMs = 0 } = {}): RollCallReplica {
    const replica = new RollCallReplica(id, this, aheadMs);
    this.replicas.push(replica);
    return replica;
  }

  start(id: string, settings: { aheadMs?: number } = {}): RollCallReplica {
    const replica = this.add(id, settings);
    replica.rollCall.start();
    return replica;
  }

  /** Started at moments that have nothing to do with each other, and all known to all. */
  async startAll(...ids: string[]): Promise<RollCallReplica[]> {
    const all: RollCallReplica[] = [];
    for (const id of ids) {
      all.push(this.start(id));
      await this.clock.advance(310);
    }
    await this.clock.advance(3_000);
    return all;
  }
}
