import type { Clock, Timer } from '../../../time.ts';
import { PublishRefused } from '../../broker.ts';
import { Lane, Waiting, type Batch, type Placed, type Queued } from './batch-lane.ts';

/** What became of a batch in one request. */
export type Answer =
  /** Written; `offset` is the first record's, the others follow it. */
  | { readonly kind: 'appended'; readonly offset: number }
  /** Not written, and trying again is no use. */
  | { readonly kind: 'refused'; readonly reason: string; readonly cause?: Error }
  /** Not written because of one of the records, or of their sum: halves will tell. */
  | { readonly kind: 'divide'; readonly reason: string; readonly cause?: Error }
  /** Not now, or nobody knows: the same batch is to be sent again. */
  | { readonly kind: 'again'; readonly reason: string };

/** Where batches go. A `Leader` stands for one broker; there is one request at a time to each. */
export interface Destination<R, Leader> {
  /** The partition of a record. Undefined while its topic is not known: `wake` or `refuse` is called once it is. */
  place(record: R): number | undefined;
  /** Why the topic is not known yet, for those who waited in vain. */
  whyUnknown(topic: string): string;
  /** Who takes the partition's records now; undefined while nobody does. */
  leader(topic: string, partition: number): Leader | undefined;
  /** One request. An answer for each batch, in their order; never rejects. */
  append(leader: Leader, batches: readonly Batch<R>[]): Promise<readonly Answer[]>;
  /** This batch has had no answer and will not be sent again: what may be under way of it must not count any more. */
  abandon(batch: Batch<R>): void;
}

export interface BatchLimits {
  /** Bytes that wait or are in flight, of all partitions together. */
  readonly queueBytes: number;
  /** Records and bytes in one request; a single larger record goes alone. */
  readonly batchRecords: number;
  readonly batchBytes: number;
  /** Milliseconds until a record that was not appended is refused. */
  readonly waitMs: number;
}

/** Before a batch is sent again, and before a partition without a leader is looked at again. */
const PAUSE_MS = 100;
/** How exactly `waitMs` is kept. */
const EXPIRY_MS = 250;

/**
 * Gathers records while a request is in flight, and sends what gathered when it was answered: a lone record goes at
 * once, and with many callers the requests grow.
 *
 * Of one partition, one batch is on its way at a time: no record is sent before the earlier ones of its partition were
 * appended or refused. A batch without an answer is sent again as it was, so that the broker can recognise it.
 */
export class MicroBatcher<R extends Queued, Leader extends object> {
  readonly #destination: Destination<R, Leader>;
  readonly #limits: BatchLimits;
  readonly #clock: Clock;
  readonly #lanes = new Map<string, Lane<R>>();
  /** Free lanes that have something to send, the one that waited longest first. */
  readonly #ready = new Set<Lane<R>>();
  /** Records whose topic is not known yet, in their order. */
  readonly #unplaced = new Map<string, Waiting<R>[]>();
  readonly #busy = new Set<Leader>();
  #bytes = 0;
  #flushing = false;
  #expiry: Timer | undefined;
  #stopped = false;
  #drained: (() => void) | undefined;

  constructor(destination: Destination<R, Leader>, limits: BatchLimits, clock: Clock) {
    this.#destination = destination;
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Resolves once appended, else rejects with PublishRefused. */
  add(record: R): Promise<Placed> {
    if (this.#stopped) return Promise.reject(new PublishRefused('the gateway is stopping'));
    if (this.#bytes + record.bytes > this.#limits.queueBytes) {
      return Promise.reject(new PublishRefused('too many events wait for Kafka: try again later'));
    }
    this.#bytes += record.bytes;
    this.#expiry ??= this.#clock.after(EXPIRY_MS, () => this.#expire());
    return new Promise((resolve, reject) => {
      this.#place(new Waiting(record, this.#clock.monotonic() + this.#limits.waitMs, resolve, reject));
    });
  }

  /** Nothing waits, and nothing is in flight. */
  get idle(): boolean {
    return this.#bytes === 0;
  }

  /** Does anybody wait for records of this topic? */
  awaits(topic: string): boolean {
    return this.#unplaced.has(topic) || this.#lanesOf(topic).some(({ empty }) => !empty);
  }

  /** The topic is known now. */
  wake(topic: string): void {
    const waiting = this.#unplaced.get(topic) ?? [];
    this.#unplaced.delete(topic);
    for (const one of waiting) this.#place(one);
  }

  /** Refuses what waits for this topic. */
  refuse(topic: string, reason: string): void {
    this.#expireUnplaced(topic, Infinity, reason);
    for (const lane of this.#lanesOf(topic)) this.#expireLane(lane, Infinity, reason);
  }

  /** Takes no more, and resolves once everything has its answer; what has none after `withinMs` is refused. */
  async stop(withinMs: number): Promise<void> {
    this.#stopped = true;
    if (this.#bytes > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
        this.#clock.after(withinMs, resolve);
      });
    }
    this.#expireAll(Infinity, 'the gateway stopped before Kafka confirmed it');
    this.#expiry?.cancel();
  }

  #place(one: Waiting<R>): void {
    const { topic } = one.record;
    const before = this.#unplaced.get(topic);
    const partition = before ? undefined : this.#destination.place(one.record);
    if (partition !== undefined) {
      const lane = this.#lane(topic, partition);
      lane.push(one);
      this.#offer(lane);
    } else if (before) before.push(one);
    else this.#unplaced.set(topic, [one]);
  }

