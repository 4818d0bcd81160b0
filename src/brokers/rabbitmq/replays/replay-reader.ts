import type { Logger } from '../../../logger.ts';
import type { Clock } from '../../../time.ts';
import type { EventStream } from '../streams/event-stream.ts';
import type { ReplayFeed, Stretch } from './replay-feed.ts';

export interface ReplayReaderOptions {
  readonly stream: EventStream;
  readonly clock: Clock;
  readonly logger: Logger;
}

const READ_BYTES = 1 << 20;
/** Listeners take a few dozen events at a time: without these the same megabyte would be read for each dozen. */
const MOST_KEPT = 8;
/** After so long what was there when the job was made, and is not there now, will not be there again. */
const GONE_AFTER_MS = 300_000;

/** Reads for the replays, each at its own place. */
export class ReplayReader {
  readonly #options: ReplayReaderOptions;
  /** What there was no room for, of a few feeds; the others read it again. The one kept longest ago comes first. */
  readonly #kept = new Map<ReplayFeed, Stretch>();
  /** Since when (monotonic) there is nothing more where a feed stands, before the end of its range. */
  readonly #waiting = new WeakMap<ReplayFeed, { readonly at: number; readonly since: number }>();

  constructor(options: ReplayReaderOptions) {
    this.#options = options;
  }

  /**
   * What comes next for this feed; undefined when there is nothing to be offered now. What retention has removed is
   * passed, and said.
   */
  async next(feed: ReplayFeed): Promise<Stretch | undefined> {
    const kept = this.#kept.get(feed);
    this.#kept.delete(feed);
    if (kept?.from === feed.readAt) return kept;
    const { readAt, rewinds } = feed;
    const isCurrent = (): boolean => feed.isOpen && feed.rewinds === rewinds;
    const { events, next } = await this.#options.stream.read(readAt, READ_BYTES);
    if (!isCurrent()) return undefined;
    const stretch = { from: readAt, events, next };
    const first = events[0]?.offset;
    if (first === readAt) return stretch;
    const { start } = await this.#options.stream.bounds();
    if (!isCurrent()) return undefined;
    if (start > readAt) this.#skip(feed, Math.min(start, first ?? start));
    else if (first === undefined) this.#foundNothing(feed);
    return first === undefined ? undefined : stretch;
  }

  keep(feed: ReplayFeed, stretch: Stretch): void {
    this.#kept.set(feed, stretch);
    const [oldest] = this.#kept.keys();
    if (oldest && this.#kept.size > MOST_KEPT) this.#kept.delete(oldest);
  }

  forget(feed: ReplayFeed): void {
    this.#kept.delete(feed);
  }

  #skip(feed: ReplayFeed, to: number): void {
    const { readAt: from, end, job } = feed;
    const lost = feed.skipTo(to);
    const about = { jobId: job.id, subscriptionId: job.subscriptionId, from, to: Math.min(to, end), lost };
    this.#options.logger.warn(about, 'replay.shortened');
  }

  /** A replica of the server may be behind the others; or the stream is another one by now, that is not as long. */
  #foundNothing(feed: ReplayFeed): void {
    const now = this.#options.clock.monotonic();
    const { readAt: at } = feed;
    const before = this.#waiting.get(feed);
    if (before?.at !== at) this.#waiting.set(feed, { at, since: now });
    else if (now - before.since >= GONE_AFTER_MS) this.#skip(feed, feed.end);
  }
}
