import { Concurrency } from '../../src/delivery/concurrency.ts';
import { SETTINGS } from '../support/sim-gateway.ts';
import { answered, failed, ids, Scene, type Reply } from './scene.ts';

const limits = SETTINGS.limits;
const succeed = (concurrency: Concurrency, times: number, ms = 20): void => {
  for (let i = 0; i < times; i++) concurrency.succeeded(ms);
};
/** The limit after each round of answers. */
const rounds = (concurrency: Concurrency, count: number, ms: number): number[] =>
  Array.from({ length: count }, () => {
    succeed(concurrency, concurrency.limit, ms);
    return concurrency.limit;
  });

/** Overloaded once: from now on it grows by steps. */
const steady = (limit = 8): Concurrency => {
  const concurrency = new Concurrency({ ...limits, startConcurrency: 2 * limit });
  concurrency.overloaded();
  succeed(concurrency, 2 * limit - 1);
  return concurrency;
};

describe('adaptive concurrency', () => {
  test('starts at 8 and doubles to 32, and no further, while a listener takes a steady 20 ms', () => {
    const concurrency = new Concurrency(limits);
    expect(concurrency.limit).toBe(8);
    expect(rounds(concurrency, 5, 20)).toEqual([16, 32, 32, 32, 32]);
  });

  test('grows by one a round once it had to shrink', () => {
    const concurrency = steady();
    const from = concurrency.limit;
    expect(rounds(concurrency, 5, 20)).toEqual([1, 2, 3, 4, 5].map((step) => from + step));
    expect(rounds(concurrency, 40, 20).at(-1)).toBe(32);
  });

  test('stops doubling when the listener slows down, and stays while it is much slower than it was', () => {
    const concurrency = new Concurrency(limits);
    rounds(concurrency, 1, 20);
    expect(rounds(concurrency, 5, 100)).toEqual([16, 16, 16, 16, 16]);
  });

  test('grows again when a listener has become slower for good', () => {
    const concurrency = new Concurrency(limits);
    rounds(concurrency, 1, 20);
    expect(rounds(concurrency, 100, 100).at(-1)).toBe(32);
  });

  test('two milliseconds more are no sign of load', () => {
    const concurrency = new Concurrency(limits);
    rounds(concurrency, 1, 0.5);
    expect(rounds(concurrency, 2, 2.4)).toEqual([32, 32]);
  });

  test('halves on overload, at most once a round, and never below one', () => {
    const concurrency = new Concurrency(limits);
    for (let i = 0; i < 8; i++) concurrency.overloaded();
    expect(concurrency.limit).toBe(4);
    for (let i = 0; i < 4; i++) concurrency.overloaded();
    expect(concurrency.limit).toBe(2);
    for (let i = 0; i < 100; i++) concurrency.overloaded();
    expect(concurrency.limit).toBe(1);
  });

  test('starts within its bounds', () => {
    expect(new Concurrency({ ...limits, maxConcurrency: 3 }).limit).toBe(3);
    const one = new Concurrency({ ...limits, maxConcurrency: 1 });
    succeed(one, 100);
    expect(one.limit).toBe(1);
  });

  test('ramps up: one, doubled with each round, up to what it was, then by steps', () => {
    const concurrency = steady(11);
    const before = concurrency.limit;
    concurrency.rampUp();
    expect(concurrency.limit).toBe(1);
    expect(rounds(concurrency, 6, 20)).toEqual([2, 4, 8, before, before + 1, before + 2]);
  });

  test('an overload ends the ramp', () => {
    const concurrency = new Concurrency(limits);
    concurrency.rampUp();
    rounds(concurrency, 2, 20);
    concurrency.overloaded();
    expect(concurrency.limit).toBe(2);
    expect(rounds(concurrency, 3, 20)).toEqual([3, 4, 5]);
  });
});

describe('a fixed number', () => {
  test('neither grows nor shrinks', () => {
    const concurrency = new Concurrency({ ...limits, concurrency: 5 });
    rounds(concurrency, 10, 20);
    for (let i = 0; i < 20; i++) concurrency.overloaded();
    expect(concurrency.limit).toBe(5);
  });

  test('ramps up after an outage', () => {
    const concurrency = new Concurrency({ ...limits, concurrency: 5 });
    concurrency.rampUp();
    expect(rounds(concurrency, 4, 20)).toEqual([2, 4, 5, 5]);
  });
});

describe('at work', () => {
  const flood = async (scene: Scene, count: number) => {
    for (const id of ids(count)) await scene.publish(id, id);
  };

  test('a steady listener of 20 ms is called 32 times at once in the end, and never more', async () => {
    const scene = await Scene.with({ a: () => 204 }, { answerMs: 20 });
    await flood(scene, 2_000);
    await scene.clock.advance(60_000);
    expect(scene.peak.get('a')).toBe(32);
    expect(scene.seen('a')).toHaveLength(2_000);
  });

  test('a fixed number is never exceeded, and used', async () => {
    const scene = await Scene.with({ a: () => 204 }, { answerMs: 20, limits: { concurrency: 3 } });
    await flood(scene, 100);
    await scene.clock.advance(60_000);
    expect(scene.peak.get('a')).toBe(3);
  });

  test.each<[string, (ms: number) => Reply]>([
    ['503', (ms) => ({ answer: answered(503), after: ms })],
    ['429', (ms) => ({ answer: answered(429), after: ms })],
    ['timeouts', () => failed('timeout', 10_000)],
  ])('a listener that sheds load with %s is asked for less, and gets everything', async (_, overload) => {
    let busy = 0;
    const scene: Scene = await Scene.with({
      a: () => {
        if (busy >= 4) return overload(20);
        busy++;
        scene.clock.after(20, () => busy--);
        return { answer: answered(204, {}, 20), after: 20 };
      },
    });
    await flood(scene, 1_500);
    await scene.clock.advance(600_000);
    const calls = scene.calls.filter(({ at }) => at > 3_000);
    const refused = calls.filter(({ time }) => time > 1).length;
    expect(refused / calls.length).toBeLessThan(0.35);
    expect(scene.status('a').lag).toBe(0);
    expect(new Set(scene.seen('a')).size).toBe(1_500);
  });
});
