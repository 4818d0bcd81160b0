import type { RegistryCopy } from '../../registry/store.ts';
import type {
  Broker,
  Coordinates,
  DeadLetters,
  FeedStatus,
  Intake,
  NewRecord,
  Outlet,
  ReplayRange,
  SourceRecord,
} from '../broker.ts';
import type { Health } from '../../health.ts';
import { CAPABILITIES } from '../capabilities.ts';
import { Publisher } from './publishing/publisher.ts';
import { DeadLettered } from './queues/dead-lettered.ts';
import { Depths } from './queues/depths.ts';
import { FeedTable } from './queues/feed-table.ts';
import { PrefetchBudget } from './queues/prefetch-budget.ts';
import { QueueFeeds } from './queues/queue-feeds.ts';
import { Routing } from './queues/routing.ts';
import { Topology } from './queues/topology.ts';
import { Upkeep } from './queues/upkeep.ts';
import type { RabbitOptions } from './rabbit-options.ts';
import { RollCall } from './replicas/roll-call.ts';
import { Spread } from './replicas/spread.ts';
import { keyOf } from './replays/replay-range.ts';
import { TopicReplayPositions } from './replays/replay-positions.ts';
import { StreamReplays } from './replays/stream-replays.ts';
import { RabbitEventStream } from './streams/rabbit-event-stream.ts';
import { RabbitTables } from './streams/rabbit-tables.ts';
import { Calls } from './wire/calls.ts';
import { linksTo, type Link } from './wire/link.ts';
import { Pulse } from './wire/pulse.ts';
import { unsupported } from './wire/server-version.ts';

/** `Broker` on RabbitMQ: ADR 0009 says how. */
export class RabbitBroker implements Broker {
  readonly name: string;
  readonly capabilities = CAPABILITIES.rabbitmq;
  readonly deadLetters: DeadLetters;
  readonly registryCopy: RegistryCopy;
  readonly #options: RabbitOptions;
  readonly #consuming: Link;
  readonly #publishing: Link;
  readonly #pulse: Pulse;
  readonly #topology: Topology;
  readonly #upkeep: Upkeep;
  readonly #publisher: Publisher;
  readonly #tables: RabbitTables;
  readonly #feedTable: FeedTable;
  readonly #replayPositions: TopicReplayPositions;
  readonly #stream: RabbitEventStream;
  readonly #routing: Routing;
  readonly #feeds: QueueFeeds;
  readonly #budget: PrefetchBudget;
  readonly #depths: Depths;
  readonly #deadLettered: DeadLettered;
  readonly #replays: StreamReplays;
  readonly #rollCall: RollCall;
  readonly #spread: Spread;
  #intake: Intake | undefined;
  #opened: Promise<void> | undefined;
  #prefetch = 0;
  #quiet = false;

