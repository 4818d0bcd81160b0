import { positionKey } from '../support/memory-log.ts';
import { ids, Scene, TOPIC } from './scene.ts';

const positionOf = (scene: Scene, id: string) => scene.storage.positions.get(positionKey(id, TOPIC, 0));

describe('PITFALLS 1, 3: the dead letters cannot be written', () => {
  const sink = { down: true };
  const delays: string[] = [];
  const scenario = async () => {
    sink.down = true;
    delays.length = 0;
    const scene: Scene = await Scene.with(
      { a: ({ eventId }) => (eventId.startsWith('bad') ? 422 : 204) },
      {
        faults: { letterFails: () => sink.down },
        observer: { deadLetterDelayed: (letter, error) => delays.push(`${letter.eventId} ${String(error)}`) },
      },
    );
    await scene.publish('x', 'bad', 'behind');
    for (const id of ids(20)) await scene.publish(id, id);
    await scene.clock.advance(60_000);
    return scene;
  };

  test('the event is not settled, its lane waits, the others go on, and it is said', async () => {
    const scene = await scenario();
    expect(scene.seen('a')).toEqual(['bad', ...ids(20)]);
    expect(scene.letters()).toEqual([]);
    expect(positionOf(scene, 'a')).toMatchObject({ offset: 0 });
    expect(scene.status('a').lag).toBe(22);
    expect(delays[0]).toBe('bad Error: the dead letter could not be written');
  });

  test('it is tried again with growing pauses of at most 10 s, and settled once it is durable', async () => {
    const scene = await scenario();
    // 0.2 0.6 1.4 3 6.2 12.6 22.6 32.6 42.6 52.6
    expect(delays).toHaveLength(11);
    sink.down = false;
    await scene.clock.advance(10_000);
    expect(scene.letters()).toMatchObject([{ eventId: 'bad', reason: 'rejected', attempts: [{ n: 1 }] }]);
    expect(scene.seen('a').at(-1)).toBe('behind');
    expect(positionOf(scene, 'a')).toMatchObject({ offset: 22, holes: '' });
    expect(scene.seen('a').filter((id) => id === 'bad')).toHaveLength(1);
  });

  test('a crash meanwhile loses nothing', async () => {
    const scene = await scenario();
    await scene.crash();
    sink.down = false;
    await scene.clock.advance(10_000);
    expect(scene.letters()).toMatchObject([{ eventId: 'bad', reason: 'rejected' }]);
    expect(scene.seen('a').at(-1)).toBe('behind');
  });

  test('hundreds of them hold back no other key', async () => {
    sink.down = true;
    const scene = await Scene.with(
      { a: ({ eventId }) => (eventId.startsWith('bad') ? 422 : 204) },
      { faults: { letterFails: () => sink.down } },
    );
    for (const i of ids(300, '')) {
      await scene.publish(`bad${i}`, `bad${i}`);
      await scene.publish(`good${i}`, `good${i}`);
      await scene.clock.advance(5);
    }
    expect(scene.seen('a').filter((id) => id.startsWith('good'))).toHaveLength(300);
    sink.down = false;
    await scene.clock.advance(10_000);
    expect(scene.letters()).toHaveLength(300);
    expect(scene.status('a').lag).toBe(0);
  });

  test('but no more than may wait: then the rest stays in the broker', async () => {
    sink.down = true;
    const scene = await Scene.with(
      { a: () => 422 },
      {
        faults: { letterFails: () => sink.down },
        limits: { maxWaiting: 50 },
        circuit: { rejectionThreshold: 1_000 },
      },
    );
    for (const id of ids(500)) await scene.publish(id, id);
    await scene.clock.advance(60_000);
    expect(scene.calls.length).toBeLessThanOrEqual(50 + 64 + 32);
    sink.down = false;
    await scene.clock.advance(60_000);
    expect(scene.letters()).toHaveLength(500);
  });
});

