import request from 'supertest';
import { catalogue, NOW, ORDERS_V4, ORDERS_V5, startParts } from './gateway-parts.ts';
import type { Parts } from './gateway-parts.ts';

const EVENT = {
  eventId: 'e-1',
  eventTime: '2026-03-01T11:59:58Z',
  eventType: 'ProductOrderCreateEvent',
  correlationId: 'c-7',
  event: { productOrder: { id: '4711', state: 'acknowledged' } },
};

function post(parts: Parts, path: string, body: string | object, headers: Record<string, string> = {}) {
  return request(parts.app)
    .post(path)
    .set({ 'Content-Type': 'application/json', ...headers })
    .send(typeof body === 'string' ? body : JSON.stringify(body));
}

function expectRefused(answer: request.Response, status: number, message: RegExp, code?: string): void {
  const body = answer.body as { message: string; code: string };
  expect([answer.status, body.message]).toEqual([status, expect.stringMatching(message)]);
  if (code !== undefined) expect(body.code).toBe(code);
}

test('201 answers the stored bytes, which are those that were sent', async () => {
  const parts = await startParts();
  const text = ` {"eventType" : "ProductOrderCreateEvent", "eventId":"e-1","eventTime":"2026-03-01T11:59:58Z",
    "big": 12345678901234567890.10, "umlaut":"\\u00fc ü", "event":{"productOrder":{"id":"4711"}} } `;
  const answer = await post(parts, `${ORDERS_V4}/event`, text);
  expect(answer.status).toBe(201);
  expect(answer.headers['content-type']).toBe('application/json;charset=utf-8');
  expect(answer.text).toBe(text);
  expect(parts.publisher.last().text).toBe(text);
});

test('the record has topic, key and headers', async () => {
  const parts = await startParts();
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  await post(parts, `${ORDERS_V4}/event`, EVENT, { traceparent });
  expect(parts.publisher.last()).toMatchObject({ topic: 'bss.ordering.events', key: '4711' });
  expect(parts.publisher.last().headers).toEqual({
    tmfApi: 'TMF622',
    eventType: 'ProductOrderCreateEvent',
    eventId: 'e-1',
    correlationId: 'c-7',
    traceparent,
  });
});

test('what is missing is written into the event, the rest stays as it was', async () => {
  const parts = await startParts();
  const answer = await post(
    parts,
    '/event',
    '{ "eventType":"ProductOrderCreateEvent", "eventTime":null, "x":1.0, "event":{"productOrder":{}} }',
  );
  const { text, key, headers } = parts.publisher.last();
  const stored = JSON.parse(text) as Record<string, unknown>;
  expect(answer.text).toBe(text);
  expect(text).toContain('"x":1.0');
  expect(stored['eventId']).toMatch(/^id-/);
  expect(stored['eventTime']).toBe(new Date(NOW).toISOString());
  expect(headers['eventId']).toBe(stored['eventId']);
  expect(key).toBe(stored['eventId']);
});

test('POST /event: the API is said when exactly one has the type, or when the sender says it', async () => {
  const parts = await startParts();
  await post(parts, '/event', EVENT);
  expect(parts.publisher.last()).toMatchObject({
    topic: 'bss.ordering.events',
    headers: { tmfApi: 'TMF622' },
  });

  const shared =
    [...catalogue.knownEventTypes.values()].find((type) => catalogue.apisOfType(type).length > 1) ?? '';
  const [api = ''] = catalogue.apisOfType(shared);
  await post(parts, '/event', { ...EVENT, eventType: shared });
  expect(parts.publisher.last().topic).toBe('tmf.events');
  expect(parts.publisher.last().headers).not.toHaveProperty('tmfApi');
  await post(parts, '/event', { ...EVENT, eventType: shared }, { tmfApi: api });
  expect(parts.publisher.last().headers).toMatchObject({ tmfApi: api });
  expectRefused(await post(parts, '/event', EVENT, { tmfApi: 'TMF9999' }), 400, /tmfApi/);
  expectRefused(await post(parts, '/event', EVENT, { tmfApi: 'TMF642' }), 400, /AlarmCreateEvent/);
});

test('an API base path says the API, whatever the header says', async () => {
  const parts = await startParts();
  await post(parts, `${ORDERS_V5}/event`, EVENT, { tmfApi: 'TMF642' });
  expect(parts.publisher.last().headers).toMatchObject({ tmfApi: 'TMF622' });
});

describe('listener', () => {
  const untyped = { eventId: EVENT.eventId, eventTime: EVENT.eventTime, event: EVENT.event };

  test.each(['productOrderCreateEvent', 'ProductOrderCreationNotification'])(
    'an event without type has that of the path %s, as the specification spells it',
    async (name) => {
      const parts = await startParts();
      const answer = await post(parts, `${ORDERS_V4}/listener/${name}`, untyped);
      expect(answer.status).toBe(201);
      expect(answer.body).toEqual({ ...untyped, eventType: 'ProductOrderCreateEvent' });
      expect(parts.publisher.last().headers).toMatchObject({ eventType: 'ProductOrderCreateEvent' });
    },
  );

  test('a type in another dialect is kept as it was sent', async () => {
    const parts = await startParts();
    const body = { ...EVENT, eventType: 'productOrderCreationNotification' };
    const answer = await post(parts, `${ORDERS_V4}/listener/productOrderCreateEvent`, body);
    expect(answer.text).toBe(JSON.stringify(body));
  });

  test('a type that contradicts the path is 400', async () => {
    const parts = await startParts();
    const answer = await post(parts, `${ORDERS_V4}/listener/productOrderDeleteEvent`, EVENT);
    expectRefused(answer, 400, /path says productOrderDeleteEvent/, 'invalidEvent');
  });

  test('a name that the API does not have is 400', async () => {
    const parts = await startParts();
    const answer = await post(parts, `${ORDERS_V4}/listener/alarmCreateEvent`, untyped);
    expectRefused(answer, 400, /TMF622 has no events of type/, 'unknownEventType');
  });
});

