import { NOTHING, owning, slow } from './owning.ts';
import { answered, failed, ids, type Scene } from './scene.ts';

const attemptsOf = (scene: Scene, id: string): (string | undefined)[] =>
  scene.to(id).map(({ headers }) => headers['x-tmf-hub-attempt']);

describe('PITFALLS 21: an attempt in flight when its partition is given away as planned', () => {
  test('that succeeds within a second is settled and committed: the next owner does not repeat it', async () => {
    const { scene, revoke, assign, position, used } = await owning(() => slow(204, 500));
    await scene.publish('k', ...ids(3));
    await scene.clock.advance(100);
    expect(await revoke('planned')).toBe(400);
    expect(position()).toBe(1);
    expect(used()).toEqual(NOTHING);
    await scene.clock.advance(60_000);
    expect(scene.seen('a')).toEqual(['e0']);
    await assign();
    await scene.clock.advance(60_000);
    expect(scene.seen('a')).toEqual(ids(3));
  });

  test('that takes longer is broken off after a second and counts for nothing', async () => {
    const brokenOff: string[] = [];
    const { scene, revoke, assign, position, used } = await owning(() => slow(500, 5_000), {
      brokenOff: ({ headers }) => void brokenOff.push(headers['webhook-id'] ?? ''),
      circuit: { threshold: 1 },
    });
    await scene.publish('k', ...ids(2));
    await scene.clock.advance(100);
    expect(await revoke('planned')).toBe(1_000);
    expect(brokenOff).toEqual(['e0:a']);
    expect(used()).toEqual(NOTHING);
    expect(scene.status('a')).toMatchObject({ inFlight: 0, waitingRetry: 0, lastOutcome: null });
    await scene.clock.advance(60_000);
    expect(scene.circuits).toEqual([]);
    expect(position()).toBe(0);
    scene.behave('a', () => 204);
    await assign();
    await scene.clock.advance(60_000);
    expect(scene.seen('a')).toEqual(['e0', 'e0', 'e1']);
    expect(attemptsOf(scene, 'a')).toEqual(['1', '1', '1']);
  });

  test.each([
    ['204 is settled', 204, 1],
    ['400 is not, nor does it become a dead letter any more', 400, 0],
  ])('that is broken off when its status is there already: %s', async (_, status, settled) => {
    const { scene, revoke, position, used } = await owning(() => slow(status, 5_000), {
      brokenOff: () => answered(status),
      // A dead letter would hold up the handover.
      faults: { letterFails: () => true },
    });
    await scene.publish('k', ...ids(2));
    await scene.clock.advance(100);
    expect(await revoke('planned')).toBe(1_000);
    await scene.clock.advance(60_000);
    expect(position()).toBe(settled);
    expect(used()).toEqual(NOTHING);
    expect(scene.seen('a')).toEqual(['e0']);
  });

  test('that fails within the second was an attempt, also for the next owner, and is not tried again here', async () => {
    const { scene, revoke, assign } = await owning(({ time }) => (time === 1 ? slow(500, 500) : 204));
    await scene.publish('k', 'e0');
    await scene.clock.advance(100);
    expect(await revoke('planned')).toBe(400);
    await scene.clock.advance(60_000);
    expect(scene.seen('a')).toEqual(['e0']);
    expect(scene.status('a')).toMatchObject({ waitingRetry: 0, lastOutcome: { status: 500 } });
    await assign();
    await scene.clock.advance(60_000);
    expect(attemptsOf(scene, 'a')).toEqual(['1', '2']);
  });

  test('that is the last of its event: its dead letter has the whole history', async () => {
    const { scene, revoke, assign, position } = await owning(() => slow(404, 500), {
      retry: { delays: [10] },
    });
    await scene.publish('k', 'e0');
    await scene.clock.advance(600);
    expect(await revoke('planned')).toBeLessThanOrEqual(500);
    expect(scene.letters()).toMatchObject([{ reason: 'exhausted', attempts: [{ n: 1 }, { n: 2 }] }]);
    expect(position()).toBe(1);
    await assign();
    await scene.clock.advance(60_000);
    expect(scene.seen('a')).toEqual(['e0', 'e0']);
  });
});

