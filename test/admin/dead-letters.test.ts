import request from 'supertest';
import { deadLetterJson } from '../../src/admin/dead-letter-json.ts';
import { OperationRefused } from '../../src/admin/operations.ts';
import { deadLetter, startAdmin } from './admin-parts.ts';

const LETTERS = '/admin/dead-letters';
const messageOf = (answer: request.Response) => (answer.body as { message: string }).message;

test('the list: open ones, the first 100, unless said otherwise', async () => {
  const { app, operations, wrong } = startAdmin();
  const answer = await request(app).get(LETTERS);
  expect(answer.body).toEqual({ items: [deadLetterJson(deadLetter('d-1'))], total: 1 });
  expect(operations.calls).toEqual([['list', { state: 'open' }, { offset: 0, limit: 100 }]]);
  expect(wrong).toEqual([]);
});

test('all parameters reach the filter, times in one form', async () => {
  const { app, operations } = startAdmin();
  const query =
    'subscriptionId=s-1&reason=exhausted&eventType=ProductOrderCreateEvent&eventId=e&correlationId=c' +
    '&since=2026-03-01T10:00:00+02:00&until=2026-03-02&state=replayed&limit=5&offset=10';
  expect((await request(app).get(`${LETTERS}?${query}`)).status).toBe(200);
  const filter = {
    ...{ subscriptionId: 's-1', reason: 'exhausted', eventType: 'ProductOrderCreateEvent' },
    ...{ eventId: 'e', correlationId: 'c', state: 'replayed' },
    ...{ since: '2026-03-01T08:00:00.000Z', until: '2026-03-02T00:00:00.000Z' },
  };
  expect(operations.calls).toEqual([['list', filter, { offset: 10, limit: 5 }]]);
});

test('groupBy counts', async () => {
  const { app, operations, wrong } = startAdmin();
  const answer = await request(app).get(`${LETTERS}?groupBy=reason&eventType=X`);
  expect(answer.body).toEqual({ counts: { exhausted: 2, rejected: 3 }, total: 5 });
  expect(operations.calls).toEqual([['count', { state: 'open', eventType: 'X' }, 'reason']]);
  expect(wrong).toEqual([]);
});

test.each([
  ['limit=0', /limit must be a whole number from 1 to 1000/],
  ['limit=1001', /limit/],
  ['limit=ten', /limit.*"ten"/],
  ['limit=', /limit/],
  ['limit=5&limit=6', /limit is given twice/],
  ['offset=-1', /offset/],
  ['since=yesterday', /since must be an ISO time/],
  ['until=2026-02-30T25:00:00Z', /until/],
  ['reason=', /reason/],
  ['state=closed', /state must be one of open, replayed, discarded/],
  ['groupBy=callback', /groupBy must be one of reason, subscriptionId, eventType/],
  ['subscription=s-1', /unknown query parameter "subscription".*subscriptionId/],
  ['__proto__=x', /unknown query parameter "__proto__"/],
])('?%s is 400 and names it', async (query, message) => {
  const { app, operations, wrong } = startAdmin();
  const answer = await request(app).get(`${LETTERS}?${query}`);
  expect([answer.status, messageOf(answer)]).toEqual([400, expect.stringMatching(message)]);
  expect(operations.calls).toEqual([]);
  expect(wrong).toEqual([]);
});

describe('the JSON form', () => {
  test('the payload when the bytes are JSON, with everything else as it is', () => {
    const json = deadLetterJson(deadLetter('d-1'));
    expect({ ...json, body: deadLetter('d-1').body }).toEqual({
      ...deadLetter('d-1'),
      payload: { eventId: 'e-1' },
    });
    expect(json).not.toHaveProperty('body');
  });

  test.each([
    ['text that is no JSON', Buffer.from('<event/>')],
    [
      'bytes that are no UTF-8, even where JSON.parse would take what is left of them',
      Buffer.from([0x22, 0xff, 0x22]),
    ],
    ['nothing', Buffer.alloc(0)],
  ])('base64 for %s', (_name, body) => {
    const json = deadLetterJson(deadLetter('d-1', { reason: 'unreadable', subscriptionId: null, body }));
    expect(json).not.toHaveProperty('payload');
    expect(json).toHaveProperty('payloadBase64', body.toString('base64'));
  });

  test('PITFALLS 5: key, headers, topic, partition and offset are shown', async () => {
    const { app } = startAdmin();
    const { source } = (await request(app).get(`${LETTERS}/d-1`)).body as { source: object };
    expect(source).toEqual(deadLetter('d-1').source);
  });

  test('bytes in the middle of a larger buffer', () => {
    const body = new Uint8Array(Buffer.from('xx{"a":1}yy')).subarray(2, 9);
    expect(deadLetterJson(deadLetter('d-1', { body }))).toHaveProperty('payload', { a: 1 });
  });
});

