import { ids, Scene } from './scene.ts';

describe('RULES 9: while another process may have the partition', () => {
  /** A lease that the test takes away and gives back. */
  const leased = async () => {
    const scene = await Scene.with({ a: ({ time }) => (time === 1 ? 404 : 204), b: () => 204 });
    const lease = { holds: true };
    Object.assign(scene.gateway.log, { leaseHolds: () => lease.holds });
    return { scene, lease };
  };

  test('no attempt starts, neither a first one nor a retry; it goes on within a second once that is settled', async () => {
    const { scene, lease } = await leased();
    await scene.publish('k', 'e0');
    await scene.clock.advance(500);
    lease.holds = false;
    await scene.publish('k', 'e1');
    await scene.publish('l', ...ids(3, 'l'));
    await scene.clock.advance(60_000);
    expect(scene.calls.map(({ to, eventId }) => `${to} ${eventId}`).toSorted()).toEqual(['a e0', 'b e0']);
    expect(scene.status('a').lag).toBe(5);
    lease.holds = true;
    await scene.clock.advance(1_100);
    expect(scene.seen('b')).toEqual(['e0', 'e1', ...ids(3, 'l')].toSorted());
    await scene.clock.advance(60_000);
    expect(scene.status('a').lag).toBe(0);
    expect(scene.letters()).toEqual([]);
  });

  test('no attempt is counted meanwhile, and no circuit opens', async () => {
    const { scene, lease } = await leased();
    lease.holds = false;
    for (const id of ids(10)) await scene.publish(id, id);
    await scene.clock.advance(3_600_000);
    expect(scene.circuits).toEqual([]);
    lease.holds = true;
    await scene.clock.advance(10_000);
    expect(scene.to('b').map(({ headers }) => headers['x-tmf-hub-attempt'])).toEqual(Array(10).fill('1'));
  });
});

describe('RULES 8: while positions cannot be committed', () => {
  test('attempts stop 30 s after the oldest settlement that is not durable, and go on with the next commit', async () => {
    let broken = false;
    const scene = await Scene.with({ a: () => 204 }, { faults: { commitFails: () => broken } });
    await scene.publish('k', 'e0');
    await scene.clock.advance(1_000);
    broken = true;
    for (let second = 0; second < 120; second++) {
      await scene.publish('k', `s${second}`);
      await scene.clock.advance(1_000);
    }
    const stopped = scene.calls.length;
    expect(stopped).toBeGreaterThanOrEqual(30);
    expect(stopped).toBeLessThanOrEqual(33);
    broken = false;
    await scene.clock.advance(10_000);
    expect(scene.seen('a')).toEqual(['e0', ...ids(120, 's')]);
  });
});

test('a partition that went to another process and came back is delivered from where it stood', async () => {
  const scene = await Scene.with({ a: ({ time }) => (time === 1 ? 404 : 204) });
  await scene.publish('k', ...ids(3));
  await scene.clock.advance(500);
  const partitions = await scene.gateway.log.partitions();
  await scene.finish(scene.gateway.broker.revoked(partitions, 'planned'));
  await scene.clock.advance(10_000);
  await scene.finish(scene.gateway.broker.assigned(partitions));
  await scene.clock.advance(100_000);
  expect(new Set(scene.seen('a'))).toEqual(new Set(ids(3)));
});
