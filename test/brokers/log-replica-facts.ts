import type { Delivery, SourceRecord } from '../../src/brokers/broker.ts';
import type { ReplayJob } from '../../src/brokers/log/log.ts';
import type { Server } from './log-replica-server.ts';

export interface PublishedEvent {
  readonly number: number;
  readonly key: string;
  /** The only subscription that wants it; undefined: all do. */
  readonly to: string | undefined;
  readonly topicId: string;
  readonly partition: number;
  readonly offset: number;
}

/** What became of the events of one subscription, over all replicas. Events by their number. */
export class Subscriber {
  readonly id: string;
  /** First offset that is owed, by `topicId:partition`. What is not named came later: all of it is. */
  readonly #starts = new Map<string, number>();
  #isRegistered = false;
  /** How often the listener took it, replays apart. */
  readonly taken = new Map<number, number>();
  readonly settled = new Set<number>();
  readonly letters = new Set<number>();
  /** Taken away by somebody's hand, or gone from the log: owed no more. */
  readonly excused = new Set<number>();
  /** An attempt was broken off, whatever the listener made of it. */
  readonly brokenOff = new Set<number>();
  /** Attempts that failed. */
  readonly attempts = new Map<number, number>();
  /** It was said of them that retention took them. */
  readonly saidLost = new Set<number>();
  /** The calls that the listener is at work on, by lane, with the replica that made them. */
  readonly inFlight = new Map<string, string>();

  constructor(id: string) {
    this.id = id;
  }

  /** Its 201: from here on it is owed what is published. */
  registered(server: Server): void {
    this.#isRegistered = true;
    for (const { topicId, partition } of server.partitions())
      this.#starts.set(`${topicId}:${partition}`, server.endOf(partition));
  }

  owes({ to, topicId, partition, offset }: PublishedEvent): boolean {
    const start = this.#starts.get(`${topicId}:${partition}`) ?? 0;
    return this.#isRegistered && (to === undefined || to === this.id) && offset >= start;
  }
}

/** A replay, with what it has to bring. */
export interface Replayed {
  readonly job: ReplayJob;
  readonly owed: ReadonlySet<number>;
  readonly settled: Set<number>;
}

/** What happened in a history: the judges' memory. */
export class Facts {
  readonly events: PublishedEvent[] = [];
  readonly subscribers = new Map<string, Subscriber>();
  readonly replays = new Map<string, Replayed>();
  readonly problems = new Set<string>();
  readonly server: Server;
  readonly #doubtfulBelow = new Map<string, number>();

  constructor(server: Server) {
    this.server = server;
    server.watchJobs((news) => {
      if (!('removed' in news)) this.#began(news);
    });
  }

  problem(text: string): void {
    if (this.problems.size < 20) this.problems.add(text);
  }

  async publish(key: string, to: string | undefined): Promise<void> {
    const number = this.events.length;
    const { topic, topicId } = this.server;
    // First, because it may be delivered before the publisher hears of it.
    const event = { number, key, to, topicId, partition: -1, offset: -1 };
    this.events.push(event);
    const headers = { eventId: `e${number}`, ...(to !== undefined && { to }) };
    Object.assign(event, await this.server.log.append({ topic, key, value: Buffer.from('v'), headers }));
    if (event.offset >= (this.#doubtfulBelow.get(`${topicId}:${event.partition}`) ?? 0)) return;
    for (const { excused } of this.subscribers.values()) excused.add(number);
  }

  of(delivery: Delivery): PublishedEvent {
    const event = this.at(delivery.record);
    if (!event) throw new Error(`${delivery.event.id} was never published`);
    return event;
  }

  at({ headers }: SourceRecord): PublishedEvent | undefined {
    return this.events[Number(headers['eventId']?.slice(1))];
  }

  /** Did the log lose its end once? */
  get isDoubtful(): boolean {
    return this.#doubtfulBelow.size > 0;
  }

  /** Whatever is published to it below `end` is owed to nobody. */
  shortened(partition: number, end: number): void {
    const key = `${this.server.topicId}:${partition}`;
    this.#doubtfulBelow.set(key, Math.max(end, this.#doubtfulBelow.get(key) ?? 0));
  }

  /** Once the log is as long again as it was, what was there before is known to be gone. */
  fillUp(): void {
    for (const { topicId, partition } of this.server.partitions()) {
      const end = this.#doubtfulBelow.get(`${topicId}:${partition}`) ?? 0;
      while (this.server.endOf(partition) < end) this.server.mark(partition);
    }
  }

  /** Those of a partition that the log still has. */
  inLog(partition: number): PublishedEvent[] {
    const { records } = this.server.storage.of({ topic: this.server.topic, partition });
    return records.flatMap((record) => this.at(record) ?? []);
  }

  isInLog(event: PublishedEvent): boolean {
    const { partition, offset, topicId } = event;
    const stored = this.server.storage.of({ topic: this.server.topic, partition });
    const record = stored.records[offset - stored.start];
    return stored.topicId === topicId && record !== undefined && this.at(record) === event;
  }

  #began(job: ReplayJob): void {
    const owed = new Set<number>();
    for (const { topic, partition } of this.server.partitions()) {
      const [start, end] = [job.starts[`${topic}:${partition}`] ?? 0, job.ends[`${topic}:${partition}`] ?? 0];
      for (const { to, offset, number } of this.inLog(partition)) {
        const isWanted = to === undefined || to === job.subscriptionId;
        if (isWanted && !this.server.isJustMadeAnew && offset >= start && offset < end) owed.add(number);
      }
    }
    this.replays.set(job.id, { job, owed, settled: new Set() });
  }
}
