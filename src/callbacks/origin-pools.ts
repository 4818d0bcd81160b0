/** The connections to all listeners: one pool per origin, few kept without work. */
import type { Socket } from 'node:net';
import { Pool, type buildConnector } from 'undici';
import type { Clock } from '../time.ts';
import type { CallbackTarget } from './callback-url.ts';
import { Expiry, type Expiring } from './expiry.ts';

export interface Origin extends Expiring {
  readonly name: string;
  readonly pool: Pool;
  /** Attempts under way. */
  inFlight: number;
}

export interface PoolLimits {
  /** Origins without work whose connections are kept; beyond it the one idle for longest goes. */
  readonly idleOrigins: number;
  /** Connections open at once. Idle origins give theirs up first; those in use are never cut. */
  readonly maxSockets: number;
}

type MakeConnector = (target: CallbackTarget, onSocket: (socket: Socket) => void) => buildConnector.connector;

/** An origin without work for this long is forgotten. */
const IDLE_ORIGIN_MS = 60_000;

/**
 * A kept connection that the listener closes in the very moment a request goes out costs an attempt, and a request
 * is not sent again inside an attempt (it may have been taken). So connections are let go before common servers
 * do: after 4 s, or 1 s before the time the listener's `Keep-Alive: timeout=` names, at most 30 s (stateful
 * firewalls drop idle connections without a word).
 *
 * The client's own answer timeouts are off: `Expiry` bounds the whole attempt, exactly and for less.
 */
const POOL_OPTIONS: Pool.Options = {
  allowH2: false,
  pipelining: 1,
  keepAliveTimeout: 4_000,
  keepAliveTimeoutThreshold: 1_000,
  keepAliveMaxTimeout: 30_000,
  headersTimeout: 0,
  bodyTimeout: 0,
};

export class OriginPools {
  readonly #clock: Clock;
  readonly #limits: PoolLimits;
  readonly #connector: MakeConnector;
  readonly #origins = new Map<string, Origin>();
  readonly #idle: Expiry<Origin>;
  /** Evicted pools whose connections are not closed yet. */
  readonly #closing = new Set<Pool>();
  readonly #sockets = new Set<Socket>();
  #closed = false;

  constructor(clock: Clock, limits: PoolLimits, connector: MakeConnector) {
    this.#clock = clock;
    this.#limits = limits;
    this.#connector = connector;
    this.#idle = new Expiry(clock, IDLE_ORIGIN_MS, (origin) => this.#forget(origin));
  }

  /** Origins that have a pool, with or without work. */
  get size(): number {
    return this.#origins.size;
  }

  /** Connections open or being opened. */
  get sockets(): number {
    return this.#sockets.size;
  }

  /** The origin to send to; every `acquire` is followed by one `release`. */
  acquire(target: CallbackTarget): Origin {
    const origin = this.#origins.get(target.origin) ?? this.#open(target);
    if (origin.inFlight++ === 0) this.#idle.delete(origin);
    return origin;
  }

  release(origin: Origin): void {
    if (--origin.inFlight > 0 || this.#closed) return;
    this.#idle.add(origin, this.#clock.monotonic());
    if (this.#idle.size > this.#limits.idleOrigins) this.#evictOldest();
  }

  /** Closes every connection, in use or not. */
  async close(): Promise<void> {
    this.#closed = true;
    const pools = [...[...this.#origins.values()].map(({ pool }) => pool), ...this.#closing];
    this.#origins.clear();
    this.#idle.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
    // Left are those still being opened, which a pool does not know yet.
    await Promise.all([...this.#sockets].map(closed));
  }

  #open(target: CallbackTarget): Origin {
    const connect = this.#connector(target, (socket) => this.#onSocket(socket));
    const pool = new Pool(target.origin, { ...POOL_OPTIONS, connect });
    const origin: Origin = { name: target.origin, pool, inFlight: 0, dueAt: 0, slot: -1 };
    this.#origins.set(origin.name, origin);
    return origin;
  }

  #onSocket(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    let excess = this.#sockets.size - this.#limits.maxSockets;
    while (excess > 0 && this.#idle.size > 0) excess -= this.#evictOldest();
  }

  /** Answers how many connections that frees. */
  #evictOldest(): number {
    const oldest = this.#idle.oldest();
    if (!oldest) return 0;
    const { connected } = oldest.pool.stats;
    this.#idle.delete(oldest);
    this.#forget(oldest);
    return connected;
  }

  /** `close`, not `destroy`: this may run inside the callback of the very request that was the origin's last. */
  #forget(origin: Origin): void {
    this.#origins.delete(origin.name);
    this.#closing.add(origin.pool);
    origin.pool.close(() => this.#closing.delete(origin.pool));
  }
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
    socket.destroy();
  });
}
