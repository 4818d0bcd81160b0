import fc from 'fast-check';
import { validateHeaderValue } from 'node:http';
import type { Delivery } from '../../src/brokers/broker.ts';
import { attemptOf, remember, requestOf, targetOf } from '../../src/delivery/attempt.ts';
import { Dialect } from '../../src/delivery/dialect.ts';
import type { TmfEvent } from '../../src/tmf/event.ts';
import { createProfiles } from '../../src/tmf/profiles.ts';
import { subscription } from '../support/sim-gateway.ts';
import { answered, failed, ids, Scene } from './scene.ts';

const document = {
  eventId: 'e1',
  eventTime: '2026-01-01T00:00:00Z',
  eventType: 'XCreateEvent',
  event: { x: { id: 'x1' } },
};

function event(given: Partial<TmfEvent> = {}): TmfEvent {
  return {
    id: 'e1',
    type: 'XCreateEvent',
    apis: [],
    orderingKey: 'x1',
    correlationId: undefined,
    traceparent: undefined,
    topic: undefined,
    time: 0,
    bytes: Buffer.from(JSON.stringify(document)),
    ...given,
  };
}

function delivery(given: Partial<TmfEvent> = {}, more: Partial<Delivery> = {}): Delivery {
  return { event: event(given), attempts: 0, replay: false, history: undefined, ...more } as Delivery;
}

const hub = (major: number | null) => {
  const scope = { basePath: '', api: null, major };
  const dialect = new Dialect(createProfiles().standard, scope, { eventOf: () => undefined }, undefined);
  return targetOf(subscription('s', { scope, callback: 'https://l.example/cb?a=1' }), dialect);
};
const headersOf = (given: Partial<TmfEvent>) => requestOf(delivery(given), hub(null), 0).headers;

describe('the request of an attempt', () => {
  test('goes to exactly the callback, with the headers of HUB-CONTRACT 4', () => {
    const given = delivery({ correlationId: 'c1', traceparent: '00-aa-bb-01' });
    expect(requestOf(given, hub(null), 1_234_567)).toEqual({
      url: 'https://l.example/cb?a=1',
      headers: {
        'content-type': 'application/json',
        'webhook-id': 'e1:s',
        'webhook-timestamp': '1234',
        'x-tmf-hub-attempt': '1',
        'x-correlation-id': 'c1',
        traceparent: '00-aa-bb-01',
      },
      body: given.event.bytes,
    });
  });

  test('a replay is marked', () => {
    expect(requestOf(delivery({}, { replay: true }), hub(null), 0).headers).toMatchObject({
      'x-tmf-hub-replay': 'true',
    });
  });

  test.each([
    [null, 'application/json', {}],
    [1, 'application/json', {}],
    [3, 'application/json', {}],
    [4, 'application/json;charset=utf-8', {}],
    [5, 'application/json', { '@type': 'XCreateEvent', '@baseType': 'Event' }],
    [6, 'application/json', { '@type': 'XCreateEvent', '@baseType': 'Event' }],
  ])('a hub of version %s gets its envelope and media type', (major, type, added) => {
    const { headers, body } = requestOf(delivery(), hub(major), 0);
    expect(headers['content-type']).toBe(type);
    expect(JSON.parse(Buffer.from(body).toString())).toEqual({ ...document, ...added });
  });

  test('a v4 hub gets an envelope without the members of v5', () => {
    const bytes = Buffer.from(JSON.stringify({ ...document, '@type': 'XCreateEvent', timeOccurred: 't' }));
    const { body } = requestOf(delivery({ bytes }), hub(4), 0);
    expect(JSON.parse(Buffer.from(body).toString())).toEqual({ ...document, timeOcurred: 't' });
  });

  test('the bytes of one version are built once, and shared by all that want it', () => {
    const shared = event();
    const of = (major: number) => requestOf({ ...delivery(), event: shared }, hub(major), 0).body;
    expect(of(5)).toBe(of(5));
    expect(of(6)).toBe(of(5));
    expect(of(5)).not.toBe(of(4));
    expect(of(1)).toBe(shared.bytes);
  });
});

