import { NOTHING, owning, slow } from './owning.ts';
import { failed, ids, TOPIC, type Behaviour, type SceneOptions } from './scene.ts';

describe('a lane that several partitions feed', () => {
  /** Two partitions with events of one resource. Answers a function that publishes to one of them. */
  async function twoFeeds(behaviour: Behaviour, options: SceneOptions = {}) {
    const owned = await owning(behaviour, { partitions: 2, ...options });
    const { scene } = owned;
    const document = (id: string, order = 'order-1') =>
      JSON.stringify({ eventId: id, eventType: 'x', event: { order: { id: order } } });
    const keys = new Map<number, string>();
    for (const key of 'abcdefgh') {
      const { partition = 0 } = await scene.gateway.broker.publish({
        ...{ topic: TOPIC, key, headers: {} },
        value: Buffer.from(document(`probe-${key}`)),
      });
      keys.set(partition, key);
    }
    await scene.clock.advance(60_000);
    scene.calls.length = 0;
    const publish = async (partition: number, id: string, order?: string): Promise<void> => {
      await scene.publishRaw(document(id, order), {}, keys.get(partition));
      await scene.clock.advance(5);
    };
    return { ...owned, publish };
  }

  test('goes on with those of the other partitions, in their order, when its first is let go', async () => {
    let fails = true;
    const { scene, revoke, publish } = await twoFeeds(({ eventId }) =>
      fails && eventId === 'left0' ? 500 : 204,
    );
    for (const [partition, id] of [
      [0, 'left0'],
      [1, 'kept0'],
      [0, 'left1'],
      [1, 'kept1'],
    ] as const)
      await publish(partition, id);
    fails = false;
    expect(scene.seen('a')).toEqual(['left0']);
    await revoke('planned', 0);
    await scene.clock.advance(5);
    expect(scene.seen('a')).toEqual(['left0', 'kept0', 'kept1']);
    await scene.clock.advance(60_000);
    expect(scene.seen('a')).toHaveLength(3);
  });

  test('keeps the wait of its first, which is not let go, and forgets what stood behind', async () => {
    const { scene, revoke, assign, publish } = await twoFeeds(({ eventId, time }) =>
      eventId === 'kept0' && time === 1 ? 500 : 204,
    );
    for (const [partition, id] of [
      [1, 'kept0'],
      [0, 'left0'],
      [1, 'kept1'],
    ] as const)
      await publish(partition, id);
    expect(scene.status('a').waitingRetry).toBe(3);
    await revoke('planned', 0);
    expect(scene.status('a').waitingRetry).toBe(2);
    await scene.clock.advance(900);
    expect(scene.seen('a')).toEqual(['kept0']);
    await scene.clock.advance(1_000);
    expect(scene.seen('a')).toEqual(['kept0', 'kept0', 'kept1']);
    await assign(0);
    await scene.clock.advance(1_000);
    expect(scene.seen('a')).toEqual(['kept0', 'kept0', 'kept1', 'left0']);
  });

  test('waits for the first that is in flight, for the grace at most', async () => {
    const { scene, revoke, publish } = await twoFeeds(({ eventId }) =>
      eventId === 'left0' ? slow(204, 5_000) : 204,
    );
    await publish(0, 'left0');
    await publish(1, 'kept0');
    const began = scene.now;
    await revoke('planned', 0);
    await scene.clock.advance(5);
    expect(scene.to('a').map(({ eventId, at }) => `${eventId} ${at >= began ? at - began : ''}`)).toEqual([
      'left0 ',
      'kept0 1000',
    ]);
  });

  test('gives each partition its own grace', async () => {
    const brokenOff: string[] = [];
    const times: Record<string, number> = { hangs: 5_000, first: 100, second: 1_200 };
    const { scene, revoke, publish, position } = await twoFeeds(
      ({ eventId }) => slow(204, times[eventId] ?? 1),
      {
        brokenOff: ({ headers }) => void brokenOff.push(headers['webhook-id'] ?? ''),
      },
    );
    await publish(0, 'hangs', 'order-2');
    await publish(0, 'first');
    await publish(1, 'second');
    const before = position(1) ?? 0;
    const earlier = revoke('planned', 0);
    await scene.clock.advance(500);
    expect(scene.seen('a')).toEqual(['hangs', 'first', 'second']);
    const later = revoke('planned', 1);
    await Promise.all([earlier, later]);
    expect(brokenOff).toEqual(['hangs:a']);
    expect(position(1)).toBe(before + 1);
  });

  test('waits for the dead letter of its first, for the grace at most', async () => {
    let isBroken = false;
    const { scene, revoke, publish } = await twoFeeds(({ eventId }) => (eventId === 'left0' ? 400 : 204), {
      faults: { letterFails: () => isBroken },
    });
    isBroken = true;
    await publish(0, 'left0');
    await publish(1, 'kept0');
    const began = scene.now;
    expect(await revoke('planned', 0)).toBe(1_000);
    await scene.clock.advance(5);
    expect(scene.to('a').at(-1)).toMatchObject({ eventId: 'kept0', at: began + 1_000 });
  });

  test('a partition that comes back during the grace stands behind its own old attempt', async () => {
    const { scene, revoke, assign, publish } = await twoFeeds(({ time }) =>
      time === 1 ? slow(204, 800) : 204,
    );
    await publish(0, 'e0');
    await publish(0, 'e1');
    const revoked = revoke('planned', 0);
    const assigned = assign(0);
    await scene.clock.advance(500);
    expect(scene.seen('a')).toEqual(['e0']);
    await Promise.all([revoked, assigned]);
    await scene.clock.advance(60_000);
    expect(scene.seen('a').filter((id) => id === 'e1')).toHaveLength(1);
    expect(scene.seen('a').at(-1)).toBe('e1');
    expect(scene.status('a')).toMatchObject({ lag: 0, inFlight: 0 });
  });
});

