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
import type { KafkaConnection } from './connection.ts';
import { NoAnswer, knownFailure, silentEnd } from './failure.ts';

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
  readonly #troubles = new Map<string, string>();
  /** The last one by line and node, until it closes. */
  readonly #connections = new Map<string, Connection>();
  #isAnswered = false;
  #closed = false;

  /** `sessionTimeoutMs`: so long a request on the line `join` may wait for the slowest member, and a little longer. */
  constructor(connection: KafkaConnection, sessionTimeoutMs = 0) {
    this.#connection = connection;
    this.#sessionTimeoutMs = sessionTimeoutMs;
  }

  /**
   * The answer, also where it holds error codes: those are for the caller to look at. Rejects with NoAnswer when there
   * was none (no connection, time ran out), with another error when it is closed.
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
      const connection = await pool.get(node);
      answer = await api.async(connection, ...args);
    } catch (error) {
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
    const { apiKeys } = await this.call('control', node, apiVersionsV3.api, 'tmf-hub-gateway', '1');
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

  #noAnswer(line: Line, node: Node, error: unknown): NoAnswer {
    const seen = knownFailure(error, this.#connection) ?? this.#troubles.get(wayOf(line, node));
    if (seen !== undefined) this.#troubles.set(wayOf(line, node), seen);
    const reason = seen ?? (this.#isAnswered ? 'the connection ended' : silentEnd(this.#connection));
    return new NoAnswer(`Kafka at ${node.host}:${node.port}: ${reason}`, { cause: error });
  }

  #pool(line: Line, node: Node): ConnectionPool {
    if (this.#closed) throw new Error('the connections to Kafka are closed');
    const { clientId, tls, sasl } = this.#connection;
    // TLS may be told the name of a host, not an address.
    const serverName = tls?.serverName ?? isIP(node.host) === 0;
    const key = `${line} ${serverName}`;
    let pool = this.#pools.get(key);
    if (pool) return pool;
    pool = new ConnectionPool(clientId, {
      connectTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS + (line === 'join' ? this.#sessionTimeoutMs : 0),
      maxInflights: MAX_IN_FLIGHT,
      ...(tls && { tls: { ca: tls.ca, cert: tls.cert, key: tls.key } }),
      ...(tls && { tlsServerName: serverName }),
      ...(sasl && { sasl: { ...sasl, mechanism: sasl.mechanism.toUpperCase() as SASLMechanismValue } }),
    });
    pool.on('connecting', ({ connection, broker }) => this.#watch(connection, line, broker));
    this.#pools.set(key, pool);
    return pool;
  }

  #watch(connection: Connection, line: Line, node: Node): void {
    // Also when nobody waits for an answer: without a listener it would end the process.
    connection.on('error', (error) => {
      const seen = knownFailure(error, this.#connection);
      if (seen !== undefined) this.#troubles.set(wayOf(line, node), seen);
    });
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

async function end(connection: Connection): Promise<void> {
  await connection.close().catch(() => undefined);
  // After an error it only stops to write. Before it is connected it has none, whatever its type says.
  (connection.socket as typeof connection.socket | undefined)?.destroy();
}

function wayOf(line: Line, { host, port }: Node): string {
  return `${line} ${host}:${port}`;
}

function nodeOf(address: string): Node {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) };
}
