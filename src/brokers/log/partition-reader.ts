import type { Logger } from '../../logger.ts';
import { sleep, type Clock } from '../../time.ts';
import type { Intake, Routed } from '../broker.ts';
import type { Cursor } from './cursor.ts';
import type { Log, Partition } from './log.ts';
import { PartitionCursors } from './partition-cursors.ts';
import { RoutedLog } from './routed-log.ts';
import { skipRemoved } from './skip-removed.ts';
import { Signal } from './signal.ts';
import { offsetOf, type Stretch, type Stretches } from './stretches.ts';

const RETRY_MS = 500;

/**
 * Reads one partition for all its cursors: "one log, many cursors".
 *
 * The head loop reads each record once and offers it to the cursors that stand at the head. One that has no room
 * when its event comes is left behind as a laggard; the catch-up loop reads for the laggards in turn, serving all
 * that stand within the stretch it read, until they are at the head again. A cursor joins the head only in the
 * turn in which it stands exactly at the next offset to be offered (RULES 2). With nobody at the head, the most
 * advanced laggard's place becomes the head: a lone slow subscription is waited for, not left behind. Whoever stands
 * beyond the head (it attached later, or resumed at a later position) never waits for room that others lack.
 */
export class PartitionReader {
  readonly partition: Partition;
  /** False once the partition is another's. */
  isOwned = true;
  readonly #log: Log;
  readonly #routedLog: RoutedLog;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #cursors = new PartitionCursors();
  readonly #laggards = new Set<Cursor>();
  /** Joined, with events from before a restart that the head still has to bring up again. */
  readonly #rereading = new Set<Cursor>();
  #joined = 0;
  #head = 0;
  #stopped = false;
  #tellStopped: () => void = () => undefined;
  readonly #headSignal = new Signal();
  readonly #catchUpSignal = new Signal();
  #loops: Promise<unknown> = Promise.resolve();

  /** `earlier` is shared by the readers of all partitions. */
  constructor(
    partition: Partition,
    log: Log,
    intake: Intake,
    earlier: Stretches,
    clock: Clock,
    logger: Logger,
  ) {
    this.partition = partition;
    this.#log = log;
    const stopped = new Promise<void>((resolve) => (this.#tellStopped = resolve));
    this.#routedLog = new RoutedLog(log, partition, intake, earlier, stopped);
    this.#clock = clock;
    this.#logger = logger;
  }

  get head(): number {
    return this.#head;
  }

  start(): void {
    this.#loops = Promise.all([
      this.#loop(this.#headSignal, () => this.#headTurn()),
      this.#loop(this.#catchUpSignal, () => this.#catchUpTurn()),
    ]);
  }

  /** Offers nothing from now on; a read under way may still return, in vain. */
  stop(): void {
    this.#stopped = true;
    this.#tellStopped();
    this.#routedLog.close();
    this.wake();
  }

  /** The partition is another's: no attempt may start any more, also not while the positions are committed. */
  disown(): void {
    this.isOwned = false;
    this.stop();
  }

  /** Resolves when the loops have ended. Call `stop` first. */
  async ended(): Promise<void> {
    await this.#loops;
  }

  add(cursor: Cursor): void {
    this.#cursors.add(cursor);
    this.#laggards.add(cursor);
    cursor.checkFinished();
    this.wake();
  }

  remove(cursor: Cursor): void {
    cursor.closed = true;
    if (cursor.joined) this.#joined--;
    cursor.joined = false;
    this.#laggards.delete(cursor);
    this.#cursors.remove(cursor);
    this.wake();
  }

  cursorsOf(subscriptionId: string): readonly Cursor[] {
    return this.#cursors.of(subscriptionId);
  }

  all(): Iterable<Cursor> {
    return this.#cursors.all();
  }

  /** Something that a loop may wait for has changed: room, a cursor, an eviction. */
  wake(): void {
    this.#headSignal.raise();
    this.#catchUpSignal.raise();
  }

  /** Evicted deliveries have to be read again, so the cursor goes back. */
  fellBehind(cursor: Cursor): void {
    if (cursor.closed) return;
    cursor.rewinds++;
    if (cursor.joined) this.#leaveHead(cursor, this.#head);
    cursor.readAt = Math.min(cursor.readAt, cursor.ledger.readFrom);
    this.wake();
  }

