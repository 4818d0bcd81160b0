import type { Logger } from '../../logger.ts';
import type { Clock, Timer } from '../../time.ts';
import type { DeadLetter, DeadLetterFilter, DeadLetterGroup, DeadLetters } from '../broker.ts';
import type { Health } from '../../health.ts';
import { CompactedTopic, type Table } from './compacted-topic.ts';
import { decodeLetter, sizeOfRecord } from './dead-letter-record.ts';
import type { LatestRecords } from './latest-records.ts';
import { indexed, LetterIndex, type IndexedLetter } from './letter-index.ts';
import { readPlaces } from './letter-places.ts';
import { letterForms } from './shrunk-letter.ts';
import { TooLarge, type KeyedRecord, type TopicAccess } from './topic-access.ts';

export interface TopicDeadLettersOptions {
  readonly access: TopicAccess;
  /** For the bodies that somebody looks at: they must not wait behind a read that waits for new records. */
  readonly bodies: Pick<TopicAccess, 'read'>;
  /** `{name}.dead-letters` */
  readonly topic: string;
  readonly partitions: number;
  /** The largest letter, with its context: `max.message.bytes` of the topic (RULES 13). */
  readonly maxBytes: number;
  /** Milliseconds that a letter stays after it was replayed or discarded. */
  readonly keepMs: number;
  /** For a log that does not compact. */
  readonly latest?: LatestRecords;
  readonly clock: Clock;
  readonly logger: Logger;
}

const SWEEP_MS = 600_000;
const TOMBSTONES_AT_ONCE = 100;
/** A body that is not where the index says is looked for again; each time compaction may have been faster. */
const LOOKS = 3;
/** On a tombstone: the offset of the record that it ends. */
const ENDS = 'tmf-hub-ends';

/**
 * Dead letters in a compacted topic. In memory is an index only; bodies are read back from the topic. What was
 * replayed or discarded can still be looked at for `keepMs`, then a tombstone ends it.
 *
 * A tombstone says which record it ends, for the letter may be written again at that moment, by another replica: then
 * it ends nothing, and the letter is written once more so that compaction keeps it. `min.compaction.lag.ms` leaves
 * the time for that.
 */
export class TopicDeadLetters implements DeadLetters, Table {
  readonly topic: CompactedTopic;
  readonly #options: TopicDeadLettersOptions;
  readonly #index = new LetterIndex();
  /** Letters whose last record is a tombstone that ended another one. */
  readonly #overtaken = new Set<string>();
  #timer: Timer | undefined;
  #stopped = false;

  constructor(options: TopicDeadLettersOptions) {
    this.#options = options;
    const { access, topic, partitions, maxBytes, latest, clock, logger } = options;
    const configs = { 'max.message.bytes': `${maxBytes}`, 'min.compaction.lag.ms': `${6 * SWEEP_MS}` };
    const given = { access, topic, partitions, configs, clock, logger };
    this.topic = new CompactedTopic(latest ? { ...given, latest } : given);
    this.topic.keep('', this);
  }

  /** Resolves once all letters are known; rejects when the topic cannot be had. */
  async start(): Promise<void> {
    await this.topic.start();
    this.#index.putInOrder();
    this.#sweepLater();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.topic.stop();
  }

  health(): Health {
    return this.topic.health();
  }

  /** One that its topic refuses as too large is written as much as fits; rejects with TooLarge only for a corrected body. */
  async put(letter: DeadLetter): Promise<void> {
    const { topic, maxBytes, logger } = this.#options;
    let refused: unknown = new TooLarge(`a dead letter with its corrected body exceeds ${maxBytes} bytes`);
    for (const { record, kept } of letterForms(letter, maxBytes)) {
      try {
        await this.topic.put(letter.id, record.value, record.headers);
        if (kept === undefined) return;
        const { id, eventId, source } = letter;
        const what = { deadLetter: id, eventId, topic: source.topic, partition: source.partition };
        const sizes = { offset: source.offset, bytes: letter.body.byteLength, kept };
        logger.error({ ...what, ...sizes, deadLetterTopic: topic }, 'dead-letter.too-large');
        return;
      } catch (error) {
        if (!(error instanceof TooLarge)) throw error;
        refused = error;
      }
    }
    throw refused;
  }

