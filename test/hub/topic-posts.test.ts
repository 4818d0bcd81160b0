import request from 'supertest';
import { expectCode } from './refused.ts';
import { startParts, type Parts } from './gateway-parts.ts';

const BASE = '/tmf-api/event/v4';

let parts: Parts;
let topic: string;
let events: string;

beforeEach(async () => {
  parts = await startParts();
  topic = await create();
  events = `${BASE}/topic/${topic}/event`;
});

async function create(): Promise<string> {
  const answer = await request(parts.app).post(`${BASE}/topic`).send({});
  return (answer.body as { id: string }).id;
}

const post = (body: object, path = events) => request(parts.app).post(path).send(body);

test('an event that is posted to a topic is stored as it is, and says which topic', async () => {
  const sent =
    '{"eventType": "SiteVisitedEvent","eventId":"e1",  "eventTime":"2026-01-01T00:00:00Z",' +
    '"correlationId":"c1","event":{"site":{"id":"12"}}}';
  const answer = await request(parts.app)
    .post(events)
    .set({ 'content-type': 'application/json', tmfapi: 'TMF622', tmftopic: 'another' })
    .send(sent);
  expect([answer.status, answer.text]).toEqual([201, sent]);
  const { topic: name, key, text, headers } = parts.publisher.last();
  expect([name, key, text]).toEqual(['tmf.events', '12', sent]);
  expect(headers).toEqual({
    ...{ eventType: 'SiteVisitedEvent', eventId: 'e1', correlationId: 'c1' },
    tmfTopic: topic,
  });
});

test('what is missing is completed, as everywhere', async () => {
  const answer = await post({ eventType: 'AlarmCreateEvent', event: { alarm: { id: '1' } } });
  const { eventId } = answer.body as { eventId: string };
  expect(answer.status).toBe(201);
  expect(answer.body).toEqual({
    ...{ eventId, eventTime: '2026-03-01T12:00:00.000Z', eventType: 'AlarmCreateEvent' },
    event: { alarm: { id: '1' } },
  });
  expect(parts.publisher.last().headers).toEqual({ eventType: 'AlarmCreateEvent', eventId, tmfTopic: topic });
});

test('it may have all that TMF688 lets an event have', async () => {
  const answer = await post({
    ...{ correlationId: 'c', description: 'd', domain: 'Paris', eventId: 'e', priority: '1', title: 't' },
    ...{ eventTime: '2026-01-01T00:00:00.000Z', eventType: 'X', timeOcurred: '2026-01-01T00:00:00.000Z' },
    analyticCharacteristic: [{ id: '1', name: 'n', value: 1 }],
    event: { anything: [1, 2] },
    relatedParty: [{ id: '1', '@referredType': 'Individual' }],
    reportingSystem: { id: 'r', '@referredType': 'System' },
    source: { id: 's', '@referredType': 'System' },
    ...{ '@baseType': 'Event', '@schemaLocation': 'https://x.example/e.json', '@type': 'Event' },
  });
  expect(answer.status).toBe(201);
});

test.each([['a text'], [[{ id: 1 }]], [7], [false]])('its content may be %j', async (event) => {
  const answer = await post({ eventId: 'e1', eventType: 'X', event });
  expect([answer.status, (answer.body as { event: unknown }).event]).toEqual([201, event]);
  expect(parts.publisher.last().key).toBe('e1');
});

test.each([
  ['no content', { eventType: 'X' }],
  ['null for content', { eventType: 'X', event: null }],
  ['no type', { event: {} }],
  ['a list', [{ eventType: 'X', event: {} }]],
  ['an id in two lines', { eventType: 'X', eventId: 'a\nb', event: {} }],
])('%s is refused', async (_what, body) => {
  expectCode(await post(body), 400, 'invalidEvent');
  expect(parts.publisher.records.filter(({ headers }) => headers['tmfTopic'] !== undefined)).toEqual([]);
});

test('only a topic takes content that is no object', async () => {
  const event = { eventType: 'TopicCreateEvent', event: 'a text' };
  expectCode(await post(event, `${BASE}/event`), 400, 'invalidEvent');
  expectCode(await post({ ...event, event: {} }, `${BASE}/topic/nobody/event`), 404, 'notFound');
});

test('a broker that does not take it is said', async () => {
  parts.publisher.refusing = true;
  const answer = await post({ eventType: 'X', event: {} });
  expectCode(answer, 503, 'unavailable');
  expect(answer.headers['retry-after']).toBe('5');
});

describe('looking for an event', () => {
  test('by its id finds what was posted to the topic, and nothing else', async () => {
    const posted = { eventId: 'e1', eventTime: '2026-01-01T00:00:00Z', eventType: 'X', event: 'a text' };
    await post(posted);
    await post({ ...posted, eventType: 'TopicCreateEvent', eventId: 'e2', event: {} }, `${BASE}/event`);
    const found = await request(parts.app).get(`${events}/e1`);
    expect([found.status, found.body]).toEqual([200, posted]);
    expectCode(await request(parts.app).get(`${events}/e2`), 404, 'notFound');
    expectCode(await request(parts.app).get(`${events}/e3`), 404, 'notFound');
    expectCode(await request(parts.app).get(`${BASE}/topic/${await create()}/event/e1`), 404, 'notFound');
    expectCode(await request(parts.app).get(`${BASE}/topic/nobody/event/e1`), 404, 'notFound');
  });

  test('while the broker is away says that', async () => {
    parts.publisher.refusing = true;
    expectCode(await request(parts.app).get(`${events}/e1`), 503, 'unavailable');
  });

  test('is done for two at a time', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const real = parts.publisher.findEvent.bind(parts.publisher);
    let begun = 0;
    parts.publisher.findEvent = async (id) => {
      begun += 1;
      if (begun === 3) resolve(undefined);
      await promise;
      return real(id);
    };
    const asked = ['e1', 'e2', 'e3'].map(async (id) => {
      const { status } = await request(parts.app).get(`${events}/${id}`);
      if (status === 503) resolve(undefined);
      return status;
    });
    expect((await Promise.all(asked)).sort()).toEqual([404, 404, 503]);
    expect(begun).toBe(2);
    expect((await request(parts.app).get(`${events}/e1`)).status).toBe(404);
  });

  test('in a list is not possible, and what to do instead is said', async () => {
    const answer = await request(parts.app).get(events);
    expectCode(answer, 501, 'notSupported');
    expect((answer.body as { message: string }).message).toMatch(/by its id.*hub/);
    expectCode(await request(parts.app).get(`${BASE}/topic/nobody/event`), 404, 'notFound');
  });
});
