import { unescape } from 'node:querystring';
import amqp, { type Channel, type ChannelModel, type ConfirmChannel } from 'amqplib';
import type { Logger } from '../../../logger.ts';
import { presentTexts, type Tls, type TlsTexts } from '../../../tls-files.ts';
import { connectFailure, lostConnection, type Failure } from './connect-failure.ts';
import { Troubles } from './troubles.ts';

export interface Address {
  /** `amqp://` or `amqps://` with credentials and virtual host. */
  readonly url: string;
  /** Seconds after which a peer that says nothing counts as gone. */
  readonly heartbeatSeconds: number;
  readonly tls?: Tls;
}

/** There is no connection at the moment; another one is tried for. */
export class NotConnected extends Error {
  override readonly name = 'NotConnected';
}

const CONNECT_TIMEOUT_MS = 10_000;
const RECOVERY = { initialDelay: 100, maxDelay: 5_000 };

/**
 * One connection that comes back by itself. What hangs on it (channels, consumers) does not: whoever has some makes
 * them again when `onUp` calls.
 */
export class Link {
  readonly #address: Address;
  readonly #purpose: string;
  readonly #logger: Logger;
  readonly #troubles: Troubles;
  readonly #onUp: (() => void)[] = [];
  #recovering: Awaited<ReturnType<typeof connect>> | undefined;
  #model: ChannelModel | undefined;
  #problem: string | undefined = 'RabbitMQ is not connected yet';
  #blocked: string | undefined;
  #isClosed = false;
  #waiting: (() => void)[] = [];

  /** `purpose` names the connection in RabbitMQ's own lists; `troubles` is shared by those to one server. */
  constructor(address: Address, purpose: string, logger: Logger, troubles = new Troubles(logger)) {
    this.#address = address;
    this.#purpose = purpose;
    this.#logger = logger;
    this.#troubles = troubles;
  }

  /** Why nothing can be done over it now; undefined when all is well. */
  get problem(): string | undefined {
    return this.#problem ?? this.#blocked;
  }

  get isUp(): boolean {
    return this.#model !== undefined;
  }

  /** E.g. `3.10.8`; what a server can do is told by this, never by how it answers a declaration. */
  get serverVersion(): string {
    return this.#model?.connection.serverProperties.version ?? '';
  }

  /** What was agreed with the server, which may want less; milliseconds. */
  get heartbeatMs(): number {
    const agreed = (this.#model?.connection as { heartbeat?: number } | undefined)?.heartbeat;
    return (agreed ?? this.#address.heartbeatSeconds) * 1000;
  }

  /** Channels that the server allows this connection; 0: it is not known. */
  get channelMax(): number {
    return (this.#model?.connection as { channelMax?: number } | undefined)?.channelMax ?? 0;
  }

  /** Called for every connection, the first one too. */
  onUp(listener: () => void): void {
    this.#onUp.push(listener);
  }

  async open(): Promise<void> {
    const { url, tls } = this.#address;
    const texts = presentTexts(tls);
    const recovering = await connect(this.#address, texts, this.#purpose);
    if (this.#isClosed) return recovering.close();
    this.#recovering = recovering;
    const down = (failure: Failure) => {
      this.#down(failure);
      // The client stays with the options that it was given: with other ones another one has to go on. What changes
      // while it waits for its next attempt counts for the one after that, which comes at once.
      if (this.#isClosed || presentTexts(tls) === texts) return;
      void recovering.close();
      void this.open();
    };
    recovering.on('connect', (model: ChannelModel) => this.#up(model));
    recovering.on('disconnect', (error: Error) => down(lostConnection(url, error)));
    recovering.on('connect-failed', (error: Error) => down(connectFailure(url, error)));
    recovering.on('blocked', (reason: string) => (this.#blocked = `RabbitMQ takes nothing now: ${reason}`));
    recovering.on('unblocked', () => (this.#blocked = undefined));
    // The same is told by `disconnect`.
    recovering.on('error', () => undefined);
  }

  /** Resolves when there is a connection, or none is wanted any more. */
  async up(): Promise<void> {
    if (this.#model || this.#isClosed) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Rejects at once when there is no connection. What becomes of it is told by its `close` event only. */
  async channel(): Promise<Channel> {
    return watched(await this.#connected().createChannel());
  }

  async confirmChannel(): Promise<ConfirmChannel> {
    return watched(await this.#connected().createConfirmChannel());
  }

  async close(): Promise<void> {
    const model = this.#model;
    this.#isClosed = true;
    this.#model = undefined;
    this.#problem = 'RabbitMQ: the connection was closed';
    this.#wake();
    // A server that is gone meanwhile never answers; that the connection has ended is told all the same.
    const gone = model && new Promise((resolve) => model.once('close', resolve));
    await Promise.race([this.#recovering?.close(), ...(gone ? [gone] : [])]);
  }

  #connected(): ChannelModel {
    if (!this.#model) throw new NotConnected(this.#problem);
    return this.#model;
  }

  #up(model: ChannelModel): void {
    this.#model = model;
    this.#problem = undefined;
    this.#blocked = undefined;
    this.#troubles.over(this.#purpose);
    this.#logger.info({ purpose: this.#purpose, version: this.serverVersion }, 'rabbitmq.connected');
    for (const listener of this.#onUp) listener();
    this.#wake();
  }

  #down(failure: Failure): void {
    this.#model = undefined;
    this.#problem = failure.sentence;
    if (!this.#isClosed) this.#troubles.met(this.#purpose, failure);
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** Two to one server, which say once what is wrong with it; by their purposes. */
export function linksTo(address: Address, purposes: readonly [string, string], logger: Logger): [Link, Link] {
  const troubles = new Troubles(logger);
  const [one, other] = purposes;
  return [new Link(address, one, logger, troubles), new Link(address, other, logger, troubles)];
}

function connect({ url, heartbeatSeconds, tls }: Address, texts: TlsTexts | undefined, purpose: string) {
  const withHeartbeat = new URL(url);
  withHeartbeat.searchParams.set('heartbeat', `${heartbeatSeconds}`);
  const { ca, cert, key } = texts ?? {};
  return amqp.connect(withHeartbeat.toString(), {
    ...{ ca, cert, key },
    ...(tls?.serverName !== undefined && { servername: tls.serverName }),
    credentials: credentialsOf(url),
    noDelay: true,
    timeout: CONNECT_TIMEOUT_MS,
    clientProperties: { connection_name: purpose },
    recovery: { ...RECOVERY, waitForConnect: false },
  });
}

/** The client would take the bytes of UTF-8 for letters. */
function credentialsOf(url: string) {
  const { username, password } = new URL(url);
  if (username === '' && password === '') return amqp.credentials.plain('guest', 'guest');
  return amqp.credentials.plain(unescape(username), unescape(password));
}

/** A channel that fails must not end the process; its `close` says the rest. */
function watched<T extends Channel>(channel: T): T {
  channel.on('error', () => undefined);
  return channel;
}
