/** What one replica does, the others do when they are told, and answer for before they are. */
import { BODY, CALLBACK, HUB, Scene, feeds, knows, statusOf } from './scene.ts';

test('one that is registered here is fed everywhere: from the start position that was made for it', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  const id = await scene.register(a);
  expect(knows(b)).toEqual([`${id} active`]);
  expect(b.feeds.calls).toEqual([`attach known ${id}`]);
  expect(a.feeds.calls).toEqual([`attach new ${id}`]);
});

test('a state that changes here changes everywhere, also where it was not heard of yet', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  scene.lateMs = 900;
  const answer = await scene.finish(a.registrations.register(HUB, BODY));
  const id = answer.ok ? answer.subscription.id : '';
  expect(knows(b)).toEqual([]);
  const paused = await scene.finish(b.registrations.setState(id, 'paused', 'maintenance'));
  expect(paused).toMatchObject({ id, state: 'paused' });
  expect(feeds(a)).toEqual([`${id} active`]);
  await scene.clock.advance(1_000);
  for (const replica of [a, b])
    expect([knows(replica), feeds(replica)]).toEqual([[`${id} paused`], [`${id} paused`]]);
  expect(await scene.finish(b.registrations.setState('nobody', 'paused', null))).toBeUndefined();
});

test('GET and DELETE of one that was not heard of yet ask the registry', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  scene.lateMs = 900;
  const answer = await scene.finish(a.registrations.register(HUB, BODY));
  const id = answer.ok ? answer.subscription.id : '';
  const elsewhere = { basePath: '/tmf-api/productOrderingManagement/v4', api: 'TMF622', major: 4 };
  expect(await scene.finish(b.registrations.get(HUB, id))).toMatchObject({ ok: true, subscription: { id } });
  expect(statusOf(await scene.finish(b.registrations.get(elsewhere, id)))).toBe(404);
  expect(statusOf(await scene.finish(b.registrations.get(HUB, 'nobody')))).toBe(404);
  expect(statusOf(await scene.finish(b.registrations.remove(HUB, 'nobody')))).toBe(404);
  expect(statusOf(await scene.finish(b.registrations.remove(elsewhere, id)))).toBe(404);

  b.gate.refused.add('find');
  expect(statusOf(await scene.finish(b.registrations.get(HUB, id)))).toBe(503);
  expect(statusOf(await scene.finish(b.registrations.remove(HUB, id)))).toBe(503);
  expect(scene.rows()).toEqual([`${id} active`]);
  b.gate.refused.clear();
  expect(statusOf(await scene.finish(b.registrations.remove(HUB, id)))).toBe('ok');
  expect(scene.rows()).toEqual([]);
});

test('one that is still being made is shown and removed nowhere', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  a.gate.hold('attach');
  void a.registrations.register(HUB, BODY);
  await scene.clock.advance(100);
  const [id] = scene.registry.rows().map((row) => row.id);
  for (const { registrations } of [a, b]) {
    expect(statusOf(await scene.finish(registrations.get(HUB, id ?? '')))).toBe(404);
    // The one that makes it answers once it is made.
    if (registrations === b.registrations)
      expect(statusOf(await scene.finish(b.registrations.remove(HUB, id ?? '')))).toBe(404);
  }
  expect(scene.rows()).toEqual([`${id ?? ''} pending`]);
});

test('RULES 17: two equal requests at two replicas at once make one subscription, and both are answered', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  const release = a.gate.hold('attach');
  const first = a.registrations.register(HUB, BODY);
  await scene.clock.advance(10);
  const second = b.registrations.register(HUB, BODY);
  await scene.clock.advance(3_000);
  release();
  const answers = await scene.finish(Promise.all([first, second]));
  expect(answers).toMatchObject([
    { ok: true, subscription: { id: 's1' } },
    { ok: true, subscription: { id: 's1' } },
  ]);
  expect([feeds(a), feeds(b)]).toEqual([['s1 active'], ['s1 active']]);
});

test('where the other replica takes longer than 5 s the answer is 503, for those that waited in turn as well', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  const release = a.gate.hold('attach');
  void a.registrations.register(HUB, BODY);
  await scene.clock.advance(10);
  const before = scene.clock.monotonic();
  const answers = await scene.finish(Promise.all([1, 2, 3].map(() => b.registrations.register(HUB, BODY))));
  expect(answers.map(statusOf)).toEqual([503, 503, 503]);
  const took = scene.clock.monotonic() - before;
  expect(took).toBeGreaterThanOrEqual(5_000);
  expect(took).toBeLessThan(5_500);
  release();
  await scene.clock.advance(100);
  expect(await scene.finish(b.registrations.register(HUB, BODY))).toMatchObject({ ok: true });
});

test('the same again, where it was not heard of yet: fed before it is answered', async () => {
  const scene = new Scene();
  const [a, b] = [await scene.start(), await scene.start()];
  scene.lateMs = 900;
  await scene.finish(a.registrations.register(HUB, BODY));
  b.gate.refused.add('attach');
  expect(statusOf(await scene.finish(b.registrations.register(HUB, BODY)))).toBe(503);
  b.gate.refused.clear();
  const again = await scene.finish(b.registrations.register(HUB, BODY));
  expect(again).toMatchObject({ ok: true, subscription: { id: 's1' } });
  expect(b.feeds.calls).toEqual(['attach known s1']);
  await scene.clock.advance(2_000);
  expect(b.feeds.calls).toEqual(['attach known s1']);
});

test('lists are in the order of creation, in whatever order they came to be known', async () => {
  const scene = new Scene();
  const a = await scene.start();
  const b = await scene.start();
  for (const n of [1, 2, 3]) await scene.register(n === 2 ? b : a, `${CALLBACK}/${n}`);
  const c = await scene.start();
  for (const { registrations } of [a, b, c])
    expect(registrations.list(HUB).map(({ callback }) => callback.at(-1))).toEqual(['1', '2', '3']);
});