describe('what cannot be read as an event', () => {
  test('is told of once, also when the queues of several subscriptions hand it out at the same time', async () => {
    let told = 0;
    const scene = await Scene.with({ a: () => 204 }, { observer: { deadLettered: () => told++ } });
    const record = {
      source: { broker: 'memory', topic: TOPIC, messageId: 'm1' },
      ...{ key: 'k', headers: {}, value: Buffer.from('no event'), timestamp: scene.now },
    };
    for (let queue = 1; queue <= 3; queue++) scene.gateway.deliveries.route(record);
    await scene.clock.advance(1_000);
    scene.gateway.deliveries.route(record);
    await scene.clock.advance(1_000);
    expect([told, scene.letters().length]).toEqual([1, 1]);
  });

  test('is one dead letter, whoever subscribed, and holds up nobody', async () => {
    const scene = await Scene.with({ a: () => 204, b: () => 204 });
    await scene.publish('x', 'e0');
    await scene.publishRaw(
      '{"not": "an event"',
      { eventId: 'h1', eventType: 'HEvent', correlationId: 'c1', cookie: 's3cret' },
      'k1',
    );
    await scene.publish('x', 'e1');
    await scene.clock.advance(1_000);
    expect(scene.seen('a')).toEqual(['e0', 'e1']);
    expect(scene.seen('b')).toEqual(['e0', 'e1']);
    expect(scene.letters()).toEqual([
      {
        id: `unreadable.memory.${TOPIC}.0.1.${Date.UTC(2026, 0, 1)}`,
        reason: 'unreadable',
        subscriptionId: null,
        callback: null,
        eventId: 'h1',
        eventType: 'HEvent',
        correlationId: 'c1',
        attempts: [],
        error: expect.stringMatching(/^The record cannot be read as a TMF event: it is no JSON: /) as string,
        retryCount: 0,
        source: {
          broker: 'memory',
          topic: TOPIC,
          partition: 0,
          offset: 1,
          key: 'k1',
          headers: { eventId: 'h1', eventType: 'HEvent', correlationId: 'c1' },
          timestamp: Date.UTC(2026, 0, 1),
        },
        body: Buffer.from('{"not": "an event"'),
        deadAt: '2026-01-01T00:00:00.000Z',
        state: 'open',
      },
    ]);
  });

  test('read again, it is the same letter, in the state that it was given meanwhile', async () => {
    const said: string[] = [];
    const scene = await Scene.with(
      { a: () => 204 },
      { observer: { deadLettered: ({ id }) => said.push(id) } },
    );
    await scene.publishRaw('nonsense');
    await scene.clock.advance(1_000);
    const [letter] = scene.letters();
    scene.storage.letters.set(letter!.id, { ...letter!, state: 'discarded' });
    scene.storage.positions.clear();
    await scene.crash();
    await scene.clock.advance(1_000);
    expect(scene.letters()).toMatchObject([{ state: 'discarded' }]);
    expect(said).toHaveLength(1);
  });

  test('PITFALLS 3: is not passed before its letter is durable', async () => {
    let down = true;
    const scene = await Scene.with({ a: () => 204 }, { faults: { letterFails: () => down } });
    await scene.publishRaw('nonsense');
    await scene.publish('x', 'e0');
    await scene.clock.advance(60_000);
    expect(positionOf(scene, 'a')).toMatchObject({ offset: 0 });
    down = false;
    await scene.clock.advance(60_000);
    expect(scene.letters()).toHaveLength(1);
    expect(scene.seen('a')).toEqual(['e0']);
    expect(positionOf(scene, 'a')).toMatchObject({ offset: 2 });
  });
});

test('RULES 25, PITFALLS 18: credentials are neither in dead letters nor in requests', async () => {
  const scene = await Scene.with({ a: () => 422 });
  const event = { eventId: 'e1', eventType: 'XEvent', event: { x: { id: '1' } } };
  const headers = {
    authorization: 'Bearer s3cret',
    Cookie: 'sid=s3cret',
    'x-api-key': 's3cret',
    'x-shop': 'north',
  };
  await scene.publishRaw(JSON.stringify(event), headers);
  await scene.publishRaw('nonsense', headers);
  await scene.clock.advance(1_000);
  expect(scene.calls).toHaveLength(1);
  expect(JSON.stringify(scene.calls)).not.toContain('s3cret');
  expect(scene.letters()).toHaveLength(2);
  for (const { source } of scene.letters()) expect(source.headers).toEqual({ 'x-shop': 'north' });
});

test('letters of different subscriptions and records do not replace each other', async () => {
  const scene = await Scene.with({ a: () => 422, 'a.memory': () => 422 });
  await scene.publish('x', ...ids(3));
  await scene.clock.advance(1_000);
  expect(new Set(scene.letters().map(({ id }) => id)).size).toBe(6);
});

describe('RULES 4: a topic that was deleted and made anew', () => {
  /** The topic is empty again, and another: its offsets begin anew. */
  const makeAnew = async (scene: Scene) => {
    for (const partition of scene.storage.partitions)
      Object.assign(partition, { topicId: 'another', records: [], start: 0 });
    await scene.crash();
  };

  test('does not replace the dead letters of the old one', async () => {
    const scene = await Scene.with({ a: () => 422 });
    await scene.publish('x', 'old');
    await scene.clock.advance(1_000);
    await makeAnew(scene);
    await scene.publish('x', 'new');
    await scene.clock.advance(1_000);
    expect(scene.letters().map(({ eventId }) => eventId)).toEqual(['old', 'new']);
  });

  test('what is unreadable in it is quarantined, also where the old one had such a record', async () => {
    const scene = await Scene.with({ a: () => 204 });
    await scene.publishRaw('old nonsense');
    await scene.clock.advance(1_000);
    await makeAnew(scene);
    await scene.publishRaw('new nonsense');
    await scene.clock.advance(1_000);
    expect(scene.letters().map(({ body }) => Buffer.from(body).toString())).toEqual([
      'old nonsense',
      'new nonsense',
    ]);
  });
});
