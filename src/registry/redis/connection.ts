import { createClient, ErrorReply } from 'redis';
import type { Clock, Timer } from '../../time.ts';

export type RedisClient = ReturnType<typeof newClient>;

/** Also how long it may take to connect, and then to be greeted. */
const ANSWER_MS = 2_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/** Redis cannot be asked now, or did not say whether it did what it was asked for. */
export class RegistryUnavailable extends Error {
  override readonly name = 'RegistryUnavailable';

  /** It answered, and would not: its disk or memory is full, it is read-only, it is not allowed. */
  get isRefusal(): boolean {
    return this.cause instanceof ErrorReply;
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
  readonly #clock: Clock;
  /** Being connected, or connected. */
  #client: RedisClient | undefined;
  #ready = false;
  #trouble: string | undefined = 'not connected yet';
  #pauseMs = FIRST_PAUSE_MS;
  #timer: Timer | undefined;
  #closed = false;

  /** Throws for a `url` that is none of Redis. Nothing is connected before `open`. */
  constructor(url: string, clock: Clock) {
    this.address = addressOf(url);
    this.#url = url;
    this.#clock = clock;
  }

  /** Resolves when the first attempt is over, whichever way it went. */
  open(): Promise<void> {
    return this.#connect();
  }

  /** Why calls are refused; undefined while there is a connection. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /**
   * What `work` resolves to. Rejects with RegistryUnavailable at once without a connection, after `limitMs` (2 s)
   * without an answer, and when Redis refuses; only in the first case nothing was done for sure.
   */
  async call<T>(work: (client: RedisClient) => Promise<T>, limitMs = ANSWER_MS): Promise<T> {
    const client = this.#client;
    if (client === undefined || !this.#ready) throw new RegistryUnavailable(this.#sentence());
    try {
      return await this.#within(limitMs, work(client));
    } catch (error) {
      // What the client says of a call whose connection broke depends on what it noticed first.
      if (error instanceof NoAnswer || !client.isReady) this.#lost(client, error);
      const sentence =
        this.#client === client ? `Redis at ${this.address}: ${reasonOf(error)}` : this.#sentence();
      throw new RegistryUnavailable(sentence, { cause: error });
    }
  }

  /** Calls that wait reject. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    if (this.#client !== undefined) this.#lost(this.#client, new Error('closed'));
    this.#trouble = 'closed';
  }

  async #connect(): Promise<void> {
    const client = newClient(this.#url);
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
    this.#client = undefined;
    this.#ready = false;
    this.#trouble = reasonOf(error);
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

  #sentence(): string {
    return `Redis at ${this.address} cannot be reached: ${this.#trouble ?? 'connecting'}`;
  }
}

function newClient(url: string) {
  return createClient({
    url,
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    // The client's own limit ends where a command is written.
    commandOptions: { timeout: 0 },
    socket: { reconnectStrategy: false, connectTimeout: ANSWER_MS },
  });
}

class NoAnswer extends Error {}

/** What is wrong with a URL is not shown: it may hold a password. */
function addressOf(url: string): string {
  const parsed = URL.parse(url);
  if (parsed?.protocol !== 'redis:' && parsed?.protocol !== 'rediss:')
    throw new Error('the URL of Redis is none: redis[s]://[[user]:password@]host[:port][/database]');
  return `${parsed.protocol}//${parsed.host}`;
}

/** Where a name has several addresses the error of each stands in `errors`. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message : String(error);
}
