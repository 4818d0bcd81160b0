import type { Intake, Routed } from '../broker.ts';
import { OffsetOutOfRange, type Log, type Partition } from './log.ts';
import { restOf, type Shelf, type Stretch, type Stretches } from './stretches.ts';

/** Small enough that most of what is read is delivered before the garbage collector calls it old. */
const READ_BYTES = 1 << 18;

/** Reads a partition as decoded and matched stretches; each loop's latest stays, and earlier ones while they are awaited. */
export class RoutedLog {
  readonly #log: Log;
  readonly #partition: Partition;
  readonly #intake: Intake;
  readonly #latest: { head?: Stretch; catchUp?: Stretch } = {};
  readonly #earlier: Stretches;
  readonly #shelf: Shelf = new Set();
  readonly #stopped: Promise<void>;
  #epoch = -1;
  #failure: string | undefined;
  #closed = false;

  /**
   * `earlier` is shared by all partitions of the log. Once `stopped` resolves nothing is waited for any more: what is read
   * then is not to be used.
   */
  constructor(log: Log, partition: Partition, intake: Intake, earlier: Stretches, stopped: Promise<void>) {
    this.#log = log;
    this.#partition = partition;
    this.#intake = intake;
    this.#earlier = earlier;
    this.#stopped = stopped;
  }

  /**
   * The stretch that starts at `from`; `nothing` when no record came within the log's waiting time, `removed` when
   * the log no longer has that offset. A record that cannot be read is quarantined durably before it is passed.
   * `isAwaited`: others will read here later.
   */
  async read(
    from: number,
    by: 'head' | 'catchUp',
    isAwaited: boolean,
  ): Promise<Stretch | 'nothing' | 'removed'> {
    const cached = this.#cached(from);
    if (cached) return cached;
    try {
      const batch = await this.#log.read(this.#partition, from, READ_BYTES, by);
      this.#failure = undefined;
      if (batch.next === from) return 'nothing';
      const epoch = this.#intake.epoch;
      const routed: Routed[] = [];
      for (const record of batch.records) {
        const result = this.#intake.route(record);
        if ('quarantined' in result) await Promise.race([result.quarantined, this.#stopped]);
        else routed.push(result);
      }
      const stretch = { from, to: batch.next, epoch, routed };
      if (this.isCurrent(stretch)) this.#remember(stretch, by, isAwaited);
      return stretch;
    } catch (error) {
      if (!(error instanceof OffsetOutOfRange)) throw error;
      // What is remembered may be of a log that was cut off and filled anew.
      this.#clear();
      return 'removed';
    }
  }

  /** False when subscriptions came or went since the stretch was matched: it must be read again (RULES 2). */
  isCurrent(stretch: Stretch): boolean {
    return stretch.epoch === this.#intake.epoch;
  }

  /** Is it another failure than the last one, or was something read in between? */
  isNews(error: unknown): boolean {
    const before = this.#failure;
    this.#failure = String(error);
    return this.#failure !== before;
  }

  /** Remembers nothing from now on: the partition is another's. */
  close(): void {
    this.#closed = true;
    this.#clear();
  }

  #remember(stretch: Stretch, by: 'head' | 'catchUp', isAwaited: boolean): void {
    if (this.#closed) return;
    const before = this.#latest[by];
    this.#latest[by] = stretch;
    if (before && isAwaited) this.#earlier.keep(before, this.#shelf);
    // Nobody is behind the head.
    else if (by === 'head') this.#earlier.clear(this.#shelf);
  }

  #cached(from: number): Stretch | undefined {
    if (this.#epoch !== this.#intake.epoch) {
      this.#clear();
      this.#epoch = this.#intake.epoch;
    }
    const { head, catchUp } = this.#latest;
    return (
      (head && restOf(head, from)) ??
      (catchUp && restOf(catchUp, from)) ??
      this.#earlier.from(from, this.#shelf)
    );
  }

  #clear(): void {
    delete this.#latest.head;
    delete this.#latest.catchUp;
    this.#earlier.clear(this.#shelf);
  }
}
