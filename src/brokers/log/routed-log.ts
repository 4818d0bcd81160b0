import type { Intake, Routed } from '../broker.ts';
import { OffsetOutOfRange, type Log, type Partition } from './log.ts';
import { Window, type Stretch } from './window.ts';

/** Small enough that most of what is read is delivered before the garbage collector calls it old. */
const READ_BYTES = 1 << 18;
const WINDOW_BYTES = 1 << 19;

/** Reads a partition as decoded and matched stretches, and keeps the latest of them (one window for each loop). */
export class RoutedLog {
  readonly #log: Log;
  readonly #partition: Partition;
  readonly #intake: Intake;
  readonly #windows = { head: new Window(WINDOW_BYTES), catchUp: new Window(WINDOW_BYTES) };
  readonly #stopped: Promise<void>;
  #epoch = -1;
  #failure: string | undefined;

  /** Once `stopped` resolves nothing is waited for any more: what is read then is not to be used. */
  constructor(log: Log, partition: Partition, intake: Intake, stopped: Promise<void>) {
    this.#log = log;
    this.#partition = partition;
    this.#intake = intake;
    this.#stopped = stopped;
  }

  /**
   * The stretch that starts at `from`; `nothing` when no record came within the log's waiting time, `removed` when
   * the log no longer has that offset. A record that cannot be read is quarantined durably before it is passed.
   */
  async read(from: number, window: 'head' | 'catchUp'): Promise<Stretch | 'nothing' | 'removed'> {
    const cached = this.#cached(from);
    if (cached) return cached;
    try {
      const batch = await this.#log.read(this.#partition, from, READ_BYTES, window);
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
      if (this.isCurrent(stretch)) this.#windows[window].add(stretch);
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

  #cached(from: number): Stretch | undefined {
    if (this.#epoch !== this.#intake.epoch) {
      this.#clear();
      this.#epoch = this.#intake.epoch;
    }
    return this.#windows.head.from(from) ?? this.#windows.catchUp.from(from);
  }

  #clear(): void {
    this.#windows.head.clear();
    this.#windows.catchUp.clear();
  }
}
