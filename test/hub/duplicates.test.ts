import request from 'supertest';
import { MemoryRegistry } from '../support/memory-registry.ts';
import { ORDERS_V4, startParts } from './gateway-parts.ts';
import type { Parts } from './gateway-parts.ts';

const CALLBACK = 'http://billing.example/listener';
const QUERY = 'eventType=ProductOrderCreateEvent,ProductOrderStateChangeEvent';

function post(parts: Parts, body: object, base = ORDERS_V4) {
  return request(parts.app).post(`${base}/hub`).send(body);
}

const idOf = (answer: { body: unknown }) => (answer.body as { id: string }).id;

test('idempotent: the same registration again is 201 with the existing id', async () => {
  const parts = await startParts({ duplicates: 'idempotent' });
  const first = await post(parts, { callback: CALLBACK, query: QUERY });
  const second = await post(parts, { callback: CALLBACK, query: QUERY });
  expect(second.status).toBe(201);
  expect(second.headers['location']).toBe(`${ORDERS_V4}/hub/${idOf(first)}`);
  expect(parts.registry.rows()).toHaveLength(1);
  expect(parts.feeds.calls.filter((call) => call.startsWith('attach'))).toHaveLength(1);
});

test('a registration is the same when callback and query mean the same', async () => {
  const parts = await startParts();
  const first = idOf(await post(parts, { callback: CALLBACK, query: QUERY }));
  const same = [
    { callback: 'HTTP://BILLING.example:80/listener', query: QUERY },
    { callback: CALLBACK, query: 'eventType = ProductOrderStateChangeNotification;productOrderCreateEvent' },
  ];
  for (const body of same) expect(idOf(await post(parts, body))).toBe(first);
});

test.each([
  ['another query', { callback: CALLBACK, query: 'eventType=ProductOrderCreateEvent' }, ORDERS_V4],
  ['no query', { callback: CALLBACK }, ORDERS_V4],
  ['another path', { callback: `${CALLBACK}/`, query: QUERY }, ORDERS_V4],
  ['another hub', { callback: CALLBACK, query: QUERY }, ''],
])('%s is never a duplicate', async (_name, body, base) => {
  const parts = await startParts({ duplicates: 'conflict' });
  expect((await post(parts, { callback: CALLBACK, query: QUERY })).status).toBe(201);
  expect((await post(parts, body, base)).status).toBe(201);
  expect(parts.registry.rows()).toHaveLength(2);
});

test('conflict: the same registration again is 409 with the Location of the first', async () => {
  const parts = await startParts({ duplicates: 'conflict' });
  const first = idOf(await post(parts, { callback: CALLBACK }));
  const second = await post(parts, { callback: CALLBACK });
  expect(second.status).toBe(409);
  expect(second.headers['location']).toBe(`${ORDERS_V4}/hub/${first}`);
  expect(second.body).toMatchObject({ code: 'duplicateSubscription', status: '409' });
  await request(parts.app).delete(`${ORDERS_V4}/hub/${first}`);
  expect((await post(parts, { callback: CALLBACK })).status).toBe(201);
});

test('allow: the same registration again is another subscription', async () => {
  const parts = await startParts({ duplicates: 'allow' });
  const ids = [
    idOf(await post(parts, { callback: CALLBACK })),
    idOf(await post(parts, { callback: CALLBACK })),
  ];
  expect(new Set(ids).size).toBe(2);
  expect(parts.feeds.attached.size).toBe(2);
});

test('another ordering for the same registration is refused, not ignored', async () => {
  const parts = await startParts();
  await post(parts, { callback: CALLBACK });
  const again = await post(parts, { callback: CALLBACK, ordering: 'none' });
  expect(again.status).toBe(409);
  expect((again.body as { message: string }).message).toContain('ordering');
});

test.each(['idempotent', 'conflict'] as const)(
  '%s: identical requests at the same time make one subscription, and no 201 before it is fed',
  async (duplicates) => {
    const parts = await startParts({ duplicates });
    let fed = 0;
    parts.feeds.onAttach = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      fed += 1;
    };
    const fedAtAnswer: number[] = [];
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const answer = await post(parts, { callback: CALLBACK, query: QUERY });
        fedAtAnswer.push(fed);
        return answer;
      }),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([
      201,
      ...Array.from({ length: 19 }, () => (duplicates === 'conflict' ? 409 : 201)),
    ]);
    expect(parts.registry.rows()).toHaveLength(1);
    expect(parts.feeds.attached.size).toBe(1);
    expect(Math.min(...fedAtAnswer)).toBe(1);
  },
);

test('identical requests and a removal at the same time end with registry and feeds agreeing', async () => {
  const parts = await startParts();
  const id = idOf(await post(parts, { callback: CALLBACK }));
  await Promise.all([
    post(parts, { callback: CALLBACK }),
    request(parts.app).delete(`${ORDERS_V4}/hub/${id}`),
    post(parts, { callback: CALLBACK }),
  ]);
  const known = parts.registry.rows().map((row) => row.id);
  expect([...parts.feeds.attached.keys()]).toEqual(known);
  const listed = (await request(parts.app).get(`${ORDERS_V4}/hub`)).body as { id: string }[];
  expect(listed.map((one) => one.id)).toEqual(known);
});

test.each(['gone', 'suspended'] as const)(
  'RULES 17: POST for a subscription that is %s brings it back to life with its id',
  async (state) => {
    for (const duplicates of ['idempotent', 'conflict'] as const) {
      const parts = await startParts({ duplicates });
      const id = idOf(await post(parts, { callback: CALLBACK }));
      await parts.registrations.setState(id, state, 'the listener answered 410');
      const again = await post(parts, { callback: CALLBACK });
      expect([again.status, idOf(again)]).toEqual([201, id]);
      expect(parts.registry.rows()).toMatchObject([{ id, state: 'active', stateReason: null }]);
      expect(parts.feeds.attached.get(id)?.state).toBe('active');
    }
  },
);

test('RULES 17: while the registry is away that POST is 503, because nothing would be delivered', async () => {
  const parts = await startParts();
  const id = idOf(await post(parts, { callback: CALLBACK }));
  await parts.registrations.setState(id, 'gone', '410');
  parts.registry.failing.set('update', 'before');
  const again = await post(parts, { callback: CALLBACK });
  expect(again.status).toBe(503);
  expect(parts.feeds.attached.get(id)?.state).toBe('gone');
});

test('what an operator paused stays paused', async () => {
  const parts = await startParts();
  const id = idOf(await post(parts, { callback: CALLBACK }));
  await parts.registrations.setState(id, 'paused', 'maintenance');
  expect(idOf(await post(parts, { callback: CALLBACK }))).toBe(id);
  expect(parts.feeds.attached.get(id)?.state).toBe('paused');
});

test('the duplicate rule holds over a restart', async () => {
  const registry = new MemoryRegistry();
  const id = idOf(await post(await startParts({ registry }), { callback: CALLBACK, query: QUERY }));
  const restarted = await startParts({ registry });
  expect(restarted.feeds.calls).toEqual(['attach known active']);
  expect(idOf(await post(restarted, { callback: CALLBACK, query: QUERY }))).toBe(id);
});
