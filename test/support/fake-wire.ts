import type { API, fetchV13 } from '@platformatic/kafka';
import { NONE, UNKNOWN_TOPIC_OR_PARTITION } from '../../src/brokers/kafka/wire/error-codes.ts';
import { requests, Wire, type Line, type Node } from '../../src/brokers/kafka/wire/wire.ts';
import { sleep, type Clock } from '../../src/time.ts';
import { FakePartition, type FakeValue } from './fake-partition.ts';

const UNKNOWN_TOPIC_ID = 100;
/** As the connections have it: on the line `join` an answer is waited for the session timeout longer. */
const REQUEST_TIMEOUT_MS = 5_000;

export type RequestName = keyof typeof requests;

export interface WireCall {
  readonly request: RequestName;
  readonly line: Line;
  readonly node: Node;
  readonly args: readonly unknown[];
  /** Monotonic milliseconds. */
  readonly at: number;
}

export interface FakeTopic {
  topicId: string;
  readonly partitions: FakePartition[];
}

type Handler = (call: WireCall) => unknown;

/**
 * A cluster in memory behind the seam of the connections: answers requests from tables, each after `latencyMs` of the
 * clock's time. What goes wrong is put into `before` and `after`, `away` and `hangs`; requests that it does not know
 * are added by `on`. Further wires to the same cluster are made by `another`.
 */
export class FakeWire extends Wire {
  readonly calls: WireCall[] = [];
  /** Nodes that refuse connections. */
  readonly away = new Set<Node>();
  /** May take its time, or throw: the request is then not carried out. */
  before: (call: WireCall) => unknown = () => undefined;
  /** When it throws the request was carried out, but the answer is lost. */
  after: (call: WireCall) => unknown = () => undefined;
  /** Of a request that is never answered: the connection gives it up after its timeout. */
  hangs: (call: WireCall) => boolean = () => false;
  latencyMs = 1;
  readonly cluster: FakeCluster;
  readonly #clock: Clock;
  readonly #sessionTimeoutMs: number;

  constructor(
    clock: Clock,
    { nodes = 1, sessionTimeoutMs = 10_000, cluster = new FakeCluster(clock, nodes) } = {},
  ) {
    super({ brokers: ['broker-1:9092'], clientId: 'fake' }, clock, sessionTimeoutMs);
    this.#clock = clock;
    this.#sessionTimeoutMs = sessionTimeoutMs;
    this.cluster = cluster;
  }

