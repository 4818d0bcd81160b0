import type { Logger } from '../../../logger.ts';
import { sleep, type Clock } from '../../../time.ts';
import type { Delivery, Feed, Intake, Outlet, Routed } from '../../broker.ts';
import { Ledger } from '../../log/ledger.ts';
import type { ReplayJob } from '../../log/log.ts';
import { decodeHoles } from '../../log/position.ts';
import type { StreamedEvent } from '../streams/event-stream.ts';
import { PositionKeeper } from './position-keeper.ts';
import { isRecovery } from './replay-job.ts';
import type { ReplayPosition, ReplayPositions } from './replay-positions.ts';
import type { StreamRange } from './replay-range.ts';

/** What a read of the stream answered, or the part of it that was not looked at yet. */
export interface Stretch {
  /** There is nothing between here and the first event. */
  readonly from: number;
  readonly events: readonly StreamedEvent[];
  /** The offset after all of them. */
  readonly next: number;
}

export interface ReplayFeedHost {
  readonly positions: ReplayPositions;
  readonly clock: Clock;
  readonly logger: Logger;
  mayAttempt(): boolean;
  /** The feed has something to do again. */
  wake(jobId: string): void;
}

/** A record of the stream says nothing of its place there. */
interface ReplayDelivery extends Delivery {
  readonly offset: number;
}

/** RULES 7: a feed with more holes than this many bytes hold takes nothing new. */
const HOLES_CAPACITY = 16_384;
/** One that was full takes something again when its holes are down to this part: not for each settlement. */
const ROOM_AGAIN = 0.75;
/** Whoever lets go does not wait longer than this for a broker that is away. */
const LAST_SAVE_MS = 5_000;

/** One replay as this replica serves it: its place in the stream, and the feed of what it offered (RULES 14). */
export class ReplayFeed implements Feed {
  readonly job: ReplayJob;
  readonly outlet: Outlet;
  readonly #host: ReplayFeedHost;
  readonly #end: number;
  readonly #ledger: Ledger;
  readonly #keeper: PositionKeeper;
  #readAt: number;
  #rewinds = 0;
  #state: 'open' | 'leaving' | 'closed' = 'open';
  #left: Promise<void> | undefined;
  #isStalled = false;
  #wasFull = false;
  #wasRead = false;

  constructor(
    host: ReplayFeedHost,
    job: ReplayJob,
    { start, end }: StreamRange,
    outlet: Outlet,
    saved: ReplayPosition | undefined,
  ) {
    this.job = job;
    this.outlet = outlet;
    this.#host = host;
    this.#end = end;
    const isIn = saved !== undefined && saved.offset >= start;
    this.#ledger = new Ledger(isIn ? decodeHoles(saved.offset, saved.holes) : { next: start, holes: [] });
    this.#readAt = this.#ledger.readFrom;
    this.#wasRead = this.isRead;
    const { positions, clock, logger } = host;
    const current = (): ReplayPosition => this.#ledger.encode(this.#ledger.next);
    this.#keeper = new PositionKeeper({ jobId: job.id, positions, clock, logger, saved, current });
  }

  /** The next offset to be looked at. */
  get readAt(): number {
    return this.#readAt;
  }

  get end(): number {
    return this.#end;
  }

