import { ids, Scene } from './scene.ts';

/** A listener that is gone from the third event on. */
const leaving = ({ eventId }: { eventId: string }): number => (Number(eventId.slice(1)) < 2 ? 204 : 410);

describe('PITFALLS 19: a subscription stops visibly, and loses nothing', () => {
  test('410: it is gone, its events are held, nothing is a dead letter', async () => {
    const scene = await Scene.with({ a: leaving, b: () => 204 });
    await scene.publish('order-1', ...ids(10));
    await scene.clock.advance(86_400_000);
    expect(scene.gateway.stopped).toEqual([{ id: 'a', state: 'gone' }]);
    expect(scene.seen('a')).toEqual(['e0', 'e1', 'e2']);
    expect(scene.status('a').lag).toBe(8);
    expect(scene.status('a').lastOutcome).toMatchObject({ outcome: 'gone', status: 410 });
    expect(scene.letters()).toEqual([]);
    expect(scene.seen('b')).toEqual(ids(10));
  });

  test('resumed, it gets what was held, in order, with the attempts it had', async () => {
    const scene = await Scene.with({ a: leaving });
    await scene.publish('order-1', ...ids(10));
    await scene.clock.advance(1_000);
    scene.behave('a', () => 204);
    scene.setState('a', 'active');
    await scene.clock.advance(1_000);
    expect(scene.seen('a')).toEqual(['e0', 'e1', 'e2', ...ids(10).slice(2)]);
    expect(scene.to('a').map(({ headers }) => headers['x-tmf-hub-attempt'])).toEqual(Array(11).fill('1'));
    expect(scene.status('a').lag).toBe(0);
  });

  test('gone again after it was resumed: it is said again', async () => {
    const scene = await Scene.with({ a: () => 410 });
    await scene.publish('order-1', 'e0');
    await scene.clock.advance(1_000);
    scene.setState('a', 'active');
    await scene.clock.advance(1_000);
    expect(scene.gateway.stopped).toEqual([
      { id: 'a', state: 'gone' },
      { id: 'a', state: 'gone' },
    ]);
    expect(scene.letters()).toEqual([]);
  });

  test('410 of the probe of an open circuit: gone, and resumed it flows', async () => {
    const scene = await Scene.with({ a: () => 500 }, { circuit: { threshold: 1 } });
    await scene.publish('order-1', ...ids(5));
    await scene.clock.advance(500);
    expect(scene.status('a').circuit).toBe('open');
    scene.behave('a', () => 410);
    await scene.clock.advance(100_000);
    expect(scene.gateway.stopped).toEqual([{ id: 'a', state: 'gone' }]);
    scene.behave('a', () => 204);
    scene.setState('a', 'active');
    await scene.clock.advance(1_000);
    expect(new Set(scene.seen('a'))).toEqual(new Set(ids(5)));
    expect(scene.status('a')).toMatchObject({ circuit: 'closed', lag: 0 });
  });

  test('what is in flight when it goes ends as usual', async () => {
    const scene = await Scene.with({ a: ({ eventId }) => (eventId === 'e0' ? 410 : 204) }, { answerMs: 50 });
    for (const id of ids(4)) await scene.publish(id, id);
    await scene.clock.advance(100_000);
    expect(scene.seen('a')).toEqual(ids(4));
    scene.behave('a', () => 204);
    scene.setState('a', 'active');
    await scene.clock.advance(1_000);
    expect(scene.seen('a')).toEqual([...ids(4), 'e0']);
  });

  test('a restart does not start it again', async () => {
    const scene = await Scene.with({});
    await scene.subscribe('a', () => 204, { state: 'gone' });
    await scene.subscribe('b', () => 204, { state: 'suspended' });
    await scene.publish('order-1', 'e0');
    await scene.crash();
    await scene.clock.advance(100_000);
    expect(scene.calls).toEqual([]);
    scene.setState('a', 'active');
    scene.setState('b', 'active');
    await scene.clock.advance(1_000);
    expect(scene.seen('a')).toEqual(['e0']);
    expect(scene.seen('b')).toEqual(['e0']);
  });
});

describe('pause and resume', () => {
  test('paused, no attempt is made, also none that waited for its retry', async () => {
    const scene = await Scene.with({ a: ({ time }) => (time === 1 ? 500 : 204) });
    await scene.publish('order-1', ...ids(3));
    await scene.clock.advance(500);
    scene.setState('a', 'paused');
    await scene.publish('order-2', 'late');
    await scene.clock.advance(3_600_000);
    expect(scene.seen('a')).toEqual(['e0']);
    expect(scene.status('a').lag).toBe(4);
    scene.setState('a', 'active');
    await scene.clock.advance(60_000);
    expect(scene.seen('a').filter((id) => id !== 'late')).toEqual(['e0', 'e0', 'e1', 'e1', 'e2', 'e2']);
    expect(scene.status('a').lag).toBe(0);
  });

  test('a pending one waits for its 201', async () => {
    const scene = await Scene.with({});
    await scene.subscribe('a', () => 204, { state: 'pending' });
    await scene.publish('order-1', 'e0');
    await scene.clock.advance(1_000);
    expect(scene.seen('a')).toEqual([]);
    scene.setState('a', 'active');
    await scene.clock.advance(1_000);
    expect(scene.seen('a')).toEqual(['e0']);
  });

  test('pausing and resuming again and again changes nothing', async () => {
    const scene = await Scene.with({ a: () => 204 }, { answerMs: 30 });
    for (let i = 0; i < 40; i++) {
      await scene.publish(`order-${i % 3}`, `e${i}`);
      scene.setState('a', i % 2 === 0 ? 'paused' : 'active');
      await scene.clock.advance(10);
    }
    scene.setState('a', 'active');
    await scene.clock.advance(10_000);
    expect(scene.seen('a').toSorted()).toEqual(ids(40).toSorted());
  });
});

test.each([204, 500, 422, 410])(
  'deleted while attempts are under way that end with %d: no call comes any more, and nothing is left of it',
  async (status) => {
    const scene = await Scene.with({ a: () => status, b: () => 204 }, { answerMs: 100 });
    for (const id of ids(10)) await scene.publish(id, id);
    await scene.clock.advance(50);
    const before = scene.to('a').length;
    expect(before).toBeGreaterThan(0);
    await scene.finish(scene.gateway.unsubscribe('a'));
    await scene.clock.advance(1_000_000);
    expect(scene.to('a')).toHaveLength(before);
    expect(scene.letters()).toEqual([]);
    expect(scene.gateway.stopped).toEqual([]);
    expect([...scene.storage.positions.keys()].filter((key) => key.startsWith('a '))).toEqual([]);
    expect(scene.gateway.deliveries.capacity.bytes).toBe(0);
    expect(scene.gateway.deliveries.capacity.slotsInUse).toBe(0);
    expect(scene.seen('b').toSorted()).toEqual(ids(10));
  },
);
