import { JavaProcess, type Word } from './java-process.ts';

/** One partition of a consumer group, as `kafka-consumer-groups --describe` prints it. */
export interface GroupRow {
  readonly topic: string;
  readonly partition: number;
  /** Undefined where nothing is committed. */
  readonly current: number | undefined;
  readonly end: number;
  readonly lag: number | undefined;
}

export interface JavaRecord {
  readonly key?: string | Buffer | null;
  /** null or left out: a tombstone. */
  readonly value?: string | Buffer | null;
  readonly headers?: readonly (readonly [name: string, value: string | Buffer | null])[];
  /** Left out: Kafka's own partitioner chooses. */
  readonly partition?: number;
}

export interface Written {
  readonly partition: number;
  readonly offset: number;
}

export interface ProducerSettings {
  readonly codec?: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';
  readonly transactionalId?: string;
  /** More of the Java producer's properties. */
  readonly properties?: Readonly<Record<string, string>>;
}

/**
 * Kafka's own tools and Java producer: what operators and other systems use on the gateway's broker. All of one
 * instance run in one JVM, which takes 1 s to start: start one per test file, and close it.
 */
export class KafkaTools {
  readonly #servers: string;
  readonly #java: JavaProcess;
  #opened = 0;

  private constructor(servers: string, java: JavaProcess) {
    this.#servers = servers;
    this.#java = java;
  }

  static async start(brokers: readonly string[]): Promise<KafkaTools> {
    return new KafkaTools(brokers.join(','), await JavaProcess.start());
  }

  /** Ends the JVM at once; an open transaction stays open, as after a crash. */
  async close(): Promise<void> {
    await this.#java.close();
  }

  /** `kafka-consumer-groups` with these arguments; resolves with what it prints, rejects with that when it fails. */
  async consumerGroups(...args: string[]): Promise<string> {
    const printed = await this.#run('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', args);
    // It says so and ends well nevertheless.
    if (/^Error: /m.test(printed)) throw new Error(printed);
    return printed;
  }

  /** Rejects when there is no such group. */
  async describeGroup(group: string): Promise<GroupRow[]> {
    return groupRows(await this.consumerGroups('--describe', '--group', group), group);
  }

  /** `to` is what the tool takes: `--to-earliest`, `--to-offset 5`, `--shift-by -2`. The group must have no members. */
  async resetOffsets(group: string, topic: string, ...to: string[]): Promise<void> {
    await this.consumerGroups('--reset-offsets', '--group', group, '--topic', topic, '--execute', ...to);
  }

  async deleteOffsets(group: string, topic: string): Promise<void> {
    await this.consumerGroups('--delete-offsets', '--group', group, '--topic', topic);
  }

  async deleteGroup(group: string): Promise<void> {
    await this.consumerGroups('--delete', '--group', group);
  }

  async createTopic(
    topic: string,
    settings: { partitions?: number; replicas?: number; configs?: Readonly<Record<string, string>> } = {},
  ): Promise<void> {
    const configs = Object.entries(settings.configs ?? {});
    await this.#topics(
      ...['--create', '--topic', topic, '--partitions', String(settings.partitions ?? 1)],
      ...(settings.replicas === undefined ? [] : ['--replication-factor', String(settings.replicas)]),
      ...configs.flatMap(([name, value]) => ['--config', `${name}=${value}`]),
    );
  }

  /** `partitions` is the new total; it can only grow. */
  async alterPartitions(topic: string, partitions: number): Promise<void> {
    await this.#topics('--alter', '--topic', topic, '--partitions', String(partitions));
  }

  async deleteTopic(topic: string): Promise<void> {
    await this.#topics('--delete', '--topic', topic);
  }

  /** `kafka-configs --alter` of a topic. */
  async alterTopic(topic: string, configs: Readonly<Record<string, string>>): Promise<void> {
    const list = Object.entries(configs).map(([name, value]) => `${name}=[${value}]`);
    await this.#run('kafka.admin.ConfigCommand', [
      ...['--alter', '--entity-type', 'topics', '--entity-name', topic, '--add-config', list.join(',')],
    ]);
  }

  /** Resolves once all are acknowledged (acks=all), with where each went. All go out as one batch where they fit. */
  async produce(
    topic: string,
    records: readonly JavaRecord[],
    settings: ProducerSettings = {},
  ): Promise<Written[]> {
    const producer = await this.producer(settings);
    try {
      return await producer.send(topic, records);
    } finally {
      await producer.close();
    }
  }

  /** A whole transaction of one producer. */
  async transaction(
    topic: string,
    records: readonly JavaRecord[],
    end: 'commit' | 'abort',
    settings: ProducerSettings & { readonly transactionalId: string },
  ): Promise<Written[]> {
    const producer = await this.producer(settings);
    await producer.begin();
    const written = await producer.send(topic, records);
    await producer[end]();
    await producer.close();
    return written;
  }

  /** A producer that stays open, for transactions that do. */
  async producer(settings: ProducerSettings = {}): Promise<JavaProducer> {
    const name = `producer-${++this.#opened}`;
    const properties = {
      'bootstrap.servers': this.#servers,
      'compression.type': settings.codec ?? 'none',
      // Long enough for what is sent at once to become one batch; `flush` does not wait for it.
      'linger.ms': '1000',
      'batch.size': '1000000',
      'max.request.size': String(8 * 1024 * 1024),
      ...(settings.transactionalId !== undefined && { 'transactional.id': settings.transactionalId }),
      ...settings.properties,
    };
    await this.#java.request('open', name, ...Object.entries(properties).flat());
    return new JavaProducer(this.#java, name);
  }

  async #topics(...args: string[]): Promise<void> {
    await this.#run('org.apache.kafka.tools.TopicCommand', args);
  }

  async #run(tool: string, args: readonly string[]): Promise<string> {
    const [printed] = await this.#java.request('run', tool, '--bootstrap-server', this.#servers, ...args);
    return printed ?? '';
  }
}

export class JavaProducer {
  readonly #java: JavaProcess;
  readonly #name: string;

  constructor(java: JavaProcess, name: string) {
    this.#java = java;
    this.#name = name;
  }

  async send(topic: string, records: readonly JavaRecord[]): Promise<Written[]> {
    const words = records.flatMap((record): Word[] => [
      record.partition === undefined ? null : String(record.partition),
      record.key ?? null,
      record.value ?? null,
      String(record.headers?.length ?? 0),
      ...(record.headers ?? []).flat(),
    ]);
    const answer = (await this.#java.request('send', this.#name, topic, ...words)).map(Number);
    return records.map((_, index) => ({ partition: answer[index * 2]!, offset: answer[index * 2 + 1]! }));
  }

  async begin(): Promise<void> {
    await this.#java.request('begin', this.#name);
  }

  async commit(): Promise<void> {
    await this.#java.request('commit', this.#name);
  }

  async abort(): Promise<void> {
    await this.#java.request('abort', this.#name);
  }

  async close(): Promise<void> {
    await this.#java.request('close', this.#name);
  }
}

/** GROUP TOPIC PARTITION CURRENT-OFFSET LOG-END-OFFSET LAG ..., `-` where there is none. */
function groupRows(printed: string, group: string): GroupRow[] {
  const number = (text: string | undefined): number | undefined => (text === '-' ? undefined : Number(text));
  return printed
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([name, topic]) => name === group && topic !== undefined && topic !== '-')
    .map(([, topic, partition, current, end, lag]) => ({
      topic: topic!,
      partition: Number(partition),
      current: number(current),
      end: Number(end),
      lag: number(lag),
    }));
}
