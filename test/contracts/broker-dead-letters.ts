import type { DeadLetter } from '../../src/brokers/broker.ts';
import type { GivenStage } from './broker-stage.ts';

function letter(n: number, more: Partial<DeadLetter> = {}): DeadLetter {
  return {
    id: `letter ${n}`,
    reason: 'exhausted',
    subscriptionId: 'a',
    callback: 'https://listener.example/?a=1',
    eventId: `e${n}`,
    eventType: 'ProductOrderCreateEvent',
    correlationId: null,
    attempts: [
      { n: 1, at: '2026-01-01T00:00:00.000Z', status: 500, durationMs: 3.5, answer: 'no "idea" ✓' },
      { n: 2, at: '2026-01-01T00:00:01.000Z', error: 'connect: refused', durationMs: 0.1 },
    ],
    error: 'connect: refused',
    retryCount: 1,
    source: {
      broker: 'b',
      topic: 't',
      partition: 1,
      offset: n,
      key: 'order ✓',
      headers: { eventId: `e${n}` },
    },
    body: Uint8Array.of(0, 255, n),
    deadAt: new Date(Date.UTC(2026, 0, 1, 0, n)).toISOString(),
    state: 'open',
    ...more,
  };
}

/** Bytes compare as bytes, whatever kind of array they come in. */
function plain({ body, ...rest }: DeadLetter) {
  return { ...rest, body: [...body] };
}

const ALL = { offset: 0, limit: 1_000 };

