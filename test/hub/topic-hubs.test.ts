import request from 'supertest';
import { canonicalEventType } from '../../src/tmf/event-names.ts';
import { expectCode } from './refused.ts';
import { startParts, type Parts } from './gateway-parts.ts';

const BASE = '/tmf-api/event/v4';
const CALLBACK = 'http://billing.example/listener';

let parts: Parts;
let topic: string;
let hubs: string;

beforeEach(async () => {
  parts = await startParts();
  topic = await create({ headerQuery: 'domain=Paris', contentQuery: 'alarm.perceivedSeverity=CRITICAL' });
  hubs = `${BASE}/topic/${topic}/hub`;
});

async function create(body: object): Promise<string> {
  const answer = await request(parts.app).post(`${BASE}/topic`).send(body);
  return (answer.body as { id: string }).id;
}

async function register(path: string, query?: string, app = parts.app): Promise<string> {
  const answer = await request(app).post(path).send({ callback: CALLBACK, query });
  expect([answer.status, answer.body]).toEqual([201, expect.objectContaining({})]);
  return (answer.body as { id: string }).id;
}

interface Sample {
  readonly eventType: string;
  readonly domain?: string;
  readonly event?: unknown;
}

function matches(id: string, document: Sample): boolean {
  const query = parts.feeds.queries.get(id);
  if (query === undefined) throw new Error(`${id} was not attached`);
  const isType = query.eventTypes?.has(canonicalEventType(document.eventType)) ?? true;
  return isType && (query.matches?.(document) ?? true);
}

const ALARM: Sample = {
  eventType: 'AlarmCreateEvent',
  domain: 'Paris',
  event: { alarm: { id: '1', perceivedSeverity: 'CRITICAL', state: 'raised' } },
};

test('a hub below a topic is a hub like every other', async () => {
  const made = await request(parts.app)
    .post(hubs)
    .send({ callback: CALLBACK, query: 'alarm.state=raised', ordering: 'none' });
  const { id } = made.body as { id: string };
  expect(made.status).toBe(201);
  expect(made.headers['location']).toBe(`${hubs}/${id}`);
  expect(made.body).toEqual({ id, callback: CALLBACK, query: 'alarm.state=raised', ordering: 'none' });
  expect((await request(parts.app).get(`${hubs}/${id}`)).body).toEqual(made.body);
  const listed = await request(parts.app).get(`${hubs}?limit=1`);
  expect([listed.body, listed.headers['x-total-count']]).toEqual([[made.body], '1']);
  expect(
    (await request(parts.app).post(hubs).send({ callback: CALLBACK, query: 'alarm.state = raised' })).status,
  )
    // The same with another ordering is in the way.
    .toBe(409);
  expect((await request(parts.app).delete(`${hubs}/${id}`)).status).toBe(204);
  expectCode(await request(parts.app).get(`${hubs}/${id}`), 404, 'notFound');
});

test('the same again is the same, in the same topic only', async () => {
  const first = await register(hubs, 'alarm.state=raised');
  expect(await register(hubs, 'alarm.state = raised')).toBe(first);
  const other = await create({});
  expect(await register(`${BASE}/topic/${other}/hub`, 'alarm.state=raised')).not.toBe(first);
});

test('each hub sees its own: a topic, another topic, the API', async () => {
  const other = `${BASE}/topic/${await create({})}/hub`;
  const own = await register(hubs);
  const others = await register(other);
  const plain = await register(`${BASE}/hub`);
  for (const [path, id] of [
    [hubs, own],
    [other, others],
    [`${BASE}/hub`, plain],
  ] as const) {
    const listed = (await request(parts.app).get(path)).body as { id: string }[];
    expect(listed.map((one) => one.id)).toEqual([id]);
  }
  expectCode(await request(parts.app).get(`${BASE}/hub/${own}`), 404, 'notFound');
  expectCode(await request(parts.app).delete(`${other}/${own}`), 404, 'notFound');
});

