import { randomUUID } from 'node:crypto';
import { createTopicsV7, deleteRecordsV2, type API } from '@platformatic/kafka';
import { KafkaLog } from '../../src/brokers/kafka/kafka-log.ts';
import { Wire, requests, type Line, type Node } from '../../src/brokers/kafka/wire/wire.ts';
import { LogBroker } from '../../src/brokers/log/log-broker.ts';
import { silentLogger, type Logger } from '../../src/logger.ts';
import { systemClock as clock } from '../../src/time.ts';

export interface KafkaProcessSettings {
  readonly brokers: readonly string[];
  readonly prefix: string;
  readonly topics: readonly string[];
  readonly newId?: () => string;
  readonly logger?: Logger;
  readonly sessionTimeoutMs?: number;
  readonly attemptTimeoutMs?: number;
  readonly registry?: () => string;
}

/** Once killed it neither asks nor answers; it remembers under which name the group knew it. */
class MortalWire extends Wire {
  member: { readonly node: Node; readonly memberId: string } | undefined;
  #dead = false;

  override async call<Args extends unknown[], Answer>(
    line: Line,
    node: Node,
    api: API<Args, Answer>,
    ...args: Args
  ): Promise<Answer> {
    if (this.isDead()) return new Promise<never>(() => undefined);
    const answer = await super.call(line, node, api, ...args);
    if (this.isDead()) return new Promise<never>(() => undefined);
    const joined = answer as { memberId?: string };
    if ((api as unknown) === requests.joinGroup && joined.memberId)
      this.member = { node, memberId: joined.memberId };
    return answer;
  }

  isDead(): boolean {
    return this.#dead;
  }

  die(): void {
    this.#dead = true;
  }
}

/** The Kafka driver as a process of its own would have it, which can be killed. */
export class KafkaProcess {
  readonly log: KafkaLog;
  readonly broker: LogBroker;
  readonly #wire: MortalWire;
  readonly #settings: KafkaProcessSettings;
  #killed = false;

  constructor(settings: KafkaProcessSettings) {
    const { brokers, prefix, topics, newId = (): string => randomUUID(), logger = silentLogger } = settings;
    const { sessionTimeoutMs = 10_000, attemptTimeoutMs = 2_000, registry = () => 'one' } = settings;
    this.#settings = settings;
    const connection = { brokers, clientId: prefix };
    this.#wire = new MortalWire(connection, clock, sessionTimeoutMs);
    this.log = new KafkaLog({
      ...{ wire: this.#wire, name: 'kafka', prefix, topics, newId, clock, logger, registry },
      ...{ sessionTimeoutMs, attemptTimeoutMs, lookEveryMs: 1_000 },
      ...{ createTopics: true, partitions: 3, replicationFactor: -1 },
      publish: { queueBytes: 64 << 20, waitMs: 10_000 },
      tables: { deadLetters: { maxBytes: 12 << 20, keepMs: 86_400_000 } },
    });
    this.broker = new LogBroker(this.log, {
      capabilities: { sharedLog: true, replicas: true, indexed: true },
      commits: { minIntervalMs: 200, perSecond: 500 },
      ...{ clock, logger, newId },
    });
  }

  async makeTopic(name: string, partitions: number, configs: Record<string, string> = {}): Promise<void> {
    const topic = {
      ...{ name, numPartitions: partitions, replicationFactor: -1, assignments: [] },
      configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
    };
    await this.#aside((wire, node) => wire.call('control', node, createTopicsV7.api, [topic], 5_000, false));
  }

  /** As retention does: takes all that the topic has now out of the log. */
  async deleteAllRecords(topic: string): Promise<void> {
    const partitions = (await this.log.partitions()).filter((partition) => partition.topic === topic);
    const wanted = partitions.map(({ partition }) => ({ partitionIndex: partition, offset: -1n }));
    await this.#aside((wire, node) =>
      wire.call('control', node, deleteRecordsV2.api, [{ name: topic, partitions: wanted }], 5_000),
    );
  }

  /** kill -9; the group notices it at once, or else when the session runs out. */
  async kill({ noticed = true } = {}): Promise<void> {
    this.#killed = true;
    this.#wire.die();
    const { member } = this.#wire;
    if (!member || !noticed) return;
    const left = { memberId: member.memberId, groupInstanceId: null, reason: null };
    await this.#aside((wire) =>
      wire.call('member', member.node, requests.leaveGroup, this.#settings.prefix, [left]),
    );
  }

  async end(): Promise<void> {
    if (!this.#killed) await this.broker.stop();
    await this.#wire.close();
  }

  async #aside<Result>(work: (wire: Wire, node: Node) => Promise<Result>): Promise<Result> {
    const wire = new Wire({ brokers: this.#settings.brokers, clientId: 'aside' }, clock);
    try {
      return await work(wire, wire.bootstrap[0] as Node);
    } finally {
      await wire.close();
    }
  }
}
