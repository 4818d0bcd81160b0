import type { Logger } from '../../../logger.ts';
import type { Clock } from '../../../time.ts';
import type { Intake, Outlet, ReplayRange } from '../../broker.ts';
import type { ReplayJob, ReplayJobs } from '../../log/log.ts';
import type { EventStream } from '../streams/event-stream.ts';
import { Recoveries } from './recoveries.ts';
import { ReplayBook } from './replay-book.ts';
import { ReplayFeed } from './replay-feed.ts';
import { isRecovery, rangeOf } from './replay-job.ts';
import type { ReplayPositions } from './replay-positions.ts';
import { keyOf } from './replay-range.ts';
import { ReplayReader } from './replay-reader.ts';
import { Turns, type TurnEnd } from './turns.ts';

export interface StreamReplaysOptions {
  readonly stream: EventStream;
  readonly jobs: ReplayJobs;
  readonly positions: ReplayPositions;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newId: () => string;
  /** Undefined until the delivery side is there. */
  readonly intake: () => Intake | undefined;
  readonly outletOf: (subscriptionId: string) => Outlet | undefined;
  /** Is it this replica that sends for the subscription? */
  readonly serves: (subscriptionId: string) => boolean;
  readonly mayAttempt: () => boolean;
}

/** Turns that are taken at one time, however many jobs there are. */
const MOST_TURNS = 8;
const PAUSE_MS = 500;
/** As for every handover: what most listeners answer within. */
const GRACE_MS = 1_000;
/**
 * What comes to this replica is left alone for so long: the former one has its grace, and saves its position after that;
 * and a replica that starts takes itself for the only one until it has heard the others.
 */
const TAKE_UP_MS = 2_000;

/**
 * Replays (RULES 14) on a broker whose queues forget what was settled: from the stream that has a copy of all events.
 * Each is a durable job with a position of its own, and served by one replica: the one that serves its subscription.
 * They share nothing but the stream, which is read by a few at one time, in turn.
 *
 * A job's life is a row of turns: take up its position, read and offer a stretch, and so on until all of it is settled;
 * then its position is saved, the job removed, and the position after it. A crash between any two of them is mended
 * by doing the last again.
 */
export class StreamReplays {
  readonly #options: StreamReplaysOptions;
  readonly #book: ReplayBook;
  readonly #turns: Turns;
  readonly #reader: ReplayReader;
  readonly #recoveries: Recoveries;
  readonly #attached = new Set<string>();
  /** Since when (monotonic) a job is this replica's; one that is new is so since the start. */
  readonly #ours = new Map<string, number>();
  readonly #feeds = new Map<string, ReplayFeed>();
  /** On the monotonic clock. */
  #startedAt: number | undefined;
  #isQuiet = false;

