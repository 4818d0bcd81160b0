import request from 'supertest';
import { expectCode } from './refused.ts';
import { ORDERS_V4, startParts, type Parts } from './gateway-parts.ts';

const BASES = ['/tmf-api/event/v4', '/tmf-api/AiM/v4'];
const [BASE = ''] = BASES;
const CALLBACK = 'http://billing.example/listener';

let parts: Parts;
beforeEach(async () => void (parts = await startParts()));

async function create(body: object, base = BASE): Promise<string> {
  const answer = await request(parts.app).post(`${base}/topic`).send(body);
  expect([answer.status, answer.body]).toEqual([201, expect.objectContaining({})]);
  return (answer.body as { id: string }).id;
}

const names = (body: unknown): unknown[] => (body as { name?: string }[]).map(({ name }) => name);

describe.each(BASES)('topics at %s', (base) => {
  test('are made, shown, listed and removed', async () => {
    const sent = {
      ...{ name: 'Alarms', headerQuery: ' domain = Paris', contentQuery: 'alarm.id=1' },
      ...{ '@type': 'MyTopic', '@baseType': 'Topic', '@schemaLocation': 'https://x.example/topic.json' },
    };
    const made = await request(parts.app)
      .post(`${base}/topic`)
      .send({ ...sent, id: 'mine', colour: 'red' });
    const { id, href } = made.body as { id: string; href: string };
    expect(made.status).toBe(201);
    expect(made.headers['content-type']).toBe('application/json;charset=utf-8');
    expect(href).toBe(`${base}/topic/${id}`);
    expect(made.headers['location']).toBe(href);
    expect(made.body).toEqual({ id, href, ...sent });
    expect(id).not.toBe('mine');

    const shown = await request(parts.app).get(href);
    expect([shown.status, shown.body]).toEqual([200, made.body]);
    const listed = await request(parts.app).get(`${base}/topic`);
    expect([listed.status, listed.body]).toEqual([200, [made.body]]);

    expect((await request(parts.app).delete(href)).status).toBe(204);
    expectCode(await request(parts.app).get(href), 404, 'notFound');
    expectCode(await request(parts.app).delete(href), 404, 'notFound');
    expect((await request(parts.app).get(`${base}/topic`)).body).toEqual([]);
  });

  test('say what they were not given by saying nothing', async () => {
    const made = await request(parts.app).post(`${base}/topic`).send({ name: null });
    const { id } = made.body as { id: string };
    expect([made.status, made.body]).toEqual([201, { id, href: `${base}/topic/${id}` }]);
  });
});

test('a list is cut by offset and limit, and by name', async () => {
  for (const name of ['a', 'b', 'c', 'b']) {
    await create({ name });
    parts.pass(1);
  }
  await create({ name: 'b' }, BASES[1]);
  const list = async (query: string) => {
    const answer = await request(parts.app).get(`${BASE}/topic${query}`);
    return [names(answer.body), answer.headers['x-total-count'], answer.headers['x-result-count']];
  };
  expect(await list('')).toEqual([['a', 'b', 'c', 'b'], '4', '4']);
  expect(await list('?offset=1&limit=2')).toEqual([['b', 'c'], '4', '2']);
  expect(await list('?name=b&limit=1')).toEqual([['b'], '2', '1']);
  expect(await list('?name=x')).toEqual([[], '0', '0']);
  expectCode(await request(parts.app).get(`${BASE}/topic?limit=-1`), 400, 'invalidRequest');
});

test('server.basePath and server.publicUrl stand in Location and href', async () => {
  const { app } = await startParts({ basePath: '/r1', publicUrl: 'https://hub.example' });
  const made = await request(app).post(`/r1${BASE}/topic`).send({ name: 'a' });
  const { id, href } = made.body as { id: string; href: string };
  expect(href).toBe(`https://hub.example/r1${BASE}/topic/${id}`);
  expect(made.headers['location']).toBe(href);
});

test('only an API that has topics has them, and each its own', async () => {
  expectCode(await request(parts.app).post(`${ORDERS_V4}/topic`).send({}), 404, 'notFound');
  expectCode(await request(parts.app).post('/topic').send({}), 404, 'notFound');
  const id = await create({});
  expectCode(await request(parts.app).get(`${BASES[1]}/topic/${id}`), 404, 'notFound');
  expectCode(await request(parts.app).delete(`${BASES[1]}/topic/${id}`), 404, 'notFound');
  const hub = await request(parts.app).post(`${BASES[1]}/topic/${id}/hub`).send({ callback: CALLBACK });
  expectCode(hub, 404, 'notFound');
  const unknown = await request(parts.app).get(`${BASE}/nothing`);
  expect((unknown.body as { message: string }).message).toContain('/topic');
});

