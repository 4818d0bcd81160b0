import type { RequestListener } from 'node:http';
import { begin, listen, listenRaw, makeSender, post, resolvesTo, until } from './setting.ts';

const ok: RequestListener = (request, response) => {
  request.resume();
  request.on('end', () => response.writeHead(204).end());
};
const BROKEN_OFF = {
  failure: 'aborted',
  message: 'broken off while waiting for the answer',
  durationMs: expect.any(Number) as number,
};

/** A listener that keeps its requests, and answers them when told. */
async function patient() {
  const answers: (() => void)[] = [];
  const listener = await listen((_request, response) =>
    answers.push(() => void response.writeHead(204).end()),
  );
  return { listener, answers };
}

test('RULES 9: one attempt is broken off: its socket is closed at once, the others of its origin go on', async () => {
  const { listener, answers } = await patient();
  const sender = makeSender();
  const first = begin(sender, listener.url);
  await until(() => answers.length === 1);
  const [socket] = listener.open;
  const second = begin(sender, listener.url);
  await until(() => answers.length === 2);
  first.abort();
  expect(await first.answer).toEqual(BROKEN_OFF);
  expect(sender.stats()).toMatchObject({ inFlight: 1, origins: 1 });
  await until(() => listener.open.size === 1);
  expect(socket && listener.open.has(socket)).toBe(false);
  answers[1]?.();
  expect(await second.answer).toMatchObject({ status: 204 });
  expect(sender.stats().inFlight).toBe(0);
});

test('an origin whose attempts were all broken off is called again, and forgotten as any other', async () => {
  const { listener, answers } = await patient();
  const sender = makeSender({ idleOrigins: 0 });
  for (const round of [1, 2, 3]) {
    const sending = begin(sender, listener.url);
    await until(() => answers.length === round);
    sending.abort();
    expect(await sending.answer).toEqual(BROKEN_OFF);
    expect(sender.stats()).toMatchObject({ inFlight: 0, origins: 0 });
  }
  await until(() => listener.open.size === 0 && sender.stats().sockets === 0);
});

test('broken off while connecting: nothing is sent when the connection comes about after all', async () => {
  let requests = 0;
  const listener = await listen(() => requests++);
  const name = Promise.withResolvers<null>();
  const lookup = async (host: string) => {
    await name.promise;
    return resolvesTo('127.0.0.1')(host);
  };
  const sender = makeSender({ lookup });
  const sending = begin(sender, `http://listener.example:${listener.port}/`);
  sending.abort();
  expect(await sending.answer).toMatchObject({
    failure: 'aborted',
    message: 'broken off while waiting for a connection',
  });
  name.resolve(null);
  await until(() => listener.accepted() === 1 && listener.open.size === 0);
  expect(requests).toBe(0);
});

test('a status that was there already counts, whatever comes of the rest', async () => {
  let written = 0;
  const listener = await listen((_request, response) => {
    response.writeHead(201);
    response.write('half', () => written++);
  });
  const sender = makeSender();
  const sending = begin(sender, listener.url);
  await until(() => written === 1);
  // A whole round trip later the first answer's headers have been read for certain.
  expect(await post(makeSender({ maxAnswerBytes: 1 }), listener.url)).toMatchObject({ status: 201 });
  sending.abort();
  expect(await sending.answer).toMatchObject({ status: 201, text: 'half' });
  await until(() => listener.open.size === 0);
});

test('after the answer it changes nothing: the connection is used again', async () => {
  const listener = await listen(ok);
  const sender = makeSender();
  for (let i = 0; i < 3; i++) {
    const sending = begin(sender, listener.url);
    expect(await sending.answer).toMatchObject({ status: 204 });
    sending.abort();
    sending.abort();
    expect(await sending.answer).toMatchObject({ status: 204 });
  }
  expect(listener.accepted()).toBe(1);
});

test('twice is once; and one that failed by itself keeps its failure', async () => {
  const { listener, answers } = await patient();
  const sender = makeSender();
  const hanging = begin(sender, listener.url);
  await until(() => answers.length === 1);
  hanging.abort();
  hanging.abort();
  expect(await hanging.answer).toEqual(BROKEN_OFF);
  const broken = await listenRaw((socket) => socket.resetAndDestroy());
  const failed = begin(sender, broken.url);
  expect(await failed.answer).toMatchObject({ failure: 'connect' });
  failed.abort();
  const refused = begin(sender, 'ftp://127.0.0.1/');
  refused.abort();
  expect(await refused.answer).toMatchObject({ failure: 'refused-by-policy' });
});
