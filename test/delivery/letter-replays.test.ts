import { letterOf, rejected, replay, since, states } from './letters.ts';
import { answered, Scene, type Behaviour } from './scene.ts';

describe('RULES 14: the replay of a dead letter', () => {
  test('is the original bytes, marked, with the same webhook-id; then the letter is replayed', async () => {
    const scene = await rejected(['e1']);
    const before = letterOf(scene, 'e1')!;
    scene.behave('a', () => 204);
    const asked = await replay(scene, before);
    expect(asked).toMatchObject({
      id: before.id,
      state: 'open',
      replay: { requestedAt: '2026-01-01T00:00:01.000Z' },
    });
    await scene.clock.advance(1_000);
    const [first, second] = scene.calls;
    expect(second?.body).toEqual(first?.body);
    expect(second?.headers).toMatchObject({ 'webhook-id': 'e1:a', 'x-tmf-hub-replay': 'true' });
    expect(first?.headers).not.toHaveProperty('x-tmf-hub-replay');
    expect(scene.letters()).toEqual([{ ...before, state: 'replayed' }]);
  });

  test('of a time when its source had another name: it stays where it lies, dead again or replayed', async () => {
    const scene = await rejected(['e1']);
    const now = letterOf(scene, 'e1')!;
    const id = now.id.replace(`.${now.source.broker}.`, '.former.');
    const before = { ...now, id, source: { ...now.source, broker: 'former' } };
    await scene.finish(scene.gateway.broker.deadLetters.put({ ...now, state: 'discarded' }));
    await scene.finish(scene.gateway.broker.deadLetters.put(before));
    await replay(scene, before);
    await scene.clock.advance(100_000);
    const own = () => scene.letters().filter(({ state }) => state !== 'discarded');
    expect(own()).toMatchObject([{ id, state: 'open', attempts: [{ n: 1 }, { n: 2 }] }]);
    scene.behave('a', () => 204);
    await replay(scene, own()[0]);
    await scene.crash();
    await scene.clock.advance(5_000);
    expect(own()).toMatchObject([{ id, state: 'replayed', source: before.source }]);
  });

  test('moves no live position, and its failure is no hole in one', async () => {
    const scene = await rejected(['e1']);
    const position = () => [...scene.storage.positions.values()];
    const before = position();
    scene.behave('a', () => 500);
    await replay(scene, letterOf(scene, 'e1'));
    await scene.clock.advance(5_000);
    expect(position()).toEqual(before);
  });

  test('dead again: the same letter is open, with the attempts of both', async () => {
    const scene = await rejected(['e1']);
    const before = letterOf(scene, 'e1')!;
    scene.behave('a', () => answered(500, { text: 'still broken' }));
    await replay(scene, before);
    await scene.clock.advance(100_000);
    const [letter, ...others] = scene.letters();
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ id: before.id, state: 'open', reason: 'exhausted', retryCount: 4 });
    expect(letter).not.toHaveProperty('replay');
    expect(letter?.attempts.map(({ n, status }) => [n, status])).toEqual([
      [1, 422],
      [2, 500],
      [3, 500],
      [4, 500],
      [5, 500],
    ]);
    scene.behave('a', () => 204);
    await replay(scene, letter);
    await scene.clock.advance(1_000);
    expect(states(scene)).toEqual({ e1: 'replayed' });
  });

  test('follows the retry schedule like any event', async () => {
    const scene = await rejected(['e1']);
    const began = scene.now;
    scene.behave('a', ({ time }) => (time < 4 ? 404 : 204));
    await replay(scene, letterOf(scene, 'e1'));
    await scene.clock.advance(100_000);
    expect(since(scene, began).map(({ at }) => at - began)).toEqual([0, 1_001, 6_002]);
    expect(states(scene)).toEqual({ e1: 'replayed' });
  });

  test('goes through the lane of its key: behind what is there, before what comes later', async () => {
    const scene = await Scene.with({ a: () => 422 });
    await scene.publish('x', 'dead');
    await scene.clock.advance(100);
    scene.behave('a', () => ({ answer: answered(204), after: 100 }));
    const began = scene.now;
    await scene.publish('x', 'e1', 'e2');
    await scene.clock.advance(10);
    await replay(scene, letterOf(scene, 'dead'));
    await scene.publish('x', 'e3');
    await scene.clock.advance(10_000);
    expect(since(scene, began).map(({ at, eventId }) => `${eventId} ${at - began}`)).toEqual([
      'e1 0',
      'e2 100',
      'dead 200',
      'e3 300',
    ]);
  });
});

