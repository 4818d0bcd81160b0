import type { Clock } from '../../time.ts';
import type { Delivery, Feed, Outlet, Routed } from '../broker.ts';
import { Ledger } from './ledger.ts';
import type { Partition, Position } from './log.ts';
import { decodeHoles, encodeHoles } from './position.ts';

/** RULES 8: how long settlements may wait for their commit before the feed stops making attempts. */
const UNCOMMITTED_LIMIT_MS = 30_000;

/** A position that was full is asked for more when it is filled to this part at most: not for each settlement. */
const ROOM_AGAIN = 0.75;

/** What a cursor needs of its surroundings. */
export interface CursorHost {
  readonly clock: Clock;
  readonly positionCapacity: number;
  /** The next offset that the partition's shared reader offers. */
  head(): number;
  leaseHolds(): boolean;
  /** The cursor has something to commit. */
  dirty(cursor: Cursor): void;
  /** The position's record has room for more holes again. */
  roomAgain(): void;
  /** The cursor has to read again from behind the head. */
  fellBehind(cursor: Cursor): void;
  /** Another takes the cursor's place, there. */
  restart(cursor: Cursor, at: Pick<Position, 'offset' | 'holes'>): void;
  /** The last event of a replay's part was settled. */
  finished(cursor: Cursor): void;
}

/** The part of a replay that lies in one partition. */
export interface CursorRange {
  /** Exclusive. */
  readonly end: number;
  readonly correlationId: string | undefined;
}

/**
 * One subscription's place in one partition, and the Feed of the deliveries admitted there. `joined` = it stands
 * at the head and is offered what the shared reader reads; else it is a laggard that reads from `readAt`.
 */
export class Cursor implements Feed {
  readonly outlet: Outlet;
  /** Names the position: the subscription's id, for a replay the job's. */
  readonly feedId: string;
  readonly partition: Partition;
  readonly range: CursorRange | undefined;
  readonly ledger: Ledger;
  joined = false;
  closed = false;
  readAt: number;
  /** Counts how often it had to go back: what was to be offered next may no longer be. */
  rewinds = 0;
  /** When the record that found no room was stamped; undefined while nothing is held up. */
  heldUpSince: number | undefined;
  lost = 0;
  /** When the committed position was last known to be as it should be (monotonic milliseconds). */
  checkedAt: number;
  /** Counts the commits that were begun. */
  commits = 0;
  isCommitting = false;
  /** When it was last written, or read at the beginning. */
  committedAt: number;
  readonly #host: CursorHost;
  #committed: Pick<Position, 'offset' | 'holes'>;
  #finished = false;
  #wasFull = false;
  #settledSince: number | undefined;
  #committingSince: number | undefined;

  constructor(host: CursorHost, outlet: Outlet, stored: Position, range?: CursorRange) {
    this.#host = host;
    this.outlet = outlet;
    this.feedId = stored.subscriptionId;
    this.partition = stored;
    this.range = range;
    this.ledger = new Ledger(decodeHoles(stored.offset, stored.holes));
    this.readAt = this.ledger.readFrom;
    this.#committed = stored;
    this.checkedAt = this.committedAt = host.clock.monotonic();
  }

