/** Sends events to callbacks: HTTP/1.1 POST, one answer or one failure per attempt, never more than allowed. */
import { networkInterfaces } from 'node:os';
import type { Clock } from '../time.ts';
import { signatureOf } from '../webhook-signature.ts';
import { Attempt, type AttemptDeps } from './attempt.ts';
import { parseCallbackUrl, type CallbackTarget } from './callback-url.ts';
import { guardedConnector } from './connector.ts';
import { Expiry } from './expiry.ts';
import { shareLookups, systemLookup, type Lookup } from './lookup.ts';
import { OriginPools, type PoolLimits } from './origin-pools.ts';
import { createAddressPolicy, type AddressPolicy, type OwnEndpoints } from './policy.ts';
import type { CallbackRequest, CallbackSender, Sending } from './sender.ts';

export interface HttpSenderOptions extends PoolLimits {
  /** Addresses, CIDR ranges, hosts and `*.domain` patterns that may be called although they are not public. */
  readonly allow: readonly string[];
  /** `https`, `http` or both. */
  readonly schemes: readonly string[];
  /** For the whole attempt, from `send` to the answer. */
  readonly timeoutMs: number;
  /** For name lookup, TCP and TLS together. */
  readonly connectTimeoutMs: number;
  /** Bytes of an answer's body after which the rest is cut off. */
  readonly maxAnswerBytes: number;
  /** Where the gateway itself listens; never called, whatever `allow` says (RULES 23). */
  readonly ownAddresses: () => OwnEndpoints;
}

export interface SenderDependencies {
  readonly clock: Clock;
  readonly options: HttpSenderOptions;
  /** Name resolution; the operating system's unless given. */
  readonly lookup?: Lookup;
}

interface SenderStats {
  readonly inFlight: number;
  /** Origins that have a pool. */
  readonly origins: number;
  readonly sockets: number;
}

export interface HttpSender extends CallbackSender {
  stats(): SenderStats;
}

/** URLs whose parts are remembered. Parsing them again is cheap, so beyond it all are forgotten. */
const KNOWN_URLS = 4096;

/** @throws {TypeError} when an `allow` entry cannot be read. Nothing is opened before the first `send`. */
export function createHttpSender({ clock, options, lookup = systemLookup }: SenderDependencies): HttpSender {
  const policy = createAddressPolicy({ ...options, localAddresses });
  const sharedLookup = shareLookups(lookup);
  const pools = new OriginPools(clock, options, ({ host, port }, onSocket) =>
    guardedConnector({ host, port, policy, lookup: sharedLookup, onSocket, ...options }),
  );
  return new UndiciSender(clock, options, policy, pools);
}

class UndiciSender implements HttpSender {
  readonly #clock: Clock;
  readonly #options: HttpSenderOptions;
  readonly #policy: AddressPolicy;
  readonly #pools: OriginPools;
  readonly #inFlight: Expiry<Attempt>;
  readonly #attemptDeps: AttemptDeps;
  readonly #targets = new Map<string, CallbackTarget | string>();
  #closed = false;

  constructor(clock: Clock, options: HttpSenderOptions, policy: AddressPolicy, pools: OriginPools) {
    this.#clock = clock;
    this.#options = options;
    this.#policy = policy;
    this.#pools = pools;
    const tooLate = `gave up after ${options.timeoutMs} ms`;
    this.#inFlight = new Expiry(clock, options.timeoutMs, (attempt) => {
      attempt.giveUp('timeout', tooLate);
    });
    const ended = (attempt: Attempt): void => {
      this.#inFlight.delete(attempt);
      pools.release(attempt.origin);
    };
    this.#attemptDeps = { clock, maxBytes: options.maxAnswerBytes, ended };
  }

  send(request: CallbackRequest): Sending {
    const { url, body } = request;
    const target = this.#target(url);
    if (typeof target === 'string') return notSent('refused-by-policy', target);
    if (this.#closed) return notSent('aborted', 'the gateway is shutting down');
    const startedAt = this.#clock.monotonic();
    const origin = this.#pools.acquire(target);
    const attempt = new Attempt(origin, startedAt, this.#attemptDeps);
    this.#inFlight.add(attempt, startedAt);
    const headers = signed(request);
    // Never throws: what is wrong with the request reaches the attempt as an error.
    origin.pool.dispatch({ path: target.path, method: 'POST', headers, body }, attempt);
    return attempt;
  }

  refusal(url: string): string | undefined {
    const target = parseCallbackUrl(url, this.#options.schemes);
    return typeof target === 'string' ? target : this.#policy.refuseHost(target.host, target.port);
  }

  stats(): SenderStats {
    return { inFlight: this.#inFlight.size, origins: this.#pools.size, sockets: this.#pools.sockets };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const attempt of this.#inFlight.clear()) attempt.giveUp('aborted', 'given up at shutdown');
    await this.#pools.close();
  }

  #target(url: string): CallbackTarget | string {
    const known = this.#targets.get(url);
    if (known !== undefined) return known;
    const target = parseCallbackUrl(url, this.#options.schemes);
    if (this.#targets.size >= KNOWN_URLS) this.#targets.clear();
    this.#targets.set(url, target);
    return target;
  }
}

function signed({ headers, body, secret }: CallbackRequest): CallbackRequest['headers'] {
  if (secret === undefined) return headers;
  const signature = signatureOf(
    secret,
    headers['webhook-id'] ?? '',
    headers['webhook-timestamp'] ?? '',
    body,
  );
  return { ...headers, 'webhook-signature': signature };
}

function notSent(failure: 'refused-by-policy' | 'aborted', message: string): Sending {
  return { answer: Promise.resolve({ failure, message, durationMs: 0 }), abort: () => undefined };
}

function localAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses = []) =>
    addresses.map(({ address }) => address),
  );
}
