import type { Logger } from '../../logger.ts';
import { sleep, type Clock } from '../../time.ts';
import type { Outlet } from '../broker.ts';
import type { Committer } from './committer.ts';
import { Cursor, type CursorHost, type CursorRange } from './cursor.ts';
import type { Log, Partition, Position, ReplayJob } from './log.ts';
import type { PartitionReader } from './partition-reader.ts';
import { keyOf, type Replays } from './replays.ts';
import { resume } from './resume.ts';

const RETRY_MS = 500;
/** How often a part of a replay that is done asks whether the others are. */
const DONE_AGAIN_MS = 5_000;

export interface CursorsDeps {
  readonly log: Log;
  readonly committer: Committer;
  readonly replays: Replays;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Those that are attached, by subscription. */
  readonly outlets: ReadonlyMap<string, Outlet>;
  /** Those of the partitions that are this process's. */
  readonly readers: ReadonlyMap<string, PartitionReader>;
}

/** The cursors: one for each feed (a subscription, or a replay of it) in each partition that is this process's. */
export class Cursors {
  readonly #deps: CursorsDeps;
  /** One for all cursors of a reader. */
  readonly #hosts = new WeakMap<PartitionReader, CursorHost>();

  constructor(deps: CursorsDeps) {
    this.#deps = deps;
  }

