import type { SourceRecord } from '../../broker.ts';

/** One event of the stream that keeps a copy of all of them for replays and questions. */
export interface StreamedEvent {
  readonly offset: number;
  readonly record: SourceRecord;
}

/** The copy of all events, for as long as its retention keeps them. */
export interface EventStream {
  /** Its name, which stands for a topic with the one partition 0. */
  readonly name: string;
  /**
   * Events from `from` on (or from where retention begins): at least one when there is one, else waits up to about a
   * second and answers none. About `maxBytes` at most, but for a single larger one. `next`: to read on from.
   */
  read(from: number, maxBytes: number): Promise<{ events: readonly StreamedEvent[]; next: number }>;
  /** `start`: the first offset that is still there. `end`: what the next event will get, or lower than that. */
  bounds(): Promise<{ start: number; end: number }>;
  /** The first offset whose event may be stamped at or after `time` (milliseconds); the end when there is none. */
  offsetAt(time: number): Promise<number>;
  /** By event id or correlation id, oldest first, at most `limit`. Reads it from its beginning. */
  find(by: { eventId: string } | { correlationId: string }, limit: number): Promise<StreamedEvent[]>;
}