test('one is shown or discarded; one that is not there is 404', async () => {
  const { app, operations, wrong, logged } = startAdmin();
  expect((await request(app).get(`${LETTERS}/d-1`)).body).toMatchObject({ id: 'd-1', retryCount: 3 });
  const discarded = await request(app).delete(`${LETTERS}/d-1`);
  expect([discarded.status, discarded.text]).toEqual([204, '']);
  expect(logged.at(-1)).toMatchObject({
    message: 'admin.dead-letter.discard',
    fields: { deadLetterId: 'd-1' },
  });
  for (const answer of [
    await request(app).get(`${LETTERS}/d-2`),
    await request(app).delete(`${LETTERS}/d-2`),
    await request(app).post(`${LETTERS}/d-2/replay`),
  ]) {
    expect([answer.status, messageOf(answer)]).toEqual([404, expect.stringContaining('d-2')]);
  }
  expect(operations.calls.map(([name]) => name)).toEqual(['get', 'discard', 'get', 'discard', 'replay']);
  expect(wrong).toEqual([]);
});

describe('replay of one', () => {
  test.each([
    ['no body', undefined, undefined],
    ['an empty object', '{}', undefined],
    ['a corrected event, byte for byte', '{ "eventId":"e-1", "n":1.0 }', '{ "eventId":"e-1", "n":1.0 }'],
  ])('with %s', async (_name, body, expected) => {
    const { app, operations, wrong } = startAdmin();
    const post = request(app).post(`${LETTERS}/d-1/replay`);
    const answer = await (body === undefined ? post : post.type('json').send(body));
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ id: 'd-1', payload: { eventId: 'e-1' } });
    expect(operations.calls).toEqual([['replay', 'd-1', expected]]);
    expect(wrong).toEqual([]);
  });

  test.each(['[1]', '"text"', 'null', '{'])('a corrected body %s is 400', async (body) => {
    const { app, operations } = startAdmin();
    const answer = await request(app).post(`${LETTERS}/d-1/replay`).type('json').send(body);
    expect(answer.status).toBe(400);
    expect(operations.calls).toEqual([]);
  });

  test('more than an event may have is 413', async () => {
    const { app } = startAdmin();
    const body = JSON.stringify({ x: 'x'.repeat(4 * 1024 * 1024) });
    expect((await request(app).post(`${LETTERS}/d-1/replay`).type('json').send(body)).status).toBe(413);
  });

  test('one that cannot be replayed is 409 with the reason', async () => {
    const { app, operations } = startAdmin();
    operations.failure = new OperationRefused(409, 'its subscription was deleted');
    const answer = await request(app).post(`${LETTERS}/d-1/replay`);
    expect([answer.status, messageOf(answer)]).toEqual([409, 'its subscription was deleted']);
    expect(answer.body).toMatchObject({ code: 'conflict' });
  });
});

describe('replay of many', () => {
  test('by filter, with counts by reason', async () => {
    const { app, operations, wrong, logged } = startAdmin();
    const filter = { subscriptionId: 's-1', since: '2026-03-01' };
    const answer = await request(app).post(`${LETTERS}/replay`).send({ filter });
    expect([answer.status, answer.body]).toEqual([
      202,
      { accepted: 5, byReason: { exhausted: 2, rejected: 3 } },
    ]);
    const expected = { state: 'open', subscriptionId: 's-1', since: '2026-03-01T00:00:00.000Z' };
    expect(operations.calls).toEqual([['replayMany', expected]]);
    expect(logged.at(-1)).toMatchObject({ message: 'admin.dead-letters.replay', fields: { accepted: 5 } });
    expect(wrong).toEqual([]);
  });

  test.each([
    ['no body', undefined, /needs a JSON body/],
    ['no filter', {}, /"filter"/],
    ['a filter that is none', { filter: 'all' }, /filter must be a JSON object/],
    ['an unknown member', { filter: { callback: 'x' } }, /"callback"/],
    ['a bad time', { filter: { until: 'soon' } }, /until/],
  ])('%s is 400: nobody replays everything by mistake', async (_name, body, message) => {
    const { app, operations } = startAdmin();
    const answer = await request(app).post(`${LETTERS}/replay`).type('json').send(body);
    expect([answer.status, messageOf(answer)]).toEqual([400, expect.stringMatching(message)]);
    expect(operations.calls).toEqual([]);
  });
});
