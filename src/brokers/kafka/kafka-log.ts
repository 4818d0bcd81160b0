import type { Logger } from '../../logger.ts';
import type { RegistryCopy } from '../../registry/store.ts';
import type { Clock } from '../../time.ts';
import type { Coordinates, DeadLetters, NewRecord, SourceRecord } from '../broker.ts';
import type { Health } from '../../health.ts';
import type { Batch, Log, Partition, PartitionOwner, Position, ReplayJobs } from '../log/log.ts';
import { CatchUpReads } from './reading/catch-up-reads.ts';
import { Cluster } from './wire/cluster.ts';
import { Coordinators } from './wire/coordinators.ts';
import type { Place } from './reading/fetch.ts';
import { FeedPositions } from './positions/feed-positions.ts';
import { find } from './reading/find.ts';
import type { Sought } from '../tables/sought.ts';
import type { FormerMember } from './group/former-member.ts';
import { HeadReads } from './reading/head-reads.ts';
import type { LeaseTimes } from '../lease.ts';
import { LogOffsets } from './wire/log-offsets.ts';
import { Membership, type Departure } from './group/membership.ts';
import { HOLES_CAPACITY } from './positions/position-record.ts';
import { Positions } from './positions/positions.ts';
import { createPublisher, type Publisher } from './publishing/publisher.ts';
import { textOf } from './reading/record-batches.ts';
import { Retention } from './wire/retention.ts';
import { Sources } from './wire/sources.ts';
import { Tables, type TableSettings } from './tables/tables.ts';
import { TopicAdmin } from './wire/topic-admin.ts';
import type { KeyedRecord } from '../tables/topic-access.ts';
import type { Wire } from './wire/wire.ts';

export interface KafkaLogOptions extends LeaseTimes {
  readonly wire: Wire;
  /** The source's name, as coordinates show it. */
  readonly name: string;
  /** What the names of groups and of the gateway's own topics begin with (RULES 1). */
  readonly prefix: string;
  /** Topic names, and regular expressions for whole names. */
  readonly topics: readonly string[];
  /** Are topics that are missing made, those of events and the gateway's own? */
  readonly createTopics: boolean;
  /** Of each topic of events that is made. */
  readonly partitions: number;
  /** Of each topic that is made; -1: the broker's default. */
  readonly replicationFactor: number;
  readonly publish: { readonly queueBytes: number; readonly waitMs: number };
  readonly tables: TableSettings;
  /** Names the subscriptions that this process knows (RULES 1). */
  readonly registry: () => string;
  readonly newId: () => string;
  readonly former?: FormerMember;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often new topics and partitions are looked for, milliseconds. */
  readonly lookEveryMs: number;
}

/** Well inside any retention of offsets, and soon enough for an operator who waits for the effect of a reset. */
const RECHECK_MS = 60_000;

/** `Log` on Kafka: ADR 0008 says how, and why it is not built on a consumer. */
export class KafkaLog implements Log {
  readonly name: string;
  readonly positionCapacity = HOLES_CAPACITY;
  readonly positionsRecheckMs = RECHECK_MS;
  readonly deadLetters: DeadLetters;
  readonly replayJobs: ReplayJobs;
  readonly registryCopy: RegistryCopy;
  readonly #options: KafkaLogOptions;
  readonly #wire: Wire;
  readonly #cluster: Cluster;
  readonly #sources: Sources;
  readonly #offsets: LogOffsets;
  readonly #feeds: FeedPositions;
  readonly #head: HeadReads;
  readonly #catchUp: CatchUpReads;
  readonly #publisher: Publisher;
  readonly #retention: Retention;
  readonly #tables: Tables;
  readonly #membership: Membership;
  readonly #ends = new Map<string, number>();
  #owner: PartitionOwner | undefined;
  #owned: readonly Partition[] = [];
  /** The sources as the group shares them; undefined while this process takes no part. */
  #shared: string | undefined;
  /** Topics that this process has published to. */
  readonly #published = new Set<string>();