  override async call<Args extends unknown[], Answer>(
    line: Line,
    node: Node,
    api: API<Args, Answer>,
    ...args: Args
  ): Promise<Answer> {
    const call = { request: this.cluster.nameOf(api), line, node, args, at: this.#clock.monotonic() };
    this.calls.push(call);
    await this.before(call);
    await sleep(this.#clock, this.latencyMs);
    if ([...this.away].some(({ host }) => host === node.host)) throw new Error('connection refused');
    if (this.hangs(call)) await this.#timeOut(line);
    const answer = await this.cluster.answer(api, call);
    await this.after(call);
    return answer;
  }

  override unsupported(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  of(request: RequestName): WireCall[] {
    return this.calls.filter((call) => call.request === request);
  }

  async #timeOut(line: Line): Promise<never> {
    await sleep(this.#clock, REQUEST_TIMEOUT_MS + (line === 'join' ? this.#sessionTimeoutMs : 0));
    throw new Error('the request timed out');
  }
}

/** What all wires to it see. */
export class FakeCluster {
  readonly nodes = new Map<number, Node>();
  readonly topics = new Map<string, FakeTopic>();
  /** The node id; below 0: an error code, negated, of a group that has none now. */
  coordinatorOf: (group: string) => number = () => 1;
  readonly #clock: Clock;
  readonly #handlers = new Map<unknown, Handler>();
  readonly #names = new Map<unknown, RequestName>(
    Object.entries(requests).map(([name, api]) => [api, name as RequestName]),
  );
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock, nodes = 1) {
    this.#clock = clock;
    for (let id = 1; id <= nodes; id++) this.nodes.set(id, { host: `broker-${id}`, port: 9092 });
    this.on(requests.metadata, (_call, names) => this.#metadata(names));
    this.on(requests.findCoordinator, (_call, _type, groups) => this.#coordinators(groups));
    this.on(requests.fetch, (call, waitMs, _minBytes, maxBytes, _isolation, _session, _epoch, topics) =>
      this.#fetch(call, waitMs, maxBytes, topics),
    );
  }

  /** How a request is answered from now on. */
  on<Args extends unknown[], Answer>(
    api: API<Args, Answer>,
    handler: (call: WireCall, ...args: Args) => NoInfer<Answer> | Promise<NoInfer<Answer>>,
  ): void {
    this.#handlers.set(api, (call) => handler(call, ...(call.args as Args)));
  }

  async answer<Args extends unknown[], Answer>(api: API<Args, Answer>, call: WireCall): Promise<Answer> {
    const handler = this.#handlers.get(api);
    if (!handler) throw new TypeError(`the fake cluster has no answer to ${call.request}`);
    return (await handler(call)) as Answer;
  }

  nameOf(api: unknown): RequestName {
    return this.#names.get(api) as RequestName;
  }

  /** `leaders`: the node of each partition. */
  makeTopic(name: string, leaders: readonly number[], topicId = `id of ${name}`): void {
    this.topics.set(name, { topicId, partitions: leaders.map((leader) => new FakePartition(leader)) });
  }

  /** One batch at the end of the partition. */
  append(topic: string, partition: number, values: readonly FakeValue[]): void {
    this.partition(topic, partition).append(values);
    for (const wake of this.#waiting) wake();
  }

  partition(topic: string, partition: number): FakePartition {
    const found = this.topics.get(topic)?.partitions[partition];
    if (!found) throw new Error(`there is no ${topic}:${partition}`);
    return found;
  }

  #metadata(names: readonly unknown[] | null) {
    const wanted = (names as readonly string[] | null) ?? [...this.topics.keys()];
    return {
      ...{ throttleTimeMs: 0, clusterId: 'fake', controllerId: 1 },
      brokers: [...this.nodes].map(([nodeId, node]) => ({ nodeId, ...node, rack: null })),
      topics: wanted.map((name) => {
        const { topicId = '', partitions = [] } = this.topics.get(name) ?? {};
        return {
          errorCode: this.topics.has(name) ? NONE : UNKNOWN_TOPIC_OR_PARTITION,
          ...{ name, topicId, isInternal: false, topicAuthorizedOperations: 0 },
          partitions: partitions.map(({ leader }, partitionIndex) => ({
            ...{ errorCode: NONE, partitionIndex, leaderId: leader, leaderEpoch: 0 },
            ...{ replicaNodes: [], isrNodes: [], offlineReplicas: [] },
          })),
        };
      }),
    };
  }

  #coordinators(groups: readonly string[]) {
    return {
      throttleTimeMs: 0,
      coordinators: groups.map((key) => {
        const nodeId = this.coordinatorOf(key);
        const node = this.nodes.get(nodeId) ?? { host: '', port: -1 };
        return { key, nodeId, ...node, errorCode: nodeId < 0 ? -nodeId : NONE, errorMessage: null };
      }),
    };
  }

  /** Waits for a first record as a broker does, unless there is an error to tell of. */
  async #fetch(
    { node }: WireCall,
    waitMs: number,
    maxBytes: number,
    topics: readonly fetchV13.FetchRequestTopic[],
  ): Promise<fetchV13.FetchResponse> {
    const nodeId = [...this.nodes].find(([, { host }]) => host === node.host)?.[0] ?? -1;
    const giveUpAt = this.#clock.monotonic() + waitMs;
    for (;;) {
      const answer = { bytesLeft: maxBytes, isEmpty: true };
      const responses = topics.map(({ topicId, partitions }) => {
        const topic = [...this.topics.values()].find((candidate) => candidate.topicId === topicId);
        return {
          topicId,
          partitions: partitions.map((wanted) => {
            const stored = topic?.partitions[wanted.partition] ?? UNKNOWN;
            return stored.fetch(nodeId, wanted, answer);
          }),
        };
      });
      const hasError = responses.some(({ partitions }) =>
        partitions.some(({ errorCode }) => errorCode !== NONE),
      );
      const leftMs = giveUpAt - this.#clock.monotonic();
      if (hasError || !answer.isEmpty || leftMs <= 0)
        return { throttleTimeMs: 0, errorCode: NONE, sessionId: 0, responses };
      await this.#untilAppend(leftMs);
    }
  }

  #untilAppend(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        timer.cancel();
        resolve();
      };
      const timer = this.#clock.after(ms, wake);
      this.#waiting.add(wake);
    });
  }
}

const UNKNOWN = new FakePartition(-1);
UNKNOWN.errorCode = UNKNOWN_TOPIC_ID;