export function deadLetters(given: GivenStage): void {
  async function put(...letters: DeadLetter[]): Promise<void> {
    for (const one of letters) await given().broker.deadLetters.put(one);
  }

  async function list(...[filter, page = ALL]: Partial<Parameters<DeadLetterList>>) {
    const { items, total } = await given().broker.deadLetters.list(filter ?? {}, page);
    return { ids: items.map(({ id }) => Number(id.split(' ')[1])), total };
  }

  type DeadLetterList = ReturnType<GivenStage>['broker']['deadLetters']['list'];

  test('PITFALLS 5: a dead letter is durable when put resolves, with its whole context', async () => {
    const stage = given();
    const full = letter(1, {
      correlationId: 'c',
      replay: { requestedAt: '2026-01-02T00:00:00.000Z', correctedBodyBase64: 'AAA=' },
    });
    const bare = letter(2, {
      ...{ reason: 'unreadable', subscriptionId: null, callback: null, eventId: null, eventType: null },
      ...{ attempts: [], error: null, retryCount: 0, body: new Uint8Array() },
      source: { broker: 'b', topic: 't', headers: {} },
    });
    await put(full, bare);
    await stage.crash();
    const { deadLetters: letters } = stage.broker;
    expect(plain((await letters.get('letter 1'))!)).toEqual(plain(full));
    expect(plain((await letters.get('letter 2'))!)).toEqual(plain(bare));
    const { items } = await letters.list({}, ALL);
    expect(items.map(plain)).toEqual([bare, full].map(plain));
  });

  test('one that is not there is undefined, a list of none is empty', async () => {
    expect(await given().broker.deadLetters.get('letter 1')).toBeUndefined();
    expect(await list()).toEqual({ ids: [], total: 0 });
    expect(await given().broker.deadLetters.count({}, 'reason')).toEqual({});
  });

  test('an id that exists is replaced', async () => {
    await put(letter(1), letter(2), letter(1, { state: 'replayed', reason: 'rejected' }));
    expect(await list()).toEqual({ ids: [2, 1], total: 2 });
    expect(await list({ state: 'open' })).toEqual({ ids: [2], total: 1 });
    expect(await list({ reason: 'rejected' })).toEqual({ ids: [1], total: 1 });
    expect(await given().broker.deadLetters.get('letter 1')).toMatchObject({ state: 'replayed' });
  });

  test('RULES 13: one with an event of 4 MiB is kept whole', async () => {
    const body = Uint8Array.from({ length: 4 << 20 }, (_, i) => i % 251);
    await put(letter(1, { body }));
    const stored = await given().broker.deadLetters.get('letter 1');
    expect(Buffer.compare(stored!.body, body)).toBe(0);
  });

  test('lists newest first, page by page, and counts all that match', async () => {
    await put(...[3, 1, 5, 2, 4].map((n) => letter(n)));
    expect(await list()).toEqual({ ids: [5, 4, 3, 2, 1], total: 5 });
    expect(await list({}, { offset: 0, limit: 0 })).toEqual({ ids: [], total: 5 });
    expect(await list({}, { offset: 0, limit: 2 })).toEqual({ ids: [5, 4], total: 5 });
    expect(await list({}, { offset: 3, limit: 2 })).toEqual({ ids: [2, 1], total: 5 });
    expect(await list({}, { offset: 5, limit: 2 })).toEqual({ ids: [], total: 5 });
    expect(await list({}, { offset: 0, limit: 0 })).toEqual({ ids: [], total: 5 });
  });

  test('filters by each attribute, and by all of them together', async () => {
    await put(
      letter(1, { reason: 'rejected', correlationId: 'c1' }),
      letter(2, { subscriptionId: 'b', eventType: 'AlarmCreateEvent' }),
      letter(3, { state: 'discarded', correlationId: 'c1' }),
      letter(4, { subscriptionId: null, eventId: null }),
      letter(5, { subscriptionId: 'c', replay: { requestedAt: letter(5).deadAt } }),
    );
    const at = (n: number) => letter(n).deadAt;
    expect(await list({ subscriptionId: 'a' })).toEqual({ ids: [3, 1], total: 2 });
    expect(await list({ reason: 'rejected' })).toEqual({ ids: [1], total: 1 });
    expect(await list({ eventType: 'AlarmCreateEvent' })).toEqual({ ids: [2], total: 1 });
    expect(await list({ eventId: 'e3' })).toEqual({ ids: [3], total: 1 });
    expect(await list({ correlationId: 'c1' })).toEqual({ ids: [3, 1], total: 2 });
    expect(await list({ state: 'open' })).toEqual({ ids: [5, 4, 2, 1], total: 4 });
    expect(await list({ replayAsked: true })).toEqual({ ids: [5], total: 1 });
    expect(await list({ replayAsked: true, subscriptionId: 'a' })).toEqual({ ids: [], total: 0 });
    expect(await list({ since: at(3) })).toEqual({ ids: [5, 4, 3], total: 3 });
    expect(await list({ until: at(3) })).toEqual({ ids: [2, 1], total: 2 });
    expect(await list({ since: at(2), until: at(3) })).toEqual({ ids: [2], total: 1 });
    expect(await list({ correlationId: 'c1', state: 'open', subscriptionId: 'a' })).toEqual({
      ids: [1],
      total: 1,
    });
    expect(await list({ eventId: 'nothing' })).toEqual({ ids: [], total: 0 });
  });

  test('counts the open ones by an attribute', async () => {
    await put(
      letter(1, { reason: 'rejected' }),
      letter(2, { subscriptionId: 'b' }),
      letter(3, { state: 'replayed' }),
      letter(4, { subscriptionId: null, reason: 'unreadable', eventType: null }),
      letter(5),
    );
    const { deadLetters: letters } = given().broker;
    expect(await letters.count({}, 'reason')).toEqual({ rejected: 1, exhausted: 2, unreadable: 1 });
    expect(await letters.count({}, 'subscriptionId')).toEqual({ a: 2, b: 1, null: 1 });
    expect(await letters.count({}, 'eventType')).toEqual({ ProductOrderCreateEvent: 3, null: 1 });
    expect(await letters.count({ subscriptionId: 'a' }, 'reason')).toEqual({ rejected: 1, exhausted: 1 });
  });
}