describe('a corrected body', () => {
  const corrected = JSON.stringify({
    eventId: 'e1',
    eventTime: '2026-01-01T00:00:00Z',
    eventType: 'ProductOrderCreateEvent',
    event: { productOrder: { id: 'key-e1', corrected: true } },
  });

  test('is what is sent; the letter keeps the original, also when it is dead again', async () => {
    const scene = await rejected(['e1']);
    const before = letterOf(scene, 'e1')!;
    await replay(scene, before, corrected);
    await scene.clock.advance(1_000);
    expect(scene.calls[1]?.body.toString()).toBe(corrected);
    expect(letterOf(scene, 'e1')).toMatchObject({ state: 'open', body: before.body });
    scene.behave('a', () => 204);
    await replay(scene, letterOf(scene, 'e1'), corrected);
    await scene.clock.advance(1_000);
    expect(scene.calls[2]?.body.toString()).toBe(corrected);
    expect(letterOf(scene, 'e1')).toMatchObject({ state: 'replayed', body: before.body });
  });

  test('survives a restart', async () => {
    const scene = await rejected(['e1']);
    scene.setState('a', 'paused');
    await replay(scene, letterOf(scene, 'e1'), corrected);
    scene.behave('a', () => 204);
    await scene.crash();
    await scene.clock.advance(1_000);
    expect(scene.calls[1]?.body.toString()).toBe(corrected);
  });

  test('that is no event is refused, and nothing changes', async () => {
    const scene = await rejected(['e1']);
    const before = scene.letters();
    expect(await replay(scene, before[0], '{')).toEqual({
      refused: expect.stringMatching(/^It cannot be sent as a TMF event: it is no JSON/) as string,
    });
    await scene.clock.advance(10_000);
    expect(scene.letters()).toEqual(before);
    expect(scene.calls).toHaveLength(1);
  });
});

describe('a record that could not be read', () => {
  const event = JSON.stringify({ eventId: 'e1', eventType: 'XEvent', event: { x: { id: 'x1' } } });
  const quarantined = async (behaviour: Behaviour = () => 204) => {
    const scene = await Scene.with({ a: behaviour, b: behaviour });
    await scene.publishRaw('{', { tmfApi: 'TMF622' }, 'k1');
    await scene.clock.advance(1_000);
    return scene;
  };

  test('is refused as it is', async () => {
    const scene = await quarantined();
    expect(await replay(scene, scene.letters()[0])).toHaveProperty('refused');
  });

  test('corrected, it is published anew, for everybody, with its key and headers', async () => {
    const scene = await quarantined();
    await replay(scene, scene.letters()[0], event);
    await scene.clock.advance(1_000);
    expect(scene.seen('a')).toEqual(['e1']);
    expect(scene.seen('b')).toEqual(['e1']);
    expect(scene.letters()).toMatchObject([{ state: 'replayed', reason: 'unreadable' }]);
    const [record] = scene.storage.partitions[0]?.records.slice(1) ?? [];
    expect(record).toMatchObject({ key: 'k1', headers: { tmfApi: 'TMF622' } });
  });

  test('without a key it gets that of its resource', async () => {
    const scene = await quarantined();
    const { key: _, ...source } = scene.letters()[0]!.source;
    await replay(scene, { ...scene.letters()[0]!, source }, event);
    expect(scene.storage.partitions[0]?.records[1]?.key).toBe('x1');
  });
});
