import { failed, ids, Scene, type Reply } from './scene.ts';

const HOUR = 3_600_000;

describe('RULES 10: an outage uses up no events', () => {
  test.each<[string, () => Reply]>([
    ['no connection', () => failed('connect')],
    ['timeouts', () => failed('timeout', 10_000)],
    ['429', () => 429],
    ['502', () => 502],
    ['503', () => 503],
    ['504', () => 504],
  ])('%s, one event an hour: each waits, none dies alone', async (_, reply) => {
    const scene = await Scene.with({ a: reply });
    for (const id of ids(4)) {
      await scene.publish(id, id);
      await scene.clock.advance(HOUR);
    }
    expect(scene.letters()).toEqual([]);
    expect(scene.status('a').circuit).toBe('open');
    scene.behave('a', () => 204);
    await scene.clock.advance(100_000);
    expect(new Set(scene.seen('a').slice(-4))).toEqual(new Set(ids(4)));
    expect(scene.letters()).toEqual([]);
  });

  test('an event that fails so while others succeed follows its schedule and is a dead letter', async () => {
    const scene = await Scene.with({ a: ({ eventId }) => (eventId === 'poison' ? 503 : 204) });
    await scene.publish('bad', 'poison');
    for (const id of ids(60)) {
      await scene.publish(id, id);
      await scene.clock.advance(1_000);
    }
    expect(scene.circuits).toEqual([]);
    expect(scene.letters()).toMatchObject([{ eventId: 'poison', reason: 'exhausted', retryCount: 3 }]);
  });

  test('a success since the first failure of any kind counts, so that a later 503 uses the event up', async () => {
    const scene = await Scene.with({
      a: ({ eventId, time }) => (eventId === 'poison' ? (time === 1 ? 500 : 503) : 204),
    });
    await scene.publish('bad', 'poison');
    await scene.clock.advance(500);
    await scene.publish('good', 'ok');
    await scene.clock.advance(100_000);
    expect(scene.circuits).toEqual([]);
    expect(scene.letters()).toMatchObject([{ eventId: 'poison', retryCount: 3 }]);
  });

  test('failures that do not speak of the endpoint follow the schedule', async () => {
    const scene = await Scene.with({ a: () => 404 });
    await scene.publish('x', 'e0');
    await scene.clock.advance(100_000);
    expect(scene.letters()).toMatchObject([{ eventId: 'e0', reason: 'exhausted', retryCount: 3 }]);
    expect(scene.circuits).toEqual([]);
  });

  test('the attempt that opens the circuit does not count either', async () => {
    let healthy = true;
    const scene = await Scene.with({ a: ({ eventId }) => (healthy && eventId !== 'late' ? 204 : 500) });
    // `late` is at its last attempt when four others fail with it.
    await scene.publish('late', 'late');
    for (let second = 0; second < 35; second++) {
      await scene.publish(`ok${second}`, `ok${second}`);
      await scene.clock.advance(1_000);
    }
    healthy = false;
    for (const id of ids(4)) await scene.publish(id, id);
    await scene.clock.advance(2_000);
    expect(scene.circuits).toEqual(['a open at 36004']);
    healthy = true;
    await scene.clock.advance(600_000);
    expect(scene.letters()).toMatchObject([{ eventId: 'late', reason: 'exhausted' }]);
    const counted = scene.to('a').filter(({ eventId }) => eventId === 'late');
    const numbers = counted.map(({ headers }) => headers['x-tmf-hub-attempt']);
    expect(numbers.slice(0, 4)).toEqual(['1', '2', '3', '4']);
    expect(new Set(numbers.slice(4))).toEqual(new Set(['4']));
  });

  test('attempts that were in flight when it opened count for nothing', async () => {
    let healthy = false;
    const scene = await Scene.with({ a: () => (healthy ? 204 : 500) });
    for (const id of ids(8)) await scene.publish(id, id);
    await scene.clock.advance(10);
    expect(scene.to('a')).toHaveLength(8);
    healthy = true;
    await scene.clock.advance(100_000);
    const last = (id: string) =>
      scene.to('a').findLast(({ eventId }) => eventId === id)?.headers['x-tmf-hub-attempt'];
    expect(ids(8).map(last)).toEqual(['2', '2', '2', '2', '1', '1', '1', '1']);
  });
});