  /**
   * Gives each outlet its live cursor, and those of its replays, in each reader that has none of it yet. Answers how
   * many positions were stored for them.
   */
  async add(outlets: readonly Outlet[], readers: readonly PartitionReader[]): Promise<number> {
    const feeds = outlets.flatMap((outlet) => [
      { id: outlet.subscriptionId, outlet, job: undefined },
      ...this.#deps.replays.of(outlet.subscriptionId).map((job) => ({ id: job.id, outlet, job })),
    ]);
    if (feeds.length === 0 || readers.length === 0) return 0;
    const partitions = readers.map((reader) => reader.partition);
    const stored = await this.#deps.log.loadPositions(
      feeds.map((feed) => feed.id),
      partitions,
    );
    const positions = new Map(
      stored.map((position) => [positionKey(position.subscriptionId, position), position]),
    );
    const starts = await Promise.all(
      partitions.map(async (partition) => (await this.#deps.log.bounds(partition)).start),
    );
    readers.forEach((reader, i) => {
      const host = this.#hostOf(reader);
      for (const { id, outlet, job } of feeds) {
        const range = job && rangeIn(job, reader.partition);
        // It may have ended while its position was read.
        const isOver = job !== undefined && (!range || !this.#deps.replays.has(id));
        if (isOver || this.#hasCursor(reader, outlet, id)) continue;
        const position = positions.get(positionKey(id, reader.partition)) ?? startOf(job, reader.partition);
        const from = resume(id, reader.partition, position, starts[i] ?? 0, this.#deps.logger);
        const cursor = new Cursor(host, outlet, from, range);
        reader.add(cursor);
        if (!position || position.lost) this.#commitAnew(cursor);
      }
    });
    // Of a replay without a cursor here all parts may be of topics that are no more.
    for (const { job } of feeds) if (job) this.#endIfDone(job);
    return stored.length;
  }

  /** True also for an outlet that was detached meanwhile: it is to get no cursor. */
  #hasCursor(reader: PartitionReader, outlet: Outlet, feedId: string): boolean {
    if (this.#deps.outlets.get(outlet.subscriptionId) !== outlet) return true;
    return reader.cursorsOf(outlet.subscriptionId).some((cursor) => cursor.feedId === feedId);
  }

  /**
   * The position is committed before the job is asked about. The cursor stays until the job is over, so that the
   * position stays as it is, whatever a former owner writes late.
   */
  async #finishReplay(reader: PartitionReader, cursor: Cursor): Promise<void> {
    const { committer, replays, clock, logger } = this.#deps;
    while (!cursor.closed) {
      try {
        committer.dirty(cursor);
        await committer.flush();
        if (!cursor.isStale()) {
          await replays.partitionDone(cursor.feedId);
          if (!replays.has(cursor.feedId)) return reader.remove(cursor);
          await sleep(clock, DONE_AGAIN_MS);
          continue;
        }
      } catch (error) {
        logger.error({ feedId: cursor.feedId, error: String(error) }, 'replay.finish-failed');
      }
      await sleep(clock, RETRY_MS);
    }
  }

  /** Another process began a replay, or found it finished. */
  async replayChanged(job: ReplayJob): Promise<void> {
    if (this.#deps.replays.has(job.id)) return this.takeUp(job);
    const cursors = [...this.#deps.readers.values()].flatMap((reader) =>
      reader.cursorsOf(job.subscriptionId).filter(({ feedId }) => feedId === job.id),
    );
    if (cursors.length === 0) return;
    for (const cursor of cursors) {
      const reader = this.#deps.readers.get(keyOf(cursor.partition));
      if (reader) this.drop(reader, [cursor]);
      void cursor.outlet.release(cursor, 0);
    }
    // A position that was written here after the job had ended elsewhere.
    await this.#deps.committer.flush();
    await this.#deps.log.dropPositions(job.id);
  }

  /** Reads for it here, for as long as it lasts and its subscription is attached. Never rejects. */
  async takeUp(job: ReplayJob): Promise<void> {
    while (this.#deps.replays.has(job.id)) {
      const outlet = this.#deps.outlets.get(job.subscriptionId);
      if (!outlet) return;
      try {
        await this.add([outlet], [...this.#deps.readers.values()]);
        return;
      } catch (error) {
        this.#deps.logger.error({ feedId: job.id, error: String(error) }, 'replay.not-taken-up');
        await sleep(this.#deps.clock, RETRY_MS);
      }
    }
  }

  drop(reader: PartitionReader, cursors: readonly Cursor[]): void {
    for (const cursor of cursors) {
      this.#deps.committer.forget(cursor);
      reader.remove(cursor);
    }
  }

  /** Another cursor takes its place, at the position that somebody else set; beyond the end of the log nothing is. */
  adopt(cursor: Cursor, position: Position): void {
    this.#deps.log.bounds(cursor.partition).then(
      ({ end }) => this.#adopt(cursor, position, end),
      (error: unknown) => {
        this.#deps.logger.warn({ feedId: cursor.feedId, error: String(error) }, 'position.not-adopted');
      },
    );
  }

  #adopt(cursor: Cursor, position: Position, end: number): void {
    const reader = this.#deps.readers.get(keyOf(cursor.partition));
    if (!reader || cursor.closed || cursor.ledger.size > 0) return;
    const offset = Math.min(position.offset, end);
    const { topic, partition } = cursor.partition;
    const about = { feedId: cursor.feedId, topic, partition, was: cursor.offset, now: offset };
    this.#deps.logger.warn(about, 'position.adopted');
    const next = this.#replace(reader, cursor, { ...position, offset });
    if (offset < position.offset) this.#commitAnew(next);
  }

  #replace(reader: PartitionReader, cursor: Cursor, position: Position): Cursor {
    this.drop(reader, [cursor]);
    void cursor.outlet.release(cursor, 0);
    const next = new Cursor(this.#hostOf(reader), cursor.outlet, position, cursor.range);
    next.lost = cursor.lost;
    reader.add(next);
    return next;
  }

  #restart(reader: PartitionReader, cursor: Cursor, at: Pick<Position, 'offset' | 'holes'>): void {
    const { topic, partition, topicId } = cursor.partition;
    const next = this.#replace(reader, cursor, {
      subscriptionId: cursor.feedId,
      topic,
      partition,
      topicId,
      ...at,
    });
    this.#commitAnew(next);
  }

  /** What is stored is not where the cursor stands, though it has not moved. */
  #commitAnew(cursor: Cursor): void {
    cursor.lostCommit();
    this.#deps.committer.dirty(cursor);
  }

  #endIfDone(job: ReplayJob): void {
    const isHere = [...this.#deps.readers.values()].some((reader) =>
      reader.cursorsOf(job.subscriptionId).some(({ feedId }) => feedId === job.id),
    );
    if (isHere) return;
    this.#deps.replays.partitionDone(job.id).catch((error: unknown) => {
      this.#deps.logger.error({ feedId: job.id, error: String(error) }, 'replay.finish-failed');
    });
  }

  #hostOf(reader: PartitionReader): CursorHost {
    const known = this.#hosts.get(reader);
    if (known) return known;
    const host: CursorHost = {
      clock: this.#deps.clock,
      positionCapacity: this.#deps.log.positionCapacity,
      head: () => reader.head,
      leaseHolds: () => reader.isOwned && this.#deps.log.leaseHolds(),
      dirty: (cursor) => this.#deps.committer.dirty(cursor),
      roomAgain: () => reader.wake(),
      fellBehind: (cursor) => reader.fellBehind(cursor),
      restart: (cursor, at) => this.#restart(reader, cursor, at),
      finished: (cursor) => void this.#finishReplay(reader, cursor),
    };
    this.#hosts.set(reader, host);
    return host;
  }

  /** The cursors of each subscription; those of its replays have feeds of their own. */
  *byFeed(): Iterable<readonly Cursor[]> {
    for (const id of this.#deps.outlets.keys()) {
      yield [...this.liveOf(id)];
      for (const job of this.#deps.replays.of(id)) {
        const readers = [...this.#deps.readers.values()];
        yield readers.flatMap((reader) => reader.cursorsOf(id).filter(({ feedId }) => feedId === job.id));
      }
    }
  }

  *all(): Iterable<Cursor> {
    for (const reader of this.#deps.readers.values()) yield* reader.all();
  }

  *liveOf(subscriptionId: string): Iterable<Cursor> {
    for (const reader of this.#deps.readers.values()) {
      for (const cursor of reader.cursorsOf(subscriptionId)) if (!cursor.range) yield cursor;
    }
  }
}

function positionKey(feedId: string, partition: { topic: string; partition: number }): string {
  return `${feedId} ${keyOf(partition)}`;
}

/** Undefined for a topic that was made anew since. */
function rangeIn(job: ReplayJob, partition: Partition): CursorRange | undefined {
  if (job.topicIds[keyOf(partition)] !== partition.topicId) return undefined;
  const end = job.ends[keyOf(partition)];
  return end === undefined ? undefined : { end, correlationId: job.correlationId };
}

/** Where a replay begins that has no position yet. */
function startOf(job: ReplayJob | undefined, { topic, partition, topicId }: Partition): Position | undefined {
  const offset = job?.starts[keyOf({ topic, partition })];
  if (!job || offset === undefined) return undefined;
  return { subscriptionId: job.id, topic, partition, topicId, offset, holes: '' };
}
