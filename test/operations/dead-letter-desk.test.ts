import type { OperationRefused } from '../../src/admin/operations.ts';
import type { Broker, DeadLetter } from '../../src/brokers/broker.ts';
import { LetterReplays } from '../../src/delivery/letter-replays.ts';
import { createDeadLetterDesk } from '../../src/operations/dead-letter-desk.ts';
import { ids } from '../delivery/scene.ts';
import { MemoryLog, MemoryStorage } from '../support/memory-log.ts';
import { SimClock } from '../support/sim-clock.ts';
import { DeskScene } from './desk-scene.ts';

function letter(id: string, broker: string, minute: number, more: Partial<DeadLetter> = {}): DeadLetter {
  return {
    id,
    reason: 'exhausted',
    subscriptionId: 's1',
    callback: 'http://s1.example/',
    eventId: id,
    eventType: 'XEvent',
    correlationId: null,
    attempts: [],
    error: 'The listener answered 500.',
    retryCount: 3,
    source: { broker, topic: 't', partition: 0, offset: minute, headers: {} },
    body: Buffer.from('{"eventType":"XEvent","event":{}}'),
    deadAt: new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString(),
    state: 'open',
    ...more,
  };
}

/** A desk over brokers that are nothing but their dead letters. */
async function deskOver(letters: Record<string, DeadLetter[]>) {
  const clock = new SimClock();
  const brokers = Object.keys(letters).map((name) => {
    const { deadLetters } = new MemoryLog(new MemoryStorage({}), clock);
    return { name, deadLetters } as Broker;
  });
  for (const broker of brokers)
    for (const one of letters[broker.name] ?? []) await broker.deadLetters.put(one);
  const knowledge = { apisOfType: () => [], payloadKeys: () => [] };
  const replays = new LetterReplays({
    ...{ clock, knowledge, brokers },
    dispatcherOf: () => undefined,
    failed: () => undefined,
  });
  return createDeadLetterDesk(brokers, replays);
}

describe('the dead letters of two brokers are one list', () => {
  const odd = [1, 3, 5, 7, 9].map((minute) => letter(`l${minute}`, 'first', minute));
  const even = [2, 4, 6].map((minute) => letter(`l${minute}`, 'second', minute, { reason: 'rejected' }));
  const newestFirst = ['l9', 'l7', 'l6', 'l5', 'l4', 'l3', 'l2', 'l1'];

  test('newest first, in pages without gaps or repetitions', async () => {
    const desk = await deskOver({ first: odd, second: even });
    for (const limit of [1, 2, 3, 5, 8, 20]) {
      const seen: string[] = [];
      for (let offset = 0; offset < 8; offset += limit) {
        const page = await desk.list({}, { offset, limit });
        expect(page.total).toBe(8);
        seen.push(...page.items.map(({ id }) => id));
      }
      expect(seen).toEqual(newestFirst);
    }
  });

  test('beyond the end is an empty page that knows the total', async () => {
    const desk = await deskOver({ first: odd, second: even });
    expect(await desk.list({}, { offset: 50, limit: 10 })).toEqual({ items: [], total: 8 });
    expect(await desk.list({}, { offset: 0, limit: 0 })).toEqual({ items: [], total: 8 });
  });

  test('filtered and counted over both', async () => {
    const desk = await deskOver({ first: odd, second: even });
    const rejected = await desk.list({ reason: 'rejected' }, { offset: 1, limit: 1 });
    expect(rejected).toMatchObject({ items: [{ id: 'l4' }], total: 3 });
    expect(await desk.count({}, 'reason')).toEqual({ exhausted: 5, rejected: 3 });
    expect(await desk.count({}, 'subscriptionId')).toEqual({ s1: 8 });
    expect(await desk.count({ since: '2026-01-01T00:06:00.000Z' }, 'reason')).toEqual({
      exhausted: 2,
      rejected: 1,
    });
  });

  test('one is found wherever it is', async () => {
    const desk = await deskOver({ first: odd, second: even });
    expect(await desk.get('l3')).toMatchObject({ source: { broker: 'first' } });
    expect(await desk.get('l4')).toMatchObject({ source: { broker: 'second' } });
    expect(await desk.get('l8')).toBeUndefined();
  });

  test('discarded, it keeps everything but its state, at its broker', async () => {
    const desk = await deskOver({ first: odd, second: even });
    expect(await desk.discard('l4')).toEqual({ ...even[1], state: 'discarded' });
    expect(await desk.get('l4')).toEqual({ ...even[1], state: 'discarded' });
    expect((await desk.list({ state: 'open' }, { offset: 0, limit: 10 })).total).toBe(7);
    expect(await desk.discard('l8')).toBeUndefined();
  });

  test('a broker that cannot be asked: not now, with its name and the reason', async () => {
    const away = { list: async () => Promise.reject(new Error('no connection')) };
    const desk = createDeadLetterDesk(
      [{ name: 'first', deadLetters: { ...away, get: away.list, count: away.list } } as unknown as Broker],
      Object.create(LetterReplays.prototype) as LetterReplays,
    );
    const reason = { status: 503, message: expect.stringContaining('first cannot be asked') as string };
    await expect(desk.list({}, { offset: 0, limit: 1 })).rejects.toMatchObject(reason);
    await expect(desk.count({}, 'reason')).rejects.toMatchObject(reason);
    await expect(desk.get('l1')).rejects.toMatchObject(reason);
    await expect(desk.discard('l1')).rejects.toMatchObject(reason);
    await expect(desk.replayMany({})).rejects.toMatchObject(reason);
  });

  test('one broker alone pages by itself', async () => {
    const desk = await deskOver({ first: odd });
    const { items, total } = await desk.list({}, { offset: 1, limit: 2 });
    expect([items.map(({ id }) => id), total]).toEqual([['l7', 'l5'], 5]);
  });
});

