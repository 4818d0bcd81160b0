/** RULES 18: wherever registration or removal breaks off, registry and brokers agree again after a restart. */
import request from 'supertest';
import { MemoryRegistry } from '../support/memory-registry.ts';
import { MemoryFeeds, ORDERS_V4, rows, startParts } from './gateway-parts.ts';
import type { Parts } from './gateway-parts.ts';

const CALLBACK = 'http://billing.example/listener';
const HUB = `${ORDERS_V4}/hub`;

const post = (parts: Parts) => request(parts.app).post(HUB).send({ callback: CALLBACK });
const idOf = (answer: { body: unknown }) => (answer.body as { id: string }).id;

/** What is fed is what is registered, and everything registered is shown. */
async function expectAgreement(parts: Parts, count: number): Promise<void> {
  const registered = parts.registry.rows().map(({ id }) => id);
  expect(registered).toHaveLength(count);
  expect([...parts.feeds.attached.keys()].sort()).toEqual([...registered].sort());
  expect(parts.registry.rows().every(({ state }) => state === 'active')).toBe(true);
  const shown = (await request(parts.app).get(HUB)).body as { id: string }[];
  expect(shown.map(({ id }) => id).sort()).toEqual([...registered].sort());
}

function expectUnavailable(answer: { status: number; headers: unknown; body: unknown }): void {
  expect(answer.status).toBe(503);
  expect(answer.headers).toMatchObject({ 'retry-after': '5' });
  expect(answer.body).toMatchObject({ code: 'unavailable', status: '503' });
}

const failures: [string, (parts: Parts) => void][] = [
  ['the registry does not take the row', ({ registry }) => registry.failing.set('insert', 'before')],
  [
    'the registry takes the row and does not say so',
    ({ registry }) => registry.failing.set('insert', 'after'),
  ],
  ['the feed is not attached', ({ feeds }) => feeds.failing.add('attach')],
  ['it cannot be made active', ({ registry }) => registry.failing.set('update', 'before')],
  ['it is made active and nobody says so', ({ registry }) => registry.failing.set('update', 'after')],
];

describe.each(failures)('RULES 18: %s', (_name, fail) => {
  test('the answer is 503, a later request succeeds, and one subscription exists', async () => {
    const parts = await startParts();
    fail(parts);
    expectUnavailable(await post(parts));
    parts.registry.failing.clear();
    parts.feeds.failing.clear();
    expect((await post(parts)).status).toBe(201);
    await expectAgreement(parts, 1);
  });

  test('and nothing can be undone either: a restart clears it away', async () => {
    const parts = await startParts();
    fail(parts);
    parts.registry.failing.set('remove', 'before');
    parts.feeds.failing.add('detach');
    expectUnavailable(await post(parts));
    parts.registry.failing.clear();
    parts.feeds.failing.clear();
    const restarted = await startParts({ registry: parts.registry, feeds: parts.feeds });
    const active = restarted.registry.rows().length;
    // Only where "active" reached the registry is there something to keep, whole.
    await expectAgreement(restarted, active);
    expect((await post(restarted)).status).toBe(201);
    await expectAgreement(restarted, 1);
  });
});

test('RULES 18: a process that dies between the registry and the brokers leaves nothing behind', async () => {
  const registry = new MemoryRegistry();
  const feeds = new MemoryFeeds();
  const parts = await startParts({ registry, feeds });
  const dead = new Promise<never>(() => undefined);
  feeds.onAttach = () => dead;
  void parts.registrations.register({ basePath: '', api: null, major: null }, { callback: CALLBACK });
  await until(() => feeds.calls.length > 0);
  expect(rows(parts)).toEqual([expect.stringContaining('pending')]);

  feeds.onAttach = async () => undefined;
  const restarted = await startParts({ registry, feeds });
  await expectAgreement(restarted, 0);
});

test('a pending row is shown to nobody', async () => {
  const registry = new MemoryRegistry();
  const feeds = new MemoryFeeds();
  feeds.failing.add('detach').add('attach');
  const parts = await startParts({ registry, feeds });
  await post(parts);
  const [pending] = registry.rows();
  expect(pending?.state).toBe('pending');
  expect((await request(parts.app).get(`${HUB}/${pending?.id ?? ''}`)).status).toBe(404);
  expect((await request(parts.app).get(HUB)).body).toEqual([]);
});

test('RULES 18: what a failure left is cleared away with the next success, without a restart', async () => {
  const parts = await startParts({ duplicates: 'allow' });
  parts.feeds.failing.add('detach').add('attach');
  for (let n = 0; n < 3; n += 1) await post(parts);
  expect(parts.registry.rows()).toHaveLength(3);
  parts.feeds.failing.clear();
  expect((await post(parts)).status).toBe(201);
  await until(() => parts.registry.rows().length === 1);
  await expectAgreement(parts, 1);
});