describe('the circuit', () => {
  test('a probe that is broken off leaves it open: the next probe goes out at once', async () => {
    const { scene, revoke } = await owning(({ time }) => (time === 1 ? 500 : slow(204, 5_000)), {
      partitions: 2,
      circuit: { threshold: 1 },
    });
    // Of both partitions.
    for (const id of ids(8)) await scene.publish(id, id);
    await scene.clock.until(() => scene.status('a').circuit === 'probing', 60_000);
    const probe = scene.calls.at(-1)?.eventId;
    const { partition = 0 } = (await scene.gateway.log.find({ eventId: probe ?? '' }, 1))[0]?.source ?? {};
    const before = scene.calls.length;
    scene.behave('a', () => 204);
    expect(await revoke('planned', partition)).toBe(1_000);
    await scene.clock.advance(5);
    expect(scene.calls.length).toBeGreaterThan(before);
    expect(scene.circuits.at(-1)).toMatch(/closed/);
    await scene.clock.advance(60_000);
    expect(scene.status('a')).toMatchObject({ circuit: 'closed', lag: 0, inFlight: 0 });
  });

  test('open, it stays so without the events; they come back and close it', async () => {
    const { scene, revoke, assign } = await owning(() => 503, { circuit: { threshold: 1 } });
    for (const id of ids(5)) await scene.publish(id, id);
    await scene.clock.advance(10_000);
    await revoke('planned');
    const before = scene.calls.length;
    await scene.clock.advance(600_000);
    expect(scene.calls).toHaveLength(before);
    expect(scene.status('a').circuit).toBe('open');
    scene.behave('a', () => 204);
    await assign();
    await scene.clock.advance(120_000);
    expect(new Set(scene.seen('a'))).toEqual(new Set(ids(5)));
    expect(scene.status('a')).toMatchObject({ circuit: 'closed', lag: 0 });
  });

  test('open, what is let go of makes no room for others: they wait in the log', async () => {
    const { scene, revoke, used } = await owning(() => failed('connect'), { partitions: 2 });
    for (const id of ids(400)) await scene.publish(id, id);
    await scene.clock.advance(30_000);
    expect(scene.status('a').circuit).toBe('open');
    const before = used().bytes;
    await revoke('planned', 0);
    const left = used().bytes;
    expect(left).toBeLessThan(before * 0.8);
    await scene.clock.advance(2_000);
    expect(used().bytes).toBeLessThan(left + before * 0.2);
  });

  test('a 410 within the grace stops the subscription as ever', async () => {
    const { scene, revoke, used } = await owning(() => slow(410, 500));
    await scene.publish('k', 'e0');
    await scene.clock.advance(100);
    await revoke('planned');
    expect(scene.gateway.stopped).toEqual([{ id: 'a', state: 'gone' }]);
    expect(used()).toEqual(NOTHING);
  });
});

describe('what the process has in common', () => {
  test('slots that are given back are used by those who were refused one', async () => {
    const { scene, revoke } = await owning(() => slow(204, 9_000), {
      ...{ partitions: 2, limits: { maxSockets: 2, concurrency: 8 } },
    });
    await scene.subscribe('b', () => slow(204, 9_000));
    for (const id of ids(20)) await scene.publish(id, id);
    await scene.clock.advance(100);
    const { capacity } = scene.gateway.deliveries;
    const inUse = capacity.slotsInUse;
    const before = scene.calls.length;
    expect(await revoke('planned', 0)).toBe(1_000);
    await scene.clock.advance(5);
    expect(scene.calls.length).toBeGreaterThan(before);
    expect(capacity.slotsInUse).toBe(inUse);
    await revoke('lost', 1);
    expect([capacity.slotsInUse, capacity.bytes]).toEqual([0, 0]);
  });

  test('a rate limit goes on where it was', async () => {
    const { scene, revoke, assign } = await owning(() => slow(204, 400), { limits: { rate: 2 } });
    for (const id of ids(6)) await scene.publish(id, id);
    await scene.clock.advance(100);
    expect(scene.calls).toHaveLength(2);
    await revoke('lost');
    await assign();
    await scene.clock.advance(10_000);
    const times = scene.to('a').map(({ at }) => at);
    expect(times).toHaveLength(8);
    for (const [i, at] of times.entries()) {
      if (i >= 2) expect(at - (times[i - 1] ?? 0)).toBeGreaterThanOrEqual(500);
    }
  });

  test('a subscription that is deleted within the grace ends the wait, and nothing is left of it', async () => {
    const { scene, revoke, used } = await owning(() => slow(204, 600));
    await scene.publish('k', ...ids(3));
    await scene.clock.advance(100);
    const revoked = revoke('planned');
    await scene.finish(scene.gateway.unsubscribe('a'));
    expect(await revoked).toBe(0);
    await scene.clock.advance(60_000);
    expect(used()).toEqual(NOTHING);
    expect(scene.storage.positions.size).toBe(0);
    expect(scene.seen('a')).toEqual(['e0']);
  });
});
