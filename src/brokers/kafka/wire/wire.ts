/** The connections to the brokers, and single requests over them. */
import { isIP } from 'node:net';
import {
  ConnectionPool,
  MultipleErrors,
  apiVersionsV3,
  deleteGroupsV2,
  fetchV13,
  findCoordinatorV4,
  heartbeatV4,
  joinGroupV9,
  leaveGroupV5,
  listOffsetsV7,
  metadataV12,
  offsetCommitV8,
  offsetFetchV8,
  syncGroupV5,
  type API,
  type Connection,
  type SASLMechanismValue,
} from '@platformatic/kafka';
import type { Clock } from '../../../time.ts';
import { presentTexts, type Tls } from '../../../tls-files.ts';
import type { KafkaConnection } from './connection.ts';
import { NoAnswer, knownFailure, silentEnd, type Failure } from './failure.ts';
import { Refusals } from './refusals.ts';

export { reasonOf } from './failure.ts';

export interface Node {
  readonly host: string;
  readonly port: number;
}

/**
 * A broker serves the requests of one connection one after another, so what must not wait behind a long poll has a
 * connection of its own. `join` is for requests that wait until all members of a group have answered.
 */
export type Line =
  | 'control'
  | 'head'
  | 'catch-up'
  | 'tables'
  | 'letters'
  | 'publish'
  | 'commit'
  | 'commit-2'
  | 'member'
  | 'join';

/** One version of each request: all are there from Kafka 3.6 on, and in every 4.x. */
export const requests = {
  metadata: metadataV12.api,
  fetch: fetchV13.api,
  listOffsets: listOffsetsV7.api,
  findCoordinator: findCoordinatorV4.api,
  offsetCommit: offsetCommitV8.api,
  offsetFetch: offsetFetchV8.api,
  deleteGroups: deleteGroupsV2.api,
  joinGroup: joinGroupV9.api,
  syncGroup: syncGroupV5.api,
  heartbeat: heartbeatV4.api,
  leaveGroup: leaveGroupV5.api,
};

/** Name and version that brokers are told. */
const SOFTWARE = ['tmf-hub-gateway', '1'] as const;
const CONNECT_TIMEOUT_MS = 3_000;
const REQUEST_TIMEOUT_MS = 5_000;
const MAX_IN_FLIGHT = 1_000;

export class Wire {
  readonly #connection: KafkaConnection;
  readonly #sessionTimeoutMs: number;
  readonly #pools = new Map<string, ConnectionPool>();
  /**
   * What was last wrong with a connection, by line and node. A request that ends with it is told only that it is
   * closed, and so are those that come while it ends.
   */
  readonly #troubles = new Map<string, Failure>();
  /** The last one by line and node, until it closes. */
  readonly #connections = new Map<string, Connection>();
  readonly #refusals: Refusals;
  #isAnswered = false;
  #closed = false;

  /** `sessionTimeoutMs`: so long a request on the line `join` may wait for the slowest member, and a little longer. */
  constructor(connection: KafkaConnection, clock: Clock, sessionTimeoutMs = 0) {
    this.#connection = connection;
    this.#refusals = new Refusals(clock);
    this.#sessionTimeoutMs = sessionTimeoutMs;
  }

