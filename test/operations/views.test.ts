import { answered, failed, ids } from '../delivery/scene.ts';
import { DeskScene } from './desk-scene.ts';
import { otherSource } from './other-source.ts';

const slow = () => ({ answer: answered(204), after: 5_000 });

describe('the view of a subscription', () => {
  test('at the head: nothing behind, nothing under way', async () => {
    const desk = await DeskScene.with({ a: () => 204 });
    await desk.scene.publish('k', 'e1');
    await desk.scene.clock.advance(1_000);
    expect(desk.operations.subscription('a')).toEqual({
      id: 'a',
      callback: 'http://a.example/',
      query: '',
      scope: { basePath: '', api: null, major: null },
      profile: 'tmf',
      signed: false,
      headers: [],
      state: 'active',
      circuit: 'closed',
      lag: 0,
      oldestUnsettled: null,
      inFlight: 0,
      waitingRetry: 0,
      lastOutcome: 'delivered',
      lost: 0,
      positions: { 'bss.ordering.events:0': 1 },
    });
  });

  test('before anything happened', async () => {
    const desk = await DeskScene.with({ a: () => 204 });
    expect(desk.operations.subscription('a')).toMatchObject({
      lastOutcome: null,
      lag: 0,
      oldestUnsettled: null,
    });
  });

  test('in flight: counted, and since when', async () => {
    const desk = await DeskScene.with({ a: slow });
    await desk.scene.clock.advance(700);
    await desk.scene.publish('k', 'e1', 'e2');
    await desk.scene.publish('l', 'e3');
    await desk.scene.clock.advance(1_000);
    expect(desk.operations.subscription('a')).toMatchObject({
      lag: 3,
      inFlight: 2,
      oldestUnsettled: '2026-01-01T00:00:00.700Z',
      positions: { 'bss.ordering.events:0': 0 },
    });
  });

  test('in retry: what waits, and what waits behind it', async () => {
    const desk = await DeskScene.with({ a: () => 404 });
    await desk.scene.publish('k', 'e1', 'e2', 'e3');
    await desk.scene.clock.advance(500);
    expect(desk.operations.subscription('a')).toMatchObject({
      inFlight: 0,
      waitingRetry: 3,
      lastOutcome: 'retry',
      lag: 3,
    });
  });

  test('with an open circuit', async () => {
    const desk = await DeskScene.with({ a: () => failed('connect') });
    await desk.scene.publish('k', 'e1');
    await desk.scene.clock.advance(1_500);
    expect(desk.operations.subscription('a')).toMatchObject({ circuit: 'open', state: 'active', lag: 1 });
    desk.scene.behave('a', slow);
    await desk.scene.clock.advance(1_000);
    expect(desk.operations.subscription('a')).toMatchObject({ circuit: 'probing', inFlight: 1 });
  });

  test.each([
    [410, 'gone'],
    [422, 'rejected'],
  ])('after %d the last outcome is %s', async (status, outcome) => {
    const desk = await DeskScene.with({ a: () => status });
    await desk.scene.publish('k', 'e1');
    await desk.scene.clock.advance(1_000);
    expect(desk.operations.subscription('a')).toMatchObject({ lastOutcome: outcome });
  });

  test('PITFALLS 19: gone, it is still there, and says so', async () => {
    const desk = await DeskScene.with({ a: () => 410 });
    await desk.scene.publish('k', 'e1');
    await desk.scene.clock.advance(1_000);
    expect(desk.operations.subscriptions()).toMatchObject([{ id: 'a', state: 'gone', lag: 1 }]);
  });

  test('PITFALLS 25: what retention removed is counted', async () => {
    const desk = await DeskScene.with({ a: () => 410 });
    await desk.scene.publish('k', ...ids(10));
    await desk.scene.clock.advance(1_000);
    desk.scene.gateway.log.truncate({ topic: 'bss.ordering.events', partition: 0 }, 10);
    await desk.scene.publish('k', 'e10');
    await desk.scene.crash();
    desk.scene.setState('a', 'active');
    await desk.scene.clock.advance(10_000);
    expect(desk.operations.subscription('a')).toMatchObject({ lost: 10 });
  });

  test('one that is pending shows as paused: it delivers nothing', async () => {
    const desk = new DeskScene();
    await desk.scene.gateway.start();
    await desk.subscribe('a', () => 204, { state: 'pending' });
    expect(desk.operations.subscription('a')?.state).toBe('paused');
  });

  test('one that the delivery side does not know shows with nothing under way', async () => {
    const desk = await DeskScene.with({ a: () => 204 });
    await desk.scene.finish(desk.scene.gateway.unsubscribe('a'));
    expect(desk.operations.subscription('a')).toMatchObject({
      circuit: 'closed',
      lag: 0,
      inFlight: 0,
      positions: {},
      lastOutcome: null,
    });
  });

  test('nobody knows the id: undefined', async () => {
    const desk = await DeskScene.with({ a: () => 204 });
    const { operations } = desk;
    expect(operations.subscription('b')).toBeUndefined();
    expect(await operations.pause('b')).toBeUndefined();
    expect(await operations.resume('b')).toBeUndefined();
    expect(await operations.replay('b', { from: { eventId: 'e' } })).toBeUndefined();
    expect(await operations.explain('b', 'e')).toBeUndefined();
  });
});

