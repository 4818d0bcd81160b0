import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import type { CallbackAnswer } from '../../src/callbacks/sender.ts';
import { createFakeClock } from './fake-clock.ts';
import { listen, makeSender, post, resolvesTo, serve, until } from './setting.ts';

const ok: RequestListener = (request, response) => {
  request.resume();
  request.on('end', () => response.writeHead(204).end());
};
const never: RequestListener = () => undefined;

test('sends one after the other use one connection', async () => {
  const listener = await listen(ok);
  const sender = makeSender();
  for (let i = 0; i < 50; i++) await post(sender, listener.url);
  expect(listener.accepted()).toBe(1);
  expect(sender.stats()).toEqual({ inFlight: 0, origins: 1, sockets: 1 });
});

test('as many connections as sends at one time, and no more', async () => {
  const listener = await listen(ok);
  const sender = makeSender();
  let left = 400;
  const lane = async () => {
    while (left-- > 0) await post(sender, listener.url);
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  expect(listener.accepted()).toBe(8);
});

test('a connection that the listener closed meanwhile is replaced', async () => {
  const server = createServer(ok);
  const listener = await serve(server);
  const sender = makeSender();
  await post(sender, listener.url);
  server.closeIdleConnections();
  await until(() => sender.stats().sockets === 0);
  expect(await post(sender, listener.url)).toMatchObject({ status: 204 });
  expect(listener.accepted()).toBe(2);
});

test('a connection that the listener will close within a second is not used again', async () => {
  const listener = await listen((_request, response) => {
    response.writeHead(204, { connection: 'keep-alive', 'keep-alive': 'timeout=1' }).end();
  });
  const sender = makeSender();
  for (let i = 0; i < 3; i++) expect(await post(sender, listener.url)).toMatchObject({ status: 204 });
  expect(listener.accepted()).toBe(3);
});

test('2,000 origins in turn leave few pools and few connections', async () => {
  const listener = await listen(ok);
  const sender = makeSender({ idleOrigins: 50, lookup: resolvesTo('127.0.0.1') });
  for (let i = 0; i < 2_000; i++) {
    expect(await post(sender, `http://l${i}.example:${listener.port}/`)).toMatchObject({ status: 204 });
    expect(sender.stats().sockets).toBeLessThanOrEqual(51);
  }
  expect(sender.stats().origins).toBe(50);
  await until(() => listener.open.size <= 50);
  expect(listener.accepted()).toBe(2_000);
}, 120_000);

test('the origins used last are the ones kept', async () => {
  const listener = await listen(ok);
  const sender = makeSender({ idleOrigins: 2, lookup: resolvesTo('127.0.0.1') });
  for (const name of ['a', 'b', 'a', 'c']) await post(sender, `http://${name}.example:${listener.port}/`);
  expect(listener.accepted()).toBe(3);
  await post(sender, `http://a.example:${listener.port}/`);
  expect(listener.accepted()).toBe(3);
  await post(sender, `http://b.example:${listener.port}/`);
  expect(listener.accepted()).toBe(4);
});

test('an origin with a send under way is never evicted', async () => {
  let answer: (() => void) | undefined;
  const slow = await listen((_request, response) => (answer = () => response.writeHead(201).end()));
  const quick = await listen(ok);
  const sender = makeSender({ idleOrigins: 0 });
  const waiting = post(sender, slow.url);
  await until(() => answer !== undefined);
  for (let i = 0; i < 5; i++) await post(sender, quick.url);
  expect(sender.stats()).toMatchObject({ inFlight: 1, origins: 1 });
  answer?.();
  expect(await waiting).toMatchObject({ status: 201 });
});

test('an origin idle for a minute is forgotten, with its connections', async () => {
  const listener = await listen((_request, response) => {
    response.writeHead(204, { 'keep-alive': 'timeout=3600' }).end();
  });
  const clock = createFakeClock();
  const sender = makeSender({ clock });
  await post(sender, listener.url);
  clock.advance(59_999);
  expect(sender.stats()).toMatchObject({ origins: 1, sockets: 1 });
  clock.advance(1);
  expect(sender.stats().origins).toBe(0);
  await until(() => listener.open.size === 0);
});

test('idle connections give way when there are too many', async () => {
  const listener = await listen(ok);
  const sender = makeSender({ maxSockets: 10, lookup: resolvesTo('127.0.0.1') });
  for (let i = 0; i < 40; i++) {
    await post(sender, `http://l${i}.example:${listener.port}/`);
    expect(sender.stats().sockets).toBeLessThanOrEqual(10);
  }
  expect(sender.stats().sockets).toBeGreaterThan(5);
});

test('connections under way at one time share the lookup of their host, later ones look again', async () => {
  const listener = await listen(ok);
  let lookups = 0;
  const sender = makeSender({
    lookup: async (host) => {
      lookups++;
      return resolvesTo('127.0.0.1')(host);
    },
  });
  const url = `http://listener.example:${listener.port}/`;
  await Promise.all(Array.from({ length: 16 }, () => post(sender, url)));
  expect(listener.accepted()).toBe(16);
  expect(lookups).toBe(1);
  await Promise.all(Array.from({ length: 17 }, () => post(sender, url)));
  expect(lookups).toBe(2);
});

test('close gives up what is in flight, closes all connections and refuses what comes later', async () => {
  const slow = await listen(never);
  const quick = await listen(ok);
  const sender = makeSender({ lookup: () => new Promise<never>(() => undefined) });
  await post(sender, quick.url);
  const answers: Promise<CallbackAnswer>[] = [
    post(sender, slow.url),
    post(sender, slow.url),
    post(sender, 'http://never-resolved.example/'),
  ];
  await until(() => slow.open.size === 2);
  await sender.close();
  for (const answer of await Promise.all(answers)) expect(answer).toMatchObject({ failure: 'aborted' });
  await until(() => slow.open.size === 0 && quick.open.size === 0);
  expect(sender.stats()).toEqual({ inFlight: 0, origins: 0, sockets: 0 });
  expect(await post(sender, quick.url)).toMatchObject({ failure: 'aborted' });
  expect(quick.accepted()).toBe(1);
});

test('a status that was known when the sender closed still counts', async () => {
  let written = 0;
  const listener = await listen((_request, response) => {
    response.writeHead(200);
    response.write('half', () => written++);
  });
  const sender = makeSender();
  const answer = post(sender, listener.url);
  await until(() => written === 1);
  // A whole round trip later the first answer's headers have been read for certain.
  expect(await post(makeSender({ maxAnswerBytes: 1 }), listener.url)).toMatchObject({ status: 200 });
  expect(sender.stats().inFlight).toBe(1);
  await sender.close();
  expect(await answer).toMatchObject({ status: 200, text: 'half' });
});
