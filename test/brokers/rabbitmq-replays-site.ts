import type { Broker, Delivery, Outlet, ReplayRange } from '../../src/brokers/broker.ts';
import type { ReplayJob } from '../../src/brokers/log/log.ts';
import { decodeHoles, type Holes } from '../../src/brokers/log/position.ts';
import { TopicReplayPositions } from '../../src/brokers/rabbitmq/replays/replay-positions.ts';
import { StreamReplays } from '../../src/brokers/rabbitmq/replays/stream-replays.ts';
import { CompactedTopic } from '../../src/brokers/tables/compacted-topic.ts';
import { TopicReplayJobs } from '../../src/brokers/tables/replay-jobs.ts';
import type { Logger } from '../../src/logger.ts';
import { TestIntake } from '../contracts/broker-intake.ts';
import { TestOutlet, type Behaviour } from '../contracts/broker-outlet.ts';
import { FakeAccess, FakeTopics } from '../support/fake-topic.ts';
import { SimClock } from '../support/sim-clock.ts';
import { MemoryStream, StreamStorage } from './rabbitmq-replays-stream.ts';

export const TABLES = 'hub.subscriptions';
export const EVER = { from: { time: '2000-01-01T00:00:00.000Z' } };

const LIMIT_MS = 60_000;

/** A stream and tables in memory, and any number of processes that make replays of it. */
export class ReplaySite {
  readonly clock = new SimClock();
  readonly stream = new StreamStorage(this.clock);
  readonly topics = new FakeTopics(this.clock);
  readonly replicas: ReplicaSite[] = [];
  /** Which replica serves a subscription; default: all do. */
  readonly owners = new Map<string, ReplicaSite>();
  #ids = 0;

  async replica(): Promise<ReplicaSite> {
    const replica = new ReplicaSite(this, () => `j${++this.#ids}`);
    this.replicas.push(replica);
    await this.finish(replica.start());
    return replica;
  }

  async crash(replica: ReplicaSite): Promise<ReplicaSite> {
    replica.kill();
    return this.replica();
  }

  /** Events `{prefix}0` ... */
  publish(prefix: string, count: number, headers: Readonly<Record<string, string>> = {}): string[] {
    const ids = Array.from({ length: count }, (_, i) => `${prefix}${i}`);
    for (const id of ids) this.stream.append({ id, headers });
    return ids;
  }

  /** The subscription `a`, and `old0` to `old19`, then, a moment later, `new0` to `new19`. */
  async past(
    replica: ReplicaSite,
  ): Promise<{ outlet: TestOutlet; old: string[]; between: string; recent: string[] }> {
    const outlet = await replica.attach('a');
    const old = this.publish('old', 20);
    const between = await this.nextMoment();
    const recent = this.publish('new', 20);
    await this.clock.advance(10);
    return { outlet, old, between, recent };
  }

  /** Resolves when these, in this order, were replayed and no others. */
  async untilReplayed(outlet: TestOutlet, ids: readonly string[]): Promise<void> {
    await this.until(() => outlet.replayed.length >= ids.length);
    expect(outlet.replayedIds).toEqual(ids);
  }

  /** Resolves when no job is left, nor anything of one. */
  async untilNoJob(): Promise<void> {
    await this.until(() => this.jobs.length === 0 && this.positions.size === 0);
  }

  /** A time later than that of all events so far. ISO. */
  async nextMoment(): Promise<string> {
    await this.clock.advance(10);
    return new Date(this.clock.now() - 5).toISOString();
  }

  /** Moves time until the promise settles. */
  async finish<T>(promise: Promise<T>): Promise<T> {
    let isOver = false;
    const over = (): void => void (isOver = true);
    promise.then(over, over);
    await this.clock.until(() => isOver, LIMIT_MS);
    return promise;
  }

  until(done: () => boolean): Promise<void> {
    return this.clock.until(done, LIMIT_MS);
  }

  /** The durable jobs. */
  get jobs(): ReplayJob[] {
    return [...this.#table('replay:').values()].map((value) => JSON.parse(value) as ReplayJob);
  }

  /** The durable positions, by job. */
  get positions(): Map<string, { readonly offset: number } & Holes> {
    return new Map(
      [...this.#table('replay-position:')].map(([id, value]) => {
        const { offset, holes } = JSON.parse(value) as { offset: number; holes: string };
        return [id, { offset, ...decodeHoles(offset, holes) }];
      }),
    );
  }

