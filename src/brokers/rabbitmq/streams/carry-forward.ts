import type { Logger } from '../../../logger.ts';
import type { Clock, Timer } from '../../../time.ts';
import type { CompactedTopic } from '../../tables/compacted-topic.ts';
import type { LatestRecord, LatestRecords } from '../../tables/latest-records.ts';
import { readPlaces } from '../../tables/letter-places.ts';
import type { TopicAccess } from '../../tables/topic-access.ts';

export interface CarryForwardOptions {
  readonly topic: CompactedTopic;
  readonly latest: LatestRecords;
  readonly bodies: Pick<TopicAccess, 'read'>;
  /** What the stream keeps at least, milliseconds. */
  readonly maxAgeMs: number;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
}

const AT_ONCE = 20;
const MOST_BYTES = 8 << 20;
const LONGEST_PAUSE_MS = 600_000;
/** Between two helpings while there is more. */
const SHORT_PAUSE_MS = 1_000;

/**
 * Keeps what a table holds in its stream, which does not compact but removes what is older than its retention age. The
 * record of a key that was written longer ago than a third of that age is written once more, and so is young again; of
 * several replicas the first that comes to it does so, for all pause at random.
 *
 * The guarantee: while one gateway runs and can write, no record of a living key is older than a third of the age, but
 * for the pauses, and none is ever removed: RabbitMQ removes whole segments, and only such in which everything is
 * older than the age. Gateways that were all away for less than two thirds of the age find all of it. For longer it
 * depends: segments are removed only when another one begins or the server starts, and never the one that is written
 * to, so where nobody writes mostly nothing is lost.
 *
 * What ended is not carried. The order of records of different keys changes, so a table that goes by it (Claims) cannot
 * be kept in a stream.
 */
export class CarryForward {
  readonly #options: CarryForwardOptions;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: CarryForwardOptions) {
    this.#options = options;
  }

  /** Call it once the topic has started. */
  start(): void {
    this.#later(SHORT_PAUSE_MS);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** After half as long again at most, and half as long at least. */
  #later(pauseMs: number): void {
    if (this.#isStopped) return;
    const { clock, random } = this.#options;
    this.#timer = clock.after(pauseMs * (0.5 + random()), () => void this.#turn());
  }

  async #turn(): Promise<void> {
    const { maxAgeMs, clock, logger, topic } = this.#options;
    const pause = Math.min(LONGEST_PAUSE_MS, maxAgeMs / 100);
    try {
      const old = this.#old(clock.now() - maxAgeMs / 3);
      await this.#carry(old);
      this.#later(old.length > 0 ? Math.min(SHORT_PAUSE_MS, pause) : pause);
    } catch (error) {
      if (!this.#isStopped)
        logger.warn({ topic: topic.name, reason: String(error) }, 'stream.not-carried-forward');
      this.#later(pause);
    }
  }

  /** No more than is read at once; at least one. */
  #old(before: number): [string, LatestRecord][] {
    const found = this.#options.latest.writtenBefore(before, AT_ONCE);
    let bytes = 0;
    return found.filter(([, record], index) => (bytes += record.bytes) <= MOST_BYTES || index === 0);
  }

  async #carry(old: readonly [string, LatestRecord][]): Promise<void> {
    if (old.length === 0) return;
    const { topic, latest, bodies, logger } = this.#options;
    const places = old.map(([id, { offset, bytes }]) => ({ id, offset, bytes, partition: 0 }));
    const records = await readPlaces(bodies, topic.name, places);
    for (const [key, { offset, first }] of old) {
      const record = records.get(key);
      // Another replica was faster, or the key has changed or ended.
      if (latest.get(key)?.offset !== offset || this.#isStopped) continue;
      if (record) await topic.repeat(key, record, first);
      else logger.error({ topic: topic.name, key, offset }, 'stream.record-not-in-its-place');
    }
  }
}