describe('RULES 11: a poison event does not keep the circuit open', () => {
  test('nothing answered, then the only probe is poison: its answer closes the circuit, and it dies', async () => {
    const scene = await Scene.with({ a: () => failed('connect') });
    await scene.publish('x', 'poison', 'e0', 'e1');
    await scene.clock.advance(HOUR);
    expect(scene.status('a').circuit).toBe('open');
    scene.behave('a', ({ eventId }) => (eventId === 'poison' ? 500 : 204));
    await scene.clock.advance(200_000);
    expect(scene.letters()).toMatchObject([{ eventId: 'poison', reason: 'exhausted' }]);
    expect(scene.seen('a').slice(-2)).toEqual(['e0', 'e1']);
  });

  test('the same with a rejection', async () => {
    const scene = await Scene.with({ a: () => failed('connect') });
    await scene.publish('x', 'poison', 'e0');
    await scene.clock.advance(HOUR);
    scene.behave('a', ({ eventId }) => (eventId === 'poison' ? 400 : 204));
    await scene.clock.advance(100_000);
    expect(scene.letters()).toMatchObject([{ eventId: 'poison', reason: 'rejected' }]);
    expect(scene.seen('a').at(-1)).toBe('e0');
  });

  test('five poison events opened it: a new event is let in as a probe, and is enough', async () => {
    const scene = await Scene.with({ a: ({ eventId }) => (eventId.startsWith('bad') ? 500 : 204) });
    for (const id of ids(5, 'bad')) await scene.publish(id, id);
    await scene.clock.advance(HOUR);
    expect(scene.status('a').circuit).toBe('open');
    await scene.publish('good', 'good');
    // The next probe may be one that failed before; the one after it is the new one.
    await scene.clock.advance(130_000);
    expect(scene.seen('a')).toContain('good');
    expect(scene.circuits[1]).toMatch(/^a closed/);
  });

  test('with forty poison events held, a new one still waits for two probes at most', async () => {
    const scene = await Scene.with({ a: ({ eventId }) => (eventId.startsWith('bad') ? 500 : 204) });
    for (const id of ids(40, 'bad')) {
      await scene.publish(id, id);
      await scene.publish('ok', `ok-${id}`);
      await scene.clock.advance(5);
    }
    await scene.clock.advance(HOUR);
    expect(scene.status('a').circuit).toBe('open');
    await scene.publish('good', 'good');
    await scene.clock.advance(130_000);
    expect(scene.seen('a')).toContain('good');
  });

  test('probes take turns over the lanes', async () => {
    const scene = await Scene.with({ a: () => 503 });
    for (const id of ids(4)) await scene.publish(id, id);
    await scene.clock.advance(HOUR);
    const probes = scene.seen('a').slice(-12);
    for (const id of ids(4)) expect(probes.filter((seen) => seen === id)).toHaveLength(3);
  });
});

test('RULES 12: a broken release that rejects everything costs 19 events, not the backlog', async () => {
  const scene = await Scene.with({ a: () => 400 });
  for (const id of ids(300)) await scene.publish(id, id);
  await scene.clock.advance(HOUR);
  expect(scene.letters()).toHaveLength(19);
  scene.behave('a', () => 204);
  await scene.clock.advance(100_000);
  expect(scene.letters()).toHaveLength(19);
  const dead = scene.letters().map(({ eventId }) => eventId);
  const owed = ids(300).filter((id) => !dead.includes(id));
  const delivered = scene.to('a').filter(({ at }) => at > HOUR);
  expect(delivered.map(({ eventId }) => eventId).toSorted()).toEqual(owed.toSorted());
});

describe('PITFALLS 15: an outage of hours ends with everything delivered in order, and no dead letter', () => {
  test.each<[string, () => Reply]>([
    ['no connection', () => failed('connect')],
    ['timeouts', () => failed('timeout', 10_000)],
    ['503', () => 503],
    ['429', () => 429],
    ['500', () => 500],
    ['404', () => 404],
    ['302', () => 302],
  ])('%s', async (_, reply) => {
    const scene = await Scene.with({ a: reply, b: () => 204 });
    const keys = ['k0', 'k1', 'k2', 'k3', 'k4', 'k5', 'k6'];
    const published: string[] = [];
    const publish = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const key = keys[published.length % keys.length] as string;
        published.push(`${key}-${published.length}`);
        await scene.publish(key, published.at(-1) as string);
      }
    };
    await publish(20);
    for (let hour = 0; hour < 3; hour++) {
      await scene.clock.advance(HOUR);
      await publish(50);
    }
    expect(scene.status('a').circuit).not.toBe('closed');
    const back = scene.now;
    scene.behave('a', () => 204);
    await scene.clock.advance(130_000);
    const delivered = scene
      .to('a')
      .filter(({ at }) => at > back)
      .map(({ eventId }) => eventId);
    expect(delivered.toSorted()).toEqual(published.toSorted());
    for (const key of keys) {
      const ofKey = (list: string[]) => list.filter((id) => id.startsWith(key));
      expect(ofKey(delivered)).toEqual(ofKey(published));
    }
    expect(scene.letters()).toEqual([]);
    expect(scene.status('a')).toMatchObject({ circuit: 'closed', lag: 0 });
    // What was held in memory meanwhile is bounded by what was held when it opened, and one event a probe.
    expect(scene.seen('b').toSorted()).toEqual(published.toSorted());
  });
});
