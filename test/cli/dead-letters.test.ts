import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeGateway } from './fake-gateway.ts';
import { runCommand } from './run-command.ts';

const LETTER = {
  id: 'd-1',
  reason: 'exhausted',
  subscriptionId: 's-1',
  callback: 'http://127.0.0.1:9000/orders',
  eventId: 'e-1',
  eventType: 'ProductOrderCreateEvent',
  correlationId: null,
  attempts: [
    { n: 1, at: '2026-01-31T08:00:00.000Z', status: 500, durationMs: 3.4, answer: 'no\n  apostrophes' },
    { n: 2, at: '2026-01-31T08:00:01.000Z', error: 'connect: refused', durationMs: 1 },
  ],
  error: 'connect: refused',
  retryCount: 1,
  source: {
    broker: 'embedded',
    topic: 'bss.ordering.events',
    partition: 0,
    offset: 42,
    key: 'o-1',
    headers: {},
  },
  payload: { eventId: 'e-1', event: { productOrder: { id: 'o-1' } } },
  deadAt: '2026-01-31T08:00:02.000Z',
  state: 'open',
};

let gateway: FakeGateway;
beforeEach(async () => {
  gateway = await FakeGateway.start();
});
afterEach(() => gateway.stop());

const calls = () => gateway.calls.map(({ method, path }) => `${method} ${path}`);

describe('list', () => {
  test('shows the newest, and how many there are', async () => {
    gateway.answer = () => ({ status: 200, body: { items: [LETTER], total: 51 } });
    const { code, lines } = await runCommand(['dead-letters', 'list'], { gateway });
    expect(code).toBe(0);
    expect(lines[1]?.split(/ {2,}/)).toEqual([
      'd-1',
      LETTER.deadAt,
      'exhausted',
      'open',
      LETTER.eventType,
      'e-1',
      '1',
      LETTER.callback,
    ]);
    expect(lines[2]).toBe('1 of 51');
    expect(calls()).toEqual(['GET /admin/dead-letters?limit=50&offset=0']);
  });

  test('no dead letters are good news', async () => {
    gateway.answer = () => ({ status: 200, body: { items: [], total: 0 } });
    expect(await runCommand(['dead-letters', 'list'], { gateway })).toMatchObject({
      code: 0,
      out: 'No dead letters.',
    });
  });

  test('passes every filter on', async () => {
    gateway.answer = () => ({ status: 200, body: { items: [], total: 0 } });
    const filters = [
      '--subscription',
      's-1',
      '--reason',
      'rejected',
      '--event-type',
      'AEvent',
      '--event-id',
      'e-1',
    ];
    const more = [
      '--correlation',
      'c',
      '--state',
      'replayed',
      '--since',
      '2026-01-31',
      '--until',
      '2026-02-01T00:00Z',
    ];
    await runCommand(['dead-letters', 'list', ...filters, ...more, '--limit', '5', '--offset', '10'], {
      gateway,
    });
    const query = new URL(gateway.calls[0]?.path ?? '', gateway.url).searchParams;
    expect(Object.fromEntries(query)).toEqual({
      subscriptionId: 's-1',
      reason: 'rejected',
      eventType: 'AEvent',
      eventId: 'e-1',
      correlationId: 'c',
      state: 'replayed',
      since: '2026-01-31T00:00:00.000Z',
      until: '2026-02-01T00:00:00.000Z',
      limit: '5',
      offset: '10',
    });
  });

  test.each([
    ['reason', 'reason'],
    ['subscription', 'subscriptionId'],
    ['event-type', 'eventType'],
  ])('--group-by %s counts', async (typed, sent) => {
    gateway.answer = () => ({ status: 200, body: { counts: { one: 3, another: 1 }, total: 4 } });
    const { lines } = await runCommand(['dead-letters', 'list', '--group-by', typed], { gateway });
    expect(lines).toEqual(['one      3', 'another  1', 'total    4']);
    expect(calls()).toEqual([`GET /admin/dead-letters?groupBy=${sent}`]);
  });
});

