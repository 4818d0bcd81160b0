import { Kafka, Partitioners, logLevel, type Producer, type RecordMetadata } from 'kafkajs';
import type { KafkaTools } from '../../support/kafka-tools.ts';
import { Load, messageOf, type Sent, type Unsent } from '../load.ts';

/** Never gives up, and asks for the leaders often. */
const PATIENT = { retries: Number.MAX_SAFE_INTEGER, initialRetryTime: 100, maxRetryTime: 500 };

/**
 * Idempotent, acks from all replicas, keyed by the resource's id. One send at a time, so that the offsets of a key
 * follow its numbers.
 */
export class KafkaLoad extends Load {
  readonly topic: string;
  readonly #kafka: Kafka;
  #producer: Producer | undefined;

  /** `named`: what its event ids begin with. */
  constructor(brokers: readonly string[], topic: string, partitions: number, named: string) {
    super(named, partitions);
    this.topic = topic;
    this.#kafka = new Kafka({
      ...{ brokers: [...brokers], clientId: 'orders', logLevel: logLevel.NOTHING, retry: PATIENT },
      ...{ connectionTimeout: 3_000, requestTimeout: 15_000 },
    });
  }

  /** The topic has so many partitions now. */
  async spreadOver(partitions: number): Promise<void> {
    this.partitions = partitions;
    await this.letGo();
  }

  /** The topic was deleted and made again. */
  async topicIsNew(): Promise<void> {
    this.topicAge++;
    await this.letGo();
  }

  /** One transaction of another producer, with so many events, each of a key of its own. Answers their ids. */
  async transaction(transactionalId: string, events: number, end: 'commit' | 'abort'): Promise<string[]> {
    const producer = this.#kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const made = Array.from({ length: events }, () => this.next(`${transactionalId}-`));
    const transaction = await producer.transaction();
    const answers = await transaction.send({ topic: this.topic, acks: -1, messages: made.map(recordOf) });
    await transaction[end]();
    await producer.disconnect();
    if (end === 'commit') this.sent.push(...confirmedBy(answers, made));
    return made.map(({ eventId }) => eventId);
  }

  /** The same of Kafka's own producer. */
  async javaTransaction(
    tools: KafkaTools,
    transactionalId: string,
    events: number,
    end: 'commit' | 'abort',
  ): Promise<string[]> {
    const made = Array.from({ length: events }, () => this.next(`${transactionalId}-`));
    const records = made.map((event) => ({
      ...recordOf(event),
      headers: Object.entries(recordOf(event).headers),
    }));
    const codec = end === 'commit' ? 'snappy' : 'none';
    const written = await tools.transaction(this.topic, records, end, { transactionalId, codec });
    const at = performance.now();
    if (end === 'commit') this.sent.push(...made.map((event, i) => ({ ...event, ...written[i]!, at })));
    return made.map(({ eventId }) => eventId);
  }

  protected async letGo(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    await producer?.disconnect().catch(() => undefined);
  }

  protected async publish(events: readonly Unsent[]): Promise<void> {
    const confirmed = new Map<string, Sent>();
    let left = events;
    while (left.length > 0 && !this.isClosed) {
      const producer = (this.#producer ??= await this.#connected());
      const answers = await producer.send({ topic: this.topic, acks: -1, messages: left.map(recordOf) });
      for (const event of confirmedBy(answers, left)) confirmed.set(event.eventId, event);
      // It resolves without an answer for a partition whose leader moved meanwhile, and has not sent that part.
      left = left.filter(({ eventId }) => !confirmed.has(eventId));
    }
    this.sent.push(...confirmed.values());
  }

  async #connected(): Promise<Producer> {
    const producer = this.#kafka.producer({
      ...{ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false },
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    return producer;
  }
}

function recordOf(event: Unsent) {
  const { body: value, headers } = messageOf(event);
  return { key: event.key, partition: event.partition, value, headers };
}

/** Those of one send that have an answer: each partition's in the order in which they were given. */
function confirmedBy(answers: readonly RecordMetadata[], events: readonly Unsent[]): Sent[] {
  const at = performance.now();
  return answers.flatMap(({ partition, baseOffset }) =>
    events
      .filter((event) => event.partition === partition)
      .map((event, i) => ({ ...event, offset: Number(baseOffset) + i, at })),
  );
}