  constructor(options: KafkaLogOptions) {
    const { wire, name, prefix, clock, logger } = options;
    this.name = name;
    this.#options = options;
    this.#wire = wire;
    const cluster = (this.#cluster = new Cluster(wire, clock, logger));
    this.#sources = new Sources(cluster, clock, logger, options.topics, (topic) =>
      topic.startsWith(`${prefix}.`),
    );
    this.#offsets = new LogOffsets(wire, cluster, clock);
    this.#head = new HeadReads(wire, cluster, clock, 'head');
    this.#catchUp = new CatchUpReads(wire, cluster, 'catch-up');
    const { partitions, replicationFactor, createTopics } = options;
    const topicConfig = () => (createTopics ? { partitions, replicationFactor } : ('never' as const));
    const admin = new TopicAdmin(wire, cluster, clock);
    const parts = { ...options, wire, cluster, admin };
    const publisher = (this.#publisher = createPublisher({ ...parts, topicConfig, limits: options.publish }));
    this.#retention = new Retention(admin, clock);
    this.#tables = new Tables({ ...parts, ...options.tables, publisher, offsets: this.#offsets });
    this.deadLetters = this.#tables.deadLetters;
    this.replayJobs = this.#tables.replayJobs;
    this.registryCopy = this.#tables.registryCopy;
    const coordinators = new Coordinators(wire, cluster);
    this.#membership = new Membership({
      ...{ ...parts, coordinators, group: prefix },
      sources: () => this.#sources.partitions(),
      fingerprint: () => this.#sources.fingerprint(),
      assigned: (places) => this.#assigned(places),
      revoked: (places, how) => this.#revoked(places, how),
    });
    const generation = (): number => this.#membership.generation;
    const positions = new Positions({ wire, coordinators, clock, logger, prefix, generation });
    this.#feeds = new FeedPositions(positions, this.#tables.starts, this.#offsets);
  }

  async open(): Promise<void> {
    await this.#cluster.refreshed();
    await this.#tables.start();
  }

  async start(owner: PartitionOwner): Promise<void> {
    this.#owner = owner;
    this.#membership.start();
    this.#sources.watch(this.#options.lookEveryMs, () => this.#looked());
  }

  async stop(): Promise<void> {
    this.#sources.stop();
    await this.#membership.stop();
    this.#head.stop();
    this.#cluster.close();
    this.#tables.stop();
    await this.#publisher.stop();
    await this.#wire.close();
  }

  async append(record: NewRecord): Promise<Coordinates> {
    const source = await this.#publisher.publish(record);
    // A topic that came to be with this record is shared by nobody yet.
    if (!this.#published.has(source.topic)) this.#looked();
    this.#published.add(source.topic);
    return source;
  }

  async partitions(): Promise<readonly Partition[]> {
    await this.#cluster.refresh();
    return this.#sources.partitions();
  }

  async read(partition: Partition, from: number, maxBytes: number, by: 'head' | 'catchUp'): Promise<Batch> {
    const { records, next } =
      by === 'head'
        ? await this.#head.read(partition, from)
        : await this.#catchUp.read(partition, from, maxBytes);
    return { records: records.map((record) => this.#sourceRecord(partition, record)), next };
  }

  async bounds(partition: Partition): Promise<{ start: number; end: number }> {
    const bounds = await this.#offsets.bounds(partition);
    this.#ends.set(keyOf(partition), bounds.end);
    return bounds;
  }

  knownEnd(partition: Partition): number {
    return Math.max(this.#head.knownEnd(partition) ?? 0, this.#ends.get(keyOf(partition)) ?? 0);
  }

  async offsetAt(partition: Partition, time: number): Promise<number> {
    return (await this.#offsets.at(partition, time)) ?? (await this.bounds(partition)).end;
  }

  async find(by: Sought, limit: number): Promise<SourceRecord[]> {
    const reads = { reads: this.#catchUp, offsets: this.#offsets };
    const found = await find(reads, await this.partitions(), by, limit);
    return found.map(({ partition, record }) => this.#sourceRecord(partition, record));
  }

  keptSubscriptions(): readonly string[] {
    return this.#tables.starts.ids();
  }

  register(subscriptionId: string, starts: readonly Position[]): Promise<'new' | 'known'> {
    return this.#feeds.register(subscriptionId, starts);
  }

  loadPositions(ids: readonly string[], partitions: readonly Partition[]): Promise<Position[]> {
    return this.#feeds.load(ids, partitions);
  }

  commitPositions(positions: readonly Position[]): Promise<readonly Position[]> {
    return this.#feeds.commit(positions);
  }

  dropPositions(subscriptionId: string): Promise<void> {
    return this.#feeds.drop(subscriptionId);
  }

  owns(source: Coordinates): boolean {
    const key = `${source.topic}:${source.partition ?? 0}`;
    const all = this.#sources.partitions().map(keyOf).toSorted();
    const owner = all.includes(key) ? key : all[0];
    return this.#owned.some((partition) => keyOf(partition) === owner);
  }

  get retentionMs(): number | undefined {
    return this.#retention.ms;
  }

  leaseHolds(): boolean {
    return this.#membership.lease.holds();
  }

  health(): Health {
    const { registries } = this.#membership;
    const reason =
      this.#cluster.problem ??
      this.#membership.problem ??
      [...this.#head.problems.values()][0] ??
      (registries.length > 1 ? MIXED : undefined);
    if (reason !== undefined) return { ok: false, reason };
    const parts = [this.#tables.health(), this.#publisher.health()];
    return parts.find(({ ok }) => !ok) ?? { ok: true };
  }

  async #assigned(places: readonly Place[]): Promise<void> {
    this.#shared = this.#membership.sources;
    const wanted = new Set(places.map(keyOf));
    this.#owned = this.#sources.partitions().filter((partition) => wanted.has(keyOf(partition)));
    await this.#owner?.assigned(this.#owned);
  }

  async #revoked(_places: readonly Place[], how: Departure): Promise<void> {
    const owned = this.#owned;
    this.#owned = [];
    this.#shared = undefined;
    await this.#owner?.revoked(owned, how);
    for (const partition of owned) {
      this.#head.drop(partition);
      this.#ends.delete(keyOf(partition));
    }
  }

  #looked(): void {
    const hasChanged = this.#sources.fingerprint() !== this.#shared || this.#membership.isOutdated();
    if (hasChanged && this.#shared !== undefined) this.#membership.rejoin();
    // Of a partition whose reader waits nobody else asks how far it has grown meanwhile.
    for (const partition of this.#owned) this.bounds(partition).catch(() => undefined);
    void this.#retention.look([...new Set(this.#owned.map(({ topic }) => topic))]);
  }

  #sourceRecord({ topic, partition }: Partition, record: KeyedRecord): SourceRecord {
    const { offset, key, value, headers, timestamp } = record;
    const source = { broker: this.name, topic, partition, offset };
    return { source, key: key && textOf(key), value: value ?? NO_BYTES, headers, timestamp };
  }
}

const NO_BYTES = new Uint8Array();
const MIXED =
  'gateways with different subscriptions share one group: give each its own setting "name", or all of them one registry';

function keyOf({ topic, partition }: Place): string {
  return `${topic}:${partition}`;
}
