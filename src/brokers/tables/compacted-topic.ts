import type { Logger } from '../../logger.ts';
import type { Clock } from '../../time.ts';
import type { Health } from '../../health.ts';
import type { LatestRecords } from './latest-records.ts';
import type { AppendedRecord, KeyedRecord, Repeated, TopicAccess } from './topic-access.ts';
import { TopicTail } from './topic-tail.ts';

/** What a compacted topic is kept for: told of every record of its keys, in log order for each key. Must not throw. */
export interface Table {
  /** A record without a value ends the key. The same record may come again after a failed or repeated reading. */
  changed(key: string, record: KeyedRecord, partition: number): void;
  /**
   * The partition was cut off or made anew, and was read again from its beginning: `present` has all keys that have
   * a value there. What else the table knows of this partition exists in its memory only.
   */
  startedOver(partition: number, present: ReadonlySet<string>): void;
}

export interface CompactedTopicOptions {
  readonly access: TopicAccess;
  readonly topic: string;
  /**
   * For a topic that does not exist yet. Kafka moves keys when partitions are added later, and their old records
   * stay where they were: that must not be done to a topic of tables.
   */
  readonly partitions: number;
  /** `start` rejects when the topic has another number: the order of different keys counts. */
  readonly exactly?: boolean;
  /** Beside `cleanup.policy=compact`. */
  readonly configs?: Readonly<Record<string, string>>;
  /** For a log that does not compact, in which records are therefore written again (`repeat`). */
  readonly latest?: LatestRecords;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface TopicPlace {
  readonly partition: number;
  readonly offset: number;
}

/**
 * Tables that are kept in a compacted topic, the same in every replica: each reads the whole topic when it starts and
 * then follows it, for ever. The topic itself keeps nothing in memory; what a table remembers is the table's affair.
 */
export class CompactedTopic {
  readonly name: string;
  readonly #options: CompactedTopicOptions;
  readonly #tables = new Map<string, Table>();
  readonly #tails: TopicTail[] = [];
  #stopped = false;

  constructor(options: CompactedTopicOptions) {
    this.name = options.topic;
    this.#options = options;
  }

  /** The keys with this prefix are the table's; it sees them without. Call before `start`. */
  keep(prefix: string, table: Table): void {
    this.#tables.set(prefix, table);
  }

  /**
   * Resolves once the tables have seen all that was in the topic when it began. Rejects when the topic cannot be had;
   * a read that fails is tried again, also here, and `health` says so.
   */
  async start(): Promise<void> {
    const { topic, partitions, exactly = false } = this.#options;
    const count = await this.#ensure();
    if (exactly && count !== partitions)
      throw new Error(`the topic ${topic} has ${count} partitions; it must have ${partitions}`);
    this.#follow(count);
    await Promise.all(this.#tails.map((tail) => tail.loaded()));
  }

  /** Ends at once; what is under way is told by a rejection. */
  stop(): void {
    this.#stopped = true;
    for (const tail of this.#tails) tail.stop();
  }

  /**
   * Resolves once the record is durable and this process's tables have seen it. `null` ends the key. A rejection with
   * TooLarge is final; after any other it is not known whether the record was written.
   */
  put(
    key: string,
    value: Uint8Array | null,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<TopicPlace> {
    return this.#append({ key, value, headers });
  }

  /**
   * Writes a record that is in the topic once more, where it is kept for longer. Whoever knows a newer record of its
   * key, or the end of that, does not see it. Resolves and rejects as `put` does.
   */
  async repeat(key: string, { value, headers }: KeyedRecord, repeats: Repeated): Promise<void> {
    await this.#append({ key, value: value ?? null, headers, repeats });
  }

  async #append(record: Omit<AppendedRecord, 'topic'>): Promise<TopicPlace> {
    const { access, topic } = this.#options;
    const restarts = this.#restarts();
    if (this.#stopped || this.#tails.length === 0) throw new Error(`${topic} is not read`);
    const place = await access.append({ topic, ...record });
    // An offset from before a partition started over means nothing in what it is now.
    if (this.#restarts() !== restarts)
      throw new Error(`${topic} was cut off or made anew: what was written may be lost`);
    this.#follow(place.partition + 1);
    await this.#tails[place.partition]?.passed(place.offset + 1);
    return place;
  }

  /** Have the tables seen all that was in the topic when it began? */
  get isLoaded(): boolean {
    return this.#tails.length > 0 && this.#tails.every((tail) => tail.isLoaded);
  }

  /** Resolves once the tables have seen all that is in the topic now. */
  async upToDate(): Promise<void> {
    const { access, topic } = this.#options;
    await Promise.all(
      this.#tails.map(async (tail, partition) => {
        const { end } = await access.bounds(topic, partition);
        await tail.passed(end);
      }),
    );
  }

  /** Writes what is missing in the topic after it `started over`: absence is never deletion (RULES 19). */
  writeBack(records: Iterable<readonly [key: string, value: Uint8Array]>): void {
    const { topic, logger } = this.#options;
    for (const [key, value] of records) {
      logger.error({ topic, key }, 'compacted-topic.written-back');
      this.put(key, value).catch((error: unknown) => {
        logger.error({ topic, key, reason: String(error) }, 'compacted-topic.write-back-failed');
      });
    }
  }

  health(): Health {
    const failure = this.#tails.find((tail) => tail.failure !== undefined)?.failure;
    if (failure !== undefined) return { ok: false, reason: `${this.name}: ${failure}` };
    if (this.isLoaded) return { ok: true };
    return { ok: false, reason: `${this.name} is not read to its end yet` };
  }

  #restarts(): number {
    return this.#tails.reduce((sum, tail) => sum + tail.restarts, 0);
  }

  #ensure(): Promise<number> {
    const { access, topic, partitions, configs } = this.#options;
    return access.ensure(topic, { partitions, configs: { 'cleanup.policy': 'compact', ...configs } });
  }

  #follow(count: number): void {
    const { access, topic, clock, logger } = this.#options;
    if (this.#tails.length > 0 && count > this.#tails.length)
      logger.error({ topic, partitions: count }, 'compacted-topic.partitions-added');
    for (let partition = this.#tails.length; partition < count && !this.#stopped; partition++) {
      const tail = new TopicTail({
        ...{ access, topic, partition, clock, logger },
        ensure: () => this.#ensure(),
        record: (key, record) => this.#changed(key, record, partition),
        startsOver: () => this.#options.latest?.clear(),
        startedOver: (present) => this.#startedOver(partition, present),
      });
      this.#tails.push(tail);
      void tail.run();
    }
  }

  #changed(key: string, given: KeyedRecord, partition: number): void {
    const { latest } = this.#options;
    const record = latest ? latest.take(key, given) : given;
    if (!record) return;
    for (const [prefix, table] of this.#tables)
      if (key.startsWith(prefix)) table.changed(key.slice(prefix.length), record, partition);
  }

  #startedOver(partition: number, present: ReadonlySet<string>): void {
    for (const [prefix, table] of this.#tables) {
      const own = [...present].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
      table.startedOver(partition, new Set(own));
    }
  }
}
