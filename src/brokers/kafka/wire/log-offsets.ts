import { sleep, type Clock } from '../../../time.ts';
import type { Cluster } from './cluster.ts';
import { NONE, nameOf } from './error-codes.ts';
import type { Place } from '../reading/fetch.ts';
import { reasonOf, requests, type Node, type Wire } from './wire.ts';

const CONSUMER = -1;
const READ_COMMITTED = 1;
const NO_EPOCH = -1;
const EARLIEST = -2;
const LATEST = -1;
const RETRY_MS = 100;
const PATIENCE_MS = 10_000;

interface Question {
  readonly place: Place;
  /** Milliseconds since the epoch, or one of the two marks. */
  readonly time: number;
  readonly resolve: (offset: number) => void;
  readonly reject: (error: Error) => void;
}

/**
 * First, last and timed offsets of partitions. Questions of one turn of the event loop share their requests: a
 * registration asks for all partitions of all sources.
 */
export class LogOffsets {
  readonly #wire: Wire;
  readonly #cluster: Cluster;
  readonly #clock: Clock;
  #asked: Question[] = [];

  constructor(wire: Wire, cluster: Cluster, clock: Clock) {
    this.#wire = wire;
    this.#cluster = cluster;
    this.#clock = clock;
  }

  /** The first offset still in the log, and the last stable offset: what a reader of committed data gets up to. */
  async bounds(place: Place): Promise<{ start: number; end: number }> {
    const [start, end] = await Promise.all([this.start(place), this.#ask(place, LATEST)]);
    return { start, end };
  }

  start(place: Place): Promise<number> {
    return this.#ask(place, EARLIEST);
  }

  /** The first offset whose record is stamped at or after `time`; undefined when there is none. */
  async at(place: Place, time: number): Promise<number | undefined> {
    const offset = await this.#ask(place, Math.max(0, time));
    return offset < 0 ? undefined : offset;
  }

  #ask(place: Place, time: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ place, time, resolve, reject });
      if (this.#asked.length === 1) setImmediate(() => this.#flush());
    });
  }

  #flush(): void {
    const asked = this.#asked;
    this.#asked = [];
    // A request may name a partition once only.
    const byTime = Map.groupBy(asked, ({ time }) => time);
    for (const questions of byTime.values()) void this.#answer(questions);
  }

  async #answer(asked: readonly Question[]): Promise<void> {
    const giveUpAt = this.#clock.monotonic() + PATIENCE_MS;
    let left = [...asked];
    for (;;) {
      const problems: string[] = [];
      const byNode = Map.groupBy(left, ({ place }) => this.#cluster.leaderOf(place));
      const answers = [...byNode].map(([node, questions]) =>
        node ? this.#askNode(node, questions, problems) : Promise.resolve(questions),
      );
      left = (await Promise.all(answers)).flat();
      if (left.length === 0) return;
      if (this.#clock.monotonic() > giveUpAt) {
        const why = new Error(`the offsets are not to be had: ${problems[0] ?? 'there is no leader'}`);
        for (const { reject } of left) reject(why);
        return;
      }
      await sleep(this.#clock, RETRY_MS);
      await this.#cluster.refresh().catch((error: unknown) => problems.push(reasonOf(error)));
    }
  }

  /** Answers the questions that have to be asked again. */
  async #askNode(node: Node, asked: readonly Question[], problems: string[]): Promise<Question[]> {
    const byTopic = Map.groupBy(asked, ({ place }) => place.topic);
    const topics = [...byTopic].map(([name, questions]) => ({
      name,
      partitions: [
        ...new Map(questions.map((question) => [question.place.partition, question])).values(),
      ].map(({ place, time }) => ({
        partitionIndex: place.partition,
        currentLeaderEpoch: NO_EPOCH,
        timestamp: BigInt(time),
      })),
    }));
    const offsets = new Map<string, number>();
    try {
      const answer = await this.#wire.call(
        'control',
        node,
        requests.listOffsets,
        CONSUMER,
        READ_COMMITTED,
        topics,
      );
      for (const { name, partitions } of answer.topics) {
        for (const { partitionIndex, errorCode, offset } of partitions) {
          if (errorCode === NONE) offsets.set(`${name}:${partitionIndex}`, Number(offset));
          else problems.push(`${name}:${partitionIndex}: ${nameOf(errorCode)}`);
        }
      }
    } catch (error) {
      problems.push(reasonOf(error));
    }
    return asked.filter(({ place, resolve }) => {
      const offset = offsets.get(`${place.topic}:${place.partition}`);
      if (offset === undefined) return true;
      resolve(offset);
      return false;
    });
  }
}
