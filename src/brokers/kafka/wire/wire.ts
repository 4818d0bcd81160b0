/** The connections to the brokers, and single requests over them. */
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
  type SASLMechanismValue,
} from '@platformatic/kafka';
import type { KafkaConnection } from './connection.ts';

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
  readonly #pools = new Map<Line, ConnectionPool>();
  #closed = false;

  /** `sessionTimeoutMs`: so long a request on the line `join` may wait for the slowest member, and a little longer. */
  constructor(connection: KafkaConnection, sessionTimeoutMs = 0) {
    this.#connection = connection;
    this.#sessionTimeoutMs = sessionTimeoutMs;
  }

  /**
   * The answer, also where it holds error codes: those are for the caller to look at. Rejects when there was no
   * answer (no connection, time ran out, closed).
   */
  async call<Args extends unknown[], Answer>(
    line: Line,
    node: Node,
    api: API<Args, Answer>,
    ...args: Args
  ): Promise<Answer> {
    const connection = await this.#pool(line).get(node);
    try {
      return await api.async(connection, ...args);
    } catch (error) {
      const answer = error instanceof MultipleErrors ? (error['response'] as Answer | undefined) : undefined;
      if (answer === undefined) throw error;
      return answer;
    }
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
  }

  #pool(line: Line): ConnectionPool {
    if (this.#closed) throw new Error('the connections to Kafka are closed');
    let pool = this.#pools.get(line);
    if (pool) return pool;
    const { clientId, tls, sasl } = this.#connection;
    pool = new ConnectionPool(clientId, {
      connectTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS + (line === 'join' ? this.#sessionTimeoutMs : 0),
      maxInflights: MAX_IN_FLIGHT,
      ...(tls && { tls: { ca: tls.ca, cert: tls.cert, key: tls.key } }),
      ...(tls && { tlsServerName: tls.serverName ?? true }),
      ...(sasl && { sasl: { ...sasl, mechanism: sasl.mechanism.toUpperCase() as SASLMechanismValue } }),
    });
    // What goes wrong reaches whoever waits for an answer; without a listener it would end the process.
    pool.on('connecting', ({ connection }) => connection.on('error', () => undefined));
    this.#pools.set(line, pool);
    return pool;
  }
}

/** One line that an operator can act on. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${reasonOf(error.cause)}` : '';
  const parts = error instanceof AggregateError ? `: ${error.errors.map(reasonOf).join('; ')}` : '';
  return `${error.message}${cause}${parts}`;
}

function nodeOf(address: string): Node {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(address.slice(at + 1)) };
}
