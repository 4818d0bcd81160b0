import { CompactedTopic, type Table } from '../../src/brokers/tables/compacted-topic.ts';
import type { KeyedRecord } from '../../src/brokers/tables/topic-access.ts';
import { FakeAccess, FakeTopics, loudLogger } from '../support/fake-topic.ts';
import { SimClock } from '../support/sim-clock.ts';

export const TOPIC = 'hub.table';

export const bytes = (text: string): Uint8Array => Buffer.from(text);

/** Remembers the last value of each key, and what it was told. */
export class Memory implements Table {
  readonly values = new Map<string, string>();
  readonly told: string[] = [];
  readonly restarts: string[][] = [];

  changed(key: string, { value, offset }: KeyedRecord): void {
    const text = value && Buffer.from(value).toString();
    this.told.push(`${key}=${text ?? 'nothing'}@${offset}`);
    if (text === undefined) this.values.delete(key);
    else this.values.set(key, text);
  }

  startedOver(_partition: number, present: ReadonlySet<string>): void {
    this.restarts.push([...present].toSorted());
  }

  get content(): Record<string, string> {
    return Object.fromEntries([...this.values].toSorted());
  }
}

/** Replicas that keep one table in one topic. */
export class TableSite {
  readonly clock = new SimClock();
  readonly topics = new FakeTopics(this.clock);
  readonly #open: CompactedTopic[] = [];

  replica({ partitions = 1, exactly = false, prefix = '' } = {}) {
    const access = new FakeAccess(this.topics);
    const { logger, said } = loudLogger();
    const { clock } = this;
    const topic = new CompactedTopic({ access, topic: TOPIC, partitions, exactly, clock, logger });
    const table = new Memory();
    topic.keep(prefix, table);
    this.#open.push(topic);
    const put = (key: string, value: string | null) => topic.put(key, value === null ? null : bytes(value));
    return { access, topic, table, said, put };
  }

  close(): void {
    for (const topic of this.#open) topic.stop();
    this.topics.wake();
  }
}

/** How a promise was settled: the reason of its rejection, or `done`. */
export function fate(promise: Promise<unknown>): { current: string } {
  const seen = { current: 'under way' };
  promise.then(
    () => (seen.current = 'done'),
    (error: unknown) => (seen.current = String(error)),
  );
  return seen;
}
