import type { Clock } from '../../time.ts';
import type { SourceRecord } from '../broker.ts';
import type { Partition } from '../log/log.ts';
import type { PartitionRow } from './storage/partitions.ts';
import type { Tail } from './tail.ts';

/** One partition as this process knows it: exact, because nobody else writes to the file. */
export class EmbeddedPartition implements Partition {
  /** Its number within the file. */
  readonly id: number;
  readonly topic: string;
  readonly partition: number;
  readonly topicId: string;
  readonly #tail: Tail;
  #start: number;
  #end: number;
  readonly #waiting = new Set<() => void>();

  constructor(row: PartitionRow, tail: Tail) {
    this.id = row.id;
    this.topic = row.topic;
    this.partition = row.partition;
    this.topicId = row.topicId;
    this.#start = row.start;
    this.#end = row.next;
    this.#tail = tail;
  }

  get start(): number {
    return this.#start;
  }

  /** Offset after the last record known to be durable. */
  get end(): number {
    return this.#end;
  }

  /** These records are durable, in this order, from the offset `first` on. */
  appended(first: number, records: readonly SourceRecord[]): void {
    records.forEach((record, i) => this.#tail.push(first + i, record));
    this.#end = first + records.length;
    this.release();
  }

  /** Retention removed what was before `start`. */
  retired(start: number): void {
    this.#start = Math.max(start, this.#start);
  }

  fromTail(from: number, maxBytes: number): SourceRecord[] | undefined {
    return this.#tail.read(from, maxBytes);
  }

  /** Resolves with the next record, at `release`, or after `ms`. */
  arrival(clock: Clock, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        timer.cancel();
        this.#waiting.delete(done);
        resolve();
      };
      const timer = clock.after(ms, done);
      this.#waiting.add(done);
    });
  }

  /** Lets go whoever waits for a record. */
  release(): void {
    for (const done of [...this.#waiting]) done();
  }
}
