import { PublishRefused } from '../../broker.ts';

/** What the batching needs to know of a record. */
export interface Queued {
  readonly topic: string;
  /** More than 0. */
  readonly bytes: number;
}

/** Records of one partition that are written together or not at all. */
export interface Batch<R> {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly R[];
  readonly bytes: number;
}

export interface Placed {
  readonly partition: number;
  readonly offset: number;
}

/** A record and whoever waits for it. */
export class Waiting<R extends Queued> {
  readonly record: R;
  /** On the monotonic clock. */
  readonly deadline: number;
  readonly #resolve: (placed: Placed) => void;
  readonly #reject: (error: PublishRefused) => void;
  /** Nobody waits any more. */
  over = false;

  constructor(
    record: R,
    deadline: number,
    resolve: (placed: Placed) => void,
    reject: (error: PublishRefused) => void,
  ) {
    this.record = record;
    this.deadline = deadline;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  appended(placed: Placed): void {
    this.over = true;
    this.#resolve(placed);
  }

  refuse(reason: string, cause?: Error): void {
    this.over = true;
    this.#reject(new PublishRefused(`the event was not stored: ${reason}`, { cause }));
  }
}

const GROWTH = 1.25;

/**
 * The records of one partition: those that wait, and the batch that was taken from them and has no answer yet. What
 * shrinks it answers the bytes that it let go.
 */
export class Lane<R extends Queued> {
  readonly topic: string;
  readonly partition: number;
  /** `pausing`: its batch is to be sent again, or nobody leads the partition. */
  state: 'free' | 'sending' | 'pausing' = 'free';
  /** Why the last try failed. */
  reason: string | undefined;
  #queue: Waiting<R>[] = [];
  #taken: readonly Waiting<R>[] = [];
  #batch: Batch<R> | undefined;
  /** Bytes that are tried at once: fewer after the broker did not take a batch, slowly more while it takes them. */
  #limit = Infinity;

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  get empty(): boolean {
    return this.#queue.length === 0 && this.#batch === undefined;
  }

  /** The batch without an answer, when nobody waits for any of its records. */
  get forsaken(): Batch<R> | undefined {
    return this.#taken.every(({ over }) => over) ? this.#batch : undefined;
  }

  push(one: Waiting<R>): void {
    this.#queue.push(one);
  }

  /** The batch to be sent: the one without an answer, else a new one. Undefined when it has no room; `alone`: it has. */
  take(room: { records: number; bytes: number }, alone: boolean): Batch<R> | undefined {
    if (this.#batch) {
      const fits = this.#taken.length <= room.records && this.#batch.bytes <= room.bytes;
      return fits || alone ? this.#batch : undefined;
    }
    const most = Math.min(room.bytes, this.#limit);
    let count = 0;
    let bytes = 0;
    for (const { record } of this.#queue) {
      if (count === room.records || bytes + record.bytes > most) break;
      count += 1;
      bytes += record.bytes;
    }
    if (count === 0 && !alone) return undefined;
    return this.#form(Math.max(1, count));
  }

  appended(offset: number): number {
    const { partition } = this;
    this.#taken.forEach((one, i) => one.appended({ partition, offset: offset + i }));
    this.#limit *= GROWTH;
    return this.drop();
  }

  refused(reason: string, cause?: Error): number {
    for (const one of this.#taken) one.refuse(reason, cause);
    return this.drop();
  }

  /** Puts the batch back, to be sent in halves. False when it is one record. */
  divide(): boolean {
    if (!this.#batch || this.#taken.length === 1) return false;
    this.#limit = Math.ceil(this.#batch.bytes / 2);
    const all = [...this.#taken, ...this.#queue];
    const half = Math.ceil(this.#taken.length / 2);
    this.#queue = all;
    this.#form(half);
    return true;
  }

  /** Forgets the batch. */
  drop(): number {
    const bytes = this.#batch?.bytes ?? 0;
    this.#batch = undefined;
    this.#taken = [];
    return bytes;
  }

  /** Refuses what should have been appended by `now`; a batch is kept for those of its records that still may be. */
  expire(now: number, reason: string): number {
    for (const one of this.#taken) if (one.deadline <= now) one.refuse(reason);
    const due = this.#queue.findIndex(({ deadline }) => deadline > now);
    return this.#refuseQueued(due < 0 ? this.#queue.length : due, reason);
  }

  #refuseQueued(count: number, reason: string): number {
    const due = this.#queue.splice(0, count);
    for (const one of due) one.refuse(reason);
    return bytesOf(due);
  }

  #form(count: number): Batch<R> {
    const { topic, partition } = this;
    this.#taken = this.#queue.splice(0, count);
    const records = this.#taken.map(({ record }) => record);
    return (this.#batch = { topic, partition, records, bytes: bytesOf(this.#taken) });
  }
}

function bytesOf(waiting: readonly Waiting<Queued>[]): number {
  return waiting.reduce((sum, { record }) => sum + record.bytes, 0);
}
