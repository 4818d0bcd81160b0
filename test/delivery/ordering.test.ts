import { positionKey } from '../support/memory-log.ts';
import { answered, failed, ids, Scene, TOPIC } from './scene.ts';

const slow = (ms: number) => ({ answer: answered(204, {}, ms), after: ms });

/** Order per key of what one listener was sent, first deliveries only. */
function ofKey(scene: Scene, id: string, prefix: string): string[] {
  return [...new Set(scene.seen(id).filter((seen) => seen.startsWith(prefix)))];
}

describe('order per ordering key', () => {
  test('one at a time for a key, different keys at once', async () => {
    const scene = await Scene.with({ a: () => slow(100) });
    for (const key of ['x', 'y', 'z']) await scene.publish(key, ...ids(4, key));
    await scene.clock.advance(50);
    expect(scene.seen('a').toSorted()).toEqual(['x0', 'y0', 'z0']);
    await scene.clock.advance(10_000);
    for (const key of ['x', 'y', 'z']) expect(ofKey(scene, 'a', key)).toEqual(ids(4, key));
    for (const key of ['x', 'y', 'z']) {
      const times = scene.calls.filter(({ eventId }) => eventId.startsWith(key)).map(({ at }) => at);
      expect(times.every((at, i) => i === 0 || at - (times[i - 1] ?? 0) >= 100)).toBe(true);
    }
  });

  test('ordering none: events of one key are sent at once', async () => {
    const scene = await Scene.with({});
    await scene.subscribe('a', () => slow(100), { ordering: 'none' });
    await scene.publish('x', ...ids(6));
    await scene.clock.advance(50);
    expect(scene.seen('a')).toEqual(ids(6));
  });

  test('ordering none: an event that fails holds back none of its key', async () => {
    const scene = await Scene.with({});
    await scene.subscribe('a', ({ eventId }) => (eventId === 'e0' ? 500 : 204), { ordering: 'none' });
    await scene.publish('x', ...ids(6));
    await scene.clock.advance(500);
    expect(scene.seen('a')).toEqual(ids(6));
  });

  test('the key is the resource: a resource of two partitions is one lane', async () => {
    const scene = await Scene.with({ a: () => slow(100) }, { partitions: 2 });
    const text = (id: string) =>
      JSON.stringify({ eventId: id, eventType: 'XEvent', event: { x: { id: 'same' } } });
    await scene.publishRaw(text('e0'), {}, 'a');
    await scene.publishRaw(text('e1'), {}, 'b');
    await scene.clock.advance(50);
    expect(new Set(scene.storage.partitions.map(({ records }) => records.length))).toEqual(new Set([1]));
    expect(scene.calls).toHaveLength(1);
    await scene.clock.advance(100);
    expect(scene.calls).toHaveLength(2);
  });

  test('a retry comes before its successors, with everything it had to wait for', async () => {
    const scene = await Scene.with({ a: ({ eventId, time }) => (eventId === 'e1' && time < 3 ? 404 : 204) });
    await scene.publish('x', ...ids(4));
    await scene.clock.advance(100_000);
    expect(scene.seen('a')).toEqual(['e0', 'e1', 'e1', 'e1', 'e2', 'e3']);
  });

  test('a dead letter is overtaken by its successors, and by nothing before it is one', async () => {
    const scene = await Scene.with({ a: ({ eventId }) => (eventId === 'e1' ? 404 : 204) });
    await scene.publish('x', ...ids(4));
    await scene.clock.advance(36_000);
    expect(scene.seen('a')).toEqual(['e0', 'e1', 'e1', 'e1']);
    await scene.clock.advance(1_000);
    expect(scene.seen('a')).toEqual(['e0', 'e1', 'e1', 'e1', 'e1', 'e2', 'e3']);
  });
});

