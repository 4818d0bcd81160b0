import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { listen, listenRaw, makeSender, post } from './setting.ts';

test.each([200, 201, 202, 204, 400, 401, 404, 410, 415, 429, 500, 503])(
  'the status is the answer: %d',
  async (status) => {
    const listener = await listen((request, response) => {
      request.resume();
      response.writeHead(status).end();
    });
    const answer = await post(makeSender(), listener.url);
    expect(answer).toEqual({
      status,
      retryAfter: undefined,
      text: '',
      durationMs: expect.any(Number) as number,
    });
  },
);

test.each([301, 302, 303, 307, 308])(
  'PITFALLS 26: a redirect is a status, never followed: %d',
  async (status) => {
    const asked: (string | undefined)[] = [];
    const listener = await listen((request, response) => {
      asked.push(request.url);
      response.writeHead(status, { location: '/elsewhere' }).end();
    });
    expect(await post(makeSender(), listener.url)).toMatchObject({ status });
    expect(asked).toEqual(['/hook']);
  },
);

test('the listener gets the body byte by byte, the headers, and exactly the path and query registered', async () => {
  const body = Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 256));
  const got: { method?: string; url?: string; headers?: IncomingHttpHeaders; version?: string } = {};
  const chunks: Buffer[] = [];
  const listener = await listen((request, response) => {
    const { method, url, headers, httpVersion: version } = request;
    Object.assign(got, { method, url, headers, version });
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => response.writeHead(204).end());
  });
  const url = `http://127.0.0.1:${listener.port}/a%2Fb/c?tenant=x&y=%20z`;
  const headers = { 'content-type': 'application/json;charset=utf-8', 'x-correlation-id': 'c-1' };
  await makeSender().send({ url, headers, body }).answer;
  expect(Buffer.concat(chunks).equals(body)).toBe(true);
  expect(got).toMatchObject({ method: 'POST', url: '/a%2Fb/c?tenant=x&y=%20z', version: '1.1' });
  expect(got.headers).toMatchObject({
    ...headers,
    host: `127.0.0.1:${listener.port}`,
    'content-length': '5000',
  });
});

test('Retry-After is passed on as sent', async () => {
  const listener = await listen((_request, response) => {
    response.writeHead(503, { 'Retry-After': 'Fri, 31 Dec 2027 23:59:59 GMT' }).end();
  });
  const answer = await post(makeSender(), listener.url);
  expect(answer).toMatchObject({ status: 503, retryAfter: 'Fri, 31 Dec 2027 23:59:59 GMT' });
});

test('the first 1 KB of the answer is kept as text, in however many pieces it comes', async () => {
  const listener = await listen((_request, response) => {
    response.writeHead(422);
    response.write('{"reason":"unknown field"}');
    response.end('.'.repeat(5000));
  });
  const answer = await post(makeSender(), listener.url);
  expect(answer).toMatchObject({ text: '{"reason":"unknown field"}'.padEnd(1024, '.') });
});

test('a character cut in two by the limit is left out', async () => {
  const listener = await listen((_request, response) => {
    response.writeHead(500).end(`${'.'.repeat(1022)}€€`);
  });
  expect(await post(makeSender(), listener.url)).toMatchObject({ text: '.'.repeat(1022) });
});

test('an early answer of information (103) is not the answer', async () => {
  const listener = await listenRaw((socket) => {
    socket.once('data', () => {
      socket.write(
        'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n',
      );
    });
  });
  expect(await post(makeSender(), listener.url)).toMatchObject({ status: 201 });
});

test('an endless answer is read to the limit and cut off', async () => {
  let sent = 0;
  let closed: Promise<unknown> | undefined;
  const listener = await listen((_request, response) => {
    closed = once(response, 'close');
    response.writeHead(200);
    const pour = () => {
      while (!response.destroyed && response.write('x'.repeat(16_384))) sent += 16_384;
    };
    response.on('drain', pour);
    pour();
  });
  const answer = await post(makeSender({ maxAnswerBytes: 65_536 }), listener.url);
  expect(answer).toMatchObject({ status: 200, text: 'x'.repeat(1024) });
  await closed;
  // What the kernels' buffers hold is beyond anybody's control; far more than that must not have been read.
  expect(sent).toBeLessThan(32 * 1024 * 1024);
});

test.each([200, 500])('a body that breaks off does not change the status: %d', async (status) => {
  const listener = await listenRaw((socket) => {
    socket.once('data', () => {
      socket.write(`HTTP/1.1 ${status} X\r\nContent-Length: 100\r\n\r\nhalf`, () => socket.resetAndDestroy());
    });
  });
  expect(await post(makeSender(), listener.url)).toMatchObject({ status, text: 'half' });
});

test('a body of another length than announced does not change the status', async () => {
  const listener = await listenRaw((socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'));
  });
  expect(await post(makeSender(), listener.url)).toMatchObject({ status: 200 });
});
