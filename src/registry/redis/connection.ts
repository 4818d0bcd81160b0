import { isIP } from 'node:net';
import { createClient, ErrorReply } from 'redis';
import type { Clock, Timer } from '../../time.ts';
import { presentTexts, type Tls } from '../../tls-files.ts';
import { connectFailure, failedCall, lostConnection, type Failure } from './failure.ts';

export type RedisClient = ReturnType<typeof newClient>;

/** Also how long it may take to connect, and then to be greeted. */
const ANSWER_MS = 2_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

interface UnavailableOptions {
  readonly needsOperator?: boolean;
  readonly cause?: unknown;
}

/** Redis cannot be asked now, or did not say whether it did what it was asked for. */
export class RegistryUnavailable extends Error {
  override readonly name = 'RegistryUnavailable';
  /** Waiting does not mend it: Redis or its configuration, or ours, has to be changed. */
  readonly needsOperator: boolean;
  /** It answered, and would not: its disk or memory is full, it is read-only, it is not allowed. */
  readonly isRefusal: boolean;

  constructor(sentence: string, { needsOperator = false, cause }: UnavailableOptions = {}) {
    super(sentence);
    this.needsOperator = needsOperator;
    this.isRefusal = cause instanceof ErrorReply;
    // It is foreseen, and logged for every request that meets it: where in the code says nothing to anybody.
    this.stack = `${this.name}: ${sentence}`;
  }
}

/**
 * A connection to Redis that is made again whenever it is lost, after 100 ms at first and up to 2 s later.
 *
 * The client could do that by itself, but it waits without end for the answer to what is written already: of a server
 * that is frozen or cut off it would never let go. Here an answer that takes too long ends the connection.
 */
export class RedisConnection {
  /** `redis://host:port`, without credentials. */
  readonly address: string;
  readonly #url: string;
  readonly #tls: Tls | undefined;
  readonly #clock: Clock;
  /** Being connected, or connected. */
  #client: RedisClient | undefined;
  #ready = false;
  #trouble: Failure | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #timer: Timer | undefined;
  #closed = false;

  /** `tls` counts where the URL is rediss. Throws for a `url` that is none of Redis. Nothing is connected before `open`. */
  constructor(url: string, clock: Clock, tls?: Tls) {
    this.address = addressOf(url);
    // The brokers come first: while one is away nobody asks.
    this.#trouble = { sentence: `Redis at ${this.address} was not asked yet`, needsOperator: false };
    this.#url = url;
    this.#tls = tls;
    this.#clock = clock;
  }

  /** Resolves when the first attempt is over, whichever way it went. */
  open(): Promise<void> {
    return this.#connect();
  }

  /** Why calls are refused, a sentence; undefined while there is a connection. */
  get trouble(): string | undefined {
    return this.#trouble?.sentence;
  }

  /**
   * What `work` resolves to. Rejects with RegistryUnavailable at once without a connection, after `limitMs` (2 s)
   * without an answer, and when Redis refuses; only in the first case nothing was done for sure.
   */
  async call<T>(work: (client: RedisClient) => Promise<T>, limitMs = ANSWER_MS): Promise<T> {
    const client = this.#client;
    if (client === undefined || !this.#ready) throw this.#unavailable();
    try {
      return await this.#within(limitMs, work(client));
    } catch (error) {
      // What the client says of a call whose connection broke depends on what it noticed first.
      if (error instanceof NoAnswer || !client.isReady) this.#lost(client, error);
      if (this.#client !== client) throw this.#unavailable(error);
      const { sentence, needsOperator } = failedCall(this.address, error);
      throw new RegistryUnavailable(sentence, { cause: error, needsOperator });
    }
  }

  /** Calls that wait reject. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    if (this.#client !== undefined) this.#lost(this.#client, new Error('closed'));
    this.#trouble = lostConnection(this.address, 'closed');
  }

  async #connect(): Promise<void> {
    const client = newClient(this.#url, this.#tls);
    client.on('error', (error: unknown) => this.#lost(client, error));
    this.#client = client;
    try {
      await this.#within(2 * ANSWER_MS, client.connect());
      if (this.#client !== client) return;
      this.#ready = true;
      this.#trouble = undefined;
      this.#pauseMs = FIRST_PAUSE_MS;
    } catch (error) {
      this.#lost(client, error);
    }
  }

  #lost(client: RedisClient, error: unknown): void {
    if (client !== this.#client) return;
    const failure = this.#ready ? lostConnection : connectFailure;
    this.#client = undefined;
    this.#ready = false;
    this.#trouble = failure(this.address, error);
    client.destroy();
    if (this.#closed) return;
    this.#timer = this.#clock.after(this.#pauseMs, () => void this.#connect());
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
  }

  #within<T>(limitMs: number, work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(limitMs, () => reject(new NoAnswer(`no answer within ${limitMs} ms`)));
      work.then(resolve, reject).finally(() => timer.cancel());
    });
  }

  #unavailable(cause?: unknown): RegistryUnavailable {
    const { sentence, needsOperator } = this.#trouble ?? lostConnection(this.address, 'connecting');
    return new RegistryUnavailable(sentence, { cause, needsOperator });
  }
}

function newClient(url: string, tls?: Tls) {
  return createClient({
    url,
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    // The client's own limit ends where a command is written.
    commandOptions: { timeout: 0 },
    socket: { reconnectStrategy: false, connectTimeout: ANSWER_MS, ...tlsOptions(url, tls) },
  });
}

/** The name is said to the server also when it is the URL's: behind one address there may be several servers. */
function tlsOptions(url: string, tls?: Tls) {
  const { protocol, hostname } = new URL(url);
  if (protocol !== 'rediss:') return {};
  const name = tls?.serverName ?? hostname;
  const { ca, cert, key } = presentTexts(tls) ?? {};
  return {
    tls: true as const,
    ...{ ca, cert, key },
    ...(isIP(name.replace(/^\[|\]$/g, '')) === 0 && { servername: name }),
  };
}

class NoAnswer extends Error {}

/** What is wrong with a URL is not shown: it may hold a password. */
function addressOf(url: string): string {
  const parsed = URL.parse(url);
  if (parsed?.protocol !== 'redis:' && parsed?.protocol !== 'rediss:')
    throw new Error('the URL of Redis is none: redis[s]://[[user]:password@]host[:port][/database]');
  return `${parsed.protocol}//${parsed.host}`;
}
