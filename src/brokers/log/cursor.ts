import type { Clock } from '../../time.ts';
import type { Delivery, Feed, Outlet, Routed } from '../broker.ts';
import { Ledger } from './ledger.ts';
import type { Partition, Position } from './log.ts';
import { decodeHoles } from './position.ts';

/** RULES 8: how long settlements may wait for their commit before the feed stops making attempts. */
const UNCOMMITTED_LIMIT_MS = 30_000;

/** What a cursor needs of its surroundings. */
export interface CursorHost {
  readonly clock: Clock;
  readonly positionCapacity: number;
  /** The next offset that the partition's shared reader offers. */
  head(): number;
  leaseHolds(): boolean;
  /** The cursor has something to commit. */
  dirty(cursor: Cursor): void;
  /** The cursor has to read again from behind the head. */
  fellBehind(cursor: Cursor): void;
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
  ledger: Ledger;
  joined = false;
  closed = false;
  readAt: number;
  /** Counts how often it had to go back: what was to be offered next may no longer be. */
  rewinds = 0;
  /** When the record that found no room was stamped; undefined while nothing is held up. */
  heldUpSince: number | undefined;
  lost = 0;
  readonly #host: CursorHost;
  #committed: Pick<Position, 'offset' | 'holes'>;
  #finished = false;
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
  }

  hasRoom(): boolean {
    return this.outlet.hasRoom() && !this.ledger.isFull(this.#host.positionCapacity);
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

  /** The log is not what it was at this position: starts anew, all that was in work is for nothing. */
  restartAt(offset: number): void {
    this.ledger = new Ledger({ next: offset, holes: [] });
    this.readAt = offset;
    this.#host.dirty(this);
  }

  settle(delivery: Delivery): void {
    this.ledger.settle(delivery.record.source.offset as number);
    this.#settledSince ??= this.#host.clock.monotonic();
    this.#host.dirty(this);
    if (this.range) this.checkFinished();
  }

  /** A laggard has looked at everything below `to`. */
  advance(to: number): void {
    if (to <= this.readAt) return;
    this.ledger.dropUnheld(this.readAt, to);
    this.ledger.pass(to);
    this.readAt = to;
    if (this.range) this.checkFinished();
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
    this.ledger.evict(delivery.record.source.offset as number);
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
      this.#settledSince = undefined;
      return undefined;
    }
    this.#committingSince ??= this.#settledSince;
    this.#settledSince = undefined;
    const { topic, partition, topicId } = this.partition;
    return { subscriptionId: this.feedId, topic, partition, topicId, offset, holes };
  }

  committed(position: Position): void {
    this.#committed = position;
    this.#committingSince = undefined;
  }

  /** True when the committed offset is behind although nothing is in work (RULES 5: refreshed, so it never expires). */
  isStale(): boolean {
    return this.ledger.size === 0 && this.#committed.offset !== this.offset;
  }
}
