import type { DeadLetter } from '../../src/brokers/broker.ts';
import { Site } from './embedded-site.ts';

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.remove());

function letter(id: string, more: Partial<DeadLetter> = {}): DeadLetter {
  return {
    id,
    reason: 'exhausted',
    subscriptionId: 's1',
    callback: 'https://listener.example/cb',
    eventId: `event-of-${id}`,
    eventType: 'ProductOrderCreateEvent',
    correlationId: 'c1',
    attempts: [{ n: 1, at: '2026-01-01T00:00:00.000Z', status: 500, durationMs: 12, answer: 'no "way"' }],
    error: 'status 500',
    retryCount: 0,
    source: {
      broker: 'embedded',
      topic: 'orders',
      partition: 0,
      offset: 3,
      key: 'order-1',
      headers: { a: 'b' },
    },
    body: Uint8Array.of(0, 255, 10, 13, 0),
    deadAt: '2026-01-01T00:00:05.000Z',
    state: 'open',
    ...more,
  };
}

const comparable = ({ body, ...rest }: DeadLetter) => ({ ...rest, body: [...body] });
const idsOf = ({ items }: { items: readonly DeadLetter[] }) => items.map(({ id }) => id);
const ALL = { offset: 0, limit: 100 };

describe('dead letters in the embedded log', () => {
  test('PITFALLS 5: come back whole after a restart: bytes, key, headers, coordinates, attempts', async () => {
    let log = await site.open();
    const unreadable = letter('2', {
      ...{ reason: 'unreadable', subscriptionId: null, callback: null, eventId: null, eventType: null },
      ...{ correlationId: null, error: null, attempts: [] },
    });
    await log.deadLetters.put(letter('1'));
    await log.deadLetters.put(unreadable);
    log = await site.reopen(log);
    expect(comparable((await log.deadLetters.get('1'))!)).toEqual(comparable(letter('1')));
    expect(comparable((await log.deadLetters.get('2'))!)).toEqual(comparable(unreadable));
    expect(await log.deadLetters.get('3')).toBeUndefined();
  });

  test('an id that exists is replaced', async () => {
    const { deadLetters } = await site.open();
    await deadLetters.put(letter('1'));
    await deadLetters.put(letter('1', { state: 'replayed', body: Uint8Array.of(1) }));
    expect(comparable((await deadLetters.get('1'))!)).toMatchObject({ state: 'replayed', body: [1] });
    expect(await deadLetters.list({}, ALL)).toMatchObject({ total: 1, items: [{ state: 'replayed' }] });
    expect(await deadLetters.list({ state: 'open' }, ALL)).toEqual({ items: [], total: 0 });
  });

  test('are listed newest first, page by page, with the count of all that match', async () => {
    const { deadLetters } = await site.open();
    const at = (second: number) => ({ deadAt: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString() });
    for (const [id, second] of [
      ['a', 1],
      ['b', 3],
      ['c', 2],
      ['d', 3],
    ] as const)
      await deadLetters.put(letter(id, at(second)));
    await deadLetters.put(letter('b', { ...at(3), state: 'replayed' }));
    expect(idsOf(await deadLetters.list({}, ALL))).toEqual(['d', 'b', 'c', 'a']);
    const page = await deadLetters.list({}, { offset: 1, limit: 2 });
    expect(idsOf(page)).toEqual(['b', 'c']);
    expect(page.total).toBe(4);
  });

  test('are filtered by every attribute, alone and together', async () => {
    const { deadLetters } = await site.open();
    await deadLetters.put(letter('1'));
    const other = letter('2', {
      ...{ reason: 'rejected', subscriptionId: 's2', eventType: 'BillCreateEvent', eventId: 'e2' },
      ...{ correlationId: 'c2', deadAt: '2026-01-02T00:00:00.000Z', state: 'discarded' },
    });
    await deadLetters.put(other);
    const filters = [
      { reason: 'rejected' },
      { subscriptionId: 's2' },
      { eventType: 'BillCreateEvent' },
      { eventId: 'e2' },
      { correlationId: 'c2' },
      { state: 'discarded' as const },
      { since: '2026-01-02T01:00:00+01:00' },
      {
        reason: 'rejected',
        subscriptionId: 's2',
        since: '2026-01-01T12:00:00Z',
        until: '2026-01-03T00:00:00Z',
      },
    ];
    for (const filter of filters) {
      expect({ filter, found: idsOf(await deadLetters.list(filter, ALL)) }).toEqual({ filter, found: ['2'] });
    }
    expect(idsOf(await deadLetters.list({ until: '2026-01-02T00:00:00.000Z' }, ALL))).toEqual(['1']);
    expect(idsOf(await deadLetters.list({ reason: 'rejected', subscriptionId: 's1' }, ALL))).toEqual([]);
  });

  test('open ones are counted by the values of an attribute', async () => {
    const { deadLetters } = await site.open();
    await deadLetters.put(letter('1'));
    await deadLetters.put(letter('2', { reason: 'rejected', subscriptionId: 's2' }));
    await deadLetters.put(letter('3', { reason: 'rejected' }));
    await deadLetters.put(letter('4', { reason: 'unreadable', subscriptionId: null }));
    await deadLetters.put(letter('5', { reason: 'rejected', state: 'discarded' }));
    expect(await deadLetters.count({}, 'reason')).toEqual({ exhausted: 1, rejected: 2, unreadable: 1 });
    expect(await deadLetters.count({}, 'subscriptionId')).toEqual({ s1: 2, s2: 1, null: 1 });
    expect(await deadLetters.count({ subscriptionId: 's1' }, 'reason')).toEqual({
      exhausted: 1,
      rejected: 1,
    });
    expect(await deadLetters.count({ state: 'discarded' }, 'reason')).toEqual({});
  });

  test('RULES 13: one of 4 MiB is kept', async () => {
    const { deadLetters } = await site.open();
    const body = Buffer.alloc(4 << 20, 'payload');
    await deadLetters.put(letter('1', { body }));
    expect(body.equals((await deadLetters.get('1'))!.body)).toBe(true);
  });
});
