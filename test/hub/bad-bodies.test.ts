/** Bodies that clients get wrong: a TMF Error with a reason a person can act on, and the gateway goes on. */
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import request from 'supertest';
import { ORDERS_V4, ORDERS_V5, startParts } from './gateway-parts.ts';
import { CALLBACK, expectError, expectGoesOn, json } from './refused.ts';

describe('bodies', () => {
  test.each([
    ['malformed JSON', '{"callback": "http://a.example"', 400, /not JSON: .*position 31/],
    ['no JSON at all', 'callback=http://a.example', 400, /not JSON/],
    ['an empty body', '', 400, /no body/],
    ['an array', '[]', 400, /the body must be object/],
    ['null', 'null', 400, /the body must be object/],
    ['no callback', '{"query": ""}', 400, /callback must have required property 'callback'/],
    [
      'a callback that is no text',
      '{"callback": {"url": "http://a.example"}}',
      400,
      /callback must be string/,
    ],
    ['an empty callback', '{"callback": ""}', 400, /callback must NOT have fewer than 1 characters/],
    ['a query that is no text', '{"callback": "http://a.example", "query": 5}', 400, /query must be string/],
    [
      'an unknown ordering',
      '{"callback": "http://a.example", "ordering": "fifo"}',
      400,
      /ordering must be equal to one of the allowed values: key, none$/,
    ],
  ])('%s', async (_name, body, status, message) => {
    const parts = await startParts();
    expectError(await json(ORDERS_V4, parts).send(body), status, message);
    await expectGoesOn(parts);
  });

  test('bytes that are no UTF-8', async () => {
    const parts = await startParts();
    const bytes = Buffer.concat([
      Buffer.from('{"callback":"http://a.example/'),
      Buffer.from([0xff]),
      Buffer.from('"}'),
    ]);
    expectError(
      await json(ORDERS_V4, parts)
        .serialize((body: unknown) => body as string)
        .send(bytes as never),
      400,
      /UTF-8/,
    );
  });

  test('a byte order mark is forgiven', async () => {
    const parts = await startParts();
    expect((await json(ORDERS_V4, parts).send(`\uFEFF{"callback":"${CALLBACK}"}`)).status).toBe(201);
  });

  test.each([
    ['application/x-www-form-urlencoded', 'callback=http://a.example'],
    ['text/plain', '{"callback":"http://a.example"}'],
    ['application/xml', '<hub/>'],
    ['application/jsonp', '{}'],
  ])('content type %s is 415 and says what to send', async (type, body) => {
    const parts = await startParts();
    const answer = await request(parts.app).post('/hub').set('Content-Type', type).send(body);
    expectError(answer, 415, /send Content-Type: application\/json/);
    await expectGoesOn(parts);
  });

  test('no content type is 415', async () => {
    const parts = await startParts();
    const answer = await request(parts.app).post('/hub').unset('Content-Type').send(undefined);
    expectError(answer, 415, /no Content-Type/);
  });

  test('64 KiB and one byte is 413; so are 10 MB, also when they are packed', async () => {
    const parts = await startParts();
    const filled = (size: number) => {
      const empty = JSON.stringify({ callback: CALLBACK, note: '' });
      return JSON.stringify({ callback: CALLBACK, note: 'x'.repeat(size - empty.length) });
    };
    expect((await json(ORDERS_V4, parts).send(filled(64 * 1024))).status).toBe(201);
    expectError(await json(ORDERS_V4, parts).send(filled(64 * 1024 + 1)), 413, /65536 bytes/);
    expectError(await json(ORDERS_V5, parts).send(filled(10_000_000)), 413, /65536 bytes/);

    const { gzipSync } = await import('node:zlib');
    const packed = gzipSync(filled(10_000_000));
    const answer = await json(ORDERS_V4, parts)
      .set('Content-Encoding', 'gzip')
      .serialize((body: unknown) => body as string)
      .send(packed as never);
    expectError(answer, 413, /65536 bytes/);
    await expectGoesOn(parts);
  });

  test('members that could reach into the gateway do not', async () => {
    const parts = await startParts();
    const body = `{"__proto__":{"ordering":"none","polluted":1},"constructor":{"prototype":{"x":1}},"callback":"${CALLBACK}"}`;
    const answer = await json('', parts).send(body);
    expect(answer.status).toBe(201);
    expect(parts.registry.rows()).toMatchObject([{ ordering: 'key' }]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expectError(await json('', parts).send('{"__proto__":{"callback":"http://a.example"}}'), 400, /callback/);
  });

  test('a client that hangs up in the middle disturbs nobody', async () => {
    const parts = await startParts();
    const server = createServer(parts.app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const head =
      'POST /hub HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{';
    await new Promise<void>((resolve) => socket.write(head, () => resolve()));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.destroy();
    await closed;
    await expectGoesOn(parts);
    await new Promise((resolve) => server.close(resolve));
  });
});
