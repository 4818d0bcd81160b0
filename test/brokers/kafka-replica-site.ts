import { randomUUID } from 'node:crypto';
import type { Coordinates } from '../../src/brokers/broker.ts';
import type { Log, Position } from '../../src/brokers/log/log.ts';
import type { Logger } from '../../src/logger.ts';
import { silentLogger } from '../../src/logger.ts';
import { TestIntake } from '../contracts/broker-intake.ts';
import { TestOutlet, type Behaviour } from '../contracts/broker-outlet.ts';
import { KafkaProcess, type KafkaProcessSettings } from '../support/kafka-process.ts';
import { sharedKafka, uniqueName } from '../support/kafka.ts';

/** Gateways of one name on a real broker, each as a process of its own would be. */
export class ReplicaSite {
  readonly brokers: readonly string[];
  readonly prefix: string;
  /** A topic of the sources, once it is made. */
  readonly topic: string;
  readonly replicas: Replica[] = [];
  #isClosed = false;

  private constructor(brokers: readonly string[], name: string) {
    this.brokers = brokers;
    this.prefix = uniqueName(name);
    this.topic = `${this.prefix}-orders`;
  }

  /** With `partitions` 0 the topic is not there yet. */
  static async open(name: string, { partitions = 4 } = {}): Promise<ReplicaSite> {
    const { brokers } = await sharedKafka();
    const site = new ReplicaSite(brokers, name);
    if (partitions > 0) await site.makeTopic(site.topic, partitions);
    return site;
  }

  async makeTopic(name: string, partitions: number): Promise<void> {
    const aside = new KafkaProcess({ brokers: this.brokers, prefix: 'aside', topics: [] });
    await aside.makeTopic(name, partitions);
    await aside.end();
  }

  /** Not started. */
  replica(settings: Partial<KafkaProcessSettings> = {}): Replica {
    // A test that took too long goes on by itself.
    if (this.#isClosed) throw new Error('the test is over');
    const { brokers, prefix, topic } = this;
    const replica = new Replica({ brokers, prefix, topics: [topic], ...settings });
    this.replicas.push(replica);
    return replica;
  }

  async started(settings: Partial<KafkaProcessSettings> = {}): Promise<Replica> {
    const replica = this.replica(settings);
    await replica.start();
    return replica;
  }

  /** Two, each with the subscription `s` and its half of the partitions. */
  async pair(settings: Partial<KafkaProcessSettings> = {}) {
    const first = await this.started(settings);
    const ofFirst = await first.attach('s');
    const second = this.replica(settings);
    const ofSecond = await second.attach('s', 'known');
    await second.start();
    await split(first, second);
    return { first, ofFirst, second, ofSecond };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.replicas.map(({ process }) => process.end()));
    expect(this.replicas.flatMap(({ outlets }) => outlets.flatMap(({ breaches }) => breaches))).toEqual([]);
  }
}

/** What was logged, by its name. */
export interface Said {
  readonly name: string;
  readonly fields: Record<string, unknown>;
}

export class Replica {
  readonly process: KafkaProcess;
  readonly intake = new TestIntake();
  readonly outlets: TestOutlet[] = [];
  readonly said: Said[] = [];

  constructor(settings: KafkaProcessSettings) {
    const say = (fields: object, name: string): void => void this.said.push({ name, fields: { ...fields } });
    const logger: Logger = { ...silentLogger, info: say, warn: say, error: say };
    this.process = new KafkaProcess({ logger, ...settings });
  }

  get broker() {
    return this.process.broker;
  }

  /** How many partitions it has; undefined while it is in no group. */
  get partitions(): number | undefined {
    return this.said.findLast(({ name }) => name === 'group.joined')?.fields['partitions'] as
      number | undefined;
  }

  start(): Promise<void> {
    return this.broker.start(this.intake);
  }

  async attach(id: string, as: 'new' | 'known' = 'new', behaviour: Behaviour = {}): Promise<TestOutlet> {
    const outlet = new TestOutlet(id, behaviour, () => this.broker);
    this.outlets.push(outlet);
    this.intake.add(id);
    await this.broker.attach(outlet, as);
    return outlet;
  }

  publish(topic: string, id: string, key: string = randomUUID()): Promise<Coordinates> {
    return this.broker.publish({ topic, key, value: Buffer.from(id), headers: { eventId: id } });
  }

  /** Over as many keys; all at once. Answers their ids. */
  async publishMany(topic: string, prefix: string, count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, (_, i) => `${prefix}${i}`);
    await Promise.all(ids.map((id, i) => this.publish(topic, id, `key ${i}`)));
    return ids;
  }
}

/** Events that these outlets were offered, sorted. */
export function offered(...outlets: readonly TestOutlet[]): string[] {
  return outlets.flatMap(({ ids }) => ids).toSorted();
}

/** Polls until the condition holds; throws after `withinMs`. */
export async function until(condition: () => boolean | Promise<boolean>, withinMs = 20_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`it did not come true: ${String(condition)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Each has its part of four partitions. */
export const split = (...replicas: Replica[]): Promise<void> =>
  until(() => replicas.every(({ partitions }) => partitions === 4 / replicas.length));

export const twice = (ids: readonly string[]): string[] => ids.filter((id, i) => ids.indexOf(id) !== i);

export async function positionsOf(log: Log, feedId: string): Promise<Position[]> {
  return log.loadPositions([feedId], await log.partitions());
}