  constructor(options: RabbitOptions) {
    const { name, prefix, address, clock, logger, newId } = options;
    this.name = name;
    this.#options = options;
    const [consuming, publishing] = linksTo(address, [`${prefix} consuming`, `${prefix} publishing`], logger);
    this.#consuming = consuming;
    this.#publishing = publishing;
    const calls = new Calls(consuming);
    const wires = { calls, reading: consuming, publishing, clock, logger, newId };
    this.#pulse = new Pulse(consuming, clock, options);
    this.#tables = new RabbitTables({ ...wires, prefix, random: options.random, ...options.tables });
    this.deadLetters = this.#tables.deadLetters;
    this.registryCopy = this.#tables.registryCopy;
    this.#feedTable = new FeedTable(this.#tables.subscriptions, logger, () => this.#spread.moved());
    this.#replayPositions = new TopicReplayPositions(this.#tables.subscriptions, logger);
    const stream = (this.#stream = new RabbitEventStream({
      ...wires,
      broker: name,
      prefix,
      ...options.events,
    }));
    this.#topology = new Topology({
      ...{ link: consuming, calls, prefix, exchanges: options.exchanges, mayDeclare: options.declare },
      ...{ stream: stream.name, ensureStream: () => stream.ensure(), logger },
    });
    this.#upkeep = new Upkeep(consuming, this.#topology, { clock, logger }, () => this.#feeds.all());
    this.#publisher = new Publisher({
      ...{ link: publishing, name, newId, clock, ...options.publish },
      isSource: (exchange) => this.#topology.isSource(exchange),
      routingKeyOf: options.routingKeyOf,
    });
    this.#routing = new Routing(name, clock);
    this.#budget = new PrefetchBudget(options.prefetchBytes, clock, () => this.#feeds.all());
    this.#feeds = this.#createFeeds(calls);
    this.#depths = new Depths(consuming, clock, () => this.#feeds.measured());
    this.#deadLettered = new DeadLettered({
      ...{ link: consuming, broker: name, prefix, clock, logger },
      ...{ queue: this.#topology.deadLettered, letters: this.deadLetters },
    });
    this.#replays = this.#createReplays();
    this.#rollCall = new RollCall({
      ...{ id: newId(), prefix, publishing, hearing: consuming, clock, logger },
      changed: () => this.#spread.moved(),
    });
    this.#spread = this.#createSpread();
  }

  open(): Promise<void> {
    this.#opened ??= this.#open();
    return this.#opened;
  }

  async start(intake: Intake): Promise<void> {
    this.#intake = intake;
    this.#routing.start(intake);
    await this.open();
    await this.#replays.start();
    this.#feeds.start();
    this.#depths.start();
    this.#deadLettered.start();
    this.#spread.start();
    this.#rollCall.start();
  }

  quiesce(): void {
    this.#quiet = true;
    this.#replays.quiesce();
  }

  async stop(): Promise<void> {
    this.quiesce();
    this.#upkeep.stop();
    for (const part of [this.#spread, this.#rollCall, this.#depths, this.#deadLettered, this.#budget])
      part.stop();
    await this.#replays.stop();
    await this.#feeds.stop();
    await this.#publisher.stop();
    this.#tables.stop();
    this.#stream.stop();
    this.#pulse.stop();
    await Promise.all([this.#consuming.close(), this.#publishing.close()]);
  }

  publish(record: NewRecord): Promise<Coordinates> {
    return this.#publisher.publish(record);
  }

  async attach(outlet: Outlet, as: 'new' | 'known'): Promise<void> {
    await this.open();
    await this.#feeds.attach(outlet, as);
    await this.#replays.attached(outlet.subscriptionId);
  }

  async detach(subscriptionId: string): Promise<void> {
    await this.#replays.detached(subscriptionId);
    await this.#feeds.detach(subscriptionId);
  }

  async leave(subscriptionId: string): Promise<void> {
    await this.#replays.left(subscriptionId);
    await this.#feeds.leave(subscriptionId);
  }

  keptSubscriptions(): readonly string[] {
    return this.#feedTable.ids();
  }

  roomAgain(subscriptionId: string): void {
    this.#feeds.get(subscriptionId)?.pump();
    this.#replays.roomAgain(subscriptionId);
  }

  async partitions(): Promise<readonly string[]> {
    return [keyOf(this.#stream)];
  }

  replay(subscriptionId: string, range: ReplayRange): Promise<{ jobId: string }> {
    return this.#replays.create(subscriptionId, range);
  }

  owns(_source: Coordinates, subscriptionId: string): boolean {
    return this.#spread.serves(subscriptionId);
  }

  letsIn(subscriptionId: string, { routingKey = '' }: Coordinates): boolean {
    return this.#feedTable.letsIn(subscriptionId, routingKey);
  }

  status(subscriptionId: string): FeedStatus | undefined {
    return this.#feeds.get(subscriptionId)?.status;
  }

  /** A queue does not tell what it had. */
  settled(): undefined {
    return undefined;
  }

  async find(by: { eventId: string } | { correlationId: string }, limit: number): Promise<SourceRecord[]> {
    return (await this.#stream.find(by, limit)).map(({ record }) => record);
  }

  /** Queues keep what they have. */
  retentionHeadroomSeconds(): undefined {
    return undefined;
  }

  health(): Health {
    const { missing } = this.#topology;
    const reason =
      this.#consuming.problem ??
      this.#publishing.problem ??
      this.#pulse.problem ??
      this.#upkeep.problem ??
      (missing.length > 0 ? `exchanges are missing: ${missing.join(', ')}` : undefined) ??
      this.#feeds.problem;
    return reason === undefined ? this.#tables.health() : { ok: false, reason };
  }

  async #open(): Promise<void> {
    await Promise.all([this.#consuming.open(), this.#publishing.open()]);
    await Promise.all([this.#consuming.up(), this.#publishing.up()]);
    const refusal = unsupported(this.#consuming.serverVersion);
    if (refusal !== undefined) throw new Error(refusal);
    this.#pulse.start();
    await this.#tables.start();
    await this.#upkeep.open(async () => {
      this.#prefetch = await this.#feedTable.prefetch(this.#options.prefetch);
    });
  }

  #createFeeds(calls: Calls): QueueFeeds {
    const { name: broker, attemptTimeoutMs, notes, routingKeys, clock, logger } = this.#options;
    return new QueueFeeds({
      ...{ topology: this.#topology, calls, table: this.#feedTable, notes, routingKeys, clock, logger },
      recover: async (id, from) => (await this.#replays.recover(id, { from })).next,
      serves: (id) => this.#spread.serves(id),
      left: (feed) => this.#budget.forget(feed),
      isAlone: () => this.#rollCall.members.length === 1,
      host: {
        ...{ broker, link: this.#consuming, routing: this.#routing, clock, logger },
        graceMs: attemptTimeoutMs,
        prefetch: () => this.#prefetch,
        mayOffer: () => !this.#quiet,
        mayAttempt: () => this.#pulse.lease.holds(),
        buffered: (bytes) => this.#budget.changed(bytes),
        ready: async (id) => this.#replays.recovering(id),
      },
    });
  }

  #createReplays(): StreamReplays {
    const { clock, logger, newId } = this.#options;
    return new StreamReplays({
      ...{ stream: this.#stream, jobs: this.#tables.replayJobs, positions: this.#replayPositions },
      ...{ clock, logger, newId, intake: () => this.#intake },
      outletOf: (id) => this.#feeds.get(id)?.outlet,
      serves: (id) => this.#spread.serves(id),
      mayAttempt: () => this.#pulse.lease.holds(),
    });
  }

  #createSpread(): Spread {
    return new Spread({
      ...{ id: this.#rollCall.id, clock: this.#options.clock },
      replicas: () => this.#rollCall.members,
      subscriptions: () => this.#feedTable.ids(),
      isActive: (id) => this.#feeds.exclusive(id)?.isActive === true,
      yieldQueue: (id) => this.#feeds.exclusive(id)?.yield(),
      changed: () => void this.#replays.ownersChanged(),
    });
  }
}