  /**
   * The answer, also where it holds error codes: those are for the caller to look at. Rejects with NoAnswer when there
   * was none (no connection, time ran out; at once where there is no connection and the node's refusal of another is not
   * long ago), with another error when it is closed.
   */
  async call<Args extends unknown[], Answer>(
    line: Line,
    node: Node,
    api: API<Args, Answer>,
    ...args: Args
  ): Promise<Answer> {
    const pool = this.#pool(line, node);
    let answer: Answer;
    try {
      const connection = pool.has(node) ? await pool.get(node) : await this.#connect(pool, line, node);
      answer = await api.async(connection, ...args);
    } catch (error) {
      if (error instanceof NoAnswer) throw error;
      const held = error instanceof MultipleErrors ? (error['response'] as Answer | undefined) : undefined;
      if (held === undefined) throw this.#noAnswer(line, node, error);
      answer = held;
    }
    // This one even those may ask that have not shown who they are.
    if ((api as unknown) !== apiVersionsV3.api) this.#isAnswered = true;
    if (this.#troubles.size > 0) this.#troubles.delete(wayOf(line, node));
    return answer;
  }

  /** The addresses that were configured. */
  get bootstrap(): readonly Node[] {
    return this.#connection.brokers.map(nodeOf);
  }

  /** Undefined when this broker knows all that is needed; else a sentence for an operator. */
  async unsupported(node: Node): Promise<string | undefined> {
    const { apiKeys } = await this.call('control', node, apiVersionsV3.api, ...SOFTWARE);
    for (const [name, { key, version }] of Object.entries(requests)) {
      const there = apiKeys.find(({ apiKey }) => apiKey === key);
      if (there && version >= there.minVersion && version <= there.maxVersion) continue;
      return `The Kafka broker ${node.host}:${node.port} has no ${name} request of version ${version}: Kafka 3.6 or later is needed.`;
    }
    return undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#pools.values()].map((pool) => pool.close().catch(() => undefined)));
    await Promise.all([...this.#connections.values()].map(end));
  }

  async #connect(pool: ConnectionPool, line: Line, node: Node): Promise<Connection> {
    const place = placeOf(node);
    const refusal = this.#refusals.holding(place);
    if (refusal !== undefined) throw noAnswer(node, refusal);
    try {
      const connection = await pool.get(node);
      // That our certificate is refused may be told only once the connection is there: others wait for the proof.
      if (this.#refusals.has(place)) await apiVersionsV3.api.async(connection, ...SOFTWARE);
      this.#refusals.letIn(place);
      return connection;
    } catch (error) {
      throw this.#noAnswer(line, node, error);
    } finally {
      this.#refusals.ended(place);
    }
  }

  #noAnswer(line: Line, node: Node, error: unknown): NoAnswer {
    const seen = this.#learn(line, node, error)?.sentence;
    const reason = seen ?? (this.#isAnswered ? 'the connection ended' : silentEnd(this.#connection));
    return noAnswer(node, reason, error);
  }

  /** What is wrong, as far as it is known. */
  #learn(line: Line, node: Node, error: unknown): Failure | undefined {
    const way = wayOf(line, node);
    const failure = knownFailure(error, this.#connection) ?? this.#troubles.get(way);
    if (failure === undefined) return undefined;
    this.#troubles.set(way, failure);
    if (failure.isRefusal) this.#refusals.refused(placeOf(node), failure.sentence);
    return failure;
  }

  #pool(line: Line, node: Node): ConnectionPool {
    if (this.#closed) throw new Error('the connections to Kafka are closed');
    const { clientId, tls, sasl } = this.#connection;
    // TLS may be told the name of a host, not an address.
    const serverName = tls?.serverName ?? isIP(node.host) === 0;
    const key = `${line} ${serverName}`;
    let pool = this.#pools.get(key);
    if (pool) return pool;
    const options = {
      connectTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS + (line === 'join' ? this.#sessionTimeoutMs : 0),
      maxInflights: MAX_IN_FLIGHT,
      ...(sasl && { sasl: { ...sasl, mechanism: sasl.mechanism.toUpperCase() as SASLMechanismValue } }),
    };
    pool = new ConnectionPool(clientId, tls ? withTls(options, tls, serverName) : options);
    pool.on('connecting', ({ connection, broker }) => this.#watch(connection, line, broker));
    this.#pools.set(key, pool);
    return pool;
  }

  #watch(connection: Connection, line: Line, node: Node): void {
    // Also when nobody waits for an answer: without a listener it would end the process.
    connection.on('error', (error) => void this.#learn(line, node, error));
    // The pool forgets a connection that works when an earlier one to the same node closes late: a second one is made,
    // and the first would stay open for as long as the process runs, and keep it from ending.
    const way = wayOf(line, node);
    const earlier = this.#connections.get(way);
    if (earlier) void end(earlier);
    this.#connections.set(way, connection);
    connection.on('close', () => {
      if (this.#connections.get(way) === connection) this.#connections.delete(way);
      // It would sign in again all the same when its session is over.
      void end(connection);
    });
  }
}

/** The client takes the value of `tls` anew for each connection that it makes, and then only. */
function withTls<Options>(options: Options, tls: Tls, tlsServerName: string | boolean) {
  return {
    ...options,
    tlsServerName,
    get tls() {
      const { ca, cert, key } = presentTexts(tls);
      return { ca, cert, key };
    },
  };
}

async function end(connection: Connection): Promise<void> {
  await connection.close().catch(() => undefined);
  // After an error it only stops to write. Before it is connected it has none, whatever its type says.
  (connection.socket as typeof connection.socket | undefined)?.destroy();
}

function noAnswer(node: Node, reason: string, cause?: unknown): NoAnswer {
  return new NoAnswer(`Kafka at ${placeOf(node)}: ${reason}`, { cause });
}

function placeOf({ host, port }: Node): string {
  return `${host}:${port}`;
}

function wayOf(line: Line, node: Node): string {
  return `${line} ${placeOf(node)}`;
}

function nodeOf(address: string): Node {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) };
}
