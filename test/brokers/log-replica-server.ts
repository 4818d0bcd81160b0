import type { Batch, Partition, Position, ReplayJob } from '../../src/brokers/log/log.ts';
import type { Clock } from '../../src/time.ts';
import { MemoryLog, MemoryStorage, positionKey } from '../support/memory-log.ts';

/** A record that no reader gets, such as the end of a transaction: it takes an offset all the same. */
const MARKER = 'marker';

interface Start {
  readonly offsets: ReadonlyMap<string, number>;
  readonly topicIds: ReadonlyMap<string, string>;
}

type JobNews = ReplayJob | { readonly removed: string };

/** What all replicas share, as Kafka keeps it: records, positions, where subscriptions began, jobs. It never errs. */
export class Server {
  readonly topic: string;
  readonly storage: MemoryStorage;
  readonly log: MemoryLog;
  /** Told of each position that is written, whoever sent it. */
  written: (position: Position) => void = () => undefined;
  readonly #starts = new Map<string, Start>();
  readonly #watchers = new Set<(news: JobNews, by: object) => void>();
  readonly #clock: Clock;
  #topics = 1;
  #madeAnewAt = -Infinity;

  constructor(clock: Clock, topic: string, partitions: number) {
    this.#clock = clock;
    this.topic = topic;
    this.storage = new MemoryStorage({ [topic]: partitions });
    this.log = new MemoryLog(this.storage, clock);
  }

  /** Whoever asked for something a moment ago may have asked for it of the topic before. */
  get isJustMadeAnew(): boolean {
    return this.#clock.monotonic() < this.#madeAnewAt + 60_000;
  }

  get topicId(): string {
    return `${this.topic}-${this.#topics}`;
  }

  partitions(): Partition[] {
    return this.storage.partitions.map(({ topic, partition, topicId }) => ({ topic, partition, topicId }));
  }

  /** Changes when the topic is made anew or gains a partition. */
  fingerprint(): string {
    return `${this.topicId} ${this.storage.partitions.length}`;
  }

  endOf(partition: number): number {
    const { start, records } = this.storage.of({ topic: this.topic, partition });
    return start + records.length;
  }

  async read(partition: Partition, from: number, maxBytes: number): Promise<Batch> {
    const { records, next } = await this.log.read(partition, from, maxBytes);
    return { records: records.filter(({ headers }) => !(MARKER in headers)), next };
  }

  mark(partition: number): void {
    const { records } = this.storage.of({ topic: this.topic, partition });
    const source = { broker: 'memory', topic: this.topic, partition, offset: this.endOf(partition) };
    records.push({
      source,
      key: undefined,
      value: new Uint8Array(),
      headers: { [MARKER]: '' },
      timestamp: 0,
    });
  }

  /** As retention does. */
  removeBelow(partition: number, start: number): void {
    this.log.truncate({ topic: this.topic, partition }, start);
  }

  /** As a leader does that had not got all of them (unclean election). */
  forgetFrom(partition: number, end: number): void {
    const { start, records } = this.storage.of({ topic: this.topic, partition });
    records.splice(end - start);
  }

  addPartition(): void {
    const { topic, topicId } = this;
    this.storage.partitions.push({
      ...{ topic, topicId, partition: this.storage.partitions.length },
      ...{ start: 0, records: [] },
    });
  }

  /** The topic is deleted and made anew, under the same name. */
  makeAnew(): void {
    this.#topics++;
    this.#madeAnewAt = this.#clock.monotonic();
    const { topicId } = this;
    const { partitions } = this.storage;
    const anew = partitions.map(({ topic, partition }) => ({
      ...{ topic, partition, topicId },
      ...{ start: 0, records: [] },
    }));
    partitions.splice(0, partitions.length, ...anew);
  }

  /** False when it was registered before: that start stands. */
  register(id: string, starts: readonly Position[]): boolean {
    if (this.#starts.has(id)) return false;
    this.#starts.set(id, {
      offsets: new Map(starts.map(({ partition, offset }) => [String(partition), offset])),
      topicIds: new Map(starts.map(({ partition, topicId }) => [String(partition), topicId])),
    });
    return true;
  }

  load(ids: readonly string[], partitions: readonly Partition[]): Position[] {
    return ids.flatMap((id) => partitions.flatMap((partition) => this.#load(id, partition) ?? []));
  }

  #load(subscriptionId: string, { topic, partition, topicId }: Partition): Position | undefined {
    const stored = this.storage.positions.get(positionKey(subscriptionId, topic, partition));
    // An operator's tool knows of no topic ids.
    if (stored) return stored.foreign ? { ...stored, topicId } : stored;
    const begun = this.#starts.get(subscriptionId);
    const offset = begun?.offsets.get(String(partition));
    if (offset === undefined) return undefined;
    const { start } = this.storage.of({ topic, partition });
    const isSameTopic = begun?.topicIds.get(String(partition)) === topicId;
    const at = isSameTopic ? Math.max(offset, start) : start;
    return { subscriptionId, topic, partition, topicId, offset: at, holes: '', lost: true };
  }

  write(positions: readonly Position[]): void {
    for (const position of positions) {
      const { subscriptionId, topic, partition } = position;
      this.storage.positions.set(positionKey(subscriptionId, topic, partition), position);
      this.written(position);
    }
  }

  drop(id: string): void {
    this.#starts.delete(id);
    for (const key of [...this.storage.positions.keys()]) {
      if (key.startsWith(`${id} `)) this.storage.positions.delete(key);
    }
  }

  /** `by`: who does it, for those who watch. */
  saveJob(job: ReplayJob, by: object): void {
    this.storage.jobs.set(job.id, job);
    for (const watcher of this.#watchers) watcher(job, by);
  }

  removeJob(id: string, by: object): void {
    if (!this.storage.jobs.delete(id)) return;
    for (const watcher of this.#watchers) watcher({ removed: id }, by);
  }

  watchJobs(watcher: (news: JobNews, by: object) => void): void {
    this.#watchers.add(watcher);
  }
}
