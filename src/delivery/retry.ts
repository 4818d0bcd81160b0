import type { DeliverySettings } from './settings.ts';

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
  return delay === undefined ? undefined : delay * (1 + retry.jitter * (2 * random() - 1));
}