describe('what an event says cannot become a header of its own', () => {
  test.each([
    ['e1\r\nx-admin: true', 'e1%0D%0Ax-admin%3A%20true'],
    ['e1\nset-cookie: a', 'e1%0Aset-cookie%3A%20a'],
    ['e\u0000', 'e%00'],
    ['ünï', '%C3%BCn%C3%AF'],
    [' padded ', '%20padded%20'],
    ['\u2028', '%E2%80%A8'],
    ['plain id/42', 'plain id/42'],
  ])('%j', (id, written) => {
    expect(headersOf({ id, correlationId: id, traceparent: id })).toMatchObject({
      'webhook-id': `${written}:s`,
      'x-correlation-id': written,
      traceparent: written,
    });
  });

  test('half a surrogate pair neither stops the delivery nor is lost', () => {
    expect(headersOf({ id: 'a\ud800b' })['webhook-id']).toBe('a%EF%BF%BDb:s');
  });

  test('whatever it is, the client of HTTP takes the headers', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), (text) => {
        const headers = headersOf({ id: text, correlationId: text, traceparent: text });
        for (const [name, value] of Object.entries(headers)) validateHeaderValue(name, value);
        expect(Object.values(headers).every((value) => /^[\x20-\x7e]*$/.test(value))).toBe(true);
      }),
    );
  });

  test('an event with such an id is delivered, and so is what comes after it, to everybody', async () => {
    const scene = await Scene.with({ a: () => 204, b: () => 204 });
    await scene.publishRaw('{"eventId":"\\ud800","eventType":"XEvent","event":{"x":{"id":"1"}}}');
    await scene.publishRaw('{"eventId":"a\\r\\nb: c","eventType":"XEvent","event":{"x":{"id":"2"}}}');
    await scene.publish('k', 'e1');
    await scene.clock.advance(10_000);
    for (const id of ['a', 'b']) expect(scene.seen(id)).toEqual(['%EF%BF%BD', 'a%0D%0Ab%3A%20c', 'e1']);
  });
});

describe('what is kept of an attempt', () => {
  test('number, time, status or error, duration and answer', () => {
    const answer = answered(500, { text: 'no' }, 12.345);
    expect(attemptOf(answer, delivery({}, { attempts: 2 }), 0)).toEqual({
      n: 3,
      at: '1970-01-01T00:00:00.000Z',
      status: 500,
      answer: 'no',
      durationMs: 12.3,
    });
    expect(attemptOf(failed('timeout', 10_000), delivery(), 0)).toEqual({
      n: 1,
      at: '1970-01-01T00:00:00.000Z',
      error: 'timeout: made up',
      durationMs: 10_000,
    });
  });

  test('the numbers go on where the history ends: probes count here, though they burn no attempt', () => {
    const given = delivery({}, { attempts: 2 });
    for (let i = 0; i < 3; i++) remember(given, attemptOf(answered(503), given, 0));
    expect(given.history?.map(({ n }) => n)).toEqual([3, 4, 5]);
  });

  test('of very many the first and the latest 49', () => {
    const given = delivery();
    for (let i = 0; i < 500; i++) remember(given, attemptOf(answered(503), given, 0));
    expect(given.history).toHaveLength(50);
    expect(given.history?.slice(0, 2).map(({ n }) => n)).toEqual([1, 452]);
    expect(given.history?.at(-1)?.n).toBe(500);
  });
});

describe('PITFALLS 17: the payload arrives byte for byte', () => {
  test('up to 4 MiB, with numbers, text and whitespace as they were written', async () => {
    const scene = await Scene.with({ a: () => 204 });
    const ballast = 'ü🎉"\\'.repeat(419_000);
    const text = `{ "eventId":"e1",\n"eventTime":"2026-01-01T00:00:00Z", "eventType":"XEvent",\t"event":{"x":{"id":"1","n":12345678901234567890.10,"t":${JSON.stringify(ballast)}}} }`;
    const bytes = Buffer.from(text);
    expect(bytes.length).toBeGreaterThan((4 << 20) - 10_000);
    await scene.publishRaw(bytes);
    await scene.clock.advance(1_000);
    expect(scene.to('a')[0]?.body.equals(bytes)).toBe(true);
  });

  test('all subscriptions of one version get the same bytes; the resource is the same in each version', async () => {
    const scene = await Scene.with({});
    for (const [i, major] of [null, 3, 4, 4, 5, 5].entries())
      await scene.subscribe(`s${i}`, () => 204, { scope: { basePath: '', api: null, major } });
    const resource = '{"id" : "1","n":1.10e2, "s":"\\u00fc"}';
    await scene.publishRaw(
      `{"eventId":"e1","eventTime":"2026-01-01T00:00:00Z","eventType":"XEvent","event":{"x":${resource}}}`,
    );
    await scene.clock.advance(1_000);
    const bodies = ids(6, 's').map((id) => scene.to(id)[0]?.body.toString() ?? '');
    expect(bodies[0]).toBe(bodies[1]);
    expect(bodies[4]).toBe(bodies[5]);
    for (const body of bodies) expect(body).toContain(resource);
  });
});
