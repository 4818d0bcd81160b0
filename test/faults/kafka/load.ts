import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaTools } from '../../support/kafka-tools.ts';
import { Kafka, Partitioners, logLevel, type Producer, type RecordMetadata } from 'kafkajs';

/** One event as the broker confirmed it. */
export interface Sent {
  readonly eventId: string;
  readonly key: string;
  /** Counts the events of one key. */
  readonly sequence: number;
  /** Counts how often the topic was made: the offsets of each begin anew. */
  readonly topicAge: number;
  readonly partition: number;
  readonly offset: number;
  /** When the broker had confirmed it, milliseconds of `performance.now`. */
  readonly at: number;
}

export interface LoadPlan {
  readonly events: number;
  /** Over so long they are spread evenly; what an outage held up follows as fast as the broker takes it. */
  readonly seconds: number;
}

export type Unsent = Omit<Sent, 'offset' | 'at'>;

const KEYS = 200;
/** Events of one key come close together: whoever does not keep their order is seen to swap them. */
const IN_A_ROW = 4;
const MOST_AT_ONCE = 500;
const TICK_MS = 20;
const EVENT_TYPE = 'ProductOrderStateChangeEvent';

/** Never gives up, and asks for the leaders often. */
const PATIENT = { retries: Number.MAX_SAFE_INTEGER, initialRetryTime: 100, maxRetryTime: 500 };

/**
 * A producer that is not the gateway's, as another system's would be: idempotent, acks from all replicas, keyed by the
 * resource's id. One send at a time, so that the offsets of a key follow its numbers.
 */
export class Load {
  /** What has to be delivered. */
  readonly sent: Sent[] = [];
  readonly topic: string;
  readonly #kafka: Kafka;
  readonly #named: string;
  readonly #sequences = new Map<string, number>();
  #made = 0;
  #partitions: number;
  #topicAge = 0;
  #producer: Producer | undefined;
  #closed = false;

  /** `named`: what its event ids begin with. */
  constructor(brokers: readonly string[], topic: string, partitions: number, named: string) {
    this.topic = topic;
    this.#partitions = partitions;
    this.#named = named;
    this.#kafka = new Kafka({
      ...{ brokers: [...brokers], clientId: 'orders', logLevel: logLevel.NOTHING, retry: PATIENT },
      ...{ connectionTimeout: 3_000, requestTimeout: 15_000 },
    });
  }

  /** Resolves when all is confirmed, or when it was closed. */
  async run({ events, seconds }: LoadPlan): Promise<void> {
    const began = performance.now();
    for (let made = 0; made < events && !this.#closed;) {
      const due = Math.ceil(((performance.now() - began) / 1000) * (events / seconds));
      const many = Math.min(events - made, due - made, MOST_AT_ONCE);
      if (many > 0) await this.#publish(Array.from({ length: many }, () => this.#next()));
      else await sleep(TICK_MS);
      made += Math.max(0, many);
    }
  }

  /** The topic has so many partitions now. */
  async spreadOver(partitions: number): Promise<void> {
    this.#partitions = partitions;
    await this.#letGo();
  }

  /** The topic was deleted and made again. */
  async topicIsNew(): Promise<void> {
    this.#topicAge++;
    await this.#letGo();
  }

  /** One transaction of another producer, with so many events, each of a key of its own. Answers their ids. */
  async transaction(transactionalId: string, events: number, end: 'commit' | 'abort'): Promise<string[]> {
    const producer = this.#kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const made = Array.from({ length: events }, () => this.#next(`${transactionalId}-`));
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
    const made = Array.from({ length: events }, () => this.#next(`${transactionalId}-`));
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

  async close(): Promise<void> {
    this.#closed = true;
    await this.#letGo();
  }

  async #letGo(): Promise<void> {
    const producer = this.#producer;
    this.#producer = undefined;
    await producer?.disconnect().catch(() => undefined);
  }

  async #publish(events: readonly Unsent[]): Promise<void> {
    const confirmed = new Map<string, Sent>();
    let left = events;
    while (left.length > 0 && !this.#closed) {
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

  #next(prefix = ''): Unsent {
    const n = this.#made++;
    const place = Math.floor(n / IN_A_ROW) % KEYS;
    const key = `${prefix}order-${place}`;
    const sequence = this.#sequences.get(key) ?? 0;
    this.#sequences.set(key, sequence + 1);
    const eventId = `${prefix}${this.#named}-${n}`;
    return { eventId, key, sequence, topicAge: this.#topicAge, partition: place % this.#partitions };
  }
}

/** A record as TMF publishers write them. */
export function recordOf({ eventId, key, sequence, partition }: Unsent) {
  const productOrder = { id: key, state: 'inProgress', note: [{ text: 'x'.repeat(200) }], sequence };
  const envelope = { eventId, eventTime: new Date().toISOString(), eventType: EVENT_TYPE };
  return {
    ...{ key, partition, value: JSON.stringify({ ...envelope, event: { productOrder } }) },
    headers: { tmfApi: 'TMF622', eventType: EVENT_TYPE, eventId },
  };
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
