import type { Logger } from '../../logger.ts';
import { sleep, type Clock } from '../../time.ts';
import { OffsetOutOfRange } from '../log/log.ts';
import type { KeyedRecord, TopicAccess } from './topic-access.ts';

const READ_BYTES = 1 << 20;
const PAUSE_MIN_MS = 100;
const PAUSE_MAX_MS = 5_000;

export interface TailOptions {
  readonly access: TopicAccess;
  readonly topic: string;
  readonly partition: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called before a failed read is tried again: the topic may have been deleted. */
  readonly ensure: () => Promise<unknown>;
  /** Told of every record that has a key, in log order; again from the beginning after `started over`. */
  readonly record: (key: string, record: KeyedRecord) => void;
  /** What was told of means nothing any more: it comes again, from the beginning of what is there now. */
  readonly startsOver: () => void;
  /** The partition was read from its beginning once more; `present`: the keys that have a value there. */
  readonly startedOver: (present: ReadonlySet<string>) => void;
}

interface Waiter {
  readonly isMet: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  /** An offset means nothing any more once the partition has started over. */
  readonly endsWithLog: boolean;
}

/** Reads one partition of a compacted topic from its beginning, and follows it until `stop`. */
export class TopicTail {
  /** Why it cannot be read at present. */
  failure: string | undefined;
  /** How often it started over. */
  restarts = 0;
  readonly #options: TailOptions;
  readonly #waiters = new Set<Waiter>();
  readonly #ended: Promise<void>;
  #end: () => void = () => undefined;
  #next = 0;
  /** Changes when the topic is made anew. */
  #topicId = '';
  /** The end of the log as it was when reading began; undefined when it is still to begin. */
  #goal: number | undefined;
  /** While it is read once more: the keys that were found so far. */
  #present: Set<string> | undefined;
  #isLoaded = false;
  #stopped = false;

  constructor(options: TailOptions) {
    this.#options = options;
    this.#ended = new Promise((resolve) => (this.#end = resolve));
  }

  /** False until it has once been read up to the end as it was at the start. */
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  /** Resolves with `stop`. */
  async run(): Promise<void> {
    for (let pause = PAUSE_MIN_MS; !this.#stopped;) {
      try {
        await this.#turn();
        this.#readable();
        pause = PAUSE_MIN_MS;
      } catch (error) {
        if (this.#isStopped()) return;
        if (error instanceof OffsetOutOfRange) this.#startOver();
        else this.#unreadable(error);
        await Promise.race([sleep(this.#options.clock, pause), this.#ended]);
        pause = Math.min(pause * 2, PAUSE_MAX_MS);
      }
    }
  }

  /** A read under way may still return, in vain. Whoever waits is told by a rejection. */
  stop(): void {
    this.#stopped = true;
    this.#end();
    for (const { reject } of this.#waiters) reject(this.#stoppedError());
    this.#waiters.clear();
  }

  loaded(): Promise<void> {
    return this.#wait(() => this.#isLoaded, false);
  }

  /** Resolves once everything below `offset` was told of; rejects when the log ends or starts over before. */
  passed(offset: number): Promise<void> {
    return this.#wait(() => this.#next >= offset, true);
  }

  async #turn(): Promise<void> {
    const { access, topic, partition, ensure } = this.#options;
    if (this.failure !== undefined) await ensure();
    if (this.#goal === undefined) {
      const { start, end, topicId } = await access.bounds(topic, partition);
      this.#topicId = topicId;
      this.#next = start;
      this.#goal = end;
      // An empty log is at its end without any read, which would wait for a record.
      this.#arrived();
    }
    const { records, next, topicId } = await access.read(topic, partition, this.#next, READ_BYTES);
    if (this.#isStopped()) return;
    if (topicId !== this.#topicId) throw new OffsetOutOfRange(`${topic} was made anew`);
    for (const record of records) this.#take(record);
    this.#next = Math.max(this.#next, next);
    this.#arrived();
  }

  #take(record: KeyedRecord): void {
    if (!record.key) return;
    const key = Buffer.from(record.key).toString();
    if (record.value) this.#present?.add(key);
    else this.#present?.delete(key);
    this.#options.record(key, record);
  }

  #arrived(): void {
    if (this.#stopped) return;
    if (this.#next >= (this.#goal ?? Infinity)) {
      const present = this.#present;
      this.#present = undefined;
      this.#isLoaded = true;
      if (present) this.#options.startedOver(present);
    }
    for (const waiter of this.#waiters) {
      if (!waiter.isMet()) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  /** The log was cut off or made anew: what was read of it may no longer be so. */
  #startOver(): void {
    const { topic, partition, logger } = this.#options;
    logger.error({ topic, partition, from: this.#next }, 'compacted-topic.started-over');
    this.failure = 'it was cut off or made anew, and is read again from its beginning';
    this.restarts++;
    this.#next = 0;
    this.#goal = undefined;
    this.#present = new Set();
    this.#options.startsOver();
    for (const waiter of this.#waiters) {
      if (!waiter.endsWithLog) continue;
      this.#waiters.delete(waiter);
      waiter.reject(new Error(`${topic} was cut off or made anew: what was written may be lost`));
    }
  }

  #readable(): void {
    const { topic, partition, logger } = this.#options;
    if (this.failure !== undefined) logger.info({ topic, partition }, 'compacted-topic.readable-again');
    this.failure = undefined;
  }

  #unreadable(error: unknown): void {
    const { topic, partition, logger } = this.#options;
    const reason = String(error);
    if (this.failure === undefined) logger.warn({ topic, partition, reason }, 'compacted-topic.unreadable');
    this.failure = reason;
  }

  #wait(isMet: () => boolean, endsWithLog: boolean): Promise<void> {
    if (this.#stopped) return Promise.reject(this.#stoppedError());
    if (isMet()) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.add({ isMet, resolve, reject, endsWithLog }));
  }

  /** A call, because the compiler believes that an `await` changes no field. */
  #isStopped(): boolean {
    return this.#stopped;
  }

  #stoppedError(): Error {
    return new Error(`${this.#options.topic} is not read any more`);
  }
}
