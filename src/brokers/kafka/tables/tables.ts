import type { Logger } from '../../../logger.ts';
import { sleep, type Clock } from '../../../time.ts';
import { PublishRefused } from '../../broker.ts';
import type { Health } from '../../../health.ts';
import { CatchUpReads } from '../reading/catch-up-reads.ts';
import type { Cluster } from '../wire/cluster.ts';
import { CompactedTopic } from '../../tables/compacted-topic.ts';
import { TopicDeadLetters } from '../../tables/dead-letters.ts';
import { HeadReads } from '../reading/head-reads.ts';
import type { LogOffsets } from '../wire/log-offsets.ts';
import type { Publisher } from '../publishing/publisher.ts';
import { TopicRegistryCopy } from '../../tables/registry-copy.ts';
import { TopicReplayJobs } from '../../tables/replay-jobs.ts';
import { SUBSCRIPTIONS_TOPIC, SubscriptionStarts } from './subscription-starts.ts';
import { TooLarge, type TopicAccess } from '../../tables/topic-access.ts';
import type { TopicAdmin } from '../wire/topic-admin.ts';
import { TopicReader } from '../reading/topic-reader.ts';
import { reasonOf, type Wire } from '../wire/wire.ts';

export interface TableSettings {
  readonly deadLetters: {
    /** The largest letter with its context, bytes. */
    readonly maxBytes: number;
    /** How long one stays after it was replayed or discarded, milliseconds. */
    readonly keepMs: number;
  };
}

export interface TablesDeps extends TableSettings {
  readonly wire: Wire;
  readonly cluster: Cluster;
  readonly offsets: LogOffsets;
  readonly publisher: Publisher;
  readonly admin: TopicAdmin;
  readonly prefix: string;
  readonly createTopics: boolean;
  readonly replicationFactor: number;
  readonly newId: () => string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const RETRY_MS = 1_000;

/** What the gateway keeps in topics of its own: dead letters, where subscriptions began, jobs of replays, the registry once more. */
export class Tables {
  readonly deadLetters: TopicDeadLetters;
  readonly starts: SubscriptionStarts;
  readonly replayJobs: TopicReplayJobs;
  readonly registryCopy: TopicRegistryCopy;
  readonly #deps: TablesDeps;
  readonly #following: HeadReads;
  readonly #subscriptions: CompactedTopic;

  constructor(deps: TablesDeps) {
    const { wire, cluster, prefix, newId, clock, logger, deadLetters } = deps;
    this.#deps = deps;
    this.#following = new HeadReads(wire, cluster, clock, 'tables');
    const reader = new TopicReader(cluster, this.#following, new CatchUpReads(wire, cluster, 'letters'));
    const access = this.#access(reader);
    this.deadLetters = new TopicDeadLetters({
      ...{ access, bodies: access, topic: `${prefix}.dead-letters`, partitions: 1, clock, logger },
      ...deadLetters,
    });
    const topic = `${prefix}.subscriptions`;
    this.#subscriptions = new CompactedTopic({ access, topic, ...SUBSCRIPTIONS_TOPIC, clock, logger });
    this.starts = new SubscriptionStarts(this.#subscriptions, { newId, clock, logger });
    this.replayJobs = new TopicReplayJobs(this.#subscriptions, logger);
    this.registryCopy = new TopicRegistryCopy(this.#subscriptions, logger);
  }

  /** Resolves once all of it is known; tries until then, and says why it takes so long. */
  async start(): Promise<void> {
    await Promise.all([this.#begin(this.deadLetters), this.#begin(this.#subscriptions)]);
  }

  stop(): void {
    this.deadLetters.stop();
    this.#subscriptions.stop();
    this.#following.stop();
  }

  health(): Health {
    const letters = this.deadLetters.health();
    return letters.ok ? this.#subscriptions.health() : letters;
  }

  async #begin(table: { start(): Promise<void> }): Promise<void> {
    const { clock, logger, cluster } = this.#deps;
    let said: string | undefined;
    for (;;) {
      try {
        return await table.start();
      } catch (error) {
        if (cluster.isClosed) throw error;
        const reason = reasonOf(error);
        if (reason !== said && cluster.problem === undefined)
          logger.error({ reason }, 'kafka.table-not-to-be-had');
        said = reason;
        await sleep(clock, RETRY_MS);
      }
    }
  }

  #access(reader: TopicReader): TopicAccess {
    const { admin, cluster, offsets, publisher, createTopics, replicationFactor } = this.#deps;
    return {
      async ensure(topic, { partitions, configs }) {
        cluster.want([topic]);
        if (!createTopics) {
          await cluster.refresh();
          if (!cluster.topics.has(topic))
            throw new Error(`the topic ${topic} is not there and may not be made`);
        }
        await admin.ensureTopic(topic, { partitions, replicationFactor, configs });
        return cluster.topics.get(topic)?.leaders.length ?? partitions;
      },
      read: (topic, partition, from, maxBytes) => reader.read(topic, partition, from, maxBytes),
      async bounds(topic, partition) {
        const topicId = cluster.topics.get(topic)?.topicId ?? '';
        return { ...(await offsets.bounds({ topic, partition })), topicId };
      },
      append: async (record) => {
        try {
          return await publisher.publish(record);
        } catch (error) {
          const isTooLarge = error instanceof PublishRefused && error.cause instanceof TooLarge;
          throw isTooLarge ? error.cause : error;
        }
      },
    };
  }
}
