import { replay } from './letters.ts';
import { answered, ids, Scene } from './scene.ts';

const attemptsOf = (scene: Scene) => scene.to('a').map(({ headers }) => Number(headers['x-tmf-hub-attempt']));

describe('PITFALLS 2: attempts survive restarts', () => {
  test('with 10 crashes an event that always fails still has exactly its number of attempts', async () => {
    const delays = Array.from({ length: 15 }, () => 10_000);
    const scene = await Scene.with({ a: () => 500 }, { retry: { delays } });
    await scene.publish('order-1', 'e1');
    for (let i = 0; i < 10; i++) {
      await scene.clock.advance(100 + 1_000 * i);
      await scene.crash();
    }
    await scene.clock.advance(1_000_000);
    expect(attemptsOf(scene)).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
    expect(scene.letters()).toMatchObject([{ reason: 'exhausted', retryCount: 15 }]);
    expect(scene.letters()[0]?.attempts.at(-1)?.n).toBe(16);
  });

  test('a crash after the last attempt, while the dead letter cannot be written, makes no more of them', async () => {
    let down = true;
    const scene = await Scene.with({ a: () => 500 }, { faults: { letterFails: () => down } });
    await scene.publish('order-1', 'e1');
    await scene.clock.advance(60_000);
    for (let i = 0; i < 10; i++) {
      await scene.crash();
      await scene.clock.advance(60_000);
    }
    down = false;
    await scene.clock.advance(60_000);
    expect(attemptsOf(scene)).toEqual([1, 2, 3, 4]);
    expect(scene.letters()).toMatchObject([
      { reason: 'exhausted', retryCount: 3, error: 'All its attempts were made before a restart.' },
    ]);
  });

  test('a longer schedule after a restart is followed to its end, a shorter one ends at once', async () => {
    const longer = await Scene.with({ a: () => 500 }, { retry: { delays: [1_000] } });
    await longer.publish('order-1', 'e1');
    await longer.clock.advance(500);
    longer.reconfigure({ retry: { delays: [1_000, 1_000, 1_000] } });
    await longer.crash();
    await longer.clock.advance(100_000);
    expect(attemptsOf(longer)).toEqual([1, 2, 3, 4]);

    const shorter = await Scene.with({ a: () => 500 });
    await shorter.publish('order-1', 'e1');
    await shorter.clock.advance(2_000);
    shorter.reconfigure({ retry: { delays: [1_000] } });
    await shorter.crash();
    await shorter.clock.advance(100_000);
    expect(attemptsOf(shorter)).toEqual([1, 2]);
    expect(shorter.letters()).toMatchObject([{ reason: 'exhausted', retryCount: 1 }]);
  });
});

describe('PITFALLS 9, 20: nothing is passed before it is settled', () => {
  test('what was in flight when the process died is sent again', async () => {
    const scene = await Scene.with({ a: () => ({ answer: answered(204), after: 5_000 }) });
    for (const id of ids(5)) await scene.publish(id, id);
    await scene.clock.advance(100);
    expect(scene.seen('a')).toEqual(ids(5));
    scene.behave('a', () => 204);
    await scene.crash();
    await scene.clock.advance(100);
    expect(scene.seen('a').slice(5).sort()).toEqual(ids(5));
  });

  test('PITFALLS 15: what waits for a retry when the process dies is not lost', async () => {
    const scene = await Scene.with({ a: ({ eventId }) => (eventId.startsWith('bad') ? 404 : 204) });
    for (const i of ids(30, '')) {
      await scene.publish(`good${i}`, `good${i}`);
      await scene.publish(`bad${i}`, `bad${i}`, `behind${i}`);
      await scene.clock.advance(10);
    }
    await scene.clock.advance(100);
    expect(scene.status('a').waitingRetry).toBeGreaterThan(50);
    scene.behave('a', () => 204);
    await scene.crash();
    await scene.clock.advance(10_000);
    const delivered = scene.seen('a');
    for (const i of ids(30, '')) {
      expect(delivered.lastIndexOf(`bad${i}`)).toBeGreaterThan(-1);
      expect(delivered.indexOf(`behind${i}`)).toBeGreaterThan(delivered.lastIndexOf(`bad${i}`));
    }
    expect(scene.letters()).toEqual([]);
  });

  test('PITFALLS 10: only what was in flight or not yet committed comes twice', async () => {
    const scene = await Scene.with({ a: () => ({ answer: answered(204), after: 20 }) });
    const all = ids(100);
    for (const id of all) await scene.publish(id, id);
    await scene.clock.until(() => scene.calls.length === 100, 10_000);
    await scene.clock.advance(5);
    // An answer takes 20 ms; what it settled is committed 10 ms later.
    const young = new Set(scene.calls.filter(({ at }) => at >= scene.now - 30).map(({ eventId }) => eventId));
    expect(young.size).toBeLessThan(50);
    await scene.crash();
    await scene.clock.advance(1_000);
    const twice = all.filter((id) => scene.seen('a').filter((seen) => seen === id).length === 2);
    expect(twice.length).toBeGreaterThan(0);
    expect(twice.filter((id) => !young.has(id))).toEqual([]);
    expect(new Set(scene.seen('a')).size).toBe(100);
  });
});

describe('what a listener recognises a duplicate by', () => {
  test('webhook-id is the same over attempts, restarts and replays, and another for each subscription', async () => {
    const scene = await Scene.with({ a: () => 422, b: () => 500 });
    await scene.publish('order-1', 'e1');
    await scene.clock.advance(2_000);
    await scene.crash();
    await scene.clock.advance(100_000);
    await replay(
      scene,
      scene.letters().find(({ subscriptionId }) => subscriptionId === 'a'),
    );
    await scene.finish(scene.gateway.broker.replay('a', { from: { eventId: 'e1' } }));
    await scene.clock.advance(100_000);
    const idsOf = (id: string) => scene.to(id).map(({ headers }) => headers['webhook-id']);
    expect(idsOf('a')).toEqual(['e1:a', 'e1:a', 'e1:a']);
    expect(idsOf('b')).toEqual(['e1:b', 'e1:b', 'e1:b', 'e1:b']);
  });

  test('RULES 15: an event without eventId has the same one at each reading', async () => {
    const scene = await Scene.with({ a: () => 500, b: () => 204 });
    await scene.publishRaw('{"eventType":"XCreateEvent","event":{"x":{"id":"1"}}}');
    await scene.publishRaw('{"eventType":"XCreateEvent","event":{"x":{"id":"1"}}}');
    await scene.clock.advance(500);
    await scene.crash();
    await scene.crash();
    await scene.clock.advance(500);
    const derived = 'memory:bss.ordering.events:0:0';
    expect(scene.seen('b')).toEqual([derived, 'memory:bss.ordering.events:0:1']);
    expect(new Set(scene.seen('a'))).toEqual(new Set([derived]));
    const bodies = new Set(
      scene.calls.filter(({ eventId }) => eventId === derived).map(({ body }) => body.toString()),
    );
    expect(bodies.size).toBe(1);
    expect(JSON.parse([...bodies][0] ?? '')).toMatchObject({
      eventId: derived,
      eventTime: '2026-01-01T00:00:00.000Z',
    });
  });
});
