/** A replica that is told of a subscription while a broker or the registry is away, and what it does of many at once. */
import { subscription } from '../../contracts/registry.ts';
import { BODY, CALLBACK, HUB, Scene, feeds, knows, statusOf } from './scene.ts';

/** By then the janitor has ended its feed once more. */
const ENDED_AGAIN_MS = 21_000;

test('one that cannot be fed now is fed as soon as it can be, in the state it has then', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  b.gate.refused.add('attach');
  const id = await scene.register(a);
  await scene.clock.advance(100_000);
  expect([knows(b), feeds(b)]).toEqual([[], []]);
  // Less often with time.
  expect(b.gate.timesAsked('attach')).toBeGreaterThan(5);
  expect(b.gate.timesAsked('attach')).toBeLessThan(15);
  await scene.finish(a.registrations.setState(id, 'paused', null));
  b.gate.refused.clear();
  await scene.clock.advance(31_000);
  expect([knows(b), feeds(b)]).toEqual([[`${id} paused`], [`${id} paused`]]);
});

test('one that ends before it could be fed is tried no more', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  b.gate.refused.add('attach');
  const id = await scene.register(a);
  await scene.clock.advance(5_000);
  await scene.finish(a.registrations.remove(HUB, id));
  await scene.clock.advance(ENDED_AGAIN_MS);
  const asked = b.gate.asked.length;
  b.gate.refused.clear();
  await scene.clock.advance(200_000);
  expect(b.gate.asked).toHaveLength(asked);
});

test('one that ends while it is being fed, in vain, is tried no more', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  const release = b.gate.hold('attach');
  const id = await scene.register(a);
  await scene.finish(a.registrations.remove(HUB, id));
  b.gate.refused.add('attach');
  release();
  await scene.clock.advance(ENDED_AGAIN_MS);
  const asked = b.gate.asked.length;
  await scene.clock.advance(200_000);
  expect(b.gate.asked).toHaveLength(asked);
});

test('RULES 19: one that the registry does not find, for it lost it, is fed once it was written back', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  scene.isLost = true;
  const id = await scene.register(a);
  await scene.clock.advance(20_000);
  expect(knows(b)).toEqual([]);
  scene.isLost = false;
  await scene.clock.advance(31_000);
  expect([knows(b), feeds(b)]).toEqual([[`${id} active`], [`${id} active`]]);
});

test('RULES 19: a storage that lost its last writes takes no subscription away', async () => {
  const scene = new Scene();
  const registry = scene.registry.replica();
  const a = scene.prepare(0, registry);
  await scene.finish(a.registrations.start());
  const id = await scene.register(a);
  const [row] = scene.registry.rows();
  registry.find = async () => ({ ...row!, state: 'pending', version: 1 });
  expect(await scene.finish(a.registrations.register(HUB, BODY))).toMatchObject({
    ok: true,
    subscription: { id },
  });
  expect([knows(a), feeds(a)]).toEqual([[`${id} active`], [`${id} active`]]);
});

test('one that cannot be let go of now is let go of later', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  const id = await scene.register(a);
  b.gate.refused.add('leave');
  await scene.finish(a.registrations.remove(HUB, id));
  await scene.clock.advance(10_000);
  expect(feeds(b)).toEqual([`${id} active`]);
  b.gate.refused.clear();
  await scene.clock.advance(31_000);
  expect([knows(b), feeds(b)]).toEqual([[], []]);
});

test('some at once, not all', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  const release = b.gate.hold('attach');
  await scene.finish(
    Promise.all(
      Array.from({ length: 200 }, (_, n) => a.registrations.register(HUB, { callback: `${CALLBACK}/${n}` })),
    ),
  );
  await scene.clock.advance(100);
  expect(b.gate.timesAsked('attach')).toBe(64);
  release();
  await scene.clock.advance(100);
  expect(feeds(b)).toHaveLength(200);
});

test('after a stop nothing is followed and nothing is cleared away', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  b.gate.refused.add('attach');
  await scene.register(a);
  b.registrations.stop();
  const asked = b.gate.asked.length;
  await scene.register(a, `${CALLBACK}/2`);
  await scene.clock.advance(100_000);
  expect(b.gate.asked).toHaveLength(asked);
});