  async close(): Promise<void> {
    for (const replica of this.replicas) replica.kill();
    this.topics.wake();
    expect(this.replicas.flatMap(({ breaches }) => breaches)).toEqual([]);
  }

  #table(prefix: string): Map<string, string> {
    const found = new Map<string, string>();
    for (const { key, value } of this.topics.topics.has(TABLES) ? this.topics.content(TABLES) : []) {
      if (!key.startsWith(prefix)) continue;
      if (value === null) found.delete(key.slice(prefix.length));
      else found.set(key.slice(prefix.length), value);
    }
    return found;
  }
}

/** One process. */
export class ReplicaSite {
  readonly access: FakeAccess;
  readonly stream: MemoryStream;
  readonly intake = new TestIntake();
  readonly replays: StreamReplays;
  readonly logged: { readonly message: string; readonly fields: Record<string, unknown> }[] = [];
  mayAttempt = true;
  isDead = false;
  readonly #site: ReplaySite;
  readonly #topic: CompactedTopic;
  readonly #outlets = new Map<string, Outlet>();
  readonly #all: TestOutlet[] = [];

  constructor(site: ReplaySite, newId: () => string) {
    const { clock } = site;
    this.#site = site;
    this.access = new FakeAccess(site.topics);
    this.stream = new MemoryStream(site.stream, clock);
    const say = (fields: object, message: string): void =>
      void this.logged.push({ message, fields: { ...fields } });
    const logger: Logger = { debug: say, info: say, warn: say, error: say, isLevelEnabled: () => true };
    const topic = new CompactedTopic({ access: this.access, topic: TABLES, partitions: 1, clock, logger });
    this.#topic = topic;
    this.replays = new StreamReplays({
      ...{ stream: this.stream, clock, logger, newId },
      jobs: new TopicReplayJobs(topic, logger),
      positions: new TopicReplayPositions(topic, logger),
      intake: () => this.intake,
      outletOf: (id) => this.#outlets.get(id),
      serves: (id) => this.serves(id),
      mayAttempt: () => this.mayAttempt,
    });
  }

  get breaches(): string[] {
    return this.#all.flatMap(({ breaches }) => breaches);
  }

  /** Replaced where replicas are told late who serves what. */
  serves = (id: string): boolean => (this.#site.owners.get(id) ?? this) === this;

  async start(): Promise<void> {
    await this.#topic.start();
    await this.replays.start();
  }

  async attach(id: string, behaviour: Behaviour = {}): Promise<TestOutlet> {
    const broker = { roomAgain: (of) => this.replays.roomAgain(of) } as Pick<Broker, 'roomAgain'>;
    const outlet = new TestOutlet(id, behaviour, () => broker as Broker);
    this.#all.push(outlet);
    await this.add(outlet);
    return outlet;
  }

  async add(outlet: Outlet): Promise<void> {
    const { subscriptionId: id } = outlet;
    this.#outlets.set(id, outlet);
    this.intake.add(id);
    await this.#site.finish(this.replays.attached(id));
  }

  async create(id: string, range: ReplayRange, as?: 'recovery'): Promise<string> {
    const { replays } = this;
    const created = as === 'recovery' ? replays.recover(id, range) : replays.create(id, range);
    return (await this.#site.finish<{ jobId: string }>(created)).jobId;
  }

  async detach(id: string): Promise<void> {
    this.intake.remove(id);
    await this.#site.finish(this.replays.detached(id));
    this.#outlets.delete(id);
  }

  async leave(id: string): Promise<void> {
    this.intake.remove(id);
    await this.#site.finish(this.replays.left(id));
    this.#outlets.delete(id);
  }

  messages(message: string): Record<string, unknown>[] {
    return this.logged.filter((line) => line.message === message).map(({ fields }) => fields);
  }

  /** kill -9. */
  kill(): void {
    this.isDead = true;
    this.stream.kill();
    this.access.before = () => new Promise(() => undefined);
    this.#topic.stop();
    for (const outlet of this.#all) outlet.take(-Infinity);
  }
}

/** Lets go of nothing before `end` was called, or the grace is over. */
export function worksOn(outlet: TestOutlet, clock: SimClock): { readonly end: () => void } {
  let end: () => void = () => undefined;
  const done = new Promise<void>((resolve) => (end = resolve));
  outlet.whenReleased = (_feed, graceMs) =>
    Promise.race([done, new Promise<void>((resolve) => clock.after(graceMs, resolve))]);
  return { end };
}

export function idsOf(deliveries: readonly Delivery[]): string[] {
  return deliveries.map(({ event }) => event.id);
}
