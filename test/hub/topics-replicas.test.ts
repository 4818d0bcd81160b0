import fc from 'fast-check';
import request from 'supertest';
import { createRegistrations } from '../../src/hub/registration/registrations.ts';
import { Topics, topicScope } from '../../src/hub/topics/topics.ts';
import { silentLogger } from '../../src/logger.ts';
import { createProfiles } from '../../src/tmf/profiles.ts';
import { createFakeClock } from '../callbacks/fake-clock.ts';
import { topic as topicOf } from '../contracts/registry-topics.ts';
import { MemoryRegistry } from '../support/memory-registry.ts';
import { expectCode } from './refused.ts';
import { catalogue, MemoryFeeds, startParts, type Parts } from './gateway-parts.ts';

const BASE = '/tmf-api/event/v4';
const HUB = { callback: 'http://billing.example/listener' };

/** Two gateways on one registry; the other hears of nothing before it is told to. */
async function twoReplicas(): Promise<{ here: Parts; there: Parts; heard: () => void }> {
  const first = new MemoryRegistry();
  const second = first.replica();
  second.hears = 'by hand';
  const here = await startParts({ registry: first });
  const there = await startParts({ registry: second });
  return { here, there, heard: () => second.hear() };
}

async function createAt({ app }: Parts): Promise<string> {
  const answer = await request(app).post(`${BASE}/topic`).send({ headerQuery: 'domain=Paris' });
  return (answer.body as { id: string }).id;
}

test('a topic that was made here can be used there at once, and is listed there once it is told', async () => {
  const { here, there, heard } = await twoReplicas();
  const id = await createAt(here);
  const path = `${BASE}/topic/${id}`;
  expect((await request(there.app).get(path)).status).toBe(200);
  expect((await request(there.app).get(`${BASE}/topic`)).body).toEqual([]);
  const event = { eventType: 'X', event: {} };
  expect((await request(there.app).post(`${path}/event`).send(event)).status).toBe(201);
  expect((await request(there.app).post(`${path}/hub`).send(HUB)).status).toBe(201);
  expect(there.registrations.all()).toMatchObject([
    { scope: { topic: { id, headerQuery: 'domain=Paris' } } },
  ]);
  heard();
  expect((await request(there.app).get(`${BASE}/topic`)).body).toMatchObject([{ id }]);
});

test('a topic that was removed here takes no hub there, told of it or not', async () => {
  const { here, there, heard } = await twoReplicas();
  const id = await createAt(here);
  heard();
  expect((await request(here.app).delete(`${BASE}/topic/${id}`)).status).toBe(204);
  expectCode(await request(there.app).post(`${BASE}/topic/${id}/hub`).send(HUB), 404, 'notFound');
  expect(here.registry.rows()).toEqual([]);
  expect([...there.feeds.attached]).toEqual([]);
  heard();
  expectCode(await request(there.app).get(`${BASE}/topic/${id}`), 404, 'notFound');
});

test('a hub that was made there keeps the topic here, told of it or not', async () => {
  const { here, there } = await twoReplicas();
  here.registry.hears = 'by hand';
  const id = await createAt(here);
  expect((await request(there.app).post(`${BASE}/topic/${id}/hub`).send(HUB)).status).toBe(201);
  expectCode(await request(here.app).delete(`${BASE}/topic/${id}`), 409, 'topicInUse');
});

test('while the registry is away, whether another replica made a topic is not known', async () => {
  const { here, there } = await twoReplicas();
  const id = await createAt(here);
  there.registry.failing.set('find', 'before');
  for (const path of ['', '/event/e1', '/hub']) {
    const answer = await request(there.app).get(`${BASE}/topic/${id}${path}`);
    expectCode(answer, 503, 'unavailable');
    expect(answer.headers['retry-after']).toBe('5');
  }
});

test('the process dies before a hub of a topic is answered: the topic can be removed after the restart', async () => {
  const parts = await startParts();
  const id = await createAt(parts);
  const { promise, resolve } = Promise.withResolvers<undefined>();
  parts.feeds.onAttach = () => {
    resolve(undefined);
    return new Promise(() => undefined);
  };
  const scope = topicScope(BASE, id, 4, topicOf(id));
  void parts.registrations.register(scope, HUB);
  await promise;
  expectCode(await request(parts.app).delete(`${BASE}/topic/${id}`), 409, 'topicInUse');
  const { app } = await startParts({ registry: parts.registry });
  expect((await request(app).delete(`${BASE}/topic/${id}`)).status).toBe(204);
});

/** Each call of the registry takes some turns of the event loop, as drawn. */
function slow(registry: MemoryRegistry, turns: readonly number[]): void {
  let call = 0;
  registry.onCall = async () => {
    const wait = turns[call++ % turns.length] ?? 0;
    for (let i = 0; i < wait; i++) await new Promise((resolve) => setImmediate(resolve));
  };
}

const turns = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 8 });

/** A gateway as far as topics and hubs go. */
async function gatewayOn(registry: MemoryRegistry, newId: () => string) {
  const feeds = new MemoryFeeds();
  const clock = createFakeClock();
  const policy = { duplicates: 'idempotent', lenientQuery: false, unknownEventTypes: 'reject' } as const;
  const shared = { store: registry, clock, newId, logger: silentLogger };
  const sender = { refusal: () => undefined };
  const profiles = createProfiles();
  const registrations = createRegistrations({ ...shared, feeds, sender, catalogue, policy, profiles });
  const topics = new Topics(shared);
  await registrations.start();
  await topics.start();
  return { feeds, registrations, topics };
}

test('of a hub and the removal of its topic, at two replicas at once, one at least fails', async () => {
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(turns, turns, fc.boolean(), async (slowHere, slowThere, isTold) => {
      let ids = 0;
      const newId = () => `id-${(ids += 1)}`;
      const registry = new MemoryRegistry();
      const second = registry.replica();
      const here = await gatewayOn(registry, newId);
      const there = await gatewayOn(second, newId);
      const made = await here.topics.create(BASE, {});
      if (!made.ok) throw new Error(made.message);
      const { id } = made.topic;
      await there.topics.find(BASE, id);
      if (!isTold) registry.hears = 'by hand';
      slow(registry, slowHere);
      slow(second, slowThere);
      const subscribe = async () => {
        const found = await there.topics.find(BASE, id);
        return found.ok ? there.registrations.register(topicScope(BASE, id, 4, found.topic), HUB) : found;
      };
      const [hub, removed] = await Promise.all([subscribe(), here.topics.remove(BASE, id)]);
      const outcome = [hub, removed].map((one) => (one.ok ? 'ok' : one.status)).join(' ');
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
      expect(outcome).not.toBe('ok ok');
      expect(registry.topicIds()).toEqual(removed.ok ? [] : [id]);
      expect(registry.rows()).toHaveLength(hub.ok ? 1 : 0);
      expect(there.feeds.attached.size).toBe(hub.ok ? 1 : 0);
    }),
    { numRuns: 300 },
  );
  expect([...seen.keys()].sort()).toEqual(['404 ok', 'ok 409']);
});