  #lane(topic: string, partition: number): Lane<R> {
    const key = `${topic}:${partition}`;
    let lane = this.#lanes.get(key);
    if (!lane) {
      lane = new Lane(topic, partition);
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #lanesOf(topic: string): Lane<R>[] {
    return [...this.#lanes.values()].filter((lane) => lane.topic === topic);
  }

  #offer(lane: Lane<R>): void {
    if (lane.state !== 'free' || lane.empty) return;
    this.#ready.add(lane);
    this.#flushSoon();
  }

  /** At the end of this turn of the event loop: callers that come together go together. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    const { batchRecords, batchBytes } = this.#limits;
    const requests = new Map<
      Leader,
      { lanes: Lane<R>[]; batches: Batch<R>[]; records: number; bytes: number }
    >();
    for (const lane of this.#ready) {
      const leader = this.#destination.leader(lane.topic, lane.partition);
      if (!leader) this.#pause(lane, `partition ${lane.partition} of ${lane.topic} has no leader`);
      if (!leader || this.#busy.has(leader)) continue;
      const request = requests.get(leader) ?? {
        lanes: [],
        batches: [],
        records: batchRecords,
        bytes: batchBytes,
      };
      const batch = lane.take(request, request.batches.length === 0);
      if (!batch) continue;
      this.#ready.delete(lane);
      request.lanes.push(lane);
      request.batches.push(batch);
      request.records -= batch.records.length;
      request.bytes -= batch.bytes;
      requests.set(leader, request);
    }
    for (const [leader, { lanes, batches }] of requests) void this.#send(leader, lanes, batches);
  }

  async #send(leader: Leader, lanes: readonly Lane<R>[], batches: readonly Batch<R>[]): Promise<void> {
    this.#busy.add(leader);
    for (const lane of lanes) lane.state = 'sending';
    const answers = await this.#destination.append(leader, batches);
    this.#busy.delete(leader);
    lanes.forEach((lane, i) => this.#answered(lane, answers[i] as Answer));
    if (this.#ready.size > 0) this.#flushSoon();
  }

  #answered(lane: Lane<R>, answer: Answer): void {
    lane.state = 'free';
    if (answer.kind === 'appended') this.#free(lane.appended(answer.offset));
    else if (answer.kind === 'again') this.#pause(lane, answer.reason);
    else if (answer.kind === 'refused' || !lane.divide())
      this.#free(lane.refused(answer.reason, answer.cause));
    this.#offer(lane);
  }

  #pause(lane: Lane<R>, reason: string): void {
    lane.reason = reason;
    if (this.#abandoned(lane)) return;
    lane.state = 'pausing';
    this.#ready.delete(lane);
    this.#clock.after(PAUSE_MS, () => {
      lane.state = 'free';
      this.#offer(lane);
    });
  }

  #abandoned(lane: Lane<R>): boolean {
    const { forsaken } = lane;
    if (!forsaken || lane.state === 'sending') return false;
    this.#destination.abandon(forsaken);
    this.#free(lane.drop());
    if (lane.empty) this.#ready.delete(lane);
    return true;
  }

  #expire(): void {
    this.#expireAll(this.#clock.monotonic());
    this.#expiry = this.#bytes > 0 ? this.#clock.after(EXPIRY_MS, () => this.#expire()) : undefined;
  }

  #expireAll(now: number, reason?: string): void {
    for (const topic of [...this.#unplaced.keys()]) this.#expireUnplaced(topic, now, reason);
    for (const lane of this.#lanes.values()) if (!lane.empty) this.#expireLane(lane, now, reason);
  }

  #expireLane(lane: Lane<R>, now: number, reason?: string): void {
    this.#free(lane.expire(now, reason ?? this.#tooLate(lane.reason)));
    this.#abandoned(lane);
    if (lane.empty) this.#ready.delete(lane);
  }

  #expireUnplaced(topic: string, now: number, reason?: string): void {
    const waiting = this.#unplaced.get(topic) ?? [];
    const due = waiting.filter(({ deadline }) => deadline <= now);
    if (due.length === waiting.length) this.#unplaced.delete(topic);
    else this.#unplaced.set(topic, waiting.slice(due.length));
    for (const one of due) {
      one.refuse(reason ?? this.#tooLate(this.#destination.whyUnknown(topic)));
      this.#free(one.record.bytes);
    }
  }

  #tooLate(reason: string | undefined): string {
    const because = reason === undefined ? '' : ` (${reason})`;
    return `Kafka did not confirm it within ${this.#limits.waitMs} ms${because}`;
  }

  #free(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#bytes === 0) this.#drained?.();
  }
}