describe('event types', () => {
  test('one that no API has is 400 at /event, one that this API does not have at its own', async () => {
    const parts = await startParts();
    const unknown = { ...EVENT, eventType: 'PizzaBakedEvent' };
    expectRefused(await post(parts, '/event', unknown), 400, /PizzaBakedEvent/, 'unknownEventType');
    const alarm = { ...EVENT, eventType: 'AlarmCreateEvent' };
    expectRefused(await post(parts, `${ORDERS_V4}/event`, alarm), 400, /ProductOrderCreateEvent/);
    expect(parts.publisher.records).toEqual([]);
  });

  test('hub.unknownEventTypes: accept takes any', async () => {
    const parts = await startParts({ unknownEventTypes: 'accept' });
    const unknown = { ...EVENT, eventType: 'PizzaBakedEvent' };
    expect((await post(parts, '/event', unknown)).status).toBe(201);
    expect((await post(parts, `${ORDERS_V4}/event`, unknown)).status).toBe(201);
  });

  test('an API whose types are not known takes any', async () => {
    const parts = await startParts();
    const silent = catalogue.hubs.find(({ knownEventTypes }) => knownEventTypes === null);
    const answer = await post(parts, `${silent?.basePath ?? ''}/event`, { ...EVENT, eventType: 'AnyEvent' });
    expect(answer.status).toBe(201);
    expect(parts.publisher.last().headers).toMatchObject({ tmfApi: silent?.api });
  });
});

describe('bad events', () => {
  test.each([
    ['malformed JSON', '{"eventType":', /not JSON/],
    ['an array of events', '[{}]', /one by one/],
    ['no event', '{"eventType":"ProductOrderCreateEvent"}', /"event" must be an object/],
    [
      'an event that is a text',
      '{"eventType":"ProductOrderCreateEvent","event":"x"}',
      /"event" must be an object/,
    ],
    ['no type', '{"event":{"productOrder":{"id":"1"}}}', /"eventType" is missing/],
    ['a type that is no text', '{"eventType":7,"event":{}}', /"eventType" must be/],
    ['a type of two lines', '{"eventType":"A\\r\\nX: 1","event":{}}', /"eventType" must be/],
    [
      'an id of two lines',
      '{"eventId":"1\\r\\nX: 1","eventType":"ProductOrderCreateEvent","event":{}}',
      /one line/,
    ],
    [
      'an id that is an object',
      '{"eventId":{},"eventType":"ProductOrderCreateEvent","event":{}}',
      /one line/,
    ],
    [
      'an inherited member',
      '{"__proto__":{"event":{}},"eventType":"ProductOrderCreateEvent"}',
      /"event" must/,
    ],
    ['nothing', '', /no body/],
  ])('%s is 400', async (_name, body, message) => {
    const parts = await startParts();
    expectRefused(await post(parts, '/event', body), 400, message);
    expect(parts.publisher.records).toEqual([]);
    expect((await post(parts, '/event', EVENT)).status).toBe(201);
  });

  test('a wrong content type is 415, more than 4 MiB is 413', async () => {
    const parts = await startParts();
    const form = await post(parts, '/event', 'a=b', { 'Content-Type': 'application/x-www-form-urlencoded' });
    expectRefused(form, 415, /application\/json/);
    const filled = (size: number) => {
      const empty = JSON.stringify({ ...EVENT, description: '' });
      return JSON.stringify({ ...EVENT, description: 'x'.repeat(size - empty.length) });
    };
    expectRefused(await post(parts, '/event', filled(4 * 1024 * 1024 + 1)), 413, /4194304 bytes/);
    expect((await post(parts, '/event', filled(4 * 1024 * 1024))).status).toBe(201);
  });

  test('headers that are none are left in the event and never become one', async () => {
    const parts = await startParts();
    const body = { ...EVENT, correlationId: 'c\r\nX: 1' };
    expect((await post(parts, '/event', body, { traceparent: 'nonsense' })).status).toBe(201);
    expect(parts.publisher.last().headers).not.toHaveProperty('correlationId');
    expect(parts.publisher.last().headers).not.toHaveProperty('traceparent');
    expect(parts.publisher.last().text).toBe(JSON.stringify(body));
  });
});

test('RULES 26: what cannot be made durable is 503 with Retry-After, and the next one is taken', async () => {
  const parts = await startParts();
  parts.publisher.refusing = true;
  const answer = await post(parts, `${ORDERS_V5}/event`, EVENT);
  expectRefused(answer, 503, /not accepted/, 'unavailable');
  expect(answer.headers).toMatchObject({ 'retry-after': '5' });
  expect(answer.body).toMatchObject({ '@type': 'Error' });
  parts.publisher.refusing = false;
  expect((await post(parts, `${ORDERS_V5}/event`, EVENT)).status).toBe(201);
});

test('TMF666 v4 may carry the resource in payload', async () => {
  const parts = await startParts();
  const [type = ''] = catalogue.eventTypesOf('TMF666');
  const base = catalogue.hubs.find(({ api }) => api === 'TMF666')?.basePath ?? '';
  const answer = await post(parts, `${base}/event`, {
    eventType: type,
    payload: { billingAccount: { id: 'a-1' } },
  });
  expect(answer.status).toBe(201);
  expect(parts.publisher.last().key).toBe('a-1');
});
