import { randomUUID } from 'node:crypto';
import amqp, { type Channel, type ChannelModel } from 'amqplib';
import { startRabbitmq, type Rabbitmq } from '../../scripts/services/rabbitmq.ts';
import type { BenchBroker, Place } from './bench-broker.ts';
import type { Latency } from './latency.ts';
import { cpuSeconds, residentMemory } from './proc.ts';
import { Producer } from './producer.ts';
import type { Destination } from './rabbitmq-producer.ts';

/** What the gateway keeps beside the queues of its subscriptions. */
const OWN_QUEUES = ['events', 'subscriptions', 'dead-letters', 'dead-lettered'];
const OWN_EXCHANGES = ['intake', 'dlx', 'replicas'];
/** The backlogs of all queues lie in its memory, and it must not hold up the producer for that. */
const ROOMY = { 'vm_memory_high_watermark.absolute': '6GB' };

/** The RabbitMQ of the bench, the one of TMF_HUB_RABBITMQ_URL or else one of its own, and a producer. */
export class BenchRabbitmq implements BenchBroker {
  readonly url: string;
  readonly #server: Rabbitmq | undefined;
  readonly #connection: ChannelModel;
  readonly #channel: Channel;
  readonly #producer: Producer<Destination>;
  /** All names of this run begin with it. */
  readonly #run = `bench-${randomUUID().slice(0, 8)}`;
  #named = 0;

  private constructor(
    { url, server }: { url: string; server: Rabbitmq | undefined },
    connection: ChannelModel,
    channel: Channel,
    producer: Producer<Destination>,
  ) {
    this.url = url;
    this.#server = server;
    this.#connection = connection;
    this.#channel = channel;
    this.#producer = producer;
  }

  static async start(): Promise<BenchRabbitmq> {
    const named = process.env['TMF_HUB_RABBITMQ_URL'];
    const server = named ? undefined : await startRabbitmq({ configuration: ROOMY, tell: console.log });
    const url = server?.url ?? named ?? '';
    const connection = await amqp.connect(url);
    const producer = await Producer.start<Destination>('./rabbitmq-producer.ts', url);
    return new BenchRabbitmq({ url, server }, connection, await connection.createChannel(), producer);
  }

  async newPlace(): Promise<Place> {
    const name = `${this.#run}-${++this.#named}`;
    const topic = `${name}-source`;
    await this.#channel.assertExchange(topic, 'topic', { durable: true });
    const settings = {
      TMF_HUB_BROKER: 'rabbitmq',
      TMF_HUB_RABBITMQ_URL: this.url,
      TMF_HUB_NAME: name,
      TMF_HUB_TOPICS_ORDERING: topic,
      TMF_HUB_RABBITMQ_EXCHANGES: topic,
    };
    return { name, topic, settings };
  }

  async remove({ name, topic }: Place, subscriptionIds: readonly string[]): Promise<void> {
    const queues = [...OWN_QUEUES, ...subscriptionIds].map((one) => `${name}.${one}`);
    for (const queue of queues) await this.#channel.deleteQueue(queue);
    const exchanges = [topic, ...OWN_EXCHANGES.map((one) => `${name}.${one}`)];
    for (const exchange of exchanges) await this.#channel.deleteExchange(exchange);
  }

  fill(exchange: string, count: number): Promise<void> {
    return this.#producer.fill({ exchange }, count);
  }

  /** Past all exchanges into these queues in turn. */
  fillQueues(queues: readonly string[], count: number): Promise<void> {
    return this.#producer.fill({ queues }, count);
  }

  pace(exchange: string, perSecond: number, count: number, stamped: boolean): Promise<Latency> {
    return this.#producer.pace({ exchange }, perSecond, count, stamped);
  }

  /** Those of the queues that somebody consumes. */
  async consumed(queues: readonly string[]): Promise<readonly string[]> {
    const found = await Promise.all(queues.map((queue) => this.#channel.checkQueue(queue)));
    return found.filter(({ consumerCount }) => consumerCount > 0).map(({ queue }) => queue);
  }

  cpuSeconds(): number | undefined {
    return this.#server && cpuSeconds(this.#server.pid);
  }

  /** Undefined where the server is not ours. */
  residentBytes(): number | undefined {
    return this.#server && residentMemory(this.#server.pid);
  }

  async stop(): Promise<void> {
    this.#producer.stop();
    try {
      await this.#connection.close();
    } finally {
      await this.#server?.end();
    }
  }
}
