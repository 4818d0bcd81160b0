/** What else clients get wrong: a TMF Error with a reason a person can act on, and the gateway goes on. */
import request from 'supertest';
import { createAddressPolicy } from '../../src/callbacks/policy.ts';
import { parseCallbackUrl } from '../../src/callbacks/callback-url.ts';
import { ORDERS_V4, ORDERS_V5, startParts } from './gateway-parts.ts';
import { CALLBACK, expectError, expectGoesOn, json } from './refused.ts';
import type { Refused } from './refused.ts';

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
    expect((await json(ORDERS_V4, parts).send({ callback: 'http://no.such.host.invalid/x' })).status).toBe(
      201,
    );
  });
});

describe('queries', () => {
  test.each([
    ['an event type of another API', 'eventType=AlarmCreateEvent', /ProductOrderCreateEvent/],
    ['a sign that is no operator', 'priority~3', /character 9: '~' is no operator/],
    ['the sample of the specifications', 'data', /data/],
    ['something else', '&&', /character/],
  ])('%s is 400', async (_name, query, message) => {
    const parts = await startParts();
    expectError(await json(ORDERS_V4, parts).send({ callback: CALLBACK, query }), 400, message);
    expect(parts.registry.rows()).toEqual([]);
  });

  test('JSONPath that is more than a filter is 501', async () => {
    const parts = await startParts();
    const answer = await json(ORDERS_V4, parts).send({ callback: CALLBACK, query: '$.event.productOrder' });
    expectError(answer, 501, /character 2: JSONPath with a selection that is no filter is not supported/);
    expect(parts.registry.rows()).toEqual([]);
  });

  test('hub.lenientQuery takes the sample as everything, but not the name of an event type', async () => {
    const parts = await startParts({ lenientQuery: true });
    const answer = await json(ORDERS_V4, parts).send({ callback: CALLBACK, query: 'data' });
    expect([answer.status, (answer.body as { query: string }).query]).toEqual([201, 'data']);
    expectError(
      await json(ORDERS_V4, parts).send({ callback: CALLBACK, query: 'FooCreateEvent' }),
      400,
      /Foo/,
    );
    const restarted = await startParts({ registry: parts.registry });
    expect(restarted.registrations.all()).toMatchObject([{ state: 'active', query: 'data' }]);
  });

  test('hub.unknownEventTypes: accept takes types of your own', async () => {
    const parts = await startParts({ unknownEventTypes: 'accept' });
    const query = 'eventType=PizzaBakedEvent';
    expect((await json(ORDERS_V4, parts).send({ callback: CALLBACK, query })).status).toBe(201);
  });
});

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
