import type { EventStream, StreamedEvent } from '../../src/brokers/rabbitmq/streams/event-stream.ts';
import type { Clock } from '../../src/time.ts';
import { sleep } from '../../src/time.ts';

export interface StoredRecord {
  readonly id: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: now. */
  readonly timestamp?: number;
  readonly bytes?: number;
}

const EXCHANGE = 'bss.ordering.events';
const WAIT_MS = 1_000;

/** What survives every process. */
export class StreamStorage {
  readonly name = 'hub.events';
  events: StreamedEvent[] = [];
  start = 0;
  end = 0;
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The offset of the last event. */
  get last(): number {
    return this.events.at(-1)?.offset ?? this.start - 1;
  }

  append({ id, key = 'k', headers, timestamp = this.#clock.now(), bytes = 10 }: StoredRecord): number {
    const source = { broker: 'rabbit', topic: EXCHANGE, routingKey: 'r', messageId: `message ${id}` };
    const value = Buffer.alloc(bytes, 'x');
    const record = { source, key, value, headers: { eventId: id, ...headers }, timestamp };
    this.events.push({ offset: this.end++, record });
    for (const wake of [...this.#waiting]) wake();
    return this.end - 1;
  }

  /** An offset that no event has, as the server takes some for itself. */
  skip(): void {
    this.end++;
  }

  /** As retention does: everything below `start` is gone. */
  cutOff(start: number): void {
    this.start = Math.max(this.start, start);
    this.events = this.events.filter(({ offset }) => offset >= start);
  }

  /** As when somebody deletes it and it is made again. */
  makeAnew(): void {
    this.events = [];
    this.start = this.end = 0;
  }

  untilAppend(): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        timer.cancel();
        resolve();
      };
      const timer = this.#clock.after(WAIT_MS, wake);
      this.#waiting.add(wake);
    });
  }
}

/** One process's view. */
export class MemoryStream implements EventStream {
  readonly name: string;
  readonly #storage: StreamStorage;
  readonly #clock: Clock;
  #isKilled = false;
  /** Simulated milliseconds that a call takes; it fails where this throws. */
  latency: () => number = () => 0;
  /** By how much `bounds` says less than there is. */
  endLow = 0;
  /** By how many events `offsetAt` is too early. */
  early = 0;
  reads = 0;
  readsNow = 0;
  mostReadsAtOnce = 0;

  constructor(storage: StreamStorage, clock: Clock) {
    this.name = storage.name;
    this.#storage = storage;
    this.#clock = clock;
  }

  /** Nothing comes to an end any more. */
  kill(): void {
    this.#isKilled = true;
  }

  async read(from: number, maxBytes: number) {
    this.reads++;
    this.mostReadsAtOnce = Math.max(this.mostReadsAtOnce, ++this.readsNow);
    try {
      await this.#pass();
      if (from >= this.#storage.end) await this.#storage.untilAppend();
      const events: StreamedEvent[] = [];
      let bytes = 0;
      for (const event of this.#storage.events) {
        if (event.offset < from) continue;
        bytes += event.record.value.length;
        if (events.length > 0 && bytes > maxBytes) break;
        events.push(event);
      }
      await this.#pass();
      return { events, next: (events.at(-1)?.offset ?? from - 1) + 1 };
    } finally {
      this.readsNow--;
    }
  }

  async bounds() {
    await this.#pass();
    const { start, last } = this.#storage;
    return { start, end: Math.max(start, last + 1 - this.endLow) };
  }

  async offsetAt(time: number): Promise<number> {
    await this.#pass();
    const { events, start, last } = this.#storage;
    const found = events.find(({ record }) => record.timestamp >= time);
    return Math.max(start, (found?.offset ?? last + 1) - this.early);
  }

  async find(by: { eventId: string } | { correlationId: string }, limit: number) {
    await this.#pass();
    const [name, value] = 'eventId' in by ? ['eventId', by.eventId] : ['correlationId', by.correlationId];
    return this.#storage.events.filter(({ record: { headers } }) => headers[name] === value).slice(0, limit);
  }

  async #pass(): Promise<void> {
    const ms = this.latency();
    if (ms > 0) await sleep(this.#clock, ms);
    if (this.#isKilled) await new Promise(() => undefined);
  }
}