describe('show', () => {
  test('tells the whole story', async () => {
    gateway.answer = () => ({ status: 200, body: LETTER });
    const { out } = await runCommand(['dead-letters', 'show', 'd-1'], { gateway });
    expect(out).toMatch(/^came from +embedded \/ bss.ordering.events \/ 0 \/ 42$/m);
    expect(out).toMatch(/1 +2026-01-31T08:00:00.000Z +500 +3 ms +no apostrophes/);
    expect(out).toMatch(/2 +2026-01-31T08:00:01.000Z +connect: refused +1 ms/);
    expect(out).toContain('"id": "o-1"');
  });

  test('shows what is no JSON as it is kept', async () => {
    gateway.answer = () => ({
      status: 200,
      body: { ...LETTER, payload: undefined, attempts: [], payloadBase64: 'AAEC' },
    });
    expect((await runCommand(['dead-letters', 'show', 'd-1'], { gateway })).out).toMatch(/^AAEC$/m);
  });
});

describe('replay', () => {
  test('of several by id', async () => {
    gateway.answer = () => ({ status: 202, body: { ...LETTER, state: 'replayed' } });
    const { code, lines } = await runCommand(['dead-letters', 'replay', 'd-1', 'd/2'], { gateway });
    expect({ code, lines }).toEqual({ code: 0, lines: ['d-1', 'd/2'] });
    expect(calls()).toEqual(['POST /admin/dead-letters/d-1/replay', 'POST /admin/dead-letters/d%2F2/replay']);
    expect(gateway.bodies).toEqual([undefined, undefined]);
  });

  test('of all that match, with counts by reason', async () => {
    gateway.answer = () => ({ status: 202, body: { accepted: 5, byReason: { exhausted: 4, rejected: 1 } } });
    const argv = ['dead-letters', 'replay', '--all', '--event-type', 'AEvent'];
    const { out } = await runCommand(argv, { gateway });
    expect(out).toBe('5 on their way again (4 exhausted, 1 rejected).');
    expect(calls()).toEqual(['POST /admin/dead-letters/replay']);
    expect(gateway.bodies).toEqual([{ filter: { eventType: 'AEvent' } }]);
  });

  describe('with a corrected body', () => {
    let folder: string;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'cli-'));
      gateway.answer = () => ({ status: 202, body: LETTER });
    });
    afterEach(() => rm(folder, { recursive: true }));

    test('sends the file byte by byte', async () => {
      const file = join(folder, 'corrected.json');
      const text = '{ "eventId": "e-1",\n  "n": 12345678901234567890 }\n';
      await writeFile(file, text);
      expect((await runCommand(['dead-letters', 'replay', 'd-1', '--body', file], { gateway })).code).toBe(0);
      expect(gateway.calls[0]?.text).toBe(text);
    });

    test('or stdin', async () => {
      await runCommand(['dead-letters', 'replay', 'd-1', '--body', '-'], { gateway, stdin: '{"a":1}' });
      expect(gateway.calls[0]?.text).toBe('{"a":1}');
    });

    test.each([
      ['there is no file', 'missing.json', undefined, 'There is no file'],
      ['it is no JSON', 'broken.json', '{"a":', 'is no JSON'],
      ['it is no event', 'list.json', '[1]', 'an event is a JSON object'],
    ])('sends nothing when %s', async (_what, name, content, sentence) => {
      const file = join(folder, name);
      if (content !== undefined) await writeFile(file, content);
      const { code, err } = await runCommand(['dead-letters', 'replay', 'd-1', '--body', file], { gateway });
      expect(code).toBe(2);
      expect(err).toContain(sentence);
      expect(gateway.calls).toEqual([]);
    });
  });
});

test('discard names what is gone, and stops at what is not there', async () => {
  gateway.answer = ({ path }) => (path.endsWith('/d-1') ? { status: 204 } : undefined);
  const { code, lines, err } = await runCommand(['dead-letters', 'discard', 'd-1', 'd-2'], { gateway });
  expect({ code, lines }).toEqual({ code: 1, lines: ['d-1'] });
  expect(err).toContain('DELETE /admin/dead-letters/d-2 was answered 404');
});
