import { eventRecord } from '../support/sim-gateway.ts';
import { answered, failed, ids, Scene, TOPIC } from './scene.ts';

const KB = 1024;

/** Publishes an event of a type with so many bytes of ballast. */
async function publish(scene: Scene, type: string, id: string, bytes: number): Promise<void> {
  const event = { x: { id, ballast: 'x'.repeat(bytes) } };
  await scene.publishRaw(JSON.stringify({ eventId: id, eventType: type, event }), {}, id);
}

const only = (type: string) => ({ query: `eventType=${type}` });

describe('RULES 16: memory at work', () => {
  test('dead subscriptions with large events do not starve a healthy one', async () => {
    const scene = await Scene.with({}, { limits: { memory: 100 * KB } });
    for (const id of ids(10, 'dead')) await scene.subscribe(id, () => failed('connect'), only('BigEvent'));
    await scene.subscribe('healthy', () => 204, only('SmallEvent'));
    for (const id of ids(40, 'big')) await publish(scene, 'BigEvent', id, 20 * KB);
    await scene.clock.advance(60_000);
    const began = scene.now;
    for (const id of ids(200, 'small')) await publish(scene, 'SmallEvent', id, 100);
    await scene.clock.advance(2_000);
    expect(scene.seen('healthy')).toEqual(ids(200, 'small'));
    expect(scene.to('healthy').at(-1)!.at - began).toBeLessThan(1_000);
  });

  test('one slow subscription with large events does not starve a healthy one, and gets all of them', async () => {
    const scene = await Scene.with({}, { limits: { memory: 100 * KB } });
    await scene.subscribe('slow', () => ({ answer: answered(204), after: 3_000 }), only('BigEvent'));
    await scene.subscribe('healthy', () => 204, only('SmallEvent'));
    for (const id of ids(60, 'big')) await publish(scene, 'BigEvent', id, 10 * KB);
    await scene.clock.advance(1_000);
    for (const id of ids(200, 'small')) await publish(scene, 'SmallEvent', id, 100);
    await scene.clock.advance(1_000);
    expect(scene.seen('healthy')).toHaveLength(200);
    await scene.clock.advance(600_000);
    expect(scene.seen('slow').toSorted()).toEqual(ids(60, 'big').toSorted());
  });

  test('the total is bounded by the budget and one event for each subscription, at every moment', async () => {
    const memory = 50 * KB;
    let most = 0;
    const scene: Scene = await Scene.with(
      {},
      {
        limits: { memory },
        observer: { attempted: () => (most = Math.max(most, scene.gateway.deliveries.capacity.bytes)) },
      },
    );
    for (const [i, id] of ids(8, 's').entries())
      await scene.subscribe(id, () =>
        i % 2 === 0 ? failed('connect') : { answer: answered(204), after: 50 },
      );
    for (const id of ids(200)) await publish(scene, 'XEvent', id, 5 * KB);
    await scene.clock.advance(200_000);
    expect(most).toBeGreaterThan(memory / 2);
    expect(most).toBeLessThanOrEqual(memory + 8 * 5.1 * KB);
  });

  test('an event larger than the whole budget is delivered', async () => {
    const scene = await Scene.with({ a: () => 204 }, { limits: { memory: KB } });
    for (const id of ids(3)) await publish(scene, 'XEvent', id, 10 * KB);
    await scene.clock.advance(1_000);
    expect(scene.seen('a')).toEqual(ids(3));
  });

  test('what was evicted keeps its attempts, its order, and is one event for the circuit', async () => {
    // 2,000 bytes: `a` holds its three events until `b` needs the memory between the attempts of `poison`.
    const scene = await Scene.with({}, { limits: { memory: 400 }, circuit: { threshold: 2 } });
    await scene.subscribe('a', ({ eventId }) => (eventId === 'poison' ? 500 : 204), only('AEvent'));
    await scene.subscribe('b', () => ({ answer: answered(204), after: 200 }), only('BEvent'));
    const a = (id: string) => scene.gateway.broker.publish(eventRecord(TOPIC, 'k', id, 'AEvent'));
    for (const id of ['poison', 'e1', 'e2']) await a(id);
    for (let second = 0; second < 60; second++) {
      await scene.clock.advance(1_000);
      for (const n of [1, 2, 3]) {
        const id = `b${second}-${n}`;
        await scene.gateway.broker.publish(eventRecord(TOPIC, id, id, 'BEvent'));
      }
    }
    await scene.clock.advance(60_000);
    const attempts = scene
      .to('a')
      .map(({ eventId, headers }) => `${eventId} ${headers['x-tmf-hub-attempt']}`);
    expect(attempts).toEqual(['poison 1', 'poison 2', 'poison 3', 'poison 4', 'e1 1', 'e2 1']);
    expect(scene.to('a')[1]!.at).toBeLessThan(1_000 + 5_000);
    expect(scene.circuits).toEqual([]);
    expect(scene.seen('b')).toHaveLength(180);
  });

  test('everything that was held is let go of in the end', async () => {
    const scene = await Scene.with(
      {
        a: ({ eventId }) => (Number(eventId.slice(1)) % 3 === 0 ? 400 : 204),
        b: ({ time }) => (time < 3 ? 500 : 204),
      },
      { limits: { memory: 3 * KB }, circuit: { threshold: 1_000, rejectionThreshold: 1_000 } },
    );
    for (const id of ids(100)) await scene.publish(`k${id.length}`, id);
    await scene.clock.advance(3_600_000);
    expect(scene.status('a').lag).toBe(0);
    expect(scene.status('b').lag).toBe(0);
    expect(scene.gateway.deliveries.capacity.bytes).toBe(0);
    expect(scene.gateway.deliveries.capacity.slotsInUse).toBe(0);
  });
});

describe('sockets', () => {
  test('PITFALLS 14: slow listeners that use up all slots leave everyone else at least one', async () => {
    const scene = await Scene.with({}, { limits: { maxSockets: 10 } });
    for (const id of ids(5, 'slow'))
      await scene.subscribe(id, () => ({ answer: answered(204), after: 10_000 }), only('SlowEvent'));
    await scene.subscribe('quick', () => 204, only('QuickEvent'));
    for (const id of ids(200, 'slow')) await publish(scene, 'SlowEvent', id, 10);
    await scene.clock.advance(1_000);
    for (const id of ids(100, 'quick')) await publish(scene, 'QuickEvent', id, 10);
    await scene.clock.advance(150);
    expect(scene.seen('quick')).toEqual(ids(100, 'quick'));
    const peaks = ids(5, 'slow').map((id) => scene.peak.get(id) ?? 0);
    expect(peaks.reduce((sum, peak) => sum + peak, 0)).toBeLessThanOrEqual(10 + 5);
    expect(Math.min(...peaks)).toBeGreaterThanOrEqual(1);
  });

  test('slow listeners that use up all slots do not make a quick one slower', async () => {
    const scene = await Scene.with({}, { limits: { maxSockets: 64 } });
    const slow = () => ({ answer: answered(204, {}, 9_000), after: 9_000 });
    for (const id of ids(10, 'slow')) await scene.subscribe(id, slow, only('SlowEvent'));
    await scene.subscribe('quick', () => ({ answer: answered(204, {}, 10), after: 10 }), only('QuickEvent'));
    for (const id of ids(500)) await publish(scene, 'SlowEvent', id, 10);
    await scene.clock.advance(30_000);
    for (const id of ids(200, 'q')) await publish(scene, 'QuickEvent', id, 10);
    await scene.clock.advance(500);
    expect(scene.seen('quick')).toHaveLength(200);
  });
});
