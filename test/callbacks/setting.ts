/** Listeners and senders for the tests of this folder; whatever a test opens is closed after it. */
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createNetServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import {
  createHttpSender,
  type HttpSender,
  type HttpSenderOptions,
} from '../../src/callbacks/http-sender.ts';
import type { Lookup } from '../../src/callbacks/lookup.ts';
import type { CallbackAnswer, Sending } from '../../src/callbacks/sender.ts';
import { systemClock, type Clock } from '../../src/time.ts';

export interface Listener {
  readonly port: number;
  readonly url: string;
  /** Connections open now. */
  readonly open: Set<Socket>;
  /** Connections ever accepted. */
  accepted(): number;
}

const opened: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((close) => close()));
});

export function listen(answer: RequestListener): Promise<Listener> {
  return serve(createHttpServer(answer));
}

/** A listener that speaks raw TCP. */
export function listenRaw(onConnection: (socket: Socket) => void): Promise<Listener> {
  return serve(
    createNetServer((socket) => {
      socket.on('error', () => undefined);
      onConnection(socket);
    }),
  );
}

/** On `::1` with a given port; undefined on a machine that has no IPv6 (or where the port is taken there). */
export async function listenOnIpv6(port: number, answer: RequestListener): Promise<Listener | undefined> {
  return serve(createHttpServer(answer), 'http', { port, host: '::1' }).catch(() => undefined);
}

export async function serve(
  server: Server,
  scheme = 'http',
  at = { port: 0, host: '127.0.0.1' },
): Promise<Listener> {
  const open = new Set<Socket>();
  let accepted = 0;
  server.on('connection', (socket) => {
    accepted++;
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at, resolve);
  });
  opened.push(async () => {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { port, url: `${scheme}://127.0.0.1:${port}/hook`, open, accepted: () => accepted };
}

/** A port that nobody listens on, as far as anybody can tell. */
export async function freePort(): Promise<number> {
  const server = createNetServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface SenderSetting extends Partial<HttpSenderOptions> {
  readonly clock?: Clock;
  readonly lookup?: Lookup;
}

/** A sender that may reach this machine. */
export function makeSender({ clock = systemClock, lookup, ...options }: SenderSetting = {}): HttpSender {
  const sender = createHttpSender({
    clock,
    ...(lookup && { lookup }),
    options: {
      allow: ['127.0.0.0/8', '::1/128'],
      schemes: ['https', 'http'],
      timeoutMs: 10_000,
      connectTimeoutMs: 3_000,
      maxAnswerBytes: 65_536,
      maxSockets: 1_024,
      idleOrigins: 256,
      ownAddresses: () => ({ hosts: [], ports: [] }),
      ...options,
    },
  });
  opened.push(() => sender.close());
  return sender;
}

export function post(sender: HttpSender, url: string, headers = {}): Promise<CallbackAnswer> {
  return begin(sender, url, headers).answer;
}

export function begin(sender: HttpSender, url: string, headers = {}): Sending {
  return sender.send({ url, headers, body: Buffer.from('{"eventId":"1"}') });
}

/** Resolves every name to these addresses. */
export function resolvesTo(...addresses: string[]): Lookup {
  return async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(5);
}
