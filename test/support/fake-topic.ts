import { OffsetOutOfRange } from '../../src/brokers/log/log.ts';
import { TooLarge, type KeyedRecord, type TopicAccess } from '../../src/brokers/tables/topic-access.ts';
import { silentLogger, type Logger } from '../../src/logger.ts';
import type { Clock } from '../../src/time.ts';

interface StoredPartition {
  records: KeyedRecord[];
  start: number;
  end: number;
}

interface StoredTopic {
  /** Another one each time the topic is made. */
  readonly topicId: string;
  readonly configs: Readonly<Record<string, string>>;
  readonly partitions: StoredPartition[];
}

type Call = 'ensure' | 'read' | 'bounds' | 'append';

/** A cluster in memory, for as many accesses as a test has replicas. Retention and compaction come when told. */
export class FakeTopics {
  readonly topics = new Map<string, StoredTopic>();
  /** Key + value + headers that a record may have. */
  maxRecordBytes = Infinity;
  readonly #clock: Clock;
  readonly #pollMs: number;
  readonly #waiting = new Set<() => void>();
  #made = 0;

  /** `pollMs`: how long a read waits for a record. */
  constructor(clock: Clock, pollMs = 1_000) {
    this.#clock = clock;
    this.#pollMs = pollMs;
  }

  create(topic: string, partitions: number, configs: Readonly<Record<string, string>> = {}): void {
    const made = Array.from({ length: partitions }, () => ({ records: [], start: 0, end: 0 }));
    this.topics.set(topic, { topicId: `id ${++this.#made}`, configs, partitions: made });
    this.wake();
  }

  addPartition(topic: string): void {
    this.of(topic).partitions.push({ records: [], start: 0, end: 0 });
  }

  append(
    topic: string,
    key: string,
    value: Uint8Array | null,
    headers: Readonly<Record<string, string>> = {},
  ) {
    const { partitions } = this.of(topic);
    const partition = hash(key) % partitions.length;
    const stored = partitions[partition]!;
    const offset = stored.end++;
    const record = { offset, key: Buffer.from(key), value: value ?? undefined, headers };
    stored.records.push({ ...record, timestamp: this.#clock.now() });
    this.wake();
    return { partition, offset };
  }

  /** Keeps the last record of each key only; tombstones go too where `all`. Records from offset `below` on are left alone. */
  compact(topic: string, { all = false, below = Infinity } = {}): void {
    for (const stored of this.of(topic).partitions) {
      const last = new Map(stored.records.map((record) => [keyOf(record), record.offset]));
      stored.records = stored.records.filter(
        (record) =>
          record.offset >= below || (last.get(keyOf(record)) === record.offset && !(all && !record.value)),
      );
    }
  }

  /** As retention does: everything below `start` is gone. */
  cutOff(topic: string, partition: number, start: number): void {
    const stored = this.of(topic).partitions[partition]!;
    stored.records = stored.records.filter(({ offset }) => offset >= start);
    stored.start = start;
    stored.end = Math.max(stored.end, start);
    this.wake();
  }

  /** All that is there, as an operator would see it. */
  content(topic: string): { key: string; value: string | null; headers: Readonly<Record<string, string>> }[] {
    return this.of(topic).partitions.flatMap(({ records }) =>
      records.map((record) => ({
        key: keyOf(record),
        value: record.value ? Buffer.from(record.value).toString() : null,
        headers: record.headers,
      })),
    );
  }

  of(topic: string): StoredTopic {
    const stored = this.topics.get(topic);
    if (!stored) throw new Error(`no topic ${topic}`);
    return stored;
  }

  wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  untilAppend(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        timer.cancel();
        resolve();
      };
      const timer = this.#clock.after(this.#pollMs, wake);
      this.#waiting.add(wake);
    });
  }
}

/** One replica's access. What is put into `before` and `after` may take its time, or throw: the call then fails. */
export class FakeAccess implements TopicAccess {
  readonly calls: Record<Call, number> = { ensure: 0, read: 0, bounds: 0, append: 0 };
  before: (call: Call) => unknown = () => undefined;
  /** When it throws the call was carried out, but the answer is lost. */
  after: (call: Call) => unknown = () => undefined;
  /** The highest offset that a read has answered up to. */
  readUpTo = 0;
  readonly #topics: FakeTopics;

  constructor(topics: FakeTopics) {
    this.#topics = topics;
  }

  ensure(topic: string, { partitions, configs }: Parameters<TopicAccess['ensure']>[1]): Promise<number> {
    return this.#call('ensure', () => {
      if (!this.#topics.topics.has(topic)) this.#topics.create(topic, partitions, configs);
      return this.#topics.of(topic).partitions.length;
    });
  }

  async read(topic: string, partition: number, from: number, maxBytes: number) {
    const answer = await this.#call('read', async () => {
      if (from >= (this.#topics.of(topic).partitions[partition]?.end ?? 0)) await this.#topics.untilAppend();
      const { topicId, partitions } = this.#topics.of(topic);
      const { records, start, end } = partitions[partition]!;
      if (from < start || from > end) throw new OffsetOutOfRange(`${from}`);
      const found: KeyedRecord[] = [];
      let bytes = 0;
      for (let i = lowerBound(records, from); i < records.length; i++) {
        const record = records[i]!;
        bytes += sizeOf(record);
        if (found.length > 0 && bytes > maxBytes) return { records: found, next: record.offset, topicId };
        found.push(record);
      }
      return { records: found, next: end, topicId };
    });
    this.readUpTo = Math.max(this.readUpTo, answer.next);
    return answer;
  }

  bounds(topic: string, partition: number) {
    return this.#call('bounds', () => {
      const { topicId, partitions } = this.#topics.of(topic);
      const { start, end } = partitions[partition]!;
      return { start, end, topicId };
    });
  }

  append({ topic, key, value, headers }: Parameters<TopicAccess['append']>[0]) {
    return this.#call('append', () => {
      const record = { key: Buffer.from(key), value: value ?? undefined, headers };
      if (sizeOf(record) > this.#topics.maxRecordBytes) throw new TooLarge('larger than the topic takes');
      return this.#topics.append(topic, key, value, headers);
    });
  }

  async #call<T>(call: Call, carryOut: () => T | Promise<T>): Promise<T> {
    this.calls[call]++;
    await this.before(call);
    const answer = await carryOut();
    await this.after(call);
    return answer;
  }
}

function lowerBound(records: readonly KeyedRecord[], from: number): number {
  let low = 0;
  for (let high = records.length; low < high;) {
    const middle = (low + high) >> 1;
    if ((records[middle]?.offset ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}

function keyOf(record: KeyedRecord): string {
  return Buffer.from(record.key ?? []).toString();
}

function sizeOf({ key, value, headers }: Omit<KeyedRecord, 'offset' | 'timestamp'>): number {
  const texts = Object.entries(headers).flat();
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return bytes + (key?.byteLength ?? 0) + (value?.byteLength ?? 0);
}

function hash(text: string): number {
  let value = 7;
  for (const char of text) value = (value * 31 + char.charCodeAt(0)) >>> 0;
  return value;
}

/** A logger that keeps the names of what was said, at `warn` and above. */
export function loudLogger(): { logger: Logger; said: string[] } {
  const said: string[] = [];
  const say = (_fields: object, message: string): void => void said.push(message);
  return { logger: { ...silentLogger, warn: say, error: say }, said };
}
