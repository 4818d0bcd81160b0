import request from 'supertest';
import { OperationRefused } from '../../src/admin/operations.ts';
import { startAdmin } from './admin-parts.ts';
import type { AdminParts } from './admin-parts.ts';

const agent = (parts: AdminParts) => request(parts.app);
const messageOf = (answer: request.Response) => (answer.body as { message: string }).message;

test('health and readiness, with the reason per part', async () => {
  const parts = startAdmin();
  expect((await agent(parts).get('/healthz')).body).toEqual({ status: 'ok' });
  const ready = await agent(parts).get('/readyz');
  expect([ready.status, ready.body]).toEqual([200, { ready: true, parts: parts.operations.parts }]);

  parts.operations.parts['embedded'] = { ok: false, reason: 'disk full' };
  const unready = await agent(parts).get('/readyz');
  expect(unready.status).toBe(503);
  expect(unready.body).toMatchObject({
    ready: false,
    parts: { embedded: { ok: false, reason: 'disk full' } },
  });
  expect((await agent(parts).get('/healthz')).status).toBe(200);
  expect(parts.wrong).toEqual([]);
});

test('the list and each subscription, with exactly the members of the contract', async () => {
  const parts = startAdmin();
  const list = await agent(parts).get('/admin/subscriptions');
  expect(list.body).toEqual({ items: [...parts.operations.views.values()], total: 1 });
  const one = await agent(parts).get('/admin/subscriptions/s-1');
  expect(Object.keys(one.body as object).sort()).toEqual(
    [
      ...[
        'callback',
        'circuit',
        'id',
        'inFlight',
        'lag',
        'lastOutcome',
        'lost',
        'oldestUnsettled',
        'positions',
      ],
      ...['query', 'scope', 'state', 'waitingRetry', 'profile', 'signed', 'headers'],
    ].sort(),
  );
  const none = await agent(parts).get('/admin/subscriptions/__proto__');
  expect(none.status).toBe(404);
  expect(messageOf(none)).toContain('__proto__');
  expect(parts.wrong).toEqual([]);
});

test('pause and resume answer the state after it, and leave a trace in the log', async () => {
  const parts = startAdmin();
  expect((await agent(parts).post('/admin/subscriptions/s-1/pause')).body).toMatchObject({ state: 'paused' });
  expect((await agent(parts).post('/admin/subscriptions/s-1/resume')).body).toMatchObject({
    state: 'active',
  });
  expect((await agent(parts).post('/admin/subscriptions/s-2/pause')).status).toBe(404);
  expect(parts.operations.calls.map(([name]) => name)).toEqual(['pause', 'resume', 'pause']);
  expect(parts.logged.map(({ message }) => message)).toEqual([
    'admin.subscription.pause',
    'admin.subscription.resume',
  ]);
  expect(parts.logged[0]?.fields).toHaveProperty('subscriptionId', 's-1');
  expect(parts.logged[0]?.fields).toHaveProperty('from');
});

test('what the gateway refuses, and what fails, becomes a status and a sentence', async () => {
  const parts = startAdmin();
  parts.operations.failure = new OperationRefused(503, 'the registry is away');
  const refused = await agent(parts).post('/admin/subscriptions/s-1/pause');
  expect([refused.status, messageOf(refused)]).toEqual([503, 'the registry is away']);
  expect(refused.headers).toHaveProperty('retry-after');

  parts.operations.failure = new Error('SQLITE_CORRUPT /var/lib/x');
  const failed = await agent(parts).post('/admin/subscriptions/s-1/pause');
  expect(failed.status).toBe(500);
  expect(failed.text).not.toContain('SQLITE');
  expect(parts.logged.at(-1)?.message).toBe('admin.request.failed');
  expect(parts.wrong).toEqual([]);
});

