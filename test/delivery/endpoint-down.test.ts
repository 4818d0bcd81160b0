import { answered, failed, ids, Scene, type Reply } from './scene.ts';

const HOUR = 3_600_000;

describe('probes', () => {
  const probing = async (reply: Reply) => {
    const scene = await Scene.with({ a: () => reply });
    await scene.publish('x', 'e0');
    await scene.clock.advance(400_000);
    const times = scene.to('a').map(({ at }) => at);
    return times.map((at, i) => at - (times[i - 1] ?? 0));
  };

  test('go out with growing pauses, 1 s to 60 s, one at a time', async () => {
    expect(await probing(503)).toEqual([
      0, 1_001, 1_001, 2_001, 4_001, 8_001, 16_001, 32_001, 60_001, 60_001, 60_001, 60_001, 60_001,
    ]);
  });

  test('Retry-After delays the first probe and each later one', async () => {
    expect(await probing(answered(503, { retryAfter: '100' }))).toEqual([0, 100_001, 100_001, 100_001]);
  });

  test('Retry-After of an answer that came after it opened delays the probe as well', async () => {
    const scene = await Scene.with({
      a: ({ eventId, time }) => {
        if (time > 1) return 204;
        return eventId === 'e7' ? { answer: answered(503, { retryAfter: '300' }), after: 100 } : 500;
      },
    });
    for (const id of ids(8)) await scene.publish(id, id);
    await scene.clock.advance(500_000);
    expect(scene.circuits[0]).toBe('a open at 1');
    expect(scene.to('a').find(({ time }) => time === 2)?.at).toBe(300_100);
  });
});

test('after an outage the rate ramps up: one attempt, then two, four ... up to what it was', async () => {
  const scene = await Scene.with({ a: () => 503 }, { answerMs: 20 });
  for (const id of ids(100)) await scene.publish(id, id);
  await scene.clock.advance(100_000);
  const before = scene.calls.length;
  scene.behave('a', () => 204);
  await scene.clock.advance(100_000);
  const rounds = new Map<number, number>();
  for (const { at } of scene.calls.slice(before)) rounds.set(at, (rounds.get(at) ?? 0) + 1);
  // The probe, then rounds that double; the outage had halved the eight it began with.
  expect([...rounds.values()].slice(0, 4)).toEqual([1, 1, 2, 4]);
  expect(Math.max(...[...rounds.values()].slice(0, 6))).toBeLessThanOrEqual(6);
});

describe('PITFALLS 19: an endpoint that stays down', () => {
  const circuit = { suspendAfter: 3 * HOUR };

  test('is suspended after circuit.suspendAfter, visibly, and loses nothing; resumed, it gets everything', async () => {
    const scene = await Scene.with({ a: () => failed('connect') }, { circuit });
    await scene.publish('x', ...ids(5));
    await scene.clock.advance(2 * HOUR);
    expect(scene.gateway.stopped).toEqual([]);
    await scene.clock.advance(2 * HOUR);
    expect(scene.gateway.stopped).toEqual([{ id: 'a', state: 'suspended' }]);
    const calls = scene.calls.length;
    await scene.publish('x', 'e5');
    await scene.clock.advance(6 * HOUR);
    expect(scene.calls).toHaveLength(calls);
    expect(scene.status('a').lag).toBe(6);
    expect(scene.letters()).toEqual([]);
    scene.behave('a', () => 204);
    scene.setState('a', 'active');
    await scene.clock.advance(100_000);
    expect(scene.seen('a').slice(calls)).toEqual(ids(6));
  });

  test('one that answers now and then is not', async () => {
    let calls = 0;
    const scene = await Scene.with(
      { a: () => (++calls % 20 === 0 ? 204 : 503) },
      { circuit: { suspendAfter: HOUR } },
    );
    await scene.publish('x', ...ids(10));
    await scene.clock.advance(6 * HOUR);
    expect(scene.gateway.stopped).toEqual([]);
    expect(scene.status('a').lag).toBe(0);
  });
});
