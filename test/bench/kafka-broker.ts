import { randomUUID } from 'node:crypto';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import { CALM, startKafka, type KafkaCluster } from '../../scripts/services/kafka.ts';
import { sleep, systemClock } from '../../src/time.ts';
import type { BenchBroker, Place } from './bench-broker.ts';
import type { Latency } from './latency.ts';
import { cpuSeconds } from './proc.ts';
import { Producer } from './producer.ts';

const PARTITIONS = 6;
/** Where Kafka keeps the positions of all groups: one record for each that is committed. */
const POSITIONS = '__consumer_offsets';
const QUIET_MS = 3_000;
const QUIET_WITHIN_MS = 240_000;

/** The brokers of the bench, those of TMF_HUB_KAFKA_BROKERS or else one of its own, and a producer. */
export class BenchKafka implements BenchBroker {
  readonly brokers: string[];
  readonly #cluster: KafkaCluster | undefined;
  readonly #admin: Admin;
  readonly #producer: Producer<string>;
  /** All names of this run begin with it. */
  readonly #run = `bench-${randomUUID().slice(0, 8)}`;
  #named = 0;

  private constructor(brokers: string[], cluster: KafkaCluster | undefined, producer: Producer<string>) {
    this.brokers = brokers;
    this.#cluster = cluster;
    this.#producer = producer;
    this.#admin = new Kafka({ brokers, clientId: 'bench', logLevel: logLevel.NOTHING }).admin();
  }

  static async start(): Promise<BenchKafka> {
    const named = process.env['TMF_HUB_KAFKA_BROKERS'];
    const cluster = named ? undefined : await startKafka({ properties: CALM, tell: console.log });
    const brokers = cluster?.brokers ?? named?.split(',').map((broker) => broker.trim()) ?? [];
    const producer = await Producer.start<string>('./kafka-producer.ts', brokers.join());
    const kafka = new BenchKafka([...brokers], cluster, producer);
    await kafka.#admin.connect();
    return kafka;
  }

  async newPlace(): Promise<Place> {
    const name = `${this.#run}-${++this.#named}`;
    const topic = `${name}-events`;
    await this.#admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS }], waitForLeaders: true });
    const settings = {
      TMF_HUB_BROKER: 'kafka',
      TMF_HUB_KAFKA_BROKERS: this.brokers.join(','),
      TMF_HUB_NAME: name,
      TMF_HUB_TOPICS_ORDERING: topic,
      TMF_HUB_KAFKA_TOPICS: topic,
    };
    return { name, topic, settings };
  }

  /** All go together at the end of the run. */
  async remove(): Promise<void> {
    return;
  }

  fill(topic: string, count: number): Promise<void> {
    return this.#producer.fill(topic, count);
  }

  pace(topic: string, perSecond: number, count: number, stamped: boolean): Promise<Latency> {
    return this.#producer.pace(topic, perSecond, count, stamped);
  }

  cpuSeconds(): number | undefined {
    const pid = this.#cluster?.nodes[0]?.pid;
    return pid === undefined ? undefined : cpuSeconds(pid);
  }

  /** How many positions were committed at these brokers so far, by anybody. */
  async positionsWritten(): Promise<number> {
    const partitions = await this.#admin.fetchTopicOffsets(POSITIONS);
    return partitions.reduce((sum, { high }) => sum + Number(high), 0);
  }

  /** Resolves when no position was committed for a while. */
  async quiet(): Promise<void> {
    const giveUpAt = performance.now() + QUIET_WITHIN_MS;
    for (let before = NaN, now = await this.positionsWritten(); now !== before;) {
      if (performance.now() > giveUpAt) return console.log('positions are committed without end');
      await sleep(systemClock, QUIET_MS);
      before = now;
      now = await this.positionsWritten();
    }
  }

  async stop(): Promise<void> {
    this.#producer.stop();
    try {
      if (!this.#cluster) await this.#removeAll();
      await this.#admin.disconnect();
    } finally {
      await this.#cluster?.stop();
    }
  }

  /** Leaves nothing of the run behind on somebody's brokers. */
  async #removeAll(): Promise<void> {
    const isOurs = (name: string): boolean => name.startsWith(this.#run);
    const topics = (await this.#admin.listTopics()).filter(isOurs);
    if (topics.length > 0) await this.#admin.deleteTopics({ topics });
    const { groups } = await this.#admin.listGroups();
    const ours = groups.map(({ groupId }) => groupId).filter(isOurs);
    for (let i = 0; i < ours.length; i += 500) await this.#admin.deleteGroups(ours.slice(i, i + 500));
  }
}