const removalFailures: [string, (parts: Parts) => void, boolean][] = [
  ['it cannot be decided', ({ registry }) => registry.failing.set('update', 'before'), false],
  ['it is decided and nobody says so', ({ registry }) => registry.failing.set('update', 'after'), true],
  ['the feed is not detached', ({ feeds }) => feeds.failing.add('detach'), true],
  ['the row is not removed', ({ registry }) => registry.failing.set('remove', 'before'), true],
  ['the row is removed and nobody says so', ({ registry }) => registry.failing.set('remove', 'after'), true],
];

describe.each(removalFailures)('RULES 18: removal where %s', (_name, fail, decided) => {
  async function broken(): Promise<{ parts: Parts; path: string }> {
    const parts = await startParts();
    const path = `${HUB}/${idOf(await post(parts))}`;
    fail(parts);
    expectUnavailable(await request(parts.app).delete(path));
    parts.registry.failing.clear();
    parts.feeds.failing.clear();
    return { parts, path };
  }

  test('the same DELETE again finishes it', async () => {
    const { parts, path } = await broken();
    expect((await request(parts.app).delete(path)).status).toBe(204);
    await expectAgreement(parts, 0);
  });

  test(`a restart ${decided ? 'finishes it' : 'finds the subscription as it was'}`, async () => {
    const { parts } = await broken();
    const restarted = await startParts({ registry: parts.registry, feeds: parts.feeds });
    await expectAgreement(restarted, decided ? 0 : 1);
  });

  test('the same registration made anew is alive', async () => {
    const { parts } = await broken();
    expect((await post(parts)).status).toBe(201);
    if (decided && parts.registry.rows().length > 0) await expectAlive(parts);
  });

  async function expectAlive(parts: Parts): Promise<void> {
    const shown = (await request(parts.app).get(HUB)).body as { id: string }[];
    expect(shown).toHaveLength(1);
    expect(parts.feeds.attached.get(shown[0]?.id ?? '')?.state).toBe('active');
  }
});

test('setState survives a restart, and rejects without changing anything when it cannot be kept', async () => {
  const registry = new MemoryRegistry();
  const parts = await startParts({ registry });
  const id = idOf(await post(parts));
  await parts.registrations.setState(id, 'suspended', 'down for 5 days');
  const restarted = await startParts({ registry });
  expect(restarted.registrations.all()).toMatchObject([
    { state: 'suspended', stateReason: 'down for 5 days' },
  ]);

  registry.failing.set('update', 'before');
  await expect(restarted.registrations.setState(id, 'active', null)).rejects.toThrow('update fails');
  expect(restarted.registrations.all()).toMatchObject([{ state: 'suspended' }]);
  expect(await restarted.registrations.setState('nobody', 'paused', null)).toBeUndefined();
});

test('a state that was kept without an answer counts once it is asked for again', async () => {
  const parts = await startParts();
  const id = idOf(await post(parts));
  parts.registry.failing.set('update', 'after');
  await expect(parts.registrations.setState(id, 'paused', 'maintenance')).rejects.toThrow('update fails');
  expect(parts.feeds.attached.get(id)?.state).toBe('active');
  parts.registry.failing.clear();
  expect(await parts.registrations.setState(id, 'paused', 'maintenance')).toMatchObject({ state: 'paused' });
  expect(parts.feeds.attached.get(id)?.state).toBe('paused');
  expect(parts.registrations.all()).toMatchObject([{ state: 'paused' }]);
});

test('RULES 18: what a failure left is cleared away within 10 s, without another request', async () => {
  const parts = await startParts();
  parts.feeds.failing.add('detach').add('attach');
  await post(parts);
  parts.feeds.failing.clear();
  parts.pass(10_000);
  await until(() => parts.registry.rows().length === 0);
});

test('a query that is not understood after an upgrade holds its subscription, visibly', async () => {
  const registry = new MemoryRegistry();
  const parts = await startParts({ registry });
  const id = idOf(await post(parts));
  const [row] = registry.rows();
  await registry.remove(id);
  await registry.insert({ ...row!, version: row!.version + 10, query: '$[?(@.a' }, null);
  const restarted = await startParts({ registry });
  expect(restarted.registrations.all()).toMatchObject([{ id, state: 'suspended' }]);
  expect(restarted.feeds.calls).toEqual(['attach known suspended']);
});

test('start rejects when a feed cannot be had', async () => {
  const registry = new MemoryRegistry();
  await post(await startParts({ registry }));
  const feeds = new MemoryFeeds();
  feeds.failing.add('attach');
  await expect(startParts({ registry, feeds })).rejects.toThrow('attach fails');
});

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('the condition did not come true');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
