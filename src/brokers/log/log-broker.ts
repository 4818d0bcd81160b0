import type { Logger } from '../../logger.ts';
import type { Clock } from '../../time.ts';
import type {
  Broker,
  Capabilities,
  Coordinates,
  DeadLetters,
  FeedStatus,
  Health,
  Intake,
  NewRecord,
  Outlet,
  ReplayRange,
  SourceRecord,
} from '../broker.ts';
import { Committer, type CommitBudget } from './committer.ts';
import { Cursor, type CursorHost, type CursorRange } from './cursor.ts';
import type { Log, Partition, PartitionOwner, Position, ReplayJob } from './log.ts';
import { PartitionReader } from './partition-reader.ts';
import { Replays, keyOf } from './replays.ts';
import { resume } from './resume.ts';

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
  readonly #log: Log;
  readonly #options: LogBrokerOptions;
  readonly #committer: Committer;
  readonly #replays: Replays;
  readonly #outlets = new Map<string, Outlet>();
  readonly #readers = new Map<string, PartitionReader>();
  /** One for all cursors of a reader. */
  readonly #hosts = new WeakMap<PartitionReader, CursorHost>();
  #intake: Intake | undefined;
  #quiet = false;

  constructor(log: Log, options: LogBrokerOptions) {
    this.name = log.name;
    this.capabilities = options.capabilities;
    this.deadLetters = log.deadLetters;
    this.#log = log;
    this.#options = options;
    this.#committer = new Committer(log, options.clock, options.logger, options.commits);
    this.#replays = new Replays(log, options.newId);
  }

  async start(intake: Intake): Promise<void> {
    this.#intake = intake;
    await this.#replays.load();
    await this.#log.start(this);
    this.#committer.refresh(() => this.#cursors());
  }

  quiesce(): void {
    this.#quiet = true;
    for (const reader of this.#readers.values()) reader.stop();
  }

  async stop(): Promise<void> {
    this.quiesce();
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
    if (as === 'new') await this.#log.commitPositions(await this.#startPositions(id));
    this.#outlets.set(id, outlet);
    const readers = [...this.#readers.values()];
    const stored = await this.#addCursors([outlet], readers);
    if (as === 'known' && readers.length > 0 && stored === 0) {
      this.#options.logger.warn({ subscription: id }, 'positions.lost');
    }
  }

  async detach(subscriptionId: string): Promise<void> {
    this.#outlets.delete(subscriptionId);
    for (const reader of this.#readers.values()) {
      for (const cursor of reader.cursorsOf(subscriptionId)) {
        this.#committer.forget(cursor);
        reader.remove(cursor);
      }
    }
    await this.#committer.flush();
    await this.#replays.dropAllOf(subscriptionId);
    await this.#log.dropPositions(subscriptionId);
  }

  roomAgain(subscriptionId: string): void {
    for (const reader of this.#readers.values()) {
      if (reader.cursorsOf(subscriptionId).length > 0) reader.wake();
    }
  }

  async assigned(partitions: readonly Partition[]): Promise<void> {
    const { clock, logger } = this.#options;
    const readers = partitions.map(
      (partition) => new PartitionReader(partition, this.#log, this.#intake as Intake, clock, logger),
    );
    for (const reader of readers) this.#readers.set(keyOf(reader.partition), reader);
    await this.#addCursors([...this.#outlets.values()], readers);
    for (const reader of readers) if (!this.#quiet) reader.start();
  }

  async revoked(partitions: readonly Partition[]): Promise<void> {
    const readers = partitions.flatMap((partition) => this.#readers.get(keyOf(partition)) ?? []);
    for (const reader of readers) {
      reader.disown();
      this.#readers.delete(keyOf(reader.partition));
    }
    await this.#committer.flush();
    for (const reader of readers) for (const cursor of [...reader.all()]) reader.remove(cursor);
  }

  async replay(subscriptionId: string, range: ReplayRange): Promise<{ jobId: string }> {
    const job = await this.#replays.create(subscriptionId, range);
    const outlet = this.#outlets.get(subscriptionId);
    if (outlet) await this.#addCursors([outlet], [...this.#readers.values()]);
    return { jobId: job.id };
  }

  status(subscriptionId: string): FeedStatus | undefined {
    if (!this.#outlets.has(subscriptionId)) return undefined;
    let lag = 0;
    let lost = 0;
    let oldestUnsettled: number | undefined;
    const positions: Record<string, number> = {};
    for (const cursor of this.#liveCursorsOf(subscriptionId)) {
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
    for (const cursor of this.#cursors()) {
      const since = cursor.ledger.oldestHeld()?.record.timestamp ?? cursor.heldUpSince;
      if (since !== undefined && (oldest === undefined || since < oldest)) oldest = since;
    }
    if (oldest === undefined) return undefined;
    return (oldest + retentionMs - this.#options.clock.now()) / 1000;
  }

  health(): Health {
    return this.#log.health();
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

  /**
   * Gives each outlet its live cursor, and those of its replays, in each reader that has none of it yet. Answers how
   * many positions were stored for them.
   */
  async #addCursors(outlets: readonly Outlet[], readers: readonly PartitionReader[]): Promise<number> {
    const feeds = outlets.flatMap((outlet) => [
      { id: outlet.subscriptionId, outlet, job: undefined },
      ...this.#replays.of(outlet.subscriptionId).map((job) => ({ id: job.id, outlet, job })),
    ]);
    if (feeds.length === 0 || readers.length === 0) return 0;
    const partitions = readers.map((reader) => reader.partition);
    const stored = await this.#log.loadPositions(
      feeds.map((feed) => feed.id),
      partitions,
    );
    const positions = new Map(
      stored.map((position) => [positionKey(position.subscriptionId, position), position]),
    );
    const starts = await Promise.all(
      partitions.map(async (partition) => (await this.#log.bounds(partition)).start),
    );
    readers.forEach((reader, i) => {
      const host = this.#hosts.get(reader) ?? this.#hostOf(reader);
      for (const { id, outlet, job } of feeds) {
        const range = job && rangeIn(job, reader.partition);
        if ((job && !range) || this.#hasCursor(reader, outlet, id)) continue;
        const position = positions.get(positionKey(id, reader.partition));
        const from = resume(id, reader.partition, position, starts[i] ?? 0, this.#options.logger);
        reader.add(new Cursor(host, outlet, from, range));
      }
    });
    return stored.length;
  }

  /** True also for an outlet that was detached meanwhile: it is to get no cursor. */
  #hasCursor(reader: PartitionReader, outlet: Outlet, feedId: string): boolean {
    if (this.#outlets.get(outlet.subscriptionId) !== outlet) return true;
    return reader.cursorsOf(outlet.subscriptionId).some((cursor) => cursor.feedId === feedId);
  }

  async #finishReplay(reader: PartitionReader, cursor: Cursor): Promise<void> {
    this.#committer.dirty(cursor);
    await this.#committer.flush();
    reader.remove(cursor);
    await this.#replays.partitionDone(cursor.feedId, cursor.partition);
  }

  #hostOf(reader: PartitionReader): CursorHost {
    const host: CursorHost = {
      clock: this.#options.clock,
      positionCapacity: this.#log.positionCapacity,
      head: () => reader.head,
      leaseHolds: () => reader.isOwned && this.#log.leaseHolds(),
      dirty: (cursor) => this.#committer.dirty(cursor),
      roomAgain: () => reader.wake(),
      fellBehind: (cursor) => reader.fellBehind(cursor),
      finished: (cursor) => {
        this.#finishReplay(reader, cursor).catch((error: unknown) => {
          this.#options.logger.error({ feedId: cursor.feedId, error: String(error) }, 'replay.finish-failed');
        });
      },
    };
    this.#hosts.set(reader, host);
    return host;
  }

  *#cursors(): Iterable<Cursor> {
    for (const reader of this.#readers.values()) yield* reader.all();
  }

  *#liveCursorsOf(subscriptionId: string): Iterable<Cursor> {
    for (const reader of this.#readers.values()) {
      for (const cursor of reader.cursorsOf(subscriptionId)) if (!cursor.range) yield cursor;
    }
  }
}

function positionKey(feedId: string, partition: { topic: string; partition: number }): string {
  return `${feedId} ${keyOf(partition)}`;
}

function rangeIn(job: ReplayJob, partition: Partition): CursorRange | undefined {
  const end = job.ends[keyOf(partition)];
  return end === undefined ? undefined : { end, correlationId: job.correlationId };
}