  /** May the record at `offset` be offered? One that comes again has its place in the position already. */
  hasRoom(offset: number): boolean {
    if (offset >= this.ledger.next && this.ledger.isFull(this.#host.positionCapacity)) {
      this.#wasFull = true;
      return false;
    }
    return this.outlet.hasRoom();
  }

  /** Is this record one to offer here? False also for what a replay leaves out. */
  wants(routed: Routed, offset: number): boolean {
    const only = this.range?.correlationId;
    if (only !== undefined && routed.event.correlationId !== only) return false;
    return this.ledger.wants(offset);
  }

  offer(routed: Routed, offset: number): void {
    const delivery: Delivery = {
      event: routed.event,
      record: routed.record,
      feed: this,
      replay: this.range !== undefined,
      attempts: this.ledger.attemptsOf(offset),
      history: undefined,
      successesAtFirstFailure: undefined,
    };
    this.heldUpSince = undefined;
    this.ledger.admit(offset, delivery);
    this.outlet.offer(delivery);
  }

  /**
   * The log ends at `end` and is not what it was beyond: another cursor goes on from there. What is in work is for
   * nothing, and what is not settled below is still owed.
   */
  restartAt(end: number): void {
    const kept = this.ledger.below(end);
    this.#host.restart(this, { offset: kept.holes[0]?.[0] ?? end, holes: encodeHoles(kept) });
  }

  /** The log has nothing below `offset` any more. */
  skipTo(offset: number): void {
    this.ledger.pass(offset);
    this.readAt = offset;
    this.heldUpSince = undefined;
    // What is lost is lost once: the next owner is not to count it again.
    this.#host.dirty(this);
    this.checkFinished();
  }

  settle(delivery: Delivery): void {
    const offset = delivery.record.source.offset as number;
    if (!this.ledger.holdsDelivery(offset, delivery)) return;
    this.ledger.settle(offset);
    this.#settledSince ??= this.#host.clock.monotonic();
    this.#host.dirty(this);
    if (this.#wasFull && !this.ledger.isFull(this.#host.positionCapacity * ROOM_AGAIN)) {
      this.#wasFull = false;
      this.#host.roomAgain();
    }
    this.checkFinished();
  }

  /** A laggard has looked at everything below `to`. */
  advance(to: number): void {
    if (to <= this.readAt) return;
    this.ledger.dropUnheld(this.readAt, to);
    this.ledger.pass(to);
    this.readAt = to;
    this.heldUpSince = undefined;
    this.checkFinished();
  }

  checkFinished(): void {
    if (this.#finished || !this.range || this.readAt < this.range.end || this.ledger.size > 0) return;
    this.#finished = true;
    this.#host.finished(this);
  }

  attempted(): void {
    this.#host.dirty(this);
  }

  evicted(delivery: Delivery): void {
    const offset = delivery.record.source.offset as number;
    if (!this.ledger.holdsDelivery(offset, delivery)) return;
    this.ledger.evict(offset);
    this.heldUpSince = undefined;
    this.#host.fellBehind(this);
  }

  mayAttempt(): boolean {
    if (this.closed || !this.#host.leaseHolds()) return false;
    const since = this.#committingSince ?? this.#settledSince;
    return since === undefined || this.#host.clock.monotonic() - since < UNCOMMITTED_LIMIT_MS;
  }

  /** Up to where all was looked at. */
  get next(): number {
    return this.joined ? Math.max(this.ledger.next, this.#host.head()) : this.ledger.next;
  }

  /** The lowest unsettled offset. */
  get offset(): number {
    return this.ledger.size > 0 ? this.ledger.offset : this.next;
  }

  /** The position to commit now, or undefined when the committed one is current. */
  takeUncommitted(): Position | undefined {
    const { offset, holes } = this.ledger.encode(this.next);
    if (this.#committed.offset === offset && this.#committed.holes === holes) {
      this.#settledSince = this.#committingSince = undefined;
      return undefined;
    }
    this.#committingSince ??= this.#settledSince;
    this.#settledSince = undefined;
    this.commits++;
    this.isCommitting = true;
    const { topic, partition, topicId } = this.partition;
    return { subscriptionId: this.feedId, topic, partition, topicId, offset, holes };
  }

  /** The log did not write what was taken last. */
  notCommitted(): void {
    this.isCommitting = false;
  }

  committed(position: Position): void {
    this.isCommitting = false;
    this.#committed = position;
    this.#committingSince = undefined;
    this.checkedAt = this.committedAt = this.#host.clock.monotonic();
  }

  /** Is this what was committed last? */
  isCommitted({ offset, holes, topicId, lost }: Position): boolean {
    if (lost || topicId !== this.partition.topicId) return false;
    return this.#committed.offset === offset && this.#committed.holes === holes;
  }

  /** What was committed is no more: it is to be committed again, though nothing moved. */
  lostCommit(): void {
    this.#committed = { offset: -1, holes: '' };
  }

  /** True when the committed offset is behind although nothing is in work (RULES 5: refreshed, so it never expires). */
  isStale(): boolean {
    return this.ledger.size === 0 && this.#committed.offset !== this.offset;
  }
}
