import { createServer as createTlsServer } from 'node:https';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { Socket } from 'node:net';
import { createFakeClock } from './fake-clock.ts';
import { cert, key } from './certificate.ts';
import { listen, listenRaw, freePort, makeSender, post, resolvesTo, serve, until } from './setting.ts';

/** Never resolves. */
const deadNameServer = () => new Promise<never>(() => undefined);

test('nobody listens: no connection, and the message names every address that was tried', async () => {
  const sender = makeSender({ lookup: resolvesTo('127.0.0.1', '::1') });
  const port = await freePort();
  expect(await post(sender, `http://127.0.0.1:${port}/`)).toMatchObject({
    failure: 'connect',
    message: `connect ECONNREFUSED 127.0.0.1:${port}`,
  });
  expect(await post(sender, `http://listener.example:${port}/`)).toMatchObject({
    failure: 'connect',
    message: expect.stringMatching(/127\.0\.0\.1.*; .*::1/) as string,
  });
});

test('a name that does not exist: no connection', async () => {
  const notFound = Object.assign(new Error('getaddrinfo ENOTFOUND gone.example'), { code: 'ENOTFOUND' });
  const sender = makeSender({ lookup: () => Promise.reject(notFound) });
  expect(await post(sender, 'http://gone.example/')).toMatchObject({
    failure: 'connect',
    message: 'getaddrinfo ENOTFOUND gone.example',
  });
});

test('a name without addresses: no connection', async () => {
  expect(await post(makeSender({ lookup: resolvesTo() }), 'http://empty.example/')).toMatchObject({
    failure: 'connect',
    message: 'empty.example has no address',
  });
});

test.each([
  ['after the request', (socket: Socket) => socket.once('data', () => socket.resetAndDestroy())],
  ['at once', (socket: Socket) => socket.resetAndDestroy()],
  ['politely', (socket: Socket) => socket.once('data', () => socket.end())],
  ['amid the headers', (socket: Socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nX-A: '))],
])('a connection closed before the answer is no connection: %s', async (_, onConnection) => {
  const listener = await listenRaw(onConnection);
  expect(await post(makeSender(), listener.url)).toMatchObject({ failure: 'connect' });
});

test.each([
  ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ['an unasked 100', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ['an unasked 101', 'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'],
  ['headers without end', `HTTP/1.1 200 OK\r\nX-A: ${'x'.repeat(100_000)}\r\n\r\n`],
])('what is no HTTP is a failure of protocol: %s', async (_, text) => {
  const listener = await listenRaw((socket) => socket.once('data', () => socket.write(text)));
  expect(await post(makeSender(), listener.url)).toMatchObject({ failure: 'protocol' });
});

test('a request that cannot be written as HTTP is an answer too, and nothing is sent', async () => {
  const listener = await listen(() => undefined);
  const sender = makeSender();
  const answer = await post(sender, listener.url, { 'x-correlation-id': 'a\r\nX-Evil: 1' });
  expect(answer).toMatchObject({
    failure: 'protocol',
    message: expect.stringMatching(/x-correlation-id/) as string,
  });
  expect(sender.stats()).toMatchObject({ inFlight: 0, sockets: 0 });
});

test('a listener that never answers: timeout, exactly when due, and the connection is closed', async () => {
  const listener = await listen(() => undefined);
  const clock = createFakeClock();
  const sender = makeSender({ clock, timeoutMs: 10_000 });
  const answer = post(sender, listener.url);
  await until(() => listener.open.size === 1 && sender.stats().inFlight === 1);
  clock.advance(9_999);
  expect(sender.stats().inFlight).toBe(1);
  clock.advance(1);
  expect(await answer).toEqual({
    failure: 'timeout',
    message: expect.stringMatching(/^gave up after 10000 ms while waiting for/) as string,
    durationMs: 10_000,
  });
  await until(() => listener.open.size === 0);
});

test('a listener that drips its headers cannot stretch the time', async () => {
  const listener = await listenRaw((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nX-Drip: ');
    const timer = setInterval(() => socket.write('x'), 10);
    socket.once('close', () => clearInterval(timer));
  });
  const answer = await post(makeSender({ timeoutMs: 300 }), listener.url);
  expect(answer).toMatchObject({
    failure: 'timeout',
    message: 'gave up after 300 ms while waiting for the answer',
  });
  expect(answer.durationMs).toBeLessThan(3_000);
});

test.each([200, 503])(
  'a listener that drips its body cannot stretch it either; its status counts: %d',
  async (status) => {
    const listener = await listen((_request, response) => {
      response.writeHead(status);
      const timer = setInterval(() => response.write('x'), 10);
      response.once('close', () => clearInterval(timer));
    });
    const answer = await post(makeSender({ timeoutMs: 300 }), listener.url);
    expect(answer).toMatchObject({ status });
    expect(answer.durationMs).toBeGreaterThanOrEqual(300);
    expect(answer.durationMs).toBeLessThan(3_000);
    await until(() => listener.open.size === 0);
  },
);

test('a connection that does not come about: timeout', async () => {
  const sender = makeSender({ lookup: deadNameServer, connectTimeoutMs: 100 });
  const answer = await post(sender, 'http://listener.example/');
  expect(answer).toMatchObject({
    failure: 'timeout',
    message: expect.stringMatching(/UND_ERR_CONNECT_TIMEOUT/) as string,
  });
  expect(answer.durationMs).toBeLessThan(5_000);
});

test('given up while connecting: nothing is sent when the connection comes about after all', async () => {
  let requests = 0;
  const listener = await listen(() => requests++);
  let resolveName = (): void => undefined;
  const named = new Promise<void>((resolve) => (resolveName = resolve));
  const sender = makeSender({
    timeoutMs: 100,
    lookup: async () => {
      await named;
      return [{ address: '127.0.0.1', family: 4 }];
    },
  });
  const answer = await post(sender, `http://listener.example:${listener.port}/`);
  expect(answer).toMatchObject({
    failure: 'timeout',
    message: 'gave up after 100 ms while waiting for a connection',
  });
  resolveName();
  await until(() => listener.accepted() === 1 && listener.open.size === 0);
  expect(requests).toBe(0);
});

test('TLS that fails is no connection, with the reason', async () => {
  const plain = await listen(() => undefined);
  const sender = makeSender({ lookup: resolvesTo('127.0.0.1') });
  expect(await post(sender, `https://127.0.0.1:${plain.port}/`)).toMatchObject({
    failure: 'connect',
    message: expect.stringMatching(/SSL|TLS/) as string,
  });
  const selfSigned = await serve(createTlsServer({ key, cert }), 'https');
  expect(await post(sender, `https://listener.test:${selfSigned.port}/`)).toMatchObject({
    failure: 'connect',
    message: expect.stringMatching(/self-signed certificate/) as string,
  });
});

test('a certificate is believed when its authority is trusted and its name is that of the callback', async () => {
  const usual = getCACertificates('default');
  setDefaultCACertificates([...usual, cert]);
  try {
    const listener = await serve(
      createTlsServer({ key, cert }, (_request, response) => response.writeHead(204).end()),
      'https',
    );
    const sender = makeSender({ lookup: resolvesTo('127.0.0.1') });
    expect(await post(sender, `https://listener.test:${listener.port}/`)).toMatchObject({ status: 204 });
    expect(await post(sender, `https://other.test:${listener.port}/`)).toMatchObject({
      failure: 'connect',
      message: expect.stringMatching(/other\.test/) as string,
    });
  } finally {
    setDefaultCACertificates(usual);
  }
});