test('an event is for a hub where the filters of the topic and its own query match', async () => {
  const id = await register(hubs, 'alarm.state=raised');
  expect(matches(id, ALARM)).toBe(true);
  expect(matches(id, { ...ALARM, domain: 'Lyon' })).toBe(false);
  expect(matches(id, { ...ALARM, event: { alarm: { perceivedSeverity: 'MINOR', state: 'raised' } } })).toBe(
    false,
  );
  expect(matches(id, { ...ALARM, event: { alarm: { perceivedSeverity: 'CRITICAL', state: 'old' } } })).toBe(
    false,
  );
  expect(matches(id, { ...ALARM, event: 'a text' })).toBe(false);
});

test('event types of filters and query narrow each other', async () => {
  const typed = `${BASE}/topic/${await create({ headerQuery: 'eventType=AlarmCreateEvent,AlarmDeleteEvent' })}/hub`;
  const all = await register(typed);
  const one = await register(typed, 'eventType=AlarmCreateEvent,ProductOrderCreateEvent');
  const seen = ['AlarmCreateEvent', 'AlarmDeleteEvent', 'ProductOrderCreateEvent'].map((eventType) => [
    matches(all, { eventType }),
    matches(one, { eventType }),
  ]);
  expect(seen).toEqual([
    [true, true],
    [true, false],
    [false, false],
  ]);
});

test('any event type may be named below a topic, and no other at the hub of the API', async () => {
  const id = await register(`${BASE}/topic/${await create({})}/hub`, 'eventType=SiteVisitedEvent');
  expect(matches(id, { eventType: 'SiteVisitedEvent' })).toBe(true);
  const plain = await request(parts.app)
    .post(`${BASE}/hub`)
    .send({ callback: CALLBACK, query: 'eventType=SiteVisitedEvent' });
  expectCode(plain, 400, 'invalidQuery');
});

test('what a query below a topic gets wrong is said of the query', async () => {
  const answer = await request(parts.app).post(hubs).send({ callback: CALLBACK, query: 'a=1&=b' });
  expectCode(answer, 400, 'invalidQuery');
  expect((answer.body as { message: string }).message).toMatch(/^query, character \d+: /);
});

test('after a restart the filters still hold, and the scope says them', async () => {
  const id = await register(hubs, 'alarm.state=raised');
  const restarted = await startParts({ registry: parts.registry, feeds: parts.feeds });
  parts.feeds.queries.clear();
  await startParts({ registry: parts.registry, feeds: parts.feeds });
  expect(matches(id, ALARM)).toBe(true);
  expect(matches(id, { ...ALARM, domain: 'Lyon' })).toBe(false);
  expect(restarted.registrations.all()).toMatchObject([
    {
      scope: {
        basePath: `${BASE}/topic/${topic}`,
        ...{ api: null, major: 4 },
        topic: {
          ...{ id: topic, headerQuery: 'domain=Paris' },
          contentQuery: 'alarm.perceivedSeverity=CRITICAL',
        },
      },
    },
  ]);
});

test('a topic with hubs stays, and says how many they are', async () => {
  const [a, b] = [await register(hubs, 'x=1'), await register(hubs, 'x=2')];
  const refused = await request(parts.app).delete(`${BASE}/topic/${topic}`);
  expectCode(refused, 409, 'topicInUse');
  expect((refused.body as { message: string }).message).toContain('2 hubs');
  await request(parts.app).delete(`${hubs}/${a}`);
  const again = await request(parts.app).delete(`${BASE}/topic/${topic}`);
  expect((again.body as { message: string }).message).toContain('1 hub ');
  expect((await request(parts.app).get(hubs)).body).toHaveLength(1);
  await request(parts.app).delete(`${hubs}/${b}`);
  expect((await request(parts.app).delete(`${BASE}/topic/${topic}`)).status).toBe(204);
  expectCode(await request(parts.app).get(hubs), 404, 'notFound');
  expectCode(await request(parts.app).post(hubs).send({ callback: CALLBACK }), 404, 'notFound');
});