test.each([
  ['headerQuery', 'domain=a&=b', /^headerQuery, character \d+: /],
  ['contentQuery', 'alarm.id=a&=b', /^contentQuery, character \d+: /],
  ['contentQuery', 'fine', /^contentQuery, character 1: /],
])('%s %p is refused with its place', async (member, text, message) => {
  const answer = await request(parts.app)
    .post(`${BASE}/topic`)
    .send({ name: 'x', [member]: text });
  expectCode(answer, 400, 'invalidQuery');
  expect((answer.body as { message: string }).message).toMatch(message);
  expect(parts.registry.topicIds()).toEqual([]);
});

test.each([
  ['a number for a name', '{"name":1}'],
  ['a list for a filter', '{"headerQuery":[]}'],
  ['no object', '[]'],
  ['no JSON', '{"name":'],
])('%s is refused', async (_what, body) => {
  const answer = await request(parts.app)
    .post(`${BASE}/topic`)
    .set('content-type', 'application/json')
    .send(body);
  expectCode(answer, 400, 'invalidRequest');
});

test('what is not possible says what is', async () => {
  const id = await create({});
  for (const [method, path, allowed] of [
    ['put', '', 'GET, POST'],
    ['patch', `/${id}`, 'GET, DELETE'],
    ['delete', `/${id}/event`, 'GET, POST'],
    ['post', `/${id}/event/e1`, 'GET'],
    ['delete', `/${id}/hub`, 'GET, POST'],
    ['put', `/${id}/hub/h1`, 'GET, DELETE'],
  ] as const) {
    const answer = await request(parts.app)[method](`${BASE}/topic${path}`).send({});
    expectCode(answer, 405, 'methodNotAllowed');
    expect(answer.headers['allow']).toBe(allowed);
  }
  expectCode(await request(parts.app).get(`${BASE}/topic/${id}/other`), 404, 'notFound');
  expectCode(await request(parts.app).get(`${BASE}/topic/${id}/hub/h1/x`), 404, 'notFound');
});

test('while the registry is away a topic is neither made nor removed, and may be later', async () => {
  const id = await create({ name: 'kept' });
  parts.registry.failing.set('insert', 'before').set('remove', 'before');
  for (const answer of [
    await request(parts.app).post(`${BASE}/topic`).send({}),
    await request(parts.app).delete(`${BASE}/topic/${id}`),
  ]) {
    expectCode(answer, 503, 'unavailable');
    expect(answer.headers['retry-after']).toBe('5');
  }
  parts.registry.failing.clear();
  expect((await request(parts.app).get(`${BASE}/topic/${id}`)).status).toBe(200);
  expect((await request(parts.app).delete(`${BASE}/topic/${id}`)).status).toBe(204);
});

test('where the registry kept a topic and did not say so, the answer says to look at the list', async () => {
  parts.registry.failing.set('insert', 'after');
  const answer = await request(parts.app).post(`${BASE}/topic`).send({ name: 'cut short' });
  expectCode(answer, 503, 'unavailable');
  expect((answer.body as { message: string }).message).toContain('look at the list of topics');
  parts.registry.failing.clear();
  const [topic] = (await request(parts.app).get(`${BASE}/topic`)).body as { id: string }[];
  expect(topic).toMatchObject({ name: 'cut short' });
  expect((await request(parts.app).delete(`${BASE}/topic/${topic!.id}`)).status).toBe(204);
});

test('topics are there after a restart, and what was removed is not', async () => {
  const kept = await create({ name: 'kept' });
  const gone = await create({ name: 'gone' });
  await request(parts.app).delete(`${BASE}/topic/${gone}`);
  const { app } = await startParts({ registry: parts.registry });
  expect(names((await request(app).get(`${BASE}/topic`)).body)).toEqual(['kept']);
  expect((await request(app).get(`${BASE}/topic/${kept}`)).status).toBe(200);
});

describe('topic events of the gateway itself', () => {
  test.each(BASES)('of %s are published after each change', async (base) => {
    const id = await create({ name: 'a' }, base);
    const created = parts.publisher.last();
    await request(parts.app).delete(`${base}/topic/${id}`);
    const removed = parts.publisher.last();
    expect(parts.publisher.records).toHaveLength(2);
    const api = base.includes('AiM') ? 'TMF915' : 'TMF688';
    for (const [record, eventType] of [
      [created, 'TopicCreateEvent'],
      [removed, 'TopicDeleteEvent'],
    ] as const) {
      const event = JSON.parse(record.text) as { eventId: string };
      expect(event).toEqual({
        eventId: event.eventId,
        eventTime: '2026-03-01T12:00:00.000Z',
        eventType,
        event: { topic: { id, href: `${base}/topic/${id}`, name: 'a' } },
      });
      expect(record.headers).toEqual({ eventType, eventId: event.eventId, tmfApi: api });
      expect(record.key).toBe(id);
    }
  });

  test('that cannot be published change nothing, and are logged', async () => {
    parts.publisher.refusing = true;
    const id = await create({});
    expect((await request(parts.app).delete(`${BASE}/topic/${id}`)).status).toBe(204);
    expect(parts.logged.filter((line) => line === 'topic.event.failed')).toHaveLength(2);
  });
});
