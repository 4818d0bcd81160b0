/** What clients get wrong: a TMF Error with a reason a person can act on, and the gateway goes on. */
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import request from 'supertest';
import { createAddressPolicy } from '../../src/callbacks/policy.ts';
import { parseCallbackUrl } from '../../src/callbacks/callback-url.ts';
import { ORDERS_V4, ORDERS_V5, startParts } from './gateway-parts.ts';
import type { Parts } from './gateway-parts.ts';

interface Refused {
  code: string;
  reason: string;
  message: string;
  status: string;
  '@type'?: string;
}

const CALLBACK = 'http://billing.example/listener';
const json = (base: string, parts: Parts) =>
  request(parts.app).post(`${base}/hub`).set('Content-Type', 'application/json');

function expectError(answer: request.Response, status: number, message: RegExp): void {
  const body = answer.body as Refused;
  expect([answer.status, body.message]).toEqual([status, expect.stringMatching(message)]);
  expect(body).toMatchObject({ status: String(status), code: expect.any(String), reason: expect.any(String) });
}

/** Still there for others: the next good request is answered. */
async function expectGoesOn(parts: Parts): Promise<void> {
  expect((await json(ORDERS_V4, parts).send({ callback: CALLBACK })).status).toBe(201);
}

describe('bodies', () => {
  test.each([
    ['malformed JSON', '{"callback": "http://a.example"', 400, /not JSON: .*position 31/],
    ['no JSON at all', 'callback=http://a.example', 400, /not JSON/],
    ['an empty body', '', 400, /no body/],
    ['an array', '[]', 400, /the body must be object/],
    ['null', 'null', 400, /the body must be object/],
    ['no callback', '{"query": ""}', 400, /callback must have required property 'callback'/],
    ['a callback that is no text', '{"callback": {"url": "http://a.example"}}', 400, /callback must be string/],
    ['an empty callback', '{"callback": ""}', 400, /callback must NOT have fewer than 1 characters/],
    ['a query that is no text', '{"callback": "http://a.example", "query": 5}', 400, /query must be string/],
    ['an unknown ordering', '{"callback": "http://a.example", "ordering": "fifo"}', 400, /ordering must be equal to one/],
  ])('%s', async (_name, body, status, message) => {
    const parts = await startParts();
    expectError(await json(ORDERS_V4, parts).send(body), status, message);
    await expectGoesOn(parts);
  });

  test('bytes that are no UTF-8', async () => {
    const parts = await startParts();
    const bytes = Buffer.concat([Buffer.from('{"callback":"http://a.example/'), Buffer.from([0xff]), Buffer.from('"}')]);
    expectError(await json(ORDERS_V4, parts).serialize((body) => body).send(bytes as never), 400, /UTF-8/);
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
      .serialize((body) => body)
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
    const head = 'POST /hub HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{';
    await new Promise<void>((resolve) => socket.write(head, () => resolve()));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.destroy();
    await closed;
    await expectGoesOn(parts);
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('callbacks', () => {
  const policy = createAddressPolicy({
    allow: [],
    ownAddresses: () => ({ hosts: [], ports: [8080, 8081] }),
    localAddresses: () => [],
  });
  /** As the real sender says it. */
  const refusal = (url: string) => {
    const target = parseCallbackUrl(url, ['http', 'https']);
    return typeof target === 'string' ? target : policy.refuseHost(target.host, target.port);
  };

  test.each([
    ['http://169.254.169.254/latest/meta-data', /169\.254\.169\.254/],
    ['javascript:alert(1)', /javascript/],
    ['file:///etc/passwd', /file/],
    ['http://user:secret@a.example/', /credentials/],
    ['not a url', /URL/],
    ['/listener', /https:\/\/host\/path/],
    ['http://a.example/\r\nX-Injected: 1', /control characters/],
    ['http://127.0.0.1:8081/admin', /gateway itself/],
    [`http://a.example/${'x'.repeat(3000)}`, /longer/],
  ])('%s', async (callback, message) => {
    const parts = await startParts({ refusal });
    const answer = await json(ORDERS_V5, parts).send({ '@type': 'Hub', callback });
    expectError(answer, 400, message);
    expect((answer.body as Refused).code).toBe('callbackRefused');
    expect(answer.text).not.toContain('secret@');
    expect(parts.registry.rows()).toEqual([]);
    await expectGoesOn(parts);
  });

  test('a host that does not exist is registered: nothing is resolved or called', async () => {
    const parts = await startParts({ refusal });
    expect((await json(ORDERS_V4, parts).send({ callback: 'http://no.such.host.invalid/x' })).status).toBe(201);
  });
});

describe('queries', () => {
  test.each([
    ['an event type of another API', 'eventType=AlarmCreateEvent', /ProductOrderCreateEvent/],
    ['an operator that is not understood', 'priority.gt=3', /character 1: .*not supported/],
    ['the sample of the specifications', 'data', /data/],
    ['something else', '&&', /character/],
  ])('%s is 400', async (_name, query, message) => {
    const parts = await startParts();
    expectError(await json(ORDERS_V4, parts).send({ callback: CALLBACK, query }), 400, message);
    expect(parts.registry.rows()).toEqual([]);
  });

  test('hub.lenientQuery takes the sample as everything, but not the name of an event type', async () => {
    const parts = await startParts({ lenientQuery: true });
    const answer = await json(ORDERS_V4, parts).send({ callback: CALLBACK, query: 'data' });
    expect([answer.status, (answer.body as { query: string }).query]).toEqual([201, 'data']);
    expectError(await json(ORDERS_V4, parts).send({ callback: CALLBACK, query: 'FooCreateEvent' }), 400, /Foo/);
    const restarted = await startParts({ registry: parts.registry });
    expect(restarted.registrations.all()).toMatchObject([{ state: 'active', query: 'data' }]);
  });

  test('hub.unknownEventTypes: accept takes types of your own', async () => {
    const parts = await startParts({ unknownEventTypes: 'accept' });
    const query = 'eventType=PizzaBakedEvent';
    expect((await json(ORDERS_V4, parts).send({ callback: CALLBACK, query })).status).toBe(201);
  });
});

test.each(['profile', 'headers', 'auth', 'secret', 'retry'])(
  'the extension "%s" is refused with 501 rather than left out silently',
  async (name) => {
    const parts = await startParts();
    const answer = await json(ORDERS_V4, parts).send({ callback: CALLBACK, [name]: 'whsec_geheim' });
    expectError(answer, 501, new RegExp(`"${name}"`));
    expect(answer.text).not.toContain('geheim');
    expect(parts.registry.rows()).toEqual([]);
  },
);

describe('paths and methods', () => {
  test.each([
    ['put', `${ORDERS_V4}/hub`, 'GET, POST'],
    ['patch', '/hub/42', 'GET, DELETE'],
    ['get', '/event', 'POST'],
    ['delete', `${ORDERS_V5}/listener/productOrderCreateEvent`, 'POST'],
  ] as const)('%s %s is 405 with Allow', async (method, path, allow) => {
    const { app } = await startParts();
    const answer = await request(app)[method](path);
    expectError(answer, 405, /only/);
    expect(answer.headers['allow']).toBe(allow);
  });

  test.each([
    ['/tmf-api/productOrderingManagement/v9/hub', /productOrderingManagement\/v4/],
    ['/tmf-api/ProductOrderingManagement/v4/hub', /productOrderingManagement\/v4/],
    ['/productOrderingManagement/v4/hub', /productOrderingManagement\/v4/],
    [`${ORDERS_V4}/productOrder`, /only \/hub/],
    ['/tmf-api/noSuchThing/v4/hub', /openapi\.json/],
    ['/', /openapi\.json/],
    ['/hub/a/b', /openapi\.json/],
    [`/hub/${'x'.repeat(129)}`, /openapi\.json/],
    ['/hub/%E0%A4%A', /openapi\.json/],
  ])('%s is 404 and helps', async (path, message) => {
    const { app } = await startParts();
    expectError(await request(app).get(path), 404, message);
  });

  test('an id can hold anything and finds nothing', async () => {
    const { app } = await startParts();
    for (const id of ['..%2f..%2fadmin', '__proto__', 'constructor', '%0d%0aX-Injected:%201', '%00']) {
      const answer = await request(app).get(`${ORDERS_V4}/hub/${id}`);
      expectError(answer, 404, /no subscription/);
      expect(answer.headers).not.toHaveProperty('x-injected');
    }
  });

  test('errors have @type from v5 on, and only there', async () => {
    const { app } = await startParts();
    const v4 = await request(app).get(`${ORDERS_V4}/hub/42`);
    const v5 = await request(app).get(`${ORDERS_V5}/hub/42`);
    expect(v4.body).not.toHaveProperty('@type');
    expect(v4.headers['content-type']).toBe('application/json;charset=utf-8');
    expect(v5.body).toHaveProperty('@type', 'Error');
    expect(v5.headers['content-type']).toBe('application/json');
  });

  test.each(['limit=-1', 'limit=x', 'offset=1.5', 'offset='])('GET /hub?%s is 400', async (query) => {
    const { app } = await startParts();
    expectError(await request(app).get(`/hub?${query}`), 400, /limit|offset/);
  });
});

test('a mistake of our own is 500 without its details, which are in the log', async () => {
  const parts = await startParts({
    refusal: () => {
      throw new Error('internal: /etc/secret');
    },
  });
  const answer = await json(ORDERS_V4, parts).send({ callback: CALLBACK });
  expectError(answer, 500, /log/);
  expect(answer.text).not.toContain('/etc/secret');
  expect(parts.logged).toContain('hub.request.failed');
});
