import type { Batch } from '../../src/brokers/kafka/publishing/batch-lane.ts';
import type { Answer, BatchLimits, Destination } from '../../src/brokers/kafka/publishing/micro-batcher.ts';
import { MicroBatcher } from '../../src/brokers/kafka/publishing/micro-batcher.ts';
import { sleep } from '../../src/time.ts';
import { SimClock } from '../support/sim-clock.ts';

export interface Letter {
  readonly topic: string;
  readonly key: string;
  readonly n: number;
  readonly bytes: number;
  /** No batch with it is taken. */
  readonly poison?: boolean;
}

export interface Broker {
  readonly name: string;
}

/** What happens to one batch of a request. `lost`: it is written, and the answer is not heard. */
export type Fate = 'written' | 'lost' | 'not written' | 'refused';

export interface Request {
  readonly to: Broker;
  readonly batches: readonly Batch<Letter>[];
  answer(fates?: readonly Fate[]): void;
}

/** Two brokers that keep what was appended, and recognise a batch that they have. Requests wait for their answer. */
export class BatchSite implements Destination<Letter, Broker> {
  readonly clock = new SimClock();
  readonly brokers: readonly Broker[] = [{ name: 'one' }, { name: 'two' }];
  readonly log = new Map<string, Letter[]>();
  readonly batcher: MicroBatcher<Letter, Broker>;
  readonly requests: Request[] = [];
  readonly abandoned: Batch<Letter>[] = [];
  /** Undefined: the topic is not known. */
  partitions: number | undefined = 4;
  leaderless = new Set<number>();
  /** Bytes that a broker takes in one batch. */
  most = Infinity;
  /** Called for each request, in place of a test that answers it. */
  onRequest: ((request: Request) => Promise<void>) | undefined;
  readonly #written = new Map<Batch<Letter>, number>();

  constructor(limits: Partial<BatchLimits> = {}) {
    const defaults = { queueBytes: 10_000, batchRecords: 10, batchBytes: 1_000, waitMs: 10_000 };
    this.batcher = new MicroBatcher<Letter, Broker>(this, { ...defaults, ...limits }, this.clock);
  }

  add(letter: Partial<Letter> & { n: number }): Promise<{ partition: number; offset: number }> {
    return this.batcher.add({ topic: 't', key: '0', bytes: 10, ...letter });
  }

  logOf(partition: number, topic = 't'): number[] {
    return (this.log.get(`${topic}:${partition}`) ?? []).map(({ n }) => n);
  }

  place({ key }: Letter): number | undefined {
    return this.partitions === undefined ? undefined : Number(key) % this.partitions;
  }

  whyUnknown(topic: string): string {
    return `there is no ${topic}`;
  }

  leader(_topic: string, partition: number): Broker | undefined {
    return this.leaderless.has(partition) ? undefined : this.brokers[partition % 2];
  }

  append(to: Broker, batches: readonly Batch<Letter>[]): Promise<readonly Answer[]> {
    return new Promise((resolve) => {
      const answer = (fates: readonly Fate[] = []): void =>
        resolve(batches.map((batch, i) => this.#meet(batch, fates[i] ?? 'written')));
      const request = { to, batches, answer };
      this.requests.push(request);
      void this.onRequest?.(request);
    });
  }

  abandon(batch: Batch<Letter>): void {
    this.abandoned.push(batch);
  }

  /** Everything that can happen without a time has happened. */
  async settled(): Promise<void> {
    await this.clock.advance(0);
    await this.clock.advance(0);
  }

  pause(ms: number): Promise<void> {
    return sleep(this.clock, ms);
  }

  #meet(batch: Batch<Letter>, fate: Fate): Answer {
    const before = this.#written.get(batch);
    const spoilt = batch.bytes > this.most || batch.records.some(({ poison }) => poison);
    if (before === undefined && spoilt) return { kind: 'divide', reason: 'poison' };
    if (before === undefined && fate === 'refused') return { kind: 'refused', reason: 'no right' };
    if (fate === 'not written') return { kind: 'again', reason: 'not the leader' };
    const offset = before ?? this.#write(batch);
    return fate === 'lost' ? { kind: 'again', reason: 'no answer' } : { kind: 'appended', offset };
  }

  #write(batch: Batch<Letter>): number {
    const key = `${batch.topic}:${batch.partition}`;
    const log = this.log.get(key) ?? [];
    this.log.set(key, log);
    this.#written.set(batch, log.length);
    return log.push(...batch.records) - batch.records.length;
  }
}
