import { sleep, type Clock } from '../../../time.ts';
import type { Cluster } from '../wire/cluster.ts';
import { NONE, OFFSET_OUT_OF_RANGE } from '../wire/error-codes.ts';
import { fetch, type Fetched, type Place } from './fetch.ts';
import { HeadStream, type Read } from './head-stream.ts';
import type { Line, Node, Wire } from '../wire/wire.ts';

/** A partition is not fetched further while so much of it waits for its reader. */
const AHEAD_BYTES = 512 << 10;
/** One answer holds no more, so that taking it apart does not hold up everything else. */
const ANSWER_BYTES = 1 << 20;
/** How long the broker keeps a request that it has no records for. */
const LONG_POLL_MS = 500;
const SHORT_POLL_MS = 5;
/** A reader hears within this time that nothing came. */
const READ_MS = 1_000;
const RETRY_MS = 200;

/**
 * The shared reads: one request after another to each node, for all partitions that it leads, always ahead of the
 * readers. While a partition is full its reader may come back for more at any moment, and the request under way does
 * not ask for it: so requests wait at the broker no longer than it has been full. The delay at most doubles.
 */
export class HeadReads {
  readonly #wire: Wire;
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  readonly #line: Line;
  readonly #streams = new Map<string, HeadStream>();
  readonly #loops = new Set<Node>();
  readonly #ends = new Map<string, number>();
  #stopped = false;
  #kicked = false;
  #repairing = false;
  /** What went wrong with the last request, by `host:port`; empty when all is well. */
  readonly problems = new Map<string, string>();

  constructor(wire: Wire, cluster: Cluster, clock: Clock, line: Line) {
    this.#wire = wire;
    this.#cluster = cluster;
    this.#clock = clock;
    this.#line = line;
  }

  /** Records from `from` on; none when none came within a second. One read of a partition at a time. */
  async read(place: Place & { readonly topicId: string }, from: number): Promise<Read> {
    const key = keyOf(place);
    let stream = this.#streams.get(key);
    if (stream?.place.topicId !== place.topicId) {
      stream?.giveUp();
      stream = new HeadStream(place, from, AHEAD_BYTES);
      this.#streams.set(key, stream);
    }
    const waiting = stream.read(from);
    this.#kick();
    const timer = this.#clock.after(READ_MS, () => stream.giveUp());
    try {
      return await waiting;
    } finally {
      timer.cancel();
    }
  }

  /** The last stable offset that a fetch told of; undefined before the first. */
  knownEnd(place: Place): number | undefined {
    return this.#ends.get(keyOf(place));
  }

  /** The partition is no longer this process's to read. */
  drop(place: Place): void {
    const key = keyOf(place);
    this.#streams.get(key)?.giveUp();
    this.#streams.delete(key);
    this.#ends.delete(key);
  }

  stop(): void {
    this.#stopped = true;
    for (const stream of this.#streams.values()) stream.giveUp();
    this.#streams.clear();
  }

  /** At the end of the turn, so that all who ask in it share the first request. */
  #kick(): void {
    if (this.#kicked) return;
    this.#kicked = true;
    setImmediate(() => {
      this.#kicked = false;
      for (const stream of this.#streams.values()) {
        const leader = this.#cluster.leaderOf(stream.place);
        if (!leader) void this.#repair();
        else if (!this.#loops.has(leader)) void this.#loop(leader);
      }
    });
  }

  async #loop(node: Node): Promise<void> {
    const name = `${node.host}:${node.port}`;
    this.#loops.add(node);
    for (;;) {
      const streams = this.#wantedFrom(node);
      if (streams.length === 0) break;
      const failure = await this.#turn(node, streams);
      if (failure === undefined) this.problems.delete(name);
      else {
        this.problems.set(name, failure);
        await this.#repair();
      }
    }
    this.#loops.delete(node);
    // It leads nothing of ours any more.
    this.problems.delete(name);
  }

  /** Those to fetch next, in turn. Ends the loop with none: the next read begins it anew. */
  #wantedFrom(node: Node): HeadStream[] {
    if (this.#stopped) return [];
    const wanted: HeadStream[] = [];
    for (const stream of this.#streams.values()) {
      if (this.#cluster.leaderOf(stream.place) !== node) continue;
      if (!stream.isFull) {
        stream.fullSince = undefined;
        wanted.push(stream);
      } else stream.fullSince ??= this.#clock.monotonic();
    }
    return wanted;
  }

  /** Undefined when all went well, else what did not. */
  async #turn(node: Node, streams: readonly HeadStream[]): Promise<string | undefined> {
    const wishes = streams.map((stream) => ({ stream, place: stream.place, from: stream.from }));
    const limits = { waitMs: this.#patience(), maxBytes: ANSWER_BYTES, maxBytesPerPartition: AHEAD_BYTES };
    const through = { wire: this.#wire, cluster: this.#cluster };
    try {
      const fetched = await fetch(through, this.#line, node, wishes, limits);
      let failure: string | undefined;
      for (const [{ stream, from }, answer] of fetched) failure = this.#take(stream, from, answer) ?? failure;
      return failure;
    } catch (error) {
      return String(error);
    }
  }

  #take(stream: HeadStream, from: number, answer: Fetched): string | undefined {
    const key = keyOf(stream.place);
    if (this.#streams.get(key) !== stream) return undefined;
    if (answer.end >= 0) this.#ends.set(key, answer.end);
    stream.fetched(from, answer);
    if (answer.records.length > 0) {
      // The others come first in the next request: an answer may be full before it has come to them.
      this.#streams.delete(key);
      this.#streams.set(key, stream);
    }
    const { errorCode } = answer;
    return errorCode === NONE || errorCode === OFFSET_OUT_OF_RANGE
      ? undefined
      : `error ${errorCode} for ${key}`;
  }

  #patience(): number {
    let patience = LONG_POLL_MS;
    const now = this.#clock.monotonic();
    for (const { fullSince } of this.#streams.values()) {
      if (fullSince !== undefined) patience = Math.min(patience, Math.max(SHORT_POLL_MS, now - fullSince));
    }
    return Math.floor(patience);
  }

  /** Learns anew who leads what, after a pause. */
  async #repair(): Promise<void> {
    if (this.#repairing) return sleep(this.#clock, RETRY_MS);
    this.#repairing = true;
    await sleep(this.#clock, RETRY_MS);
    if (!this.#stopped) await this.#cluster.refresh().catch(() => undefined);
    this.#repairing = false;
    this.#kick();
  }
}

function keyOf({ topic, partition }: Place): string {
  return `${topic}:${partition}`;
}
