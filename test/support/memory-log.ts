import {
  PublishRefused,
  type Coordinates,
  type DeadLetter,
  type DeadLetterFilter,
  type DeadLetterGroup,
  type DeadLetters,
  type NewRecord,
  type SourceRecord,
} from '../../src/brokers/broker.ts';
import type { Health } from '../../src/health.ts';
import {
  OffsetOutOfRange,
  type Batch,
  type Log,
  type Partition,
  type PartitionOwner,
  type Position,
} from '../../src/brokers/log/log.ts';
import type { ReplayJob } from '../../src/brokers/log/log.ts';
import type { Clock } from '../../src/time.ts';

/** What survives a crash. */
export class MemoryStorage {
  readonly partitions: (Partition & { start: number; records: SourceRecord[] })[] = [];
  readonly positions = new Map<string, Position>();
  readonly letters = new Map<string, DeadLetter>();
  readonly jobs = new Map<string, ReplayJob>();

  constructor(topics: Readonly<Record<string, number>>) {
    for (const [topic, count] of Object.entries(topics)) {
      for (let partition = 0; partition < count; partition++) this.addPartition(topic, partition);
    }
  }

  addPartition(topic: string, partition: number): Partition {
    const added = { topic, partition, topicId: `${topic}-1`, start: 0, records: [] };
    this.partitions.push(added);
    return added;
  }

  of({ topic, partition }: { topic: string; partition: number }) {
    const found = this.partitions.find((p) => p.topic === topic && p.partition === partition);
    if (!found) throw new Error(`no partition ${topic}:${partition}`);
    return found;
  }
}

export interface MemoryLogFaults {
  /** Simulated milliseconds that reads, commits and dead letters take. */
  latency(): number;
  commitFails(): boolean;
  letterFails(): boolean;
}

export const NO_FAULTS: MemoryLogFaults = {
  latency: () => 0,
  commitFails: () => false,
  letterFails: () => false,
};

/**
 * A log in memory for the engine's tests. `kill` is kill -9: what is under way never comes to an end, and nothing
 * that this instance does reaches the storage any more.
 */
export class MemoryLog implements Log {
  readonly name: string = 'memory';
  readonly positionCapacity: number = Infinity;
  readonly retentionMs: number | undefined = undefined;
  readonly positionsRecheckMs: number | undefined = undefined;
  readonly storage: MemoryStorage;
  readonly #clock: Clock;
  readonly #faults: MemoryLogFaults;
  readonly #waiting = new Set<() => void>();
  #owner: PartitionOwner | undefined;
  #killed = false;

  constructor(storage: MemoryStorage, clock: Clock, faults: MemoryLogFaults = NO_FAULTS) {
    this.storage = storage;
    this.#clock = clock;
    this.#faults = faults;
  }

  async open(): Promise<void> {
    await this.#delay();
  }

  async start(owner: PartitionOwner): Promise<void> {
    this.#owner = owner;
    await owner.assigned(this.storage.partitions.map(identity));
  }

  async stop(): Promise<void> {
    this.#wake();
  }

  kill(): void {
    this.#killed = true;
  }

  /** As when a topic gains a partition while the gateway runs. */
  async addPartition(topic: string, partition: number): Promise<void> {
    await this.#owner?.assigned([identity(this.storage.addPartition(topic, partition))]);
  }

  /** As retention does: removes everything below `start`. */
  truncate(partition: { topic: string; partition: number }, start: number): void {
    const stored = this.storage.of(partition);
    stored.records.splice(0, start - stored.start);
    stored.start = start;
  }

