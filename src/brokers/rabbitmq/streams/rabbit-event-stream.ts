import type { Clock } from '../../../time.ts';
import { soughtBy, type Sought } from '../../tables/sought.ts';
import type { Calls } from '../wire/calls.ts';
import type { Link } from '../wire/link.ts';
import { recordOf } from '../wire/message.ts';
import { ensureStream } from './declare-stream.ts';
import type { EventStream, StreamedEvent } from './event-stream.ts';
import type { StreamMessage } from './stream-cursor.ts';
import { StreamReads } from './stream-reads.ts';

export interface EventStreamOptions {
  /** The source's name, for the coordinates of its records. */
  readonly broker: string;
  readonly prefix: string;
  readonly calls: Calls;
  readonly reading: Link;
  /** Milliseconds that an event stays, at least, unless it is too many bytes before. */
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  readonly clock: Clock;
}

const PREFETCH = 64;
const READ_BYTES = 1 << 20;
/** A stream without messages says nothing: after this it counts as one. */
const EMPTY_AFTER_MS = 500;
/** Producers' clocks, which stamp events, and the server's, which finds the place. */
const CLOCKS_DIFFER_MS = 60_000;
const SMALLEST_SEGMENT = 1_000_000;
const LARGEST_SEGMENT = 100_000_000;

/** All events of a source, in a stream that somebody binds to its exchanges. */
export class RabbitEventStream implements EventStream {
  readonly name: string;
  readonly #options: EventStreamOptions;
  readonly #reads: StreamReads;

  constructor(options: EventStreamOptions) {
    const { prefix, reading, clock } = options;
    this.name = `${prefix}.events`;
    this.#options = options;
    this.#reads = new StreamReads({ link: reading, prefetch: PREFETCH, clock });
  }

  /** Declares it, bound to nothing. */
  async ensure(): Promise<void> {
    const { calls, maxAgeMs, maxBytes } = this.#options;
    const tenth = Math.floor(maxBytes / 10);
    const segmentBytes = Math.min(LARGEST_SEGMENT, Math.max(SMALLEST_SEGMENT, tenth));
    await ensureStream(calls, this.name, { maxAgeMs, maxBytes, segmentBytes });
  }

  stop(): void {
    this.#reads.stop();
  }

  async read(from: number, maxBytes: number): Promise<{ events: readonly StreamedEvent[]; next: number }> {
    const { messages, next } = await this.#reads.read(this.name, from, maxBytes);
    return { events: messages.map((message) => this.#event(message)), next };
  }

  async bounds(): Promise<{ start: number; end: number }> {
    const [[first], end] = await Promise.all([
      this.#reads.peek(this.name, 'first', EMPTY_AFTER_MS),
      this.#reads.endOf(this.name, EMPTY_AFTER_MS),
    ]);
    const start = first?.offset ?? 0;
    return { start, end: Math.max(start, end) };
  }

  async offsetAt(time: number): Promise<number> {
    const since = Math.max(0, time - CLOCKS_DIFFER_MS);
    const [first] = await this.#reads.peek(this.name, { since }, EMPTY_AFTER_MS);
    return first?.offset ?? (await this.bounds()).end;
  }

  async find(by: Sought, limit: number): Promise<StreamedEvent[]> {
    const isSought = soughtBy(by);
    const found: StreamedEvent[] = [];
    const { start, end } = await this.bounds();
    for (let from = start; from < end && found.length < limit;) {
      const { events, next } = await this.read(from, READ_BYTES);
      if (events.length === 0) break;
      found.push(...events.filter(({ record }) => isSought(record)));
      from = next;
    }
    return found.slice(0, limit);
  }

  #event(message: StreamMessage): StreamedEvent {
    const { broker, clock } = this.#options;
    return { offset: message.offset, record: recordOf(broker, message.message, clock.now()) };
  }
}