  async #loop(signal: Signal, turn: () => Promise<boolean>): Promise<void> {
    while (!this.#stopped) {
      signal.clear();
      const progressed = await turn().catch((error: unknown) => this.#failed(error));
      if (!progressed) await signal.wait();
    }
  }

  /** Reading is tried again after a pause, for as long as the partition is ours; one reason is said once. */
  async #failed(error: unknown): Promise<boolean> {
    if (this.#stopped) return true;
    const about = { topic: this.partition.topic, partition: this.partition.partition, error: String(error) };
    if (this.#routedLog.isNews(error)) this.#logger.error(about, 'partition.read-failed');
    await sleep(this.#clock, RETRY_MS);
    return true;
  }

  /** True when it did something; false when there is nothing to do until somebody wakes the loop. */
  async #headTurn(): Promise<boolean> {
    if (this.#joined === 0 && !this.#promote()) return false;
    const stretch = this.#usable(await this.#read(this.#head, 'head'));
    if (stretch?.from !== this.#head) return true;
    for (const routed of stretch.routed) {
      if (!this.#offerAtHead(routed)) return false;
    }
    this.#head = stretch.to;
    if (this.#rereading.size > 0) this.#dropUnwanted();
    if (this.#laggards.size > 0) this.#catchUpSignal.raise();
    return true;
  }

  /** With nobody at the head, it moves to the most advanced laggard. */
  #promote(): boolean {
    let best: Cursor | undefined;
    for (const cursor of this.#laggards) {
      if (!cursor.range && cursor.readAt > (best?.readAt ?? -1)) best = cursor;
    }
    if (!best) return false;
    this.#head = best.readAt;
    this.#join(best);
    return true;
  }

  #join(cursor: Cursor): void {
    this.#laggards.delete(cursor);
    cursor.joined = true;
    this.#joined++;
    if (cursor.readAt < cursor.ledger.next) this.#rereading.add(cursor);
    // The head may be waiting for room of those that stood there before.
    this.#headSignal.raise();
  }

  #leaveHead(cursor: Cursor, at: number): void {
    cursor.ledger.pass(this.#head);
    cursor.joined = false;
    cursor.readAt = at;
    this.#joined--;
    this.#laggards.add(cursor);
  }

  /** False when all that stand at the head want the record, none has room, and nobody is ahead: the head waits. */
  #offerAtHead(routed: Routed): boolean {
    const offset = offsetOf(routed) as number;
    const wanting: Cursor[] = [];
    for (const id of routed.subscriptionIds) {
      const cursor = this.#cursors.liveOf(id);
      if (cursor?.joined && cursor.wants(routed, offset)) wanting.push(cursor);
    }
    // Asking for room may evict others, which then no longer stand at the head: their turn comes when they are back.
    const blocked = wanting.filter((cursor) => !cursor.hasRoom(offset)).filter((cursor) => cursor.joined);
    for (const cursor of blocked) cursor.heldUpSince ??= routed.record.timestamp;
    if (blocked.length > 0 && blocked.length === this.#joined && !this.#isSomebodyBeyond(offset)) {
      this.#head = offset;
      return false;
    }
    for (const cursor of blocked) {
      cursor.ledger.dropUnheld(0, offset);
      this.#leaveHead(cursor, offset);
    }
    if (blocked.length > 0) this.#catchUpSignal.raise();
    for (const cursor of wanting) if (cursor.joined) cursor.offer(routed, offset);
    // Last, so that an outlet that throws does not make the others miss the record.
    this.#head = offset + 1;
    return true;
  }

  /** What was owed, and did not come up again where the head has been, nobody wants any more. */
  #dropUnwanted(): void {
    for (const cursor of this.#rereading) {
      if (cursor.joined) cursor.ledger.dropUnheld(0, this.#head);
      if (!cursor.joined || this.#head >= cursor.ledger.next) this.#rereading.delete(cursor);
    }
  }

  #isSomebodyBeyond(offset: number): boolean {
    for (const cursor of this.#laggards) if (!cursor.range && cursor.readAt > offset) return true;
    return false;
  }

  async #catchUpTurn(): Promise<boolean> {
    const first = this.#nextLaggard();
    if (!first) return false;
    if (this.#mayJoin(first)) {
      this.#join(first);
      return true;
    }
    const stretch = this.#usable(await this.#read(first.readAt, 'catchUp'));
    if (stretch) this.#serve(stretch);
    return true;
  }

  async #read(from: number, by: 'head' | 'catchUp'): Promise<Stretch | undefined> {
    // A lone laggard goes where all others have been.
    const isAwaited = this.#laggards.size > (by === 'head' ? 0 : 1);
    const stretch = await this.#routedLog.read(from, by, isAwaited);
    if (this.#stopped || stretch === 'nothing') return undefined;
    return stretch === 'removed' ? this.#skipRemoved() : stretch;
  }

  /**
   * The stretch, if it may be worked on: still ours, and matched against today's subscriptions. To be asked where the
   * work begins: whatever is awaited in between, a partition may go or a subscription come.
   */
  #usable(stretch: Stretch | undefined): Stretch | undefined {
    return stretch && !this.#stopped && this.#routedLog.isCurrent(stretch) ? stretch : undefined;
  }

  /**
   * The next laggard in turn that can get on: it stands where the head is, or there is something to read and it has
   * room, or it is not known yet what it has no room for.
   */
  #nextLaggard(): Cursor | undefined {
    for (const cursor of this.#laggards) {
      const canRead =
        cursor.readAt < this.#limitOf(cursor) &&
        (cursor.hasRoom(cursor.readAt) || cursor.heldUpSince === undefined);
      if (!canRead && !this.#mayJoin(cursor)) continue;
      this.#laggards.delete(cursor);
      this.#laggards.add(cursor);
      return cursor;
    }
    return undefined;
  }

  #mayJoin(cursor: Cursor): boolean {
    return !cursor.range && this.#joined > 0 && cursor.readAt === this.#head;
  }

  /** Offers a stretch to every laggard that stands within it; one without room stays at the record it misses. */
  #serve(stretch: Stretch): void {
    const rewinds = new Map<Cursor, number>();
    for (const cursor of this.#laggards) {
      if (cursor.readAt >= stretch.from && cursor.readAt < stretch.to) rewinds.set(cursor, cursor.rewinds);
    }
    // Asking for room may evict others, which then have to go back: they are left out from that moment.
    const served = (cursor: Cursor): boolean => rewinds.get(cursor) === cursor.rewinds;
    const serve = (cursor: Cursor, routed: Routed, offset: number): void => {
      if (!served(cursor) || offset < cursor.readAt || offset >= this.#limitOf(cursor)) return;
      if (!cursor.wants(routed, offset)) return;
      if (cursor.hasRoom(offset)) return cursor.offer(routed, offset);
      cursor.advance(offset);
      cursor.heldUpSince ??= routed.record.timestamp;
      rewinds.delete(cursor);
    };
    for (const routed of stretch.routed) {
      const offset = offsetOf(routed) as number;
      for (const id of routed.subscriptionIds) {
        const live = this.#cursors.liveOf(id);
        if (live && !live.joined) serve(live, routed, offset);
        for (const cursor of this.#cursors.replaysOf(id)) serve(cursor, routed, offset);
      }
    }
    for (const cursor of rewinds.keys()) {
      if (served(cursor)) cursor.advance(Math.min(stretch.to, this.#limitOf(cursor)));
    }
  }

  /** A laggard is served up to the head, where it joins; a replay up to its end. */
  #limitOf(cursor: Cursor): number {
    if (cursor.range) return cursor.range.end;
    return this.#joined > 0 ? this.#head : Infinity;
  }

  async #skipRemoved(): Promise<undefined> {
    const bounds = await this.#log.bounds(this.partition);
    // Let go meanwhile: who reads it next counts what is lost.
    skipRemoved(this.#stopped ? [] : this.all(), this.#head, bounds, this.#logger);
    this.#head = Math.min(Math.max(this.#head, bounds.start), bounds.end);
  }
}
