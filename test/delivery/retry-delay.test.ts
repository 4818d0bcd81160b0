import { retryDelay } from '../../src/delivery/retry.ts';
import { SETTINGS } from '../support/sim-gateway.ts';

/** Node fires a timer of more milliseconds at once. */
const LONGEST_TIMER = 2 ** 31 - 1;
const DAY = 86_400_000;

test('the longest pause that may be asked for stays one, however the dice fall', () => {
  const pause = (random: number, jitter: number) =>
    retryDelay(1, { ...SETTINGS.retry, delays: [24 * DAY], jitter }, () => random) as number;
  expect(pause(0.5, 0.1)).toBe(24 * DAY);
  for (const random of [0, 0.3, 0.7, 0.999]) {
    for (const jitter of [0.1, 1]) expect(pause(random, jitter)).toBeLessThanOrEqual(LONGEST_TIMER);
  }
  expect(pause(0.999, 0.1)).toBeGreaterThan(24 * DAY);
});