  /** Counts how often it had to go back: what was read before is then not what comes next. */
  get rewinds(): number {
    return this.#rewinds;
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** It waits for room. */
  get isStalled(): boolean {
    return this.#isStalled;
  }

  get isRead(): boolean {
    return this.#readAt >= this.#end;
  }

  /** Was all of it offered, even if some was evicted since? */
  get wasRead(): boolean {
    return this.#wasRead;
  }

  get isDone(): boolean {
    return this.isRead && this.#ledger.size === 0;
  }

  /** False while it is known to have no room for what it stands at. */
  canGoOn(): boolean {
    if (this.#isStalled) this.#isStalled = !this.#hasRoom(this.#readAt);
    return !this.#isStalled;
  }

  /** Offers what it wants of a stretch. Answers what there was no room for. */
  serve({ from, events, next }: Stretch, intake: Intake): Stretch | undefined {
    // It had to go back since the stretch was read: there is something between.
    if (from > this.#readAt) return undefined;
    const rewinds = this.#rewinds;
    const isInterrupted = (): boolean => !this.isOpen || rewinds !== this.#rewinds;
    for (const [i, event] of events.entries()) {
      if (event.offset < this.#readAt) continue;
      if (event.offset >= this.#end) break;
      const routed = this.#wanted(event, intake);
      const hasRoom = !routed || this.#hasRoom(event.offset);
      // Asking for room may evict others, and this feed too.
      if (isInterrupted()) return undefined;
      if (!hasRoom) {
        this.#isStalled = true;
        return { from: event.offset, events: events.slice(i), next };
      }
      if (routed) this.#offer(routed, event.offset);
      if (isInterrupted()) return undefined;
      this.#advance(event.offset + 1);
    }
    this.#advance(Math.min(next, this.#end));
    return undefined;
  }

  /** The stream has nothing below `start` any more. Answers how many offsets were never looked at, or were owed. */
  skipTo(start: number): number {
    const to = Math.min(start, this.#end);
    const neverSeen = Math.max(0, to - Math.max(this.#readAt, this.#ledger.next));
    const lost = this.#ledger.forgetBelow(to) + neverSeen;
    this.#isStalled = false;
    this.#advance(to);
    return lost;
  }

  settle(delivery: Delivery): void {
    const { offset } = delivery as ReplayDelivery;
    if (this.#state === 'closed' || !this.#ledger.holdsDelivery(offset, delivery)) return;
    this.#ledger.settle(offset);
    this.#keeper.settled();
    const hasSpace = this.#wasFull && !this.#ledger.isFull(HOLES_CAPACITY * ROOM_AGAIN);
    if (hasSpace) this.#wasFull = false;
    if (hasSpace || this.isDone) this.#host.wake(this.job.id);
  }

  attempted(): void {
    this.#keeper.changed();
  }

  evicted(delivery: Delivery): void {
    const { offset } = delivery as ReplayDelivery;
    if (this.#state === 'closed' || !this.#ledger.holdsDelivery(offset, delivery)) return;
    this.#ledger.evict(offset);
    this.#rewinds++;
    this.#readAt = Math.min(this.#readAt, this.#ledger.readFrom);
    this.#isStalled = false;
    this.#host.wake(this.job.id);
  }

  mayAttempt(): boolean {
    return this.isOpen && !this.#keeper.isOverdue && this.#host.mayAttempt();
  }

  /** See PositionKeeper. */
  save(): Promise<boolean> {
    return this.#keeper.save();
  }

  /**
   * Lets go: offers nothing more, gives what is in work `graceMs` to end, and saves how far it came. Resolves when
   * nothing of it is under way here. The same call again waits for the first.
   */
  leave(graceMs: number): Promise<void> {
    this.#left ??= this.#leave(graceMs);
    return this.#left;
  }

  /** The job is over: nothing of it counts any more. Resolves when its position is not written any more. */
  async close(): Promise<void> {
    this.#state = 'closed';
    this.#keeper.close();
    if (this.#ledger.size > 0) void this.outlet.release(this, 0);
    await this.#keeper.idle();
  }

  async #leave(graceMs: number): Promise<void> {
    if (this.isOpen) this.#state = 'leaving';
    await this.outlet.release(this, graceMs);
    await Promise.race([this.#keeper.save(), sleep(this.#host.clock, LAST_SAVE_MS)]);
    this.#state = 'closed';
    this.#keeper.close();
  }

  #wanted({ offset, record }: StreamedEvent, intake: Intake): Routed | undefined {
    if (!this.#ledger.wants(offset)) return undefined;
    const routed = intake.route(record);
    if ('quarantined' in routed) {
      // Its live delivery waits for that.
      routed.quarantined.catch(() => undefined);
      return undefined;
    }
    const { subscriptionId, correlationId } = this.job;
    if (correlationId !== undefined && routed.event.correlationId !== correlationId) return undefined;
    return routed.subscriptionIds.includes(subscriptionId) ? routed : undefined;
  }

  #hasRoom(offset: number): boolean {
    if (offset >= this.#ledger.next && this.#ledger.isFull(HOLES_CAPACITY)) {
      this.#wasFull = true;
      return false;
    }
    return this.outlet.hasRoom();
  }

  #offer({ event, record }: Routed, offset: number): void {
    const delivery: ReplayDelivery = {
      ...{ event, record, feed: this, offset, replay: !isRecovery(this.job) },
      attempts: this.#ledger.attemptsOf(offset),
      history: undefined,
      successesAtFirstFailure: undefined,
    };
    this.#ledger.admit(offset, delivery);
    try {
      this.outlet.offer(delivery);
    } catch (error) {
      this.#host.logger.error({ err: error, jobId: this.job.id, eventId: event.id }, 'offer.failed');
    }
  }

  #advance(to: number): void {
    if (to <= this.#readAt) return;
    this.#ledger.dropUnheld(this.#readAt, to);
    this.#ledger.pass(to);
    this.#readAt = to;
    if (this.isRead) this.#wasRead = true;
    this.#keeper.changed();
  }
}