describe('replay', () => {
  test.each([
    ['an ISO time', { from: '2026-03-01T12:00:00Z' }, { from: { time: '2026-03-01T12:00:00.000Z' } }],
    [
      'a time with an end',
      { from: { time: '2026-03-01' }, to: '2026-03-02T00:00:00+02:00', correlationId: 'c-1' },
      { from: { time: '2026-03-01T00:00:00.000Z' }, to: '2026-03-01T22:00:00.000Z', correlationId: 'c-1' },
    ],
    ['an event', { from: { eventId: 'e-1' } }, { from: { eventId: 'e-1' } }],
    ['offsets', { from: { offsets: { 'a.b:0': 7 } } }, { from: { offsets: { 'a.b:0': 7 } } }],
  ])('from %s is accepted with 202', async (_name, body, range) => {
    const parts = startAdmin();
    const answer = await agent(parts).post('/admin/subscriptions/s-1/replay').send(body);
    expect([answer.status, answer.body]).toEqual([202, { jobId: 'job-1' }]);
    expect(parts.operations.calls).toEqual([['replay', 's-1', range]]);
    expect(parts.wrong).toEqual([]);
  });

  test.each([
    ['no body', undefined, /needs a JSON body/],
    ['malformed JSON', '{', /not JSON/],
    ['no from', {}, /from is missing/],
    ['a from that is no time', { from: 'yesterday' }, /from must be an ISO time/],
    ['an impossible time', { from: '2026-13-01' }, /from must be an ISO time/],
    ['two kinds of from', { from: { eventId: 'a', time: '2026-03-01' } }, /exactly one/],
    ['an unknown kind', { from: { line: 7 } }, /"line"/],
    ['no offsets', { from: { offsets: {} } }, /empty/],
    ['an offset without partition', { from: { offsets: { topic: 7 } } }, /topic:partition/],
    ['a negative offset', { from: { offsets: { 'topic:0': -1 } } }, /topic:partition/],
    ['an unknown member', { from: '2026-03-01', until: '2026-03-02' }, /"until"/],
  ])('%s is 400', async (_name, body, message) => {
    const parts = startAdmin();
    const answer = await agent(parts)
      .post('/admin/subscriptions/s-1/replay')
      .set('Content-Type', 'application/json')
      .send(body);
    expect([answer.status, messageOf(answer)]).toEqual([400, expect.stringMatching(message)]);
    expect(parts.operations.calls).toEqual([]);
  });

  test('another content type is 415', async () => {
    const answer = await agent(startAdmin())
      .post('/admin/subscriptions/s-1/replay')
      .type('form')
      .send('from=x');
    expect([answer.status, messageOf(answer)]).toEqual([415, expect.stringContaining('application/json')]);
  });
});

test('explain and trace', async () => {
  const parts = startAdmin();
  const explained = await agent(parts).get('/admin/subscriptions/s-1/explain?eventId=e%201');
  expect(explained.body).toMatchObject({ eventId: 'e 1', verdict: 'filtered' });
  expect((await agent(parts).get('/admin/subscriptions/s-2/explain?eventId=e')).status).toBe(404);
  const missing = await agent(parts).get('/admin/subscriptions/s-1/explain');
  expect([missing.status, messageOf(missing)]).toEqual([400, expect.stringContaining('eventId')]);
  const unknown = await agent(parts).get('/admin/subscriptions/s-1/explain?eventId=e&verbose=1');
  expect([unknown.status, messageOf(unknown)]).toEqual([400, expect.stringContaining('verbose')]);
  expect((await agent(parts).get('/admin/trace/c%2F1')).body).toEqual({ correlationId: 'c/1', events: [] });
  expect(parts.wrong).toEqual([]);
});

test('other methods are 405 with Allow, other paths 404', async () => {
  const parts = startAdmin();
  for (const [method, path, allow] of [
    ['post', '/healthz', 'GET'],
    ['delete', '/admin/subscriptions/s-1', 'GET'],
    ['get', '/admin/subscriptions/s-1/pause', 'POST'],
    ['put', '/admin/dead-letters/d-1', 'GET, DELETE'],
    ['get', '/admin/dead-letters/replay', 'POST'],
  ] as const) {
    const answer = await agent(parts)[method](path);
    expect([answer.status, answer.headers['allow']]).toEqual([405, allow]);
  }
  expect((await agent(parts).get('/admin/nothing')).status).toBe(404);
  expect((await agent(parts).get('/admin/subscriptions/%E0%A4%A')).status).toBe(400);
  expect((await agent(parts).get(`/admin/subscriptions/${'x'.repeat(257)}`)).status).toBe(404);
});

test('GET /openapi.json describes the admin port', async () => {
  expect((await agent(startAdmin()).get('/openapi.json')).body).toMatchObject({ openapi: '3.0.3' });
});
