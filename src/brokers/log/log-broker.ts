import type { Logger } from '../../logger.ts';
import type { RegistryCopy } from '../../registry/store.ts';
import type { Clock } from '../../time.ts';
import type {
  Broker,
  Capabilities,
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
import { Committer, type CommitBudget } from './committer.ts';
import { Cursors } from './cursors.ts';
import { handOver } from './handover.ts';
import type { Log, Partition, PartitionOwner, Position } from './log.ts';
import { PartitionReader } from './partition-reader.ts';
import { Refresher } from './refresher.ts';
import { Replays, keyOf } from './replays.ts';
import { Stretches } from './stretches.ts';

/** Kept of all partitions for those who are not far behind others. */
const EARLIER_BYTES = 1 << 24;

export interface LogBrokerOptions {
  readonly capabilities: Capabilities;
  readonly commits: CommitBudget;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newId: () => string;
}

/** `Broker` on top of any `Log`: one reader for each owned partition, one cursor for each feed in it. */
export class LogBroker implements Broker, PartitionOwner {
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly deadLetters: DeadLetters;
  readonly registryCopy: RegistryCopy | undefined;
  readonly #log: Log;
  readonly #options: LogBrokerOptions;
  readonly #committer: Committer;
  readonly #refresher: Refresher;
  readonly #replays: Replays;
  readonly #cursors: Cursors;
  readonly #earlier = new Stretches(EARLIER_BYTES);
  readonly #outlets = new Map<string, Outlet>();
  readonly #readers = new Map<string, PartitionReader>();
  /** Those of revoked partitions, until their positions are committed. */
  readonly #leaving = new Set<PartitionReader>();
  #intake: Intake | undefined;
  #opened: Promise<void> | undefined;
  #quiet = false;

  constructor(log: Log, options: LogBrokerOptions) {
    this.name = log.name;
    this.capabilities = options.capabilities;
    this.deadLetters = log.deadLetters;
    this.registryCopy = log.registryCopy;
    this.#log = log;
    this.#options = options;
    const { clock, logger, commits: budget } = options;
    this.#committer = new Committer(log, clock, logger, budget);
    this.#replays = new Replays(log, options.newId);
    this.#cursors = new Cursors({
      ...{ log, clock, logger, committer: this.#committer, replays: this.#replays },
      ...{ outlets: this.#outlets, readers: this.#readers },
    });
    this.#refresher = new Refresher({
      ...{ log, clock, logger, budget, feeds: () => this.#cursors.byFeed() },
      committer: this.#committer,
      adopt: (cursor, position) => this.#cursors.adopt(cursor, position),
    });
  }

  open(): Promise<void> {
    this.#opened ??= this.#open();
    return this.#opened;
  }

  async start(intake: Intake): Promise<void> {
    this.#intake = intake;
    await this.open();
    await this.#log.start(this);
    this.#refresher.start();
  }

  quiesce(): void {
    this.#quiet = true;
    for (const reader of this.#readers.values()) reader.stop();
  }

  async stop(): Promise<void> {
    this.quiesce();
    this.#refresher.stop();
    await this.#committer.flush();
    this.#committer.stop();
    await this.#log.stop();
    await Promise.all([...this.#readers.values()].map((reader) => reader.ended()));
  }

  publish(record: NewRecord): Promise<Coordinates> {
    return this.#log.append(record);
  }

  async attach(outlet: Outlet, as: 'new' | 'known'): Promise<void> {
    const id = outlet.subscriptionId;
    const known =
      as === 'known' || (await this.#log.register(id, await this.#startPositions(id))) === 'known';
    this.#outlets.set(id, outlet);
    const readers = [...this.#readers.values()];
    const stored = await this.#cursors.add([outlet], readers);
    if (known && readers.length > 0 && stored === 0) {
      this.#options.logger.warn({ subscription: id }, 'positions.lost');
    }
  }

  async detach(subscriptionId: string): Promise<void> {
    this.#letGo(subscriptionId);
    await this.#committer.flush();
    await this.#replays.dropAllOf(subscriptionId);
    await this.#log.dropPositions(subscriptionId);
  }

  async leave(subscriptionId: string): Promise<void> {
    this.#letGo(subscriptionId);
    // A position that is on its way may not come after what ends the subscription elsewhere.
    await this.#committer.flush();
  }

  keptSubscriptions(): readonly string[] {
    return this.#log.keptSubscriptions();
  }

  roomAgain(subscriptionId: string): void {
    for (const reader of this.#readers.values()) {
      if (reader.cursorsOf(subscriptionId).length > 0) reader.wake();
    }
  }

  async assigned(partitions: readonly Partition[]): Promise<void> {
    const { clock, logger } = this.#options;
    const intake = this.#intake as Intake;
    const readers = partitions.map(
      (partition) => new PartitionReader(partition, this.#log, intake, this.#earlier, clock, logger),
    );
    for (const reader of readers) this.#readers.set(keyOf(reader.partition), reader);
    await this.#cursors.add([...this.#outlets.values()], readers);
    for (const reader of readers) if (!this.#quiet) reader.start();
  }

  async revoked(partitions: readonly Partition[], how: 'planned' | 'lost'): Promise<void> {
    const keys = new Set(partitions.map(keyOf));
    const all = [...this.#readers.values(), ...this.#leaving];
    const readers = all.filter(({ partition }) => keys.has(keyOf(partition)));
    for (const reader of readers) {
      this.#readers.delete(keyOf(reader.partition));
      this.#leaving.add(reader);
    }
    await handOver(readers, how, this.#committer);
    for (const reader of readers) this.#leaving.delete(reader);
  }

  async partitions(): Promise<readonly string[]> {
    return (await this.#log.partitions()).map(keyOf);
  }

  async replay(subscriptionId: string, range: ReplayRange): Promise<{ jobId: string }> {
    const job = await this.#replays.create(subscriptionId, range);
    void this.#cursors.takeUp(job);
    return { jobId: job.id };
  }

  owns(source: Coordinates): boolean {
    return this.#log.owns(source);
  }

  /** All subscriptions read one log. */
  letsIn(): boolean {
    return true;
  }

  status(subscriptionId: string): FeedStatus | undefined {
    if (!this.#outlets.has(subscriptionId)) return undefined;
    let lag = 0;
    let lost = 0;
    let oldestUnsettled: number | undefined;
    const positions: Record<string, number> = {};
    for (const cursor of this.#cursors.liveOf(subscriptionId)) {
      const behind = this.#log.knownEnd(cursor.partition) - cursor.offset;
      if (behind > 0) lag += behind;
      lost += cursor.lost;
      const since = cursor.ledger.oldestHeld()?.record.timestamp ?? cursor.heldUpSince;
      if (since !== undefined) oldestUnsettled = Math.min(since, oldestUnsettled ?? since);
      positions[keyOf(cursor.partition)] = cursor.offset;
    }
    return { lag, oldestUnsettled, lost, positions };
  }

  settled(subscriptionId: string, source: Coordinates): boolean | undefined {
    const { topic, partition = 0, offset = 0 } = source;
    const cursors = this.#readers.get(keyOf({ topic, partition }))?.cursorsOf(subscriptionId);
    const cursor = cursors?.find((candidate) => !candidate.range);
    if (!cursor) return undefined;
    return offset < cursor.next && !cursor.ledger.holds(offset);
  }

  find(by: { eventId: string } | { correlationId: string }, limit: number): Promise<SourceRecord[]> {
    return this.#log.find(by, limit);
  }

  retentionHeadroomSeconds(): number | undefined {
    const { retentionMs } = this.#log;
    if (retentionMs === undefined) return undefined;
    let oldest: number | undefined;
    for (const cursor of this.#cursors.all()) {
      const since = cursor.ledger.oldestHeld()?.record.timestamp ?? cursor.heldUpSince;
      if (since !== undefined && (oldest === undefined || since < oldest)) oldest = since;
    }
    if (oldest === undefined) return undefined;
    return (oldest + retentionMs - this.#options.clock.now()) / 1000;
  }

  health(): Health {
    return this.#log.health();
  }

  #letGo(subscriptionId: string): void {
    this.#outlets.delete(subscriptionId);
    for (const reader of [...this.#readers.values(), ...this.#leaving]) {
      this.#cursors.drop(reader, reader.cursorsOf(subscriptionId));
    }
  }

  async #open(): Promise<void> {
    await this.#log.open();
    await this.#replays.load((job) => {
      this.#cursors.replayChanged(job).catch((error: unknown) => {
        this.#options.logger.error({ jobId: job.id, error: String(error) }, 'replay.not-taken-up');
      });
    });
  }

  /** The end of every partition as it is now: what was accepted before is not the new subscription's. */
  async #startPositions(subscriptionId: string): Promise<Position[]> {
    const partitions = await this.#log.partitions();
    return Promise.all(
      partitions.map(async ({ topic, partition, topicId }) => {
        const { end } = await this.#log.bounds({ topic, partition, topicId });
        return { subscriptionId, topic, partition, topicId, offset: end, holes: '' };
      }),
    );
  }
}