describe('what an operator does', () => {
  test('pause holds, resume delivers', async () => {
    const desk = await DeskScene.with({ a: () => 204 });
    expect(await desk.operations.pause('a')).toMatchObject({ id: 'a', state: 'paused' });
    expect(desk.registry.get('a')?.stateReason).toBe('Paused by an operator.');
    await desk.scene.publish('k', 'e1');
    await desk.scene.clock.advance(60_000);
    expect(desk.operations.subscription('a')).toMatchObject({ state: 'paused', lag: 1 });
    expect(desk.scene.calls).toEqual([]);
    expect(await desk.operations.resume('a')).toMatchObject({ state: 'active' });
    await desk.scene.clock.advance(1_000);
    expect(desk.scene.seen('a')).toEqual(['e1']);
  });

  test('replay offers a past range again to that one subscription', async () => {
    const desk = await DeskScene.with({ a: () => 204, b: () => 204 });
    for (const id of ids(5)) {
      await desk.scene.publish('k', id);
      await desk.scene.clock.advance(1_000);
    }
    const job = await desk.scene.finish(
      desk.operations.replay('a', { from: { time: '2026-01-01T00:00:03.000Z' } }),
    );
    expect(typeof job?.jobId).toBe('string');
    await desk.scene.clock.advance(1_000);
    expect(desk.scene.seen('a')).toEqual([...ids(5), 'e3', 'e4']);
    expect(desk.scene.seen('b')).toEqual(ids(5));
  });
});

describe('several sources', () => {
  test('lag, losses and the oldest are those of all; a place that two have is named with its source', async () => {
    const desk = await DeskScene.with({ a: slow });
    await desk.scene.publish('k', 'e1');
    await desk.scene.clock.advance(500);
    const positions = { 'bss.ordering.events:0': 7, 'hub.events:0': 8 };
    const oldestUnsettled = Date.parse('2025-12-31T23:59:59.000Z');
    const status = { lag: 4, lost: 2, oldestUnsettled, positions };
    desk.otherSources.push(otherSource('other', { status }), otherSource('without-a-feed'));
    expect(desk.operations.subscription('a')).toMatchObject({
      lag: 5,
      lost: 2,
      oldestUnsettled: '2025-12-31T23:59:59.000Z',
      positions: {
        'memory/bss.ordering.events:0': 0,
        'other/bss.ordering.events:0': 7,
        'hub.events:0': 8,
      },
    });
  });

  test('readiness names each', async () => {
    const desk = await DeskScene.with({});
    const down = { ok: false, reason: 'no connection' } as const;
    desk.otherSources.push(Object.assign(otherSource('other'), { health: () => down }));
    expect(desk.operations.readiness()).toEqual({
      ready: false,
      parts: { registry: { ok: true }, orphans: { ok: true }, memory: { ok: true }, other: down },
    });
  });
});

describe('readiness', () => {
  test('says of each part whether it is there, and why not', async () => {
    const desk = await DeskScene.with({});
    expect(desk.operations.readiness()).toEqual({
      ready: true,
      parts: { registry: { ok: true }, orphans: { ok: true }, memory: { ok: true } },
    });
    desk.registryHealth = { ok: false, reason: 'disk full' };
    expect(desk.operations.readiness()).toEqual({
      ready: false,
      parts: { registry: { ok: false, reason: 'disk full' }, orphans: { ok: true }, memory: { ok: true } },
    });
  });
});
