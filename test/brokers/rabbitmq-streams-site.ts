import { randomUUID } from 'node:crypto';
import amqp, { type Channel, type ChannelModel } from 'amqplib';
import { StreamAccess } from '../../src/brokers/rabbitmq/streams/stream-access.ts';
import { Calls } from '../../src/brokers/rabbitmq/wire/calls.ts';
import { Link } from '../../src/brokers/rabbitmq/wire/link.ts';
import { CompactedTopic } from '../../src/brokers/tables/compacted-topic.ts';
import { LatestRecords } from '../../src/brokers/tables/latest-records.ts';
import { systemClock as clock } from '../../src/time.ts';
import { loudLogger } from '../support/fake-topic.ts';
import { uniqueName } from '../support/kafka.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { Memory } from './kafka-table-site.ts';

export const HOUR = 3_600_000;

export const bytes = (text: string): Uint8Array => Buffer.from(text);

/** A replica's way to the server, which can be cut; and what stands on it. */
export class StreamReplica {
  readonly proxy: TcpProxy;
  readonly reading: Link;
  readonly publishing: Link;
  readonly access: StreamAccess;
  readonly log = loudLogger();
  readonly #topics: CompactedTopic[] = [];

  constructor(proxy: TcpProxy, url: string, { maxMessageBytes = 12 << 20, retention = RETENTION } = {}) {
    const address = new URL(url);
    address.hostname = '127.0.0.1';
    address.port = `${proxy.port}`;
    const { logger } = this.log;
    this.proxy = proxy;
    this.reading = new Link({ url: address.toString(), heartbeatSeconds: 30 }, 'reading', logger);
    this.publishing = new Link({ url: address.toString(), heartbeatSeconds: 30 }, 'publishing', logger);
    const links = { calls: new Calls(this.reading), reading: this.reading, publishing: this.publishing };
    const newId = (): string => randomUUID();
    this.access = new StreamAccess({ ...links, newId, maxMessageBytes, retention, clock, logger });
  }

  async open(): Promise<void> {
    await Promise.all([this.reading.open(), this.publishing.open()]);
    await Promise.all([this.reading.up(), this.publishing.up()]);
  }

  table(topic: string) {
    const { access } = this;
    const latest = new LatestRecords();
    const compacted = new CompactedTopic({
      ...{ access, topic, partitions: 1, latest, clock, logger: this.log.logger },
    });
    const table = new Memory();
    compacted.keep('', table);
    this.#topics.push(compacted);
    const put = (key: string, value: string | null) =>
      compacted.put(key, value === null ? null : bytes(value));
    return { topic: compacted, table, latest, put };
  }

  async end(): Promise<void> {
    for (const topic of this.#topics) topic.stop();
    this.access.stop();
    await Promise.all([this.reading.close(), this.publishing.close()]);
    await this.proxy.close();
  }
}

const RETENTION = { maxAgeMs: 24 * HOUR, segmentBytes: 10_000_000 };

/** Replicas on one server, with a stream of their own. */
export class StreamSite {
  readonly stream = uniqueName('table');
  readonly #url: string;
  readonly #model: ChannelModel;
  readonly admin: Channel;
  readonly #replicas: StreamReplica[] = [];

  private constructor(url: string, model: ChannelModel, admin: Channel) {
    this.#url = url;
    this.#model = model;
    this.admin = admin;
  }

  static async on(url: string): Promise<StreamSite> {
    const model = await amqp.connect(url);
    return new StreamSite(url, model, await model.createChannel());
  }

  /** With its connections up, if the server is. */
  async replica(options: ConstructorParameters<typeof StreamReplica>[2] = {}): Promise<StreamReplica> {
    const { hostname, port } = new URL(this.#url);
    const proxy = await TcpProxy.to({ host: hostname, port: Number(port || 5672) });
    const replica = new StreamReplica(proxy, this.#url, options);
    this.#replicas.push(replica);
    await replica.open();
    return replica;
  }

  /** As somebody else would put it there. */
  async publish(stream: string, body: string, properties: amqp.Options.Publish = {}): Promise<void> {
    const channel = await this.#model.createConfirmChannel();
    channel.sendToQueue(stream, Buffer.from(body), properties);
    await channel.waitForConfirms();
    await channel.close();
  }

  /** A stream with another content, or none, in the place of the one that was there. */
  async makeAnew(): Promise<void> {
    await this.admin.deleteQueue(this.stream);
    await this.admin.assertQueue(this.stream, { durable: true, arguments: { 'x-queue-type': 'stream' } });
  }

  async close(...streams: string[]): Promise<void> {
    await Promise.all(this.#replicas.map((replica) => replica.end()));
    for (const stream of [this.stream, ...streams]) await this.admin.deleteQueue(stream);
    await this.#model.close();
  }
}
