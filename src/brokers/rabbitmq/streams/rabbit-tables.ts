import type { Logger } from '../../../logger.ts';
import { sleep, type Clock } from '../../../time.ts';
import type { Health } from '../../../health.ts';
import { CompactedTopic } from '../../tables/compacted-topic.ts';
import { TopicDeadLetters } from '../../tables/dead-letters.ts';
import { LatestRecords } from '../../tables/latest-records.ts';
import { TopicRegistryCopy } from '../../tables/registry-copy.ts';
import { TopicReplayJobs } from '../../tables/replay-jobs.ts';
import type { Calls } from '../wire/calls.ts';
import type { Link } from '../wire/link.ts';
import { saidBy } from '../wire/refused-call.ts';
import { CarryForward } from './carry-forward.ts';
import { StreamAccess } from './stream-access.ts';

export interface RabbitTableSettings {
  readonly deadLetters: {
    /** The largest letter with its context, bytes. */
    readonly maxBytes: number;
    /** How long one stays after it was replayed or discarded, milliseconds. */
    readonly keepMs: number;
  };
}

export interface RabbitTablesDeps extends RabbitTableSettings {
  readonly calls: Calls;
  readonly reading: Link;
  readonly publishing: Link;
  readonly prefix: string;
  readonly newId: () => string;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
}

const DAY_MS = 86_400_000;
const RETENTION = { maxAgeMs: 30 * DAY_MS, segmentBytes: 50_000_000 };
const RETRY_MS = 1_000;

/** What the gateway keeps in streams of its own. */
export class RabbitTables {
  readonly deadLetters: TopicDeadLetters;
  /** For tables of others too, until `start`. */
  readonly subscriptions: CompactedTopic;
  readonly replayJobs: TopicReplayJobs;
  readonly registryCopy: TopicRegistryCopy;
  readonly #deps: RabbitTablesDeps;
  readonly #access: StreamAccess;
  readonly #carried: readonly CarryForward[];
  /** Why it takes so long, of each table that cannot be had. */
  readonly #problems = new Map<object, string>();
  #isStopped = false;

  constructor(deps: RabbitTablesDeps) {
    const { prefix, deadLetters, clock, logger } = deps;
    const access = new StreamAccess({ ...deps, maxMessageBytes: deadLetters.maxBytes, retention: RETENTION });
    this.#deps = deps;
    this.#access = access;
    const letters = new LatestRecords();
    this.deadLetters = new TopicDeadLetters({
      ...{ access, bodies: access.bodies, topic: `${prefix}.dead-letters`, partitions: 1 },
      ...{ latest: letters, ...deadLetters, clock, logger },
    });
    const latest = new LatestRecords();
    const topic = `${prefix}.subscriptions`;
    this.subscriptions = new CompactedTopic({ access, topic, partitions: 1, latest, clock, logger });
    this.replayJobs = new TopicReplayJobs(this.subscriptions, logger);
    this.registryCopy = new TopicRegistryCopy(this.subscriptions, logger);
    this.#carried = [this.#carry(this.deadLetters.topic, letters), this.#carry(this.subscriptions, latest)];
  }

  /** Resolves once all of it is known; tries until then or `stop`, and says why it takes so long. */
  async start(): Promise<void> {
    await Promise.all([this.#begin(this.deadLetters), this.#begin(this.subscriptions)]);
    if (this.#isStopped) return;
    for (const carried of this.#carried) carried.start();
  }

  /** Before the connections are closed. */
  stop(): void {
    this.#isStopped = true;
    for (const carried of this.#carried) carried.stop();
    this.deadLetters.stop();
    this.subscriptions.stop();
    this.#access.stop();
  }

  health(): Health {
    const [reason] = this.#problems.values();
    if (reason !== undefined) return { ok: false, reason };
    const letters = this.deadLetters.health();
    return letters.ok ? this.subscriptions.health() : letters;
  }

  async #begin(table: { start(): Promise<void> }): Promise<void> {
    const { clock, logger, reading } = this.#deps;
    while (!this.#isStopped) {
      try {
        await table.start();
        this.#problems.delete(table);
        return;
      } catch (error) {
        if (this.#stopped()) throw error;
        const reason = saidBy(error);
        const isNews = this.#problems.size === 0 || (this.#problems.get(table) ?? reason) !== reason;
        this.#problems.set(table, reason);
        if (isNews && reading.isUp) logger.error({ reason }, 'rabbitmq.table-not-to-be-had');
        await sleep(clock, RETRY_MS);
      }
    }
  }

  #carry(topic: CompactedTopic, latest: LatestRecords): CarryForward {
    const { clock, random, logger } = this.#deps;
    const { bodies } = this.#access;
    return new CarryForward({ topic, latest, bodies, maxAgeMs: RETENTION.maxAgeMs, clock, random, logger });
  }

  /** A call, because the compiler believes that an `await` changes no field. */
  #stopped(): boolean {
    return this.#isStopped;
  }
}