describe('RULES 9: an attempt in flight when its partition was lost', () => {
  test('is broken off at once, also when a second was promised first; nothing is committed', async () => {
    const { scene, revoke, assign, position, used } = await owning(() => slow(204, 700));
    await scene.publish('k', ...ids(3));
    await scene.clock.advance(800);
    expect(scene.seen('a')).toEqual(['e0', 'e1']);
    const before = position();
    const planned = revoke('planned');
    expect(await revoke('lost')).toBe(0);
    expect(await planned).toBe(0);
    expect(used()).toEqual(NOTHING);
    await scene.clock.advance(60_000);
    expect(position()).toBe(before);
    await assign();
    await scene.clock.advance(60_000);
    expect(scene.seen('a').slice(-2)).toEqual(['e1', 'e2']);
  });
});

test('a revocation while nothing is in flight takes no time, whatever waits', async () => {
  const { scene, revoke, used } = await owning(() => failed('connect'));
  for (const id of ids(20)) await scene.publish(id, id);
  await scene.clock.advance(500);
  expect(scene.status('a').inFlight).toBe(0);
  expect(used().bytes).toBeGreaterThan(0);
  expect(await revoke('planned')).toBe(0);
  expect(used()).toEqual(NOTHING);
});

describe('what waits when its partition is given away', () => {
  test('for its retry is not tried here any more, and goes on with its attempts where it comes back', async () => {
    const { scene, revoke, assign, used } = await owning(({ time }) => (time < 3 ? 500 : 204));
    await scene.publish('k', ...ids(2));
    await scene.clock.advance(500);
    expect(scene.status('a').waitingRetry).toBe(2);
    await revoke('planned');
    expect(scene.status('a').waitingRetry).toBe(0);
    expect(used()).toEqual(NOTHING);
    await scene.clock.advance(60_000);
    expect(scene.seen('a')).toEqual(['e0']);
    await assign();
    await scene.clock.advance(120_000);
    expect(attemptsOf(scene, 'a')).toEqual(['1', '2', '3', '1', '2', '3']);
    expect(scene.seen('a')).toEqual(['e0', 'e0', 'e0', 'e1', 'e1', 'e1']);
  });

  test('for its dead letter is settled if that becomes durable within the second', async () => {
    let isBroken = true;
    const { scene, revoke, position } = await owning(() => 400, { faults: { letterFails: () => isBroken } });
    await scene.publish('k', ...ids(2));
    await scene.clock.advance(100);
    const revoked = revoke('planned');
    isBroken = false;
    expect(await revoked).toBeLessThan(1_000);
    expect(scene.letters()).toHaveLength(1);
    expect(position()).toBe(1);
  });

  test('for its dead letter is not settled after that, even if it becomes durable; it comes again', async () => {
    let isBroken = true;
    const { scene, revoke, assign, position, used } = await owning(() => 400, {
      faults: { letterFails: () => isBroken, latency: () => 50 },
    });
    await scene.publish('k', 'e0');
    await scene.clock.advance(500);
    expect(await revoke('planned')).toBeGreaterThanOrEqual(1_000);
    expect(used()).toEqual(NOTHING);
    isBroken = false;
    await scene.clock.advance(60_000);
    expect(position()).toBe(0);
    expect(used()).toEqual(NOTHING);
    await assign();
    await scene.clock.advance(60_000);
    expect(scene.seen('a')).toEqual(['e0', 'e0']);
    expect(scene.letters()).toHaveLength(1);
    expect(position()).toBe(1);
  });

  test('for its dead letter is let go of at once where the partition was lost', async () => {
    const { scene, revoke, position, used } = await owning(() => 400, { faults: { latency: () => 300 } });
    await scene.publish('k', 'e0');
    await scene.clock.until(() => scene.seen('a').length === 1, 10_000);
    await scene.clock.advance(10);
    expect(await revoke('lost')).toBe(0);
    expect(used()).toEqual(NOTHING);
    await scene.clock.advance(60_000);
    expect(scene.letters()).toHaveLength(1);
    expect(position()).toBe(0);
  });
});