  async get(id: string): Promise<DeadLetter | undefined> {
    const letter = this.#index.get(id);
    return letter && (await this.#read([letter]))[0];
  }

  async list(
    filter: DeadLetterFilter,
    page: { offset: number; limit: number },
  ): Promise<{ items: DeadLetter[]; total: number }> {
    const { letters, total } = this.#index.select(filter, page);
    return { items: await this.#read(letters), total };
  }

  async count(filter: DeadLetterFilter, groupBy: DeadLetterGroup): Promise<Record<string, number>> {
    if (filter.state !== undefined && filter.state !== 'open') return {};
    return Object.fromEntries(this.#index.count({ ...filter, state: 'open' }, groupBy));
  }

  changed(id: string, record: KeyedRecord, partition: number): void {
    this.#overtaken.delete(id);
    const { value, headers, offset, timestamp } = record;
    if (!value) return this.#ended(id, record);
    const letter = decodeLetter(id, record);
    const { topic, logger } = this.#options;
    if (!letter) return logger.error({ topic, partition, offset }, 'dead-letter.unreadable');
    const bytes = sizeOfRecord(id, { value, headers });
    this.#index.set(indexed(letter, { partition, offset, writtenAt: timestamp, bytes }));
  }

  startedOver(partition: number, present: ReadonlySet<string>): void {
    const lost = [...this.#index.all()].filter((one) => one.partition === partition && !present.has(one.id));
    for (const { id } of lost) this.#index.delete(id);
    const { topic, logger } = this.#options;
    if (lost.length > 0) logger.error({ topic, partition, letters: lost.length }, 'dead-letters.lost');
  }

  #ended(id: string, { headers }: KeyedRecord): void {
    const ends = headers[ENDS];
    const letter = this.#index.get(id);
    if (letter && ends !== undefined && Number(ends) !== letter.offset) this.#overtaken.add(id);
    else this.#index.delete(id);
  }

  /** In the order asked for; those that are gone are left out. */
  async #read(letters: readonly IndexedLetter[]): Promise<DeadLetter[]> {
    const { bodies, topic, logger } = this.#options;
    const found = new Map<string, DeadLetter>();
    let wanted = letters;
    for (let look = 0; look < LOOKS && wanted.length > 0; look++) {
      if (look > 0) await this.topic.upToDate();
      const places = look > 0 ? wanted.flatMap(({ id }) => this.#index.get(id) ?? []) : wanted;
      for (const [id, record] of await readPlaces(bodies, topic, places)) {
        const letter = decodeLetter(id, record);
        if (letter) found.set(id, letter);
      }
      wanted = places.filter(({ id }) => !found.has(id));
    }
    for (const { id, partition, offset } of wanted)
      logger.error({ deadLetter: id, topic, partition, offset }, 'dead-letter.not-in-its-place');
    return letters.flatMap(({ id }) => found.get(id) ?? []);
  }

  #sweepLater(): void {
    const { clock, keepMs, logger } = this.#options;
    if (this.#stopped) return;
    this.#timer = clock.after(Math.min(SWEEP_MS, keepMs), () => {
      void this.#sweep()
        .catch((error: unknown) => logger.warn({ reason: String(error) }, 'dead-letters.sweep-failed'))
        .then(() => this.#sweepLater());
    });
  }

  async #sweep(): Promise<void> {
    const { bodies, topic, clock, keepMs } = this.#options;
    const before = clock.now() - keepMs;
    const overtaken = [...this.#overtaken].flatMap((id) => this.#index.get(id) ?? []);
    for (const [id, { value = null, headers }] of await readPlaces(bodies, topic, overtaken))
      if (this.#overtaken.has(id)) await this.topic.put(id, value, headers);
    const old = [...this.#index.all()].filter(
      ({ state, writtenAt }) => state !== 'open' && writtenAt <= before,
    );
    for (let at = 0; at < old.length && !this.#stopped; at += TOMBSTONES_AT_ONCE) {
      const some = old.slice(at, at + TOMBSTONES_AT_ONCE).filter((one) => this.#index.get(one.id) === one);
      await Promise.all(some.map(({ id, offset }) => this.topic.put(id, null, { [ENDS]: `${offset}` })));
    }
  }
}
