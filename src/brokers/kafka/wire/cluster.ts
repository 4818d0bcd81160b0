import type { Logger } from '../../../logger.ts';
import { sleep, type Clock } from '../../../time.ts';
import { NONE, UNKNOWN_TOPIC_OR_PARTITION } from './error-codes.ts';
import { NoAnswer, reasonOf } from './failure.ts';
import { requests, type Node, type Wire } from './wire.ts';

export interface Topic {
  readonly name: string;
  readonly topicId: string;
  /** Node ids by partition; -1 where there is no leader now. */
  readonly leaders: readonly number[];
}

const RETRY_MS = 200;
/** While no broker answers, one reason is logged once in this time, however often it is tried. */
const REMIND_MS = 600_000;
/** A request that began before has failed by then. */
const LONGEST_ANSWER_MS = 5_000;

/**
 * What is known of the cluster: its nodes, and the topics that were asked for. Refreshed on request; calls while one
 * is under way share the next.
 */
export class Cluster {
  readonly #wire: Wire;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #wanted = new Set<string>();
  #wantsAll = false;
  #nodes = new Map<number, Node>();
  #topics = new Map<string, Topic>();
  #running: Promise<void> | undefined;
  #queued: Promise<void> | undefined;
  #supported = false;
  #closed = false;
  /** Reasons that were logged since `#saidSince`, by the monotonic clock; empty when all is well. */
  readonly #said = new Set<string>();
  #saidSince = 0;
  /** When a refresh last failed, by the monotonic clock. */
  #awayAt = -Infinity;
  /** Why the last refresh failed; undefined when it did not. */
  problem: string | undefined = 'not connected yet';

  constructor(wire: Wire, clock: Clock, logger: Logger) {
    this.#wire = wire;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** From the next refresh on, these topics are known if they are there. */
  want(topics: Iterable<string>): void {
    for (const topic of topics) this.#wanted.add(topic);
  }

  /** From the next refresh on, every topic of the cluster is known. */
  wantAll(): void {
    this.#wantsAll = true;
  }

  get topics(): ReadonlyMap<string, Topic> {
    return this.#topics;
  }

  get nodes(): readonly Node[] {
    return this.#nodes.size > 0 ? [...this.#nodes.values()] : this.#wire.bootstrap;
  }

  leaderOf({ topic, partition }: { topic: string; partition: number }): Node | undefined {
    const leader = this.#topics.get(topic)?.leaders[partition];
    return leader === undefined ? undefined : this.#nodes.get(leader);
  }

  /** Knows what was so after the call began. Rejects when no node answered. */
  refresh(): Promise<void> {
    if (!this.#running) return this.#run();
    this.#queued ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#queued = undefined;
        return this.#run();
      });
    return this.#queued;
  }

  /**
   * Refreshes, and answers whether brokers have answered for a while: else what a caller just saw fail began while
   * none did, and the reason is logged here.
   */
  async isThere(): Promise<boolean> {
    await this.refresh().catch(() => undefined);
    return this.#clock.monotonic() - this.#awayAt > LONGEST_ANSWER_MS;
  }

  /** Refreshes until it succeeds or the cluster is closed. */
  async refreshed(): Promise<void> {
    while (!this.#closed) {
      try {
        return await this.refresh();
      } catch {
        await sleep(this.#clock, RETRY_MS);
      }
    }
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  close(): void {
    this.#closed = true;
  }

  #run(): Promise<void> {
    this.#running = this.#ask().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #ask(): Promise<void> {
    const problems: string[] = [];
    // The configured addresses too: all that is known of the cluster may be outdated.
    for (const node of unique([...this.nodes, ...this.#wire.bootstrap])) {
      try {
        if (!this.#supported) await this.#checkVersions(node);
        await this.#askNode(node);
        return this.#sayBack();
      } catch (error) {
        problems.push(error instanceof NoAnswer ? error.message : aboutNode(node, error));
      }
    }
    this.problem = problems.join('; ');
    this.#sayAway(this.problem);
    throw new Error(`no Kafka broker answers (${this.problem})`);
  }

  /** The one place that logs it: whoever else has to do with the brokers fails for the same reason. */
  #sayAway(problem: string): void {
    if (this.#closed) return;
    const now = this.#clock.monotonic();
    this.#awayAt = now;
    if (now - this.#saidSince > REMIND_MS) this.#said.clear();
    if (this.#said.size === 0) this.#saidSince = now;
    if (this.#said.has(problem)) return;
    this.#said.add(problem);
    this.#logger.error({ reason: problem }, 'kafka.away');
  }

  #sayBack(): void {
    if (this.#said.size > 0) this.#logger.info({}, 'kafka.back');
    this.#said.clear();
  }

  async #checkVersions(node: Node): Promise<void> {
    const unsupported = await this.#wire.unsupported(node);
    if (unsupported !== undefined) throw new Error(unsupported);
    this.#supported = true;
  }

  async #askNode(node: Node): Promise<void> {
    const topics = this.#wantsAll ? null : [...this.#wanted];
    const answer = await this.#wire.call('control', node, requests.metadata, topics, false, false);
    if (answer.brokers.length === 0) throw new Error('it knows of no brokers');
    this.#nodes = new Map(
      answer.brokers.map(({ nodeId, host, port }) => [nodeId, this.#node(nodeId, host, port)]),
    );
    const known = new Map<string, Topic>();
    for (const { name, topicId, errorCode, partitions, isInternal } of answer.topics) {
      if (name === null || name === undefined || isInternal || errorCode === UNKNOWN_TOPIC_OR_PARTITION)
        continue;
      // While a topic has no leader or is loading, its partitions are what they were.
      const before = this.#topics.get(name);
      if (errorCode !== NONE && partitions.length === 0 && before) known.set(name, before);
      else if (partitions.length > 0) known.set(name, { name, topicId, leaders: leadersOf(partitions) });
    }
    this.#topics = known;
    this.problem = undefined;
  }

  /** One object for one address, so that nodes can be compared and be keys. */
  #node(id: number, host: string, port: number): Node {
    const known = this.#nodes.get(id);
    return known?.host === host && known.port === port ? known : { host, port };
  }
}

function leadersOf(partitions: readonly { partitionIndex: number; leaderId: number }[]): number[] {
  const leaders: number[] = [];
  for (const { partitionIndex, leaderId } of partitions) leaders[partitionIndex] = leaderId;
  return leaders;
}

function aboutNode({ host, port }: Node, error: unknown): string {
  return `Kafka at ${host}:${port}: ${reasonOf(error)}`;
}

function unique(nodes: readonly Node[]): Node[] {
  return [...new Map(nodes.map((node) => [`${node.host}:${node.port}`, node])).values()];
}
