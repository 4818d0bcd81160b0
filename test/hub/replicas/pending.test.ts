/** RULES 18: what a replica left pending is undone by another, and what one is at work on is not. */
import { BODY, HUB, Scene, feeds, statusOf, knows } from './scene.ts';
import type { Replica } from './replica.ts';

/** A replica dies between the registry and the brokers. */
async function leftPending(scene: Scene): Promise<string> {
  const dead = await scene.start();
  dead.gate.hold('attach');
  void dead.registrations.register(HUB, BODY);
  await scene.clock.advance(1);
  dead.gate.dieIn(0);
  return scene.registry.rows()[0]!.id;
}

describe.each([-75_000, 0, 75_000])('a wall clock that is %i ms ahead', (skewMs) => {
  test('pending is left alone for a minute, then undone by the replica that saw it', async () => {
    const scene = new Scene();
    const b = await scene.start(skewMs);
    const id = await leftPending(scene);
    await scene.clock.advance(59_000);
    expect(scene.rows()).toEqual([`${id} pending`]);
    await scene.clock.advance(12_000);
    expect(scene.rows()).toEqual([]);
    expect(new Set(b.feeds.calls)).toEqual(new Set([`detach ${id}`]));
  });

  test('a replica that starts leaves it alone as long, however old it is', async () => {
    const scene = new Scene();
    await scene.start();
    const id = await leftPending(scene);
    await scene.clock.advance(50_000);
    const late = await scene.start(skewMs);
    expect(late.feeds.calls).toEqual([]);
    expect(scene.rows()).toEqual([`${id} pending`]);
  });
});

test('without replicas a pending row is nobody’s work: undone at once, with a wall clock that went back', async () => {
  const scene = new Scene();
  const id = await leftPending(scene);
  scene.registry.isShared = false;
  const parts = scene.prepare(-3_600_000, scene.registry);
  await scene.finish(parts.registrations.start());
  expect(scene.rows()).toEqual([]);
  expect(parts.feeds.calls).toEqual([`detach ${id}`]);
});

test('the same request meanwhile is 503, and 201 once it is undone', async () => {
  const scene = new Scene();
  const b = await scene.start();
  await leftPending(scene);
  expect(statusOf(await scene.finish(b.registrations.register(HUB, BODY)))).toBe(503);
  await scene.clock.advance(66_000);
  const answer = await scene.finish(b.registrations.register(HUB, BODY));
  expect(answer).toMatchObject({ ok: true, subscription: { state: 'active' } });
  expect(feeds(b)).toHaveLength(1);
});

test('a minute without a change: one that changes begins another', async () => {
  const scene = new Scene();
  await scene.start();
  const id = await leftPending(scene);
  await scene.clock.advance(50_000);
  await scene.registry.update(id, { stateReason: 'another replica is at work on it' });
  await scene.clock.advance(55_000);
  expect(scene.rows()).toEqual([`${id} pending`]);
  await scene.clock.advance(20_000);
  expect(scene.rows()).toEqual([]);
});

test('one that was at work on it all the time, slowly, fails: there is no 201 without a subscription', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  const slow = a.gate.hold('update');
  const answer = a.registrations.register(HUB, BODY);
  await scene.clock.advance(1);
  // The other one has taken it over, and is about to remove it.
  const removing = b.gate.hold('detach');
  await scene.clock.advance(71_000);
  slow();
  await scene.clock.advance(1);
  removing();
  expect(statusOf(await scene.finish(answer))).toBe(503);
  await scene.clock.advance(30_000);
  expect([scene.rows(), feeds(a), feeds(b)]).toEqual([[], [], []]);
});

test('one that is active although the registry did not say so is kept: another client may have been told of it', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  a.gate.unanswered.set('update', 2);
  expect(statusOf(await scene.finish(a.registrations.register(HUB, BODY)))).toBe(503);
  const answer = await scene.finish(b.registrations.register(HUB, BODY));
  expect(answer).toMatchObject({ ok: true, subscription: { id: 's1' } });
  await scene.clock.advance(60_000);
  expect(scene.rows()).toEqual(['s1 active']);
  for (const replica of [a, b])
    expect([knows(replica), feeds(replica)]).toEqual([['s1 active'], ['s1 active']]);
  expect(scene.brokers.problems).toEqual([]);
});

test('what this process left is undone at the next turn of the janitor', async () => {
  const scene = new Scene();
  const a = await scene.start();
  refuseAll(a);
  expect(statusOf(await scene.finish(a.registrations.register(HUB, BODY)))).toBe(503);
  expect(scene.rows()).toEqual(['s1 pending']);
  a.gate.refused.clear();
  await scene.clock.advance(11_000);
  expect(scene.rows()).toEqual([]);
});

function refuseAll({ gate }: Replica): void {
  for (const call of ['attach', 'detach', 'update', 'remove']) gate.refused.add(call);
}
