import type { Intake, Routed } from '../broker.ts';
import { OffsetOutOfRange, type Log, type Partition } from './log.ts';
import { Window, type Stretch } from './window.ts';

const READ_BYTES = 1 << 20;
const WINDOW_BYTES = 2 << 20;

/** Reads a partition as decoded and matched stretches, and keeps the latest of them (one window for each loop). */
export class RoutedLog {
  readonly #log: Log;
  readonly #partition: Partition;
  readonly #intake: Intake;
  readonly #windows = { head: new Window(WINDOW_BYTES), catchUp: new Window(WINDOW_BYTES) };
  #epoch = -1;

  constructor(log: Log, partition: Partition, intake: Intake) {
    this.#log = log;
    this.#partition = partition;
    this.#intake = intake;
  }

  /**
   * The stretch that starts at `from`; `nothing` when no record came within the log's waiting time, `removed` when
   * the log no longer has that offset. A record that cannot be read is quarantined durably before it is passed.
   */
  async read(from: number, window: 'head' | 'catchUp'): Promise<Stretch | 'nothing' | 'removed'> {
    const cached = this.#cached(from);
    if (cached) return cached;
    try {
      const batch = await this.#log.read(this.#partition, from, READ_BYTES);
      if (batch.next === from) return 'nothing';
      const epoch = this.#intake.epoch;
      const routed: Routed[] = [];
      for (const record of batch.records) {
        const result = this.#intake.route(record);
        if ('quarantined' in result) await result.quarantined;
        else routed.push(result);
      }
      const stretch = { from, to: batch.next, epoch, routed };
      if (this.isCurrent(stretch)) this.#windows[window].add(stretch);
      return stretch;
    } catch (error) {
      if (error instanceof OffsetOutOfRange) return 'removed';
      throw error;
    }
  }

  /** False when subscriptions came or went since the stretch was matched: it must be read again (RULES 2). */
  isCurrent(stretch: Stretch): boolean {
    return stretch.epoch === this.#intake.epoch;
  }

  #cached(from: number): Stretch | undefined {
    const { head, catchUp } = this.#windows;
    if (this.#epoch !== this.#intake.epoch) {
      head.clear();
      catchUp.clear();
      this.#epoch = this.#intake.epoch;
    }
    return head.from(from) ?? catchUp.from(from);
  }
}
