import request from 'supertest';
import { ORDERS_V4, ORDERS_V5, startParts } from './gateway-parts.ts';
import { MemoryRegistry } from '../support/memory-registry.ts';

const CALLBACK = 'http://billing.example/listener?tenant=7';

test('a v4 hub answers 201 with id, callback and query exactly as sent', async () => {
  const parts = await startParts();
  const query = ' eventType = ProductOrderCreateEvent ';
  const answer = await request(parts.app).post(`${ORDERS_V4}/hub`).send({ callback: CALLBACK, query });

  expect(answer.status).toBe(201);
  expect(answer.headers['content-type']).toBe('application/json;charset=utf-8');
  const { id } = answer.body as { id: string };
  expect(answer.body).toEqual({ id, callback: CALLBACK, query });
  expect(typeof id).toBe('string');
  expect(answer.headers['location']).toBe(`${ORDERS_V4}/hub/${id}`);
  expect(parts.logged).not.toContain('hub.answer.invalid');
});

test('a v5 hub takes and answers @type, and says its href', async () => {
  const parts = await startParts();
  const answer = await request(parts.app)
    .post(`${ORDERS_V5}/hub`)
    .set('Content-Type', 'application/json;charset=UTF-8')
    .send(JSON.stringify({ '@type': 'Hub', callback: CALLBACK }));

  expect(answer.status).toBe(201);
  expect(answer.headers['content-type']).toBe('application/json');
  const { id } = answer.body as { id: string };
  const href = `${ORDERS_V5}/hub/${id}`;
  expect(answer.body).toEqual({ '@type': 'Hub', id, href, callback: CALLBACK, query: '' });
  expect(answer.headers['location']).toBe(href);
  expect(parts.logged).not.toContain('hub.answer.invalid');
});

test('prefix and public URL stand in Location and href', async () => {
  const parts = await startParts({ basePath: '/r1-ordering', publicUrl: 'https://hub.example.com' });
  const answer = await request(parts.app)
    .post(`/r1-ordering${ORDERS_V5}/hub`)
    .send({ callback: CALLBACK, query: null });

  const { id, href } = answer.body as { id: string; href: string };
  expect(href).toBe(`https://hub.example.com/r1-ordering${ORDERS_V5}/hub/${id}`);
  expect(answer.headers['location']).toBe(href);
  expect((await request(parts.app).get(new URL(href).pathname)).status).toBe(200);
  const unprefixed = await request(parts.app).get(`${ORDERS_V5}/hub`);
  expect(unprefixed.status).toBe(404);
  expect((unprefixed.body as { message: string }).message).toContain('/r1-ordering');
});

test('GET shows one, lists those of its own hub, and pages', async () => {
  const parts = await startParts();
  const agent = request(parts.app);
  for (const n of [1, 2, 3]) await agent.post(`${ORDERS_V4}/hub`).send({ callback: `${CALLBACK}&n=${n}` });
  await agent.post('/hub').send({ callback: CALLBACK });

  const all = await agent.get(`${ORDERS_V4}/hub`);
  expect(all.headers).toMatchObject({ 'x-total-count': '3', 'x-result-count': '3' });
  const callbacks = (all.body as { callback: string }[]).map(({ callback }) => callback.slice(-1));
  expect(callbacks).toEqual(['1', '2', '3']);

  const page = await agent.get(`${ORDERS_V4}/hub?offset=1&limit=1&fields=id`);
  expect(page.headers).toMatchObject({ 'x-total-count': '3', 'x-result-count': '1' });
  const [second] = page.body as { id: string; callback: string }[];
  expect(second?.callback).toBe(`${CALLBACK}&n=2`);
  const shown = await agent.get(`${ORDERS_V4}/hub/${second?.id ?? ''}`);
  expect(shown.body).toEqual(second);

  expect((await agent.get('/hub')).body).toHaveLength(1);
  expect((await agent.get(`/hub/${second?.id ?? ''}`)).status).toBe(404);
  expect(parts.logged).not.toContain('hub.answer.invalid');
});

test('PITFALLS 15: without a limit a list has no ceiling', async () => {
  const registry = new MemoryRegistry();
  const rest = { callback: CALLBACK, query: '', ordering: 'key', stateReason: null, version: 1 } as const;
  for (let n = 0; n < 1_001; n += 1) {
    const scope = { basePath: '', api: null, major: null };
    const row = { id: `s${n}`, scope, state: 'active', createdAt: '2026-01-01T00:00:00Z', ...rest } as const;
    await registry.insert(row, null);
  }
  const parts = await startParts({ registry });
  const answer = await request(parts.app).get('/hub');
  expect(answer.body).toHaveLength(1_001);
  expect(parts.feeds.attached.size).toBe(1_001);
});

test('DELETE answers 204, then 404, and the feed is gone', async () => {
  const parts = await startParts();
  const agent = request(parts.app);
  const made = await agent.post(`${ORDERS_V4}/hub`).send({ callback: CALLBACK });
  const { id } = made.body as { id: string };
  const path = `${ORDERS_V4}/hub/${id}`;
  expect((await agent.delete(`/hub/${id}`)).status).toBe(404);

  const removed = await agent.delete(path);
  expect([removed.status, removed.text]).toEqual([204, '']);
  expect(parts.feeds.attached.size).toBe(0);
  expect(parts.registry.rows()).toEqual([]);
  expect((await agent.delete(path)).status).toBe(404);
  expect((await agent.get(path)).status).toBe(404);
});

test('ordering is shown only where it was asked for; unknown members are ignored', async () => {
  const parts = await startParts();
  const agent = request(parts.app);
  const plain = await agent.post('/hub').send({ callback: `${CALLBACK}&a`, ordering: 'key', country: 'PT' });
  expect(plain.body).not.toHaveProperty('ordering');
  const free = await agent.post('/hub').send({ callback: `${CALLBACK}&b`, ordering: 'none', secret: null });
  expect(free.body).toHaveProperty('ordering', 'none');
  expect(parts.registry.rows().map(({ ordering }) => ordering)).toEqual(['key', 'none']);
});

test('hubs of versions that share a base path know the event types of all of them', async () => {
  const parts = await startParts();
  const shared = '/tmf-api/productCatalogManagement/v4';
  const answer = await request(parts.app).post(`${shared}/hub`).send({
    callback: CALLBACK,
    query: 'eventType=CatalogCreateEvent,catalogRemoveNotification',
  });
  expect(answer.status).toBe(201);
});

test('every base path of the catalogue has a hub', async () => {
  const parts = await startParts();
  const agent = request(parts.app);
  const { catalogue } = await import('./gateway-parts.ts');
  const statuses = new Map<number, number>();
  for (const { basePath } of catalogue.hubs) {
    const { status } = await agent.post(`${basePath}/hub`).send({ callback: CALLBACK });
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  expect([...statuses]).toEqual([[201, catalogue.hubs.length]]);
  expect(parts.logged).not.toContain('hub.answer.invalid');
});
