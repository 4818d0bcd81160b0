import { RateLimit } from '../../src/delivery/rate-limit.ts';
import { answered, ids, Scene } from './scene.ts';

describe('the rate limit', () => {
  test('none: never waits', () => {
    const rate = new RateLimit(undefined);
    for (let i = 0; i < 1_000; i++) expect(rate.take(0)).toBe(0);
  });

  test('lets a second of work through at once, then as much as the rate', () => {
    const rate = new RateLimit(10);
    for (let i = 0; i < 10; i++) expect(rate.take(0)).toBe(0);
    expect(rate.take(0)).toBe(100);
    expect(rate.take(50)).toBe(100);
    expect(rate.take(100)).toBe(0);
    expect(rate.take(100)).toBe(200);
  });

  test('less than one a second', () => {
    const rate = new RateLimit(0.1);
    expect(rate.take(0)).toBe(0);
    expect(rate.take(0)).toBe(10_000);
    expect(rate.take(10_000)).toBe(0);
  });

  test('does not save up for longer than a second', () => {
    const rate = new RateLimit(5);
    for (let i = 0; i < 5; i++) rate.take(0);
    let taken = 0;
    while (rate.take(3_600_000) === 0) taken++;
    expect(taken).toBe(5);
  });

  test('the time it names is in the future by at least what a timer can wait', () => {
    for (const perSecond of [3, 7, 0.3, 333, 999_999]) {
      const rate = new RateLimit(perSecond);
      let now = 0;
      for (let i = 0; i < 2_000; i++) {
        const later = rate.take(now);
        if (later === 0) continue;
        expect(later - now).toBeGreaterThanOrEqual(1);
        now = later;
      }
    }
  });

  test('what was taken and not used comes back', () => {
    const rate = new RateLimit(1);
    expect(rate.take(0)).toBe(0);
    rate.giveBack();
    expect(rate.take(0)).toBe(0);
  });
});

describe('at work', () => {
  test('a subscription is called no faster, whatever waits', async () => {
    const scene = await Scene.with({ a: () => 204 }, { limits: { rate: 3 } });
    for (const id of ids(100)) await scene.publish(id, id);
    await scene.clock.advance(10_000);
    const times = scene.to('a').map(({ at }) => at);
    // Three at once, then three a second; a wait is a whole number of milliseconds.
    expect(times).toHaveLength(32);
    for (const [i, at] of times.entries())
      if (i >= 3) expect(at - (times[i - 1] ?? 0)).toBeGreaterThanOrEqual(333);
    await scene.clock.advance(60_000);
    expect(scene.to('a')).toHaveLength(100);
  });

  test('an attempt that found no socket costs no part of the rate, however often it was looked for', async () => {
    const slow = () => ({ answer: answered(204, {}, 2_500), after: 2_500 });
    const scene = await Scene.with({ a: slow }, { limits: { rate: 1, maxSockets: 1 } });
    for (const id of ids(100)) {
      await scene.publish(id, id);
      await scene.clock.advance(100);
    }
    expect(scene.to('a').map(({ at }) => at)).toEqual([0, 2_500, 5_000, 7_500, 10_000]);
  });
});
