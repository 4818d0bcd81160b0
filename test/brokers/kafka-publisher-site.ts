import { Cluster } from '../../src/brokers/kafka/wire/cluster.ts';
import { fetch, type Fetched } from '../../src/brokers/kafka/reading/fetch.ts';
import type { BatchLimits } from '../../src/brokers/kafka/publishing/micro-batcher.ts';
import { createPublisher, type Publisher } from '../../src/brokers/kafka/publishing/publisher.ts';
import { TopicAdmin, type TopicShape } from '../../src/brokers/kafka/wire/topic-admin.ts';
import type { KeyedRecord } from '../../src/brokers/tables/topic-access.ts';
import { Wire } from '../../src/brokers/kafka/wire/wire.ts';
import { silentLogger } from '../../src/logger.ts';
import { systemClock } from '../../src/time.ts';
import { until } from '../sqlite/until.ts';

/** Publishers on a real cluster, and a look at what they wrote. */
export class PublisherSite {
  readonly connection: { brokers: readonly string[]; clientId: string };
  readonly wire: Wire;
  readonly cluster: Cluster;
  readonly admin: TopicAdmin;
  readonly #publishers: Publisher[] = [];

  constructor(brokers: readonly string[]) {
    this.connection = { brokers, clientId: 'test' };
    this.wire = new Wire(this.connection, systemClock);
    this.cluster = new Cluster(this.wire, systemClock, silentLogger);
    this.admin = new TopicAdmin(this.wire, this.cluster, systemClock);
  }

  publisher(
    topicConfig: TopicShape | 'never' = { partitions: 3, replicationFactor: -1 },
    limits: Partial<BatchLimits> = {},
  ): Publisher {
    const { wire, cluster, admin } = this;
    const publisher = createPublisher({
      ...{ wire, cluster, admin, name: 'kafka', topicConfig: () => topicConfig, limits },
      ...{ clock: systemClock, logger: silentLogger },
    });
    this.#publishers.push(publisher);
    return publisher;
  }

  /** Everything in one partition. */
  async read(topic: string, partition: number): Promise<KeyedRecord[]> {
    const records: KeyedRecord[] = [];
    let from = 0;
    // The leader of a new partition does not know at once that it is.
    await until(async () => {
      const found = await this.#fetch(topic, partition, from);
      records.push(...(found?.records ?? []));
      const isEnd = found?.errorCode === 0 && found.next === from;
      from = found?.next ?? from;
      return isEnd;
    });
    return records;
  }

  async #fetch(topic: string, partition: number, from: number): Promise<Fetched | undefined> {
    this.cluster.want([topic]);
    await this.cluster.refresh();
    const node = this.cluster.leaderOf({ topic, partition });
    if (!node) return undefined;
    const wish = { place: { topic, partition }, from };
    const limits = { waitMs: 1, maxBytes: 8 << 20, maxBytesPerPartition: 8 << 20 };
    return (await fetch(this, 'head', node, [wish], limits)).get(wish);
  }

  async readAll(topic: string): Promise<KeyedRecord[][]> {
    this.cluster.want([topic]);
    await this.cluster.refresh();
    const partitions = [...(this.cluster.topics.get(topic)?.leaders.keys() ?? [])];
    return Promise.all(partitions.map((partition) => this.read(topic, partition)));
  }

  async close(): Promise<void> {
    await Promise.all(this.#publishers.map((publisher) => publisher.stop(0)));
    await this.wire.close();
  }
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What a promise was refused with. */
export async function refusal(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was not refused');
}