test('a query that a replica does not understand holds its subscription there, and nowhere else', async () => {
  const scene = new Scene();
  const a = await scene.start();
  const id = await scene.register(a);
  const [row] = scene.registry.rows();
  await scene.finish(a.registrations.remove(HUB, id));
  a.registrations.stop();
  await scene.registry.insert({ ...row!, version: 100, query: '$[?(@.a' }, null);
  const [b, c] = [await scene.start(), await scene.start()];
  expect(scene.registry.rows()).toMatchObject([{ id, state: 'active', version: 100 }]);
  expect([feeds(b), feeds(c)]).toEqual([[`${id} suspended`], [`${id} suspended`]]);
  // Resumed by hand, it would be sent what it never asked for.
  await scene.finish(b.registrations.setState(id, 'active', null));
  await scene.clock.advance(100);
  for (const replica of [b, c]) {
    expect(feeds(replica)).toEqual([`${id} suspended`]);
    expect(replica.feeds.changes).not.toContain('active');
  }
});

test('it is held as well where the registry cannot be told', async () => {
  const scene = new Scene();
  await scene.registry.insert(subscription('s', { state: 'active', query: '$[?(@.a' }), null);
  const a = scene.prepare();
  a.gate.refused.add('update');
  await scene.finish(a.registrations.start());
  expect(feeds(a)).toEqual(['s suspended']);
});

test('one that all replicas declare is one, made once', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  const answers = await scene.finish(
    Promise.all([a, b].map(({ registrations }) => registrations.declare(HUB, BODY))),
  );
  expect(answers.map((answer) => answer.ok)).toEqual([true, true]);
  expect(scene.rows()).toHaveLength(1);
  await scene.clock.advance(100);
  expect([knows(a), feeds(b)]).toEqual([scene.rows(), scene.rows()]);
});

test('one that is declared and not kept is not fed until it is', async () => {
  const scene = new Scene();
  const a = await scene.start();
  a.gate.refused.add('insert');
  expect(statusOf(await scene.finish(a.registrations.declare(HUB, BODY)))).toBe(503);
  expect(feeds(a)).toEqual([]);
  a.gate.refused.clear();
  expect(statusOf(await scene.finish(a.registrations.declare(HUB, BODY)))).toBe('ok');
  expect(feeds(a)).toEqual(scene.rows());
  expect(scene.brokers.problems).toEqual([]);
});

test('one that is declared while it is being removed is made once it is gone', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  await scene.finish(a.registrations.declare(HUB, BODY));
  const [id] = scene.registry.rows().map((row) => row.id);
  await scene.clock.advance(10);
  const removal = a.registrations.remove(HUB, id ?? '');
  await scene.clock.advance(500);
  expect(statusOf(await scene.finish(b.registrations.declare(HUB, BODY)))).toBe(503);
  expect([knows(b), feeds(b)]).toEqual([[], []]);
  await scene.finish(removal);
  expect(statusOf(await scene.finish(b.registrations.declare(HUB, BODY)))).toBe('ok');
  expect(feeds(b)).toEqual([`${id ?? ''} active`]);
});

test('what cannot be undone is bounded: nothing is begun beside too much of it', async () => {
  const scene = new Scene();
  const a = await scene.start();
  for (const call of ['attach', 'update']) a.gate.refused.add(call);
  const register = (n: number) => a.registrations.register(HUB, { callback: `${CALLBACK}/${n}` });
  await scene.finish(Promise.all(Array.from({ length: 1_000 }, (_, n) => register(n))));
  a.gate.refused.clear();
  const asked = a.gate.timesAsked('insert');
  expect(statusOf(await scene.finish(register(1_000)))).toBe(503);
  expect(a.gate.timesAsked('insert')).toBe(asked);
  await scene.clock.advance(20_000);
  expect(statusOf(await scene.finish(register(1_000)))).toBe('ok');
  expect(scene.rows()).toHaveLength(1);
});

test('one that is declared and was registered at another replica already leaves no positions of its own', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  scene.lateMs = 900;
  await scene.finish(a.registrations.register(HUB, BODY));
  expect(await scene.finish(b.registrations.declare(HUB, BODY))).toMatchObject({ ok: false, status: 503 });
  expect([...scene.brokers.positions]).toEqual(['s1']);
  expect(feeds(b)).toEqual([]);
  await scene.clock.advance(2_000);
  expect(await scene.finish(b.registrations.declare(HUB, BODY))).toMatchObject({
    ok: true,
    subscription: { id: 's1' },
  });
});

test('one that was kept without an answer to the replica that made it is in nobody’s way', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  a.gate.unanswered.set('insert', 1);
  expect(statusOf(await scene.finish(a.registrations.register(HUB, BODY)))).toBe(503);
  expect(scene.rows()).toEqual(['s1 pending']);
  const since = scene.clock.now();
  expect(statusOf(await scene.finish(a.registrations.register(HUB, BODY)))).toBe('ok');
  expect(scene.clock.now() - since).toBeLessThan(5_000);
  await scene.clock.advance(100);
  expect([knows(a), feeds(b)]).toEqual([scene.rows(), scene.rows()]);
});