describe('replay', () => {
  const rejecting = async (count: number) => {
    const desk = await DeskScene.with({ a: () => 422, b: ({ eventId }) => (eventId === 'e1' ? 500 : 204) });
    for (const id of ids(count)) await desk.scene.publish('x', id);
    await desk.scene.clock.advance(100_000);
    return desk;
  };
  const idOf = (desk: DeskScene, subscriptionId: string, eventId: string): string =>
    desk.scene.letters().find((one) => one.subscriptionId === subscriptionId && one.eventId === eventId)
      ?.id ?? '';

  test('of one', async () => {
    const desk = await rejecting(2);
    desk.scene.behave('a', () => 204);
    const id = idOf(desk, 'a', 'e0');
    expect(await desk.operations.deadLetters.replay(id)).toMatchObject({ id, state: 'open' });
    await desk.scene.clock.advance(1_000);
    expect(await desk.operations.deadLetters.get(id)).toMatchObject({ state: 'replayed' });
    expect(await desk.operations.deadLetters.replay('nonsense')).toBeUndefined();
  });

  test('that cannot be is refused with 409 and the reason', async () => {
    const desk = await rejecting(2);
    const letters = desk.operations.deadLetters;
    const refusal = await letters
      .replay(idOf(desk, 'a', 'e0'), Buffer.from('[]'))
      .catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      name: 'OperationRefused',
      status: 409,
    } satisfies Partial<OperationRefused>);
    expect(String(refusal)).toContain('it is JSON, but no object');
  });

  test('of many: counts by reason, oldest first', async () => {
    const desk = await rejecting(6);
    desk.scene.behave('a', () => 204);
    desk.scene.behave('b', () => 204);
    const began = desk.scene.calls.length;
    expect(await desk.operations.deadLetters.replayMany({})).toEqual({
      accepted: 7,
      byReason: { rejected: 6, exhausted: 1 },
    });
    await desk.scene.clock.advance(1_000);
    const again = desk.scene.calls.slice(began);
    expect(again.filter(({ to }) => to === 'a').map(({ eventId }) => eventId)).toEqual(ids(6));
    expect(again.filter(({ to }) => to === 'b').map(({ eventId }) => eventId)).toEqual(['e1']);
    expect(new Set(desk.scene.letters().map(({ state }) => state))).toEqual(new Set(['replayed']));
    expect(await desk.operations.deadLetters.replayMany({})).toEqual({ accepted: 0, byReason: {} });
  });

  test('of those that a filter names, and of open ones only', async () => {
    const desk = await rejecting(4);
    await desk.operations.deadLetters.discard(idOf(desk, 'a', 'e0'));
    desk.scene.behave('a', () => 204);
    const filter = { subscriptionId: 'a', reason: 'rejected', state: 'discarded' } as const;
    expect(await desk.operations.deadLetters.replayMany(filter)).toEqual({
      accepted: 3,
      byReason: { rejected: 3 },
    });
    await desk.scene.clock.advance(1_000);
    const counts = await desk.operations.deadLetters.count({}, 'reason');
    expect(counts).toEqual({ exhausted: 1 });
  });

  test('asked for many twice, each is sent once', async () => {
    const desk = await rejecting(5);
    desk.scene.setState('a', 'paused');
    const filter = { subscriptionId: 'a' };
    expect(await desk.operations.deadLetters.replayMany(filter)).toMatchObject({ accepted: 5 });
    expect(await desk.operations.deadLetters.replayMany(filter)).toMatchObject({ accepted: 0 });
    desk.scene.behave('a', () => 204);
    desk.scene.setState('a', 'active');
    const began = desk.scene.calls.length;
    await desk.scene.clock.advance(10_000);
    expect(desk.scene.calls.slice(began)).toHaveLength(5);
  });

  test('of letters whose subscription is gone counts none of them', async () => {
    const desk = await rejecting(3);
    await desk.scene.finish(desk.scene.gateway.unsubscribe('a'));
    expect(await desk.operations.deadLetters.replayMany({})).toEqual({
      accepted: 1,
      byReason: { exhausted: 1 },
    });
  });

  test('more than a page of them', async () => {
    const desk = await DeskScene.with({ a: () => 422 }, { circuit: { rejectionThreshold: 10_000 } });
    for (const id of ids(1_100)) await desk.scene.publish(id, id);
    await desk.scene.clock.advance(100_000);
    desk.scene.behave('a', () => 204);
    expect(await desk.operations.deadLetters.replayMany({})).toMatchObject({ accepted: 1_100 });
    await desk.scene.clock.advance(100_000);
    expect(await desk.operations.deadLetters.count({}, 'reason')).toEqual({});
  });
});