  async append({ topic, key, value, headers }: NewRecord): Promise<Coordinates> {
    const candidates = this.storage.partitions.filter((p) => p.topic === topic);
    const stored = candidates[hash(key) % candidates.length];
    if (!stored) throw new PublishRefused(`no topic ${topic}`);
    const offset = stored.start + stored.records.length;
    const source = { broker: this.name, topic, partition: stored.partition, offset };
    stored.records.push({ source, key, value, headers, timestamp: this.#clock.now() });
    this.#wake();
    return source;
  }

  async partitions(): Promise<readonly Partition[]> {
    return this.storage.partitions.map(identity);
  }

  async read(partition: Partition, from: number, maxBytes: number): Promise<Batch> {
    await this.#delay();
    const stored = this.storage.of(partition);
    if (from >= stored.start + stored.records.length) await this.#untilAppend();
    const { start, records } = stored;
    if (from < start || from > start + records.length) throw new OffsetOutOfRange(`${from}`);
    const batch: SourceRecord[] = [];
    let bytes = 0;
    for (const record of records.slice(from - start, from - start + 50)) {
      bytes += record.value.length;
      if (batch.length > 0 && bytes > maxBytes) break;
      batch.push(record);
    }
    return { records: batch, next: from + batch.length };
  }

  async bounds(partition: Partition): Promise<{ start: number; end: number }> {
    await this.#delay();
    const { start, records } = this.storage.of(partition);
    return { start, end: start + records.length };
  }

  knownEnd(partition: Partition): number {
    const { start, records } = this.storage.of(partition);
    return start + records.length;
  }

  async offsetAt(partition: Partition, time: number): Promise<number> {
    const { start, records } = this.storage.of(partition);
    const index = records.findIndex((record) => record.timestamp >= time);
    return index < 0 ? start + records.length : start + index;
  }

  keptSubscriptions(): readonly string[] {
    return [];
  }

  async register(subscriptionId: string, starts: readonly Position[]): Promise<'new' | 'known'> {
    await this.#delay();
    if ([...this.storage.positions.keys()].some((key) => key.startsWith(`${subscriptionId} `)))
      return 'known';
    await this.commitPositions(starts);
    return 'new';
  }

  async loadPositions(ids: readonly string[], partitions: readonly Partition[]): Promise<Position[]> {
    await this.#delay();
    return ids.flatMap((id) =>
      partitions.flatMap(
        ({ topic, partition }) => this.storage.positions.get(positionKey(id, topic, partition)) ?? [],
      ),
    );
  }

  async commitPositions(positions: readonly Position[]): Promise<readonly Position[]> {
    await this.#delay();
    if (this.#faults.commitFails()) throw new Error('the commit failed');
    for (const position of positions) {
      const { subscriptionId, topic, partition } = position;
      this.storage.positions.set(positionKey(subscriptionId, topic, partition), position);
    }
    return [];
  }

  async dropPositions(subscriptionId: string): Promise<void> {
    await this.#delay();
    for (const key of [...this.storage.positions.keys()]) {
      if (key.startsWith(`${subscriptionId} `)) this.storage.positions.delete(key);
    }
  }

  async find(by: { eventId: string } | { correlationId: string }, limit: number): Promise<SourceRecord[]> {
    const [[name, value] = ['', '']] = Object.entries(by);
    const records = this.storage.partitions.flatMap((p) => p.records);
    return records.filter((record) => record.headers[name] === value).slice(0, limit);
  }

  owns(): boolean {
    return true;
  }

  leaseHolds(): boolean {
    return !this.#killed;
  }

  health(): Health {
    return { ok: true };
  }

  readonly registryCopy = undefined;
  readonly replayJobs = {
    save: async (job: ReplayJob) => void this.storage.jobs.set(job.id, job),
    load: async () => [...this.storage.jobs.values()],
    remove: async (id: string) => void this.storage.jobs.delete(id),
    watch: () => undefined,
  };

  readonly deadLetters: DeadLetters = {
    put: async (letter) => {
      await this.#delay();
      if (this.#faults.letterFails()) throw new Error('the dead letter could not be written');
      this.storage.letters.set(letter.id, letter);
    },
    get: async (id) => this.storage.letters.get(id),
    list: async (filter, { offset, limit }) => {
      const all = this.#letters(filter).sort((a, b) => b.deadAt.localeCompare(a.deadAt));
      return { items: all.slice(offset, offset + limit), total: all.length };
    },
    count: async (filter, groupBy: DeadLetterGroup) => {
      const counts: Record<string, number> = {};
      for (const letter of this.#letters({ ...filter, state: 'open' })) {
        const name = String(letter[groupBy]);
        counts[name] = (counts[name] ?? 0) + 1;
      }
      return counts;
    },
  };

  #letters({ since, until, replayAsked, ...equal }: DeadLetterFilter): DeadLetter[] {
    return [...this.storage.letters.values()].filter(
      (letter) =>
        (!replayAsked || letter.replay !== undefined) &&
        Object.entries(equal).every(([name, value]) => letter[name as keyof DeadLetter] === value) &&
        (since === undefined || letter.deadAt >= since) &&
        (until === undefined || letter.deadAt < until),
    );
  }

  /** For ever, once the process was killed. */
  async #delay(): Promise<void> {
    const latency = this.#faults.latency();
    if (latency > 0) await new Promise<void>((resolve) => this.#clock.after(latency, resolve));
    if (this.#killed) await new Promise<never>(() => undefined);
  }

  #untilAppend(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        timer.cancel();
        if (!this.#killed) resolve();
      };
      const timer = this.#clock.after(1000, wake);
      this.#waiting.add(wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

export function positionKey(id: string, topic: string, partition: number): string {
  return `${id} ${topic}:${partition}`;
}

function identity({ topic, partition, topicId }: Partition): Partition {
  return { topic, partition, topicId };
}

function hash(text: string): number {
  let value = 7;
  for (const char of text) value = (value * 31 + char.charCodeAt(0)) >>> 0;
  return value;
}
