import { ReplayQueue, type Ticket } from '../../src/delivery/replay-queue.ts';
import { eventRecord } from '../support/sim-gateway.ts';
import { letterOf, rejected, replay, since, states } from './letters.ts';
import { answered, failed, ids, Scene, TOPIC } from './scene.ts';

test('the queue keeps the order of the requests, also for those that come back or whose wish took longer to write', () => {
  const queue = new ReplayQueue();
  const ticket = (order: number): Ticket => ({ id: `l${order}`, home: {} as Ticket['home'], order });
  for (const order of [0, 2, 1, 5, 3, 4]) queue.add(ticket(order));
  const [first, second] = [queue.first, (queue.shift(), queue.first)];
  queue.shift();
  queue.add(second as Ticket);
  queue.add(first as Ticket);
  expect(queue.clear().map(({ order }) => order)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(queue.first).toBeUndefined();
});

describe('many replays', () => {
  test('are sent in the order in which they were asked for, as there is room, and each once', async () => {
    const scene = await Scene.with({ a: () => 422 }, { circuit: { rejectionThreshold: 1_000 } });
    await scene.publish('x', ...ids(200));
    await scene.clock.advance(10_000);
    scene.behave('a', () => 204);
    const began = scene.now;
    for (const letter of scene.letters()) await replay(scene, letter);
    await scene.clock.advance(10_000);
    expect(since(scene, began).map(({ eventId }) => eventId)).toEqual(ids(200));
    expect(new Set(Object.values(states(scene)))).toEqual(new Set(['replayed']));
  });

  test('asked for twice, it is sent once', async () => {
    const scene = await rejected(['e1']);
    const letter = letterOf(scene, 'e1');
    scene.behave('a', () => ({ answer: answered(204), after: 100 }));
    await replay(scene, letter);
    expect(await replay(scene, letter)).toEqual({ refused: 'A replay of it is under way already.' });
    await scene.clock.advance(1_000);
    expect(scene.calls).toHaveLength(2);
    await replay(scene, letterOf(scene, 'e1'));
    await scene.clock.advance(1_000);
    expect(scene.calls).toHaveLength(3);
  });

  test('survive a restart, in their order', async () => {
    const scene = await Scene.with({ a: () => 422 });
    await scene.publish('x', ...ids(15));
    await scene.clock.advance(10_000);
    scene.setState('a', 'paused');
    for (const letter of scene.letters()) await replay(scene, letter);
    const began = scene.now;
    scene.behave('a', () => 204);
    await scene.crash();
    await scene.clock.advance(10_000);
    expect(since(scene, began).map(({ eventId }) => eventId)).toEqual(ids(15));
    expect(new Set(Object.values(states(scene)))).toEqual(new Set(['replayed']));
  });

  test('more than one page of them', async () => {
    const scene = await Scene.with({ a: () => 422 }, { circuit: { rejectionThreshold: 1_000 } });
    for (const id of ids(250)) await scene.publish(id, id);
    await scene.clock.advance(10_000);
    scene.setState('a', 'paused');
    for (const letter of scene.letters().filter((_, i) => i % 2 === 0)) await replay(scene, letter);
    scene.behave('a', () => 204);
    await scene.crash();
    await scene.clock.advance(60_000);
    expect(Object.values(states(scene)).filter((state) => state === 'replayed')).toHaveLength(125);
    expect(scene.calls).toHaveLength(250 + 125);
  });

  test('while paused they wait; resumed, they go', async () => {
    const scene = await rejected(['e1', 'e2']);
    scene.setState('a', 'paused');
    for (const letter of scene.letters()) await replay(scene, letter);
    await scene.clock.advance(100_000);
    expect(scene.calls).toHaveLength(2);
    scene.behave('a', () => 204);
    scene.setState('a', 'active');
    await scene.clock.advance(1_000);
    expect(states(scene)).toEqual({ e1: 'replayed', e2: 'replayed' });
  });

  test('wait through an outage, burning nothing', async () => {
    const scene = await rejected(ids(10));
    scene.behave('a', () => failed('connect'));
    for (const letter of scene.letters()) await replay(scene, letter);
    await scene.clock.advance(3_600_000);
    expect(new Set(Object.values(states(scene)))).toEqual(new Set(['open']));
    scene.behave('a', () => 204);
    await scene.clock.advance(100_000);
    expect(new Set(Object.values(states(scene)))).toEqual(new Set(['replayed']));
  });
});

test('RULES 16: evicted for others, they come back in their order, though nothing else happens', async () => {
  const scene = new Scene({ limits: { memory: 2_300 } });
  const only = (type: string) => ({ query: `eventType=${type}` });
  await scene.gateway.start();
  await scene.subscribe('a', () => 422, only('AEvent'));
  await scene.subscribe('b', () => ({ answer: answered(204), after: 50 }), only('BEvent'));
  const publish = (key: string, id: string, type: string) =>
    scene.gateway.broker.publish(eventRecord(TOPIC, key, id, type));
  for (const id of ids(19)) await publish('x', id, 'AEvent');
  await scene.clock.advance(10_000);
  scene.behave('a', () => failed('connect'));
  for (const letter of scene.letters()) await replay(scene, letter);
  await scene.clock.advance(1_500);
  const held = scene.gateway.deliveries.capacity.bytes;
  for (const id of ids(20, 'b')) await publish(id, id, 'BEvent');
  await scene.clock.advance(300);
  expect(scene.gateway.deliveries.of('a')?.heldBytes).toBeLessThan(held / 2);
  scene.behave('a', () => 204);
  const began = scene.now;
  await scene.clock.advance(200_000);
  const delivered = since(scene, began).filter(({ to }) => to === 'a');
  expect(delivered.map(({ eventId }) => eventId)).toEqual(ids(19));
  expect(scene.seen('b')).toHaveLength(20);
});

describe('what cannot be replayed', () => {
  test('a letter of a subscription that is deleted is refused', async () => {
    const scene = await rejected(['e1']);
    await scene.finish(scene.gateway.unsubscribe('a'));
    expect(await replay(scene, letterOf(scene, 'e1'))).toEqual({
      refused: 'Its subscription no longer exists.',
    });
    expect(letterOf(scene, 'e1')).not.toHaveProperty('replay');
  });

  test('deleted while it waits, it is not sent, and forgotten after a restart', async () => {
    const scene = await rejected(['e1', 'e2']);
    scene.setState('a', 'paused');
    for (const letter of scene.letters()) await replay(scene, letter);
    await scene.finish(scene.gateway.unsubscribe('a'));
    scene.forget('a');
    await scene.crash();
    await scene.clock.advance(100_000);
    expect(scene.calls).toHaveLength(2);
  });

  test('discarded while it waits, it is left alone', async () => {
    const scene = await rejected(['e1', 'e2']);
    scene.setState('a', 'paused');
    for (const letter of scene.letters()) await replay(scene, letter);
    const { replay: _, ...letter } = letterOf(scene, 'e1')!;
    scene.storage.letters.set(letter.id, { ...letter, state: 'discarded' });
    scene.behave('a', () => 204);
    scene.setState('a', 'active');
    await scene.clock.advance(10_000);
    expect(states(scene)).toEqual({ e1: 'discarded', e2: 'replayed' });
    expect(scene.seen('a')).toEqual(['e1', 'e2', 'e2']);
  });

  test('the wish cannot be written: the request fails, and can be made again', async () => {
    let down = false;
    const scene = await rejected(['e1'], { faults: { letterFails: () => down } });
    down = true;
    await expect(replay(scene, letterOf(scene, 'e1'))).rejects.toThrow('could not be written');
    down = false;
    scene.behave('a', () => 204);
    await replay(scene, letterOf(scene, 'e1'));
    await scene.clock.advance(1_000);
    expect(states(scene)).toEqual({ e1: 'replayed' });
  });

  test('that it was delivered cannot be written: said, and it stays open', async () => {
    let down = false;
    const said: string[] = [];
    const scene = await rejected(['e1'], {
      faults: { letterFails: () => down },
      observer: { deadLetterDelayed: ({ eventId }) => said.push(eventId ?? '') },
    });
    scene.behave('a', () => ({ answer: answered(204), after: 10 }));
    await replay(scene, letterOf(scene, 'e1'));
    down = true;
    await scene.clock.advance(1_000);
    expect(said).toEqual(['e1']);
    expect(states(scene)).toEqual({ e1: 'open' });
  });
});