  constructor(options: StreamReplaysOptions) {
    const { clock } = options;
    this.#options = options;
    this.#book = new ReplayBook({
      ...options,
      began: (job) => void this.#look(job, this.#startedAt ?? 0),
      ended: (job) => this.#over(job),
    });
    this.#turns = new Turns({ most: MOST_TURNS, pauseMs: PAUSE_MS, clock, take: (id) => this.#turn(id) });
    this.#reader = new ReplayReader(options);
    this.#recoveries = new Recoveries((subscriptionId) =>
      this.#book
        .of(subscriptionId)
        .some((job) => isRecovery(job) && this.#feeds.get(job.id)?.wasRead !== true),
    );
  }

  /** Serves from now on. Only once the tables of jobs and positions are complete. */
  async start(): Promise<void> {
    await this.#book.load();
    this.#startedAt = this.#options.clock.monotonic();
    await this.ownersChanged();
    // A process died between the removal of a job and that of its position.
    for (const id of this.#options.positions.jobIds()) if (!this.#book.get(id)) this.#turns.wake(id);
  }

  /** Offers nothing more; settlements still count. */
  quiesce(): void {
    this.#isQuiet = true;
  }

  /** Resolves when nothing is in work here any more, and all that was settled is saved. */
  async stop(): Promise<void> {
    this.quiesce();
    this.#turns.stop();
    await Promise.all([...this.#feeds.keys()].map((id) => this.#letGo(id)));
  }

  /**
   * Durable when it resolves; rejects for offsets of anything but the stream, and when the subscription ends meanwhile.
   * Takes a second or more: the end of the stream has to be seen.
   */
  async create(subscriptionId: string, range: ReplayRange): Promise<{ jobId: string }> {
    const { id: jobId } = await this.#book.create(subscriptionId, range, 'replay');
    return { jobId };
  }

  /** As `create`, but offered as if for the first time. `next`: where that begins which comes after it. */
  async recover(
    subscriptionId: string,
    range: ReplayRange,
  ): Promise<{ jobId: string; next: ReplayRange['from'] }> {
    const { stream } = this.#options;
    const job = await this.#book.create(subscriptionId, range, 'recovery');
    return { jobId: job.id, next: { offsets: { [keyOf(stream)]: rangeOf(stream, job).end } } };
  }

  /**
   * Undefined when nothing is to be recovered. Else resolves once all of it was offered here, though not settled, or is
   * dealt with by another replica; never, when this one is stopped before.
   */
  recovering(subscriptionId: string): Promise<void> | undefined {
    return this.#recoveries.of(subscriptionId);
  }

  /** Its outlet is there: its jobs are taken up. */
  async attached(subscriptionId: string): Promise<void> {
    this.#attached.add(subscriptionId);
    await this.#lookAt(this.#book.of(subscriptionId));
  }

  /** Lets go of its jobs, for another replica to go on with. To be called before anything is awaited. */
  async left(subscriptionId: string): Promise<void> {
    this.#attached.delete(subscriptionId);
    this.#book.subscriptionEnded(subscriptionId);
    await this.#lookAt(this.#book.of(subscriptionId));
  }

  /** Ends its jobs. Durable when it resolves; when it rejects, the same call again goes on. */
  async detached(subscriptionId: string): Promise<void> {
    await this.left(subscriptionId);
    await this.#book.load();
    const ids = this.#book.of(subscriptionId).map(({ id }) => id);
    await Promise.all(
      ids.map(async (id) => {
        await this.#book.end(id);
        await this.#clearAway(id);
      }),
    );
  }

  /** `serves` may answer otherwise than before. Resolves when nothing is in work here of what is another's now. */
  async ownersChanged(): Promise<void> {
    await this.#lookAt(this.#book.all());
  }

  /** Cheap. */
  roomAgain(subscriptionId: string): void {
    for (const { id } of this.#book.of(subscriptionId))
      if (this.#feeds.get(id)?.isStalled === true) this.#turns.wake(id);
  }

  async #lookAt(jobs: readonly ReplayJob[]): Promise<void> {
    const now = this.#options.clock.monotonic();
    await Promise.all(jobs.map((job) => this.#look(job, now)));
  }

  /** Takes up what is this replica's, and lets go of what is not. */
  async #look(job: ReplayJob, since: number): Promise<void> {
    const { id, subscriptionId } = job;
    if (!this.#isOurs(subscriptionId)) {
      this.#ours.delete(id);
      return this.#letGo(id);
    }
    if (this.#ours.has(id)) return;
    this.#ours.set(id, since);
    this.#turns.wake(id);
  }

  #isOurs(subscriptionId: string): boolean {
    const { outletOf, serves } = this.#options;
    if (this.#startedAt === undefined || !this.#attached.has(subscriptionId)) return false;
    return outletOf(subscriptionId) !== undefined && serves(subscriptionId);
  }

  async #letGo(jobId: string): Promise<void> {
    const feed = this.#feeds.get(jobId);
    if (!feed) return;
    this.#reader.forget(feed);
    await feed.leave(GRACE_MS);
    // When the job has ended meanwhile, its position is still to be removed.
    if (this.#feeds.get(jobId) === feed && this.#book.get(jobId)) this.#feeds.delete(jobId);
    this.#turns.wake(jobId);
  }

  /** The job was removed, by whomever. */
  #over({ id, subscriptionId }: ReplayJob): void {
    this.#ours.delete(id);
    const feed = this.#feeds.get(id);
    if (feed) {
      this.#reader.forget(feed);
      void feed.close();
    }
    // Whoever removed it may have died before it came to the position.
    this.#turns.wake(id);
    this.#recoveries.check(subscriptionId);
  }

  async #turn(jobId: string): Promise<TurnEnd> {
    const job = this.#book.get(jobId);
    try {
      return job ? await this.#serve(job) : await this.#clearAway(jobId);
    } catch (error) {
      this.#options.logger.error({ jobId, reason: String(error) }, 'replay.failed');
      return 'later';
    } finally {
      if (job) this.#recoveries.check(job.subscriptionId);
    }
  }

  async #serve(job: ReplayJob): Promise<TurnEnd> {
    const feed = this.#feeds.get(job.id);
    if (!feed) return this.#takeUp(job);
    if (!feed.isOpen) return 'idle';
    return feed.isDone ? this.#finish(feed) : this.#read(feed);
  }

  async #takeUp(job: ReplayJob): Promise<TurnEnd> {
    const { positions, stream, clock, logger, outletOf, mayAttempt } = this.#options;
    const since = this.#ours.get(job.id);
    if (since === undefined || this.#isQuiet) return 'idle';
    if (clock.monotonic() - since < TAKE_UP_MS) return 'later';
    const saved = await positions.load(job.id);
    const outlet = outletOf(job.subscriptionId);
    // It may have gone, and even have come again, while its position was read.
    if (!outlet || this.#ours.get(job.id) !== since || this.#quiet()) return 'later';
    const wake = (id: string): void => this.#turns.wake(id);
    const host = { positions, clock, logger, mayAttempt, wake };
    this.#feeds.set(job.id, new ReplayFeed(host, job, rangeOf(stream, job), outlet, saved));
    return 'again';
  }

  async #read(feed: ReplayFeed): Promise<TurnEnd> {
    if (feed.isRead || this.#isQuiet || !feed.canGoOn()) return 'idle';
    const intake = this.#options.intake();
    const stretch = intake && (await this.#reader.next(feed));
    if (!intake || !stretch) return 'later';
    if (!feed.isOpen || this.#quiet()) return 'idle';
    const { readAt } = feed;
    const left = feed.serve(stretch, intake);
    if (feed.readAt !== readAt) this.#book.served(feed.job);
    if (!left) return 'again';
    this.#reader.keep(feed, left);
    return 'idle';
  }

  async #finish(feed: ReplayFeed): Promise<TurnEnd> {
    if (!(await feed.save())) return 'later';
    // Let go of meanwhile: it is another's to end.
    if (!feed.isOpen) return 'idle';
    await this.#book.end(feed.job.id);
    return 'again';
  }

  async #clearAway(jobId: string): Promise<TurnEnd> {
    const { positions } = this.#options;
    const feed = this.#feeds.get(jobId);
    await feed?.close();
    if (feed || positions.has(jobId)) await positions.remove(jobId);
    this.#feeds.delete(jobId);
    return 'idle';
  }

  /** A call, because the compiler believes that an `await` changes no field. */
  #quiet(): boolean {
    return this.#isQuiet;
  }
}
