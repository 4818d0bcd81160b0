import {
  ConfigResourceTypes,
  createTopicsV7,
  describeConfigsV4,
  protocolErrorsCodesById,
} from '@platformatic/kafka';
import { sleep, type Clock } from '../../../time.ts';
import type { Cluster } from './cluster.ts';
import type { Wire } from './wire.ts';

/** How a topic is made. */
export interface TopicShape {
  /** -1: as many as the broker makes by default. */
  readonly partitions: number;
  /** -1: the broker's default. */
  readonly replicationFactor: number;
  /** As `cleanup.policy`, `max.message.bytes`. */
  readonly configs?: Readonly<Record<string, string>>;
}

/** The broker will not make this topic; asking again is no use until somebody changes something. */
export class TopicRefused extends Error {
  override readonly name = 'TopicRefused';
}

const CREATE_TIMEOUT_MS = 4_000;
const LOOK_MS = 50;

const TOPIC_ALREADY_EXISTS = 36;
const NOT_CONTROLLER = 41;
/** INVALID_TOPIC, no right to the topic or the cluster, invalid partitions, replicas, config or request, POLICY_VIOLATION. */
const REFUSED = new Set([17, 29, 31, 37, 38, 40, 42, 44]);

/** Makes topics, and reads how they are set. */
export class TopicAdmin {
  readonly #wire: Wire;
  readonly #cluster: Cluster;
  readonly #clock: Clock;

  constructor(wire: Wire, cluster: Cluster, clock: Clock) {
    this.#wire = wire;
    this.#cluster = cluster;
    this.#clock = clock;
  }

  /**
   * Resolves once the topic is there and each of its partitions has a leader; one that is there already stays as it is.
   * Rejects with TopicRefused; with another error when no broker could do it now, or not within `withinMs`.
   */
  async ensureTopic(topic: string, shape: TopicShape, withinMs = 10_000): Promise<void> {
    this.#cluster.want([topic]);
    await this.#cluster.refresh();
    if (!this.#cluster.topics.has(topic)) await this.#create(topic, shape);
    const deadline = this.#clock.monotonic() + withinMs;
    while (!this.#complete(topic)) {
      if (this.#clock.monotonic() > deadline)
        throw new Error(`the topic ${topic} has partitions without a leader`);
      await sleep(this.#clock, LOOK_MS);
      await this.#cluster.refresh();
    }
  }

  /** The values of these settings of a topic, the broker's defaults included. */
  async topicConfig<Key extends string>(
    topic: string,
    keys: readonly Key[],
  ): Promise<Record<Key, string | null>> {
    const resource = {
      resourceType: ConfigResourceTypes.TOPIC,
      resourceName: topic,
      configurationKeys: [...keys],
    };
    const { results } = await this.#anywhere((node) =>
      this.#wire.call('control', node, describeConfigsV4.api, [resource], false, false),
    );
    const [result] = results;
    if (result?.errorCode !== 0) throw new Error(`${nameOf(result?.errorCode)} for the settings of ${topic}`);
    const values = new Map(result.configs.map(({ name, value }) => [name, value ?? null]));
    return Object.fromEntries(keys.map((key) => [key, values.get(key) ?? null])) as Record<
      Key,
      string | null
    >;
  }

  async #create(topic: string, { partitions, replicationFactor, configs = {} }: TopicShape): Promise<void> {
    const wanted = {
      name: topic,
      numPartitions: partitions,
      replicationFactor,
      assignments: [],
      configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
    };
    await this.#anywhere(async (node) => {
      const { topics } = await this.#wire.call(
        'control',
        node,
        createTopicsV7.api,
        [wanted],
        CREATE_TIMEOUT_MS,
        false,
      );
      const [made] = topics;
      const code = made?.errorCode ?? NOT_CONTROLLER;
      if (code === 0 || code === TOPIC_ALREADY_EXISTS) return;
      const reason = `the topic ${topic} could not be made: ${made?.errorMessage ?? nameOf(code)}`;
      throw REFUSED.has(code) ? new TopicRefused(reason) : new Error(reason);
    });
  }

  /** Tries the nodes in turn: one may be away, and before KRaft only one of them, the controller, makes topics. */
  async #anywhere<T>(ask: (node: Cluster['nodes'][number]) => Promise<T>): Promise<T> {
    let problem: unknown;
    for (const node of this.#cluster.nodes) {
      try {
        return await ask(node);
      } catch (error) {
        if (error instanceof TopicRefused) throw error;
        problem = error;
      }
    }
    throw problem;
  }

  #complete(topic: string): boolean {
    const known = this.#cluster.topics.get(topic);
    return known?.leaders.every((leader) => leader >= 0) ?? false;
  }
}

function nameOf(code: number | undefined): string {
  return (code === undefined ? undefined : protocolErrorsCodesById[code]) ?? `error ${String(code)}`;
}
