/** RULES 18 and 19 over replicas: how a subscription ends, and that nothing brings it back. */
import { BODY, HUB, Scene, feeds, knows, statusOf } from './scene.ts';

test('DELETE: the others let go before the positions are removed', async () => {
  const scene = new Scene();
  scene.lateMs = 900;
  const [a, b] = [await scene.start(), await scene.start()];
  const id = await scene.register(a);
  const removal = b.registrations.remove(HUB, id);
  await scene.clock.advance(950);
  expect([feeds(a), knows(a), feeds(b), knows(b)]).toEqual([[], [], [], []]);
  expect(scene.brokers.positions.has(id)).toBe(true);
  expect(scene.rows()).toEqual([`${id} pending`]);
  expect(statusOf(await scene.finish(removal))).toBe('ok');
  expect([...scene.brokers.positions]).toEqual([]);
  expect(scene.rows()).toEqual([]);
  await scene.clock.advance(120_000);
  expect(a.feeds.calls).toEqual([`attach new ${id}`, `leave ${id}`, `detach ${id}`]);
  expect(scene.brokers.problems).toEqual([]);
});

test('one that could not let go in time is told by the tombstone, and what it wrote late is cleared away', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  const id = await scene.register(a);
  scene.lateMs = 4_000;
  expect(statusOf(await scene.finish(a.registrations.remove(HUB, id)))).toBe('ok');
  expect(knows(b)).toEqual([`${id} active`]);
  await scene.clock.advance(5_000);
  expect([knows(b), feeds(b)]).toEqual([[], []]);
  expect([...scene.brokers.positions]).toEqual([id]);
  await scene.clock.advance(16_000);
  expect([...scene.brokers.positions]).toEqual([]);
  await scene.clock.advance(60_000);
  expect(a.feeds.calls.filter((call) => call === `detach ${id}`)).toHaveLength(2);
});

test('one that stood still meanwhile clears away what it wrote itself', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  const id = await scene.register(a);
  b.gate.freezeIn(0, 90_000);
  await scene.finish(a.registrations.remove(HUB, id));
  await scene.clock.advance(85_000);
  expect([feeds(b), [...scene.brokers.positions]]).toEqual([[`${id} active`], []]);
  await scene.clock.advance(30_000);
  expect([knows(b), feeds(b), [...scene.brokers.positions]]).toEqual([[], [], []]);
});

test('what is cleared away once more is tried again while a broker is away', async () => {
  const scene = new Scene();
  const a = await scene.start();
  const id = await scene.register(a);
  await scene.finish(a.registrations.remove(HUB, id));
  a.gate.refused.add('detach');
  await scene.clock.advance(25_000);
  a.gate.refused.clear();
  await scene.clock.advance(11_000);
  expect(a.feeds.calls.filter((call) => call === `detach ${id}`)).toHaveLength(2);
});

test('one that is declared again under its id meanwhile keeps its positions', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  const declared = await scene.finish(a.registrations.declare(HUB, BODY));
  const id = declared.ok ? declared.subscription.id : '';
  await scene.finish(a.registrations.remove(HUB, id));
  // No other replica feeds it, and this one is not told yet.
  scene.lateMs = 60_000;
  expect(await scene.finish(b.registrations.declare(HUB, BODY))).toMatchObject({ ok: true });
  await scene.clock.advance(30_000);
  expect(knows(a)).toEqual([]);
  expect([...scene.brokers.positions]).toEqual([id]);
});

test('one that was made again under its id is another one: let go of, and fed from its own positions', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  const declared = await scene.finish(a.registrations.declare(HUB, BODY));
  const id = declared.ok ? declared.subscription.id : '';
  await scene.clock.advance(100);
  // Nothing is told of the end of the first.
  scene.lateMs = 20_000;
  scene.tellsNewest = true;
  await scene.finish(a.registrations.remove(HUB, id));
  await scene.finish(a.registrations.declare(HUB, BODY));
  const calls = b.feeds.calls.length;
  await scene.clock.advance(40_000);
  expect(b.feeds.calls.slice(calls)).toEqual([`leave ${id}`, `attach known ${id}`]);
  expect(knows(b)).toEqual([`${id} active`]);
});

test('news that are over by the time they come bring nothing back', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  scene.lateMs = 5_000;
  const made = await scene.finish(a.registrations.register(HUB, BODY));
  await scene.finish(a.registrations.remove(HUB, made.ok ? made.subscription.id : ''));
  await scene.clock.advance(60_000);
  expect(b.feeds.calls.join()).not.toContain('attach');
  expect(scene.brokers.problems).toEqual([]);
});

test('what is removed while a replica starts is not brought back by what it had loaded', async () => {
  const scene = new Scene();
  const a = await scene.start();
  const id = await scene.register(a);
  const b = scene.prepare();
  const release = b.gate.hold('attach');
  const started = b.registrations.start();
  await scene.clock.advance(10);
  await scene.finish(a.registrations.remove(HUB, id));
  await scene.clock.advance(10);
  release();
  await scene.finish(started);
  expect([knows(b), feeds(b)]).toEqual([[], []]);
});

test('a dispatcher that gives up does not revive what another replica is about to remove', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  const id = await scene.register(a);
  scene.lateMs = 900;
  void a.registrations.remove(HUB, id);
  await scene.clock.advance(100);
  a.gate.dieIn(0);
  expect(await scene.finish(b.registrations.setState(id, 'gone', '410'))).toBeUndefined();
  expect(scene.rows()).toEqual([`${id} pending`]);
  expect(knows(b)).toEqual([]);
});

test('a DELETE that another replica began and did not live to finish is finished by the next one', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  const id = await scene.register(a);
  void a.registrations.remove(HUB, id);
  await scene.clock.advance(100);
  a.gate.dieIn(0);
  expect(statusOf(await scene.finish(b.registrations.get(HUB, id)))).toBe(404);
  expect(statusOf(await scene.finish(b.registrations.remove(HUB, id)))).toBe('ok');
  expect([scene.rows(), [...scene.brokers.positions]]).toEqual([[], []]);
});