describe('PITFALLS 11, 12: a poison event touches only its own key', () => {
  test.each([
    ['an answer', () => 500],
    ['no connection', () => failed('connect')],
    ['no answer', () => failed('timeout', 10_000)],
  ])('that fails with %s: the events of other keys flow meanwhile and after it is dead', async (_, reply) => {
    const scene = await Scene.with({ a: ({ eventId }) => (eventId === 'poison' ? reply() : 204) });
    await scene.publish('bad', 'poison', 'behind');
    for (const id of ids(120)) {
      await scene.publish(id, id);
      await scene.clock.advance(1_000);
    }
    for (const [i, { at }] of scene.calls.filter(({ eventId }) => /^e\d/.test(eventId)).entries())
      expect(at).toBeLessThanOrEqual(i * 1_000 + 1);
    expect(scene.letters()).toMatchObject([{ eventId: 'poison', reason: 'exhausted', retryCount: 3 }]);
    expect(scene.seen('a').filter((id) => id === 'poison')).toHaveLength(4);
    expect(scene.circuits).toEqual([]);
    expect(scene.seen('a')).toContain('behind');
  });

  test('however many wait behind it, also while it is being attempted again', async () => {
    const scene = await Scene.with({
      a: ({ eventId, time }) =>
        eventId === 'poison' ? (time === 1 ? 500 : { answer: answered(500), after: 9_000 }) : 204,
    });
    await scene.publish('hot', 'poison', ...ids(900, 'behind'));
    await scene.clock.advance(3_000);
    expect(scene.seen('a')).toEqual(['poison', 'poison']);
    await scene.publish('other', 'free');
    await scene.clock.advance(10);
    expect(scene.seen('a')).toEqual(['poison', 'poison', 'free']);
  });

  test('also while it is attempted for the first time', async () => {
    const scene = await Scene.with({
      a: ({ eventId }) => (eventId === 'poison' ? failed('timeout', 10_000) : 204),
    });
    await scene.publish('hot', 'poison', ...ids(900, 'behind'));
    await scene.publish('other', 'free');
    await scene.clock.advance(10);
    expect(scene.seen('a')).toEqual(['poison', 'free']);
  });

  test('and other subscriptions not at all', async () => {
    const scene = await Scene.with({ a: () => 500, b: () => 204 });
    await scene.publish('x', ...ids(50));
    await scene.clock.advance(100);
    expect(scene.seen('b')).toEqual(ids(50));
  });
});

test('PITFALLS 4, 6: the position never passes an unsettled event, and others are settled ahead of it', async () => {
  const scene = await Scene.with({ a: ({ eventId }) => (eventId === 'e1' ? 404 : 204) });
  for (const id of ids(20)) await scene.publish(id, id);
  await scene.clock.advance(20_000);
  expect(new Set(scene.seen('a'))).toEqual(new Set(ids(20)));
  const position = scene.storage.positions.get(positionKey('a', TOPIC, 0));
  expect(position).toMatchObject({ offset: 1 });
  expect(position?.holes).not.toBe('');
  await scene.crash();
  await scene.clock.advance(1_000);
  expect(scene.seen('a').slice(22)).toEqual(['e1']);
  await scene.clock.advance(100_000);
  expect(scene.storage.positions.get(positionKey('a', TOPIC, 0))).toMatchObject({ offset: 20, holes: '' });
});

describe('PITFALLS 13: events that wait do not fill memory and do not freeze the others', () => {
  /** Every second event is poison, each of a key of its own. */
  const mixed = ({ eventId }: { eventId: string }): number => (eventId.startsWith('bad') ? 404 : 204);

  test('beyond maxWaiting the subscription becomes a laggard: bounded, nothing lost, nobody else slower', async () => {
    const maxWaiting = 20;
    let most = 0;
    const scene: Scene = await Scene.with(
      {
        a: (call) => {
          most = Math.max(most, scene.status('a').waitingRetry);
          return mixed(call);
        },
        b: () => 204,
      },
      { limits: { maxWaiting } },
    );
    const published: string[] = [];
    for (const i of ids(300, '')) {
      published.push(`good${i}`, `bad${i}`);
      await scene.publish(`good${i}`, `good${i}`);
      await scene.publish(`bad${i}`, `bad${i}`);
      await scene.clock.advance(2);
    }
    expect(scene.seen('b')).toEqual(published);
    expect(scene.status('a').lag).toBeGreaterThan(100);
    // Its good events arrive although all that it holds is poison and the circuit is open most of the time.
    await scene.clock.advance(3_600_000);
    // What was ready when the limit was reached may still fail: at most 64 and one round of attempts.
    expect(most).toBeGreaterThanOrEqual(maxWaiting);
    expect(most).toBeLessThanOrEqual(maxWaiting + 64 + 32);
    expect(new Set(scene.seen('a'))).toEqual(new Set(published));
    const dead = scene.letters().map(({ eventId }) => eventId ?? '');
    expect(dead.length).toBeGreaterThan(0);
    expect(dead.filter((id) => id.startsWith('good'))).toEqual([]);
    scene.behave('a', () => 204);
    await scene.clock.advance(600_000);
    expect(scene.status('a')).toMatchObject({ lag: 0, waitingRetry: 0 });
    const taken = scene.to('a').filter(({ at }) => at > 3_600_600);
    expect(
      taken
        .map(({ eventId }) => eventId)
        .concat(dead)
        .toSorted(),
    ).toEqual(published.filter((id) => id.startsWith('bad')).toSorted());
  });

  test('with room for a thousand, hundreds that wait hold back no other key', async () => {
    const scene = await Scene.with({ a: mixed });
    for (const i of ids(400, '')) {
      await scene.publish(`good${i}`, `good${i}`);
      await scene.publish(`bad${i}`, `bad${i}`);
      await scene.clock.advance(2);
    }
    expect(scene.seen('a').filter((id) => id.startsWith('good'))).toHaveLength(400);
    expect(scene.status('a').waitingRetry).toBeGreaterThan(300);
  });
});
