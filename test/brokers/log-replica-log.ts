import type { Coordinates, DeadLetters, NewRecord, SourceRecord } from '../../src/brokers/broker.ts';
import type { Health } from '../../src/health.ts';
import {
  OffsetOutOfRange,
  type Batch,
  type Log,
  type Partition,
  type PartitionOwner,
  type Position,
  type ReplayJob,
  type ReplayJobs,
} from '../../src/brokers/log/log.ts';
import type { SimClock } from '../support/sim-clock.ts';
import type { ProcessClock } from './log-replica-clock.ts';
import type { Member } from './log-replica-member.ts';
import type { Server } from './log-replica-server.ts';
import type { Wire } from './log-replica-wire.ts';

/** Much shorter than any driver's, so that histories need not be long. */
export const RECHECK_MS = 5_000;
/** Within this time the others hear of a replay job. */
const NEWS_MS = 200;
/** Records that a node does not know of yet. */
const STALE_BY = 10;
/** How long a node waits for a first record. */
const NOTHING_MS = 500;

export interface ReplicaLogDeps {
  readonly world: SimClock;
  readonly clock: ProcessClock;
  readonly server: Server;
  readonly wire: Wire;
  readonly member: Member;
  readonly positionCapacity: number;
  /** The engine asks for positions; what is returned is told what it hears. */
  readonly loading: (
    ids: readonly string[],
    partitions: readonly Partition[],
  ) => (positions: readonly Position[]) => void;
}

/** One process's view of the shared log, as Kafka's: everything takes time, may fail, and may be answered by a stale node. */
export class ReplicaLog implements Log {
  readonly name = 'memory';
  readonly retentionMs = undefined;
  readonly positionsRecheckMs = RECHECK_MS;
  readonly positionCapacity: number;
  readonly deadLetters: DeadLetters;
  readonly #deps: ReplicaLogDeps;
  readonly #server: Server;
  readonly #wire: Wire;

  constructor(deps: ReplicaLogDeps) {
    this.#deps = deps;
    this.#server = deps.server;
    this.#wire = deps.wire;
    this.positionCapacity = deps.positionCapacity;
    this.deadLetters = deps.server.log.deadLetters;
  }

  async open(): Promise<void> {
    await this.#deps.clock.running();
  }

  start(owner: PartitionOwner): Promise<void> {
    return this.#deps.member.start(owner);
  }

  async stop(): Promise<void> {
    this.#deps.member.stop();
  }

  append(record: NewRecord): Promise<Coordinates> {
    return this.#server.log.append(record);
  }

  partitions(): Promise<readonly Partition[]> {
    return this.#wire.call('others', () => this.#server.partitions());
  }

  read(partition: Partition, from: number, maxBytes: number): Promise<Batch> {
    return this.#wire.call('reads', async () => {
      const stored = this.#server.storage.of(partition);
      if (stored.topicId !== partition.topicId) throw new Error('there is no such topic any more');
      const end = this.#endSeen(partition);
      if (from > end && this.#wire.happens('outOfRange')) throw new OffsetOutOfRange(`${from} > ${end}`);
      const isStale = end < this.knownEnd(partition);
      if (isStale && from >= end) {
        await this.#wire.pass(NOTHING_MS);
        return { records: [], next: from };
      }
      const { records, next } = await this.#server.read(partition, from, maxBytes);
      if (!isStale || next <= end) return { records, next };
      return { records: records.filter(({ source }) => (source.offset ?? 0) < end), next: end };
    });
  }

  bounds(partition: Partition): Promise<{ start: number; end: number }> {
    return this.#wire.call('others', () => {
      const { start } = this.#server.storage.of(partition);
      return { start, end: Math.max(start, this.#endSeen(partition)) };
    });
  }

  knownEnd({ partition }: Partition): number {
    return this.#server.endOf(partition);
  }

  offsetAt(partition: Partition, time: number): Promise<number> {
    return this.#wire.call('others', () => this.#server.log.offsetAt(partition, time));
  }

  keptSubscriptions(): readonly string[] {
    return [];
  }

  async register(subscriptionId: string, starts: readonly Position[]): Promise<'new' | 'known'> {
    const isNew = await this.#wire.call('others', () => this.#server.register(subscriptionId, starts));
    if (!isNew) return 'known';
    await this.#wire.call('commits', () => this.#server.write(starts));
    return 'new';
  }

  async loadPositions(ids: readonly string[], partitions: readonly Partition[]): Promise<Position[]> {
    const loaded = this.#deps.loading(ids, partitions);
    const positions = await this.#wire.call('others', () => this.#server.load(ids, partitions));
    loaded(positions);
    return positions;
  }

  /** Some of them may be refused alone. */
  async commitPositions(positions: readonly Position[]): Promise<readonly Position[]> {
    const refused = positions.filter(() => this.#wire.happens('commits'));
    const sent = positions.filter((position) => !refused.includes(position));
    await this.#wire.call('commits', () => this.#server.write(sent));
    return refused;
  }

  async dropPositions(subscriptionId: string): Promise<void> {
    await this.#wire.call('others', () => this.#server.drop(subscriptionId));
  }

  find(by: { eventId: string } | { correlationId: string }, limit: number): Promise<SourceRecord[]> {
    return this.#server.log.find(by, limit);
  }

  owns(): boolean {
    return true;
  }

  leaseHolds(): boolean {
    return this.#deps.member.holdsLease();
  }

  health(): Health {
    return { ok: true };
  }

  readonly registryCopy = undefined;
  readonly replayJobs: ReplayJobs = {
    save: (job) => this.#wire.call('others', () => this.#server.saveJob(job, this)),
    load: async () => {
      this.#hearOfJobs();
      return [...this.#server.storage.jobs.values()];
    },
    remove: (id) => this.#wire.call('others', () => this.#server.removeJob(id, this)),
    watch: (told) => {
      this.#told = told;
    },
  };

  #told: (news: ReplayJob | { readonly removed: string }) => void = () => undefined;

  /** In the order in which they happened: of this process's own at once, of the others' a little later. */
  #hearOfJobs(): void {
    const { world, clock } = this.#deps;
    let heardAt = 0;
    this.#server.watchJobs((news, by) => {
      if (by === this) return this.#told(news);
      heardAt = Math.max(heardAt, world.monotonic() + this.#wire.upTo(NEWS_MS));
      world.after(heardAt - world.monotonic(), () => void clock.running().then(() => this.#told(news)));
    });
  }

  /** The end as the node knows it that answers. */
  #endSeen(partition: Partition): number {
    const { start } = this.#server.storage.of(partition);
    const end = this.knownEnd(partition);
    return this.#wire.happens('stale') ? Math.max(start, end - this.#wire.upTo(STALE_BY)) : end;
  }
}
