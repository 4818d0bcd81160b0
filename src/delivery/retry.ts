import type { DeliverySettings } from './settings.ts';

/** Node fires a timer of more milliseconds at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * The pause after the `attempts`-th failed attempt, in milliseconds with jitter; undefined when the schedule is used
 * up. `random` gives a number in [0, 1).
 */
export function retryDelay(
  attempts: number,
  retry: DeliverySettings['retry'],
  random: () => number,
): number | undefined {
  const delay = retry.delays[attempts - 1];
  if (delay === undefined) return undefined;
  return Math.min(LONGEST_TIMER, delay * (1 + retry.jitter * (2 * random() - 1)));
}
