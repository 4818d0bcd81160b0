import { join } from 'node:path';
import type { Logger } from '../../logger.ts';
import { Database } from '../../sqlite/database.ts';
import { moduleBeside } from '../../sqlite/storage.ts';
import type { Clock } from '../../time.ts';
import { PublishRefused, type Coordinates, type DeadLetters } from '../broker.ts';
import type { Health } from '../../health.ts';
import type { NewRecord, SourceRecord } from '../broker.ts';
import type { Batch, Log, Partition, PartitionOwner, Position } from '../log/log.ts';
import type { ReplayJobs } from '../log/log.ts';
import { Appender } from './appender.ts';
import { createDeadLetters } from './dead-letters.ts';
import { commitPositions, createReplayJobs, loadPositions } from './feeds.ts';
import type { EmbeddedPartition } from './partition.ts';
import { Records } from './records.ts';
import { Retention, type RetentionLimits } from './retention.ts';
import type { LogProcedures } from './storage/storage.ts';
import { Topics } from './topics.ts';

export interface EmbeddedLogOptions {
  /** Directory of the file `log.db`, made if need be; for one process at a time. */
  readonly dir: string;
  /** The source's name, as coordinates show it. */
  readonly name: string;
  /** Topics to make at the start; others are made with their first record. */
  readonly topics: readonly string[];
  /** From 1. Raised later, it adds partitions to every topic; lowered, it leaves them. */
  readonly partitionsPerTopic: number;
  readonly retention: RetentionLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The largest the file may grow to, in pages of 4 KiB; default: what the disk holds. */
  readonly maxPages?: number;
}

/**
 * The log in one SQLite file on this machine; all partitions are this process's. A record's `headers` must not change
 * after `append`: readers at the head get the same object.
 *
 * `start` rejects with a sentence for an operator when the file cannot be had: in use by another process, damaged,
 * of another program, of a newer release. `stop` lets go waiting reads (they answer no records); the owner has
 * committed its positions by then and is not told of a revocation.
 */
export class EmbeddedLog implements Log {
  readonly name: string;
  readonly positionCapacity = Infinity;
  readonly positionsRecheckMs = undefined;
  readonly retentionMs: number | undefined;
  readonly deadLetters: DeadLetters;
  readonly replayJobs: ReplayJobs;
  readonly registryCopy = undefined;
  readonly #options: EmbeddedLogOptions;
  readonly #database: Database<LogProcedures>;
  readonly #topics: Topics;
  readonly #appender: Appender;
  readonly #records: Records;
  readonly #retention: Retention;
  #owner: PartitionOwner | undefined;
  /** The owner is told of new partitions one after the other. */
  #told: Promise<void> = Promise.resolve();
  #isOpen = false;
  #stopped = false;

  constructor(options: EmbeddedLogOptions) {
    const { dir, name, partitionsPerTopic, retention, clock, logger, maxPages } = options;
    this.name = name;
    this.retentionMs = retention.ageMs;
    this.#options = options;
    this.#database = new Database<LogProcedures>({
      file: join(dir, 'log.db'),
      storage: moduleBeside(import.meta.url, './storage/storage'),
      clock,
      logger,
      ...(maxPages === undefined ? {} : { maxPages }),
    });
    this.#topics = new Topics(this.#database, partitionsPerTopic, (made) => this.#tell(made));
    this.#appender = new Appender(this.#database, name, clock);
    this.#records = new Records(this.#database, this.#topics, name, clock);
    this.#retention = new Retention(this.#database, this.#topics, retention, clock, logger);
    this.deadLetters = createDeadLetters(this.#database);
    this.replayJobs = createReplayJobs(this.#database);
  }

  /** How well writes share a commit: calls that wrote, and the transactions (one fsync each) they took. */
  get counters(): { readonly transactions: number; readonly writes: number } {
    return this.#database.counters;
  }

  async open(): Promise<void> {
    await this.#database.open();
    await this.#topics.start(this.#options.topics);
    this.#isOpen = true;
  }

  async start(owner: PartitionOwner): Promise<void> {
    this.#owner = owner;
    this.#retention.start();
    await owner.assigned(this.#topics.all());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#retention.stop();
    for (const partition of this.#topics.all()) partition.release();
    this.#appender.flush();
    await this.#database.close();
  }

  async append(record: NewRecord): Promise<Coordinates> {
    if (!this.#isOpen || this.#stopped) throw new PublishRefused('the embedded log is not running');
    const { topic, key } = record;
    const partition = this.#topics.partitionFor(topic, key) ?? (await this.#makeFor(topic, key));
    return this.#appender.append(partition, record);
  }

  async partitions(): Promise<readonly Partition[]> {
    return this.#topics.all();
  }

  async read(partition: Partition, from: number, maxBytes: number): Promise<Batch> {
    if (this.#stopped) throw new Error('the embedded log is stopped');
    return this.#records.read(this.#topics.find(partition), from, maxBytes);
  }

  async bounds(partition: Partition): Promise<{ start: number; end: number }> {
    const { start, end } = this.#topics.find(partition);
    return { start, end };
  }

  knownEnd(partition: Partition): number {
    return this.#topics.find(partition).end;
  }

  async offsetAt(partition: Partition, time: number): Promise<number> {
    return this.#database.call('records.offset-at', { partitionId: this.#topics.find(partition).id, time });
  }

  find(by: { eventId: string } | { correlationId: string }, limit: number): Promise<SourceRecord[]> {
    return this.#records.find(by, limit);
  }

  loadPositions(subscriptionIds: readonly string[], partitions: readonly Partition[]): Promise<Position[]> {
    return loadPositions(this.#database, subscriptionIds, partitions);
  }

  /** Registered here, it was not before: the registry of one process gives each subscription its id once. */
  /** The registry lies beside it, and is lost or kept with it. */
  keptSubscriptions(): readonly string[] {
    return [];
  }

  async register(_subscriptionId: string, starts: readonly Position[]): Promise<'new'> {
    await this.commitPositions(starts);
    return 'new';
  }

  commitPositions(positions: readonly Position[]): Promise<readonly Position[]> {
    return commitPositions(this.#database, positions);
  }

  dropPositions(subscriptionId: string): Promise<void> {
    return this.#database.call('positions.drop', subscriptionId);
  }

  owns(): boolean {
    return true;
  }

  leaseHolds(): boolean {
    return this.#database.alive();
  }

  health(): Health {
    return this.#database.health();
  }

  async #makeFor(topic: string, key: string): Promise<EmbeddedPartition> {
    try {
      await this.#topics.make(topic);
    } catch (error) {
      throw new PublishRefused(`the topic ${topic} could not be made: ${String(error)}`, { cause: error });
    }
    return this.#topics.partitionFor(topic, key) as EmbeddedPartition;
  }

  #tell(made: readonly Partition[]): void {
    this.#told = this.#told
      .then(() => this.#owner?.assigned(made))
      .catch((error: unknown) => {
        this.#options.logger.error({ error: String(error) }, 'partitions.assignment-failed');
      });
  }
}

export function createEmbeddedLog(options: EmbeddedLogOptions): EmbeddedLog {
  return new EmbeddedLog(options);
}
