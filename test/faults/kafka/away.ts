import type { Again, Disturbance } from '../judge.ts';

/** A settlement waits 200 ms for its commit, which then takes its own time on a machine that has much to do. */
export const AGAIN: Again = { commitMs: 200 + 300, most: Infinity };

/** A member of the group is no longer believed to be there after so long: `kafka.sessionTimeout` of these gateways. */
export const SESSION_MS = 6_000;

/** No broker could be asked; the gateway goes on with what it has read until its lease is over. */
export function brokerAway(from: number, until: number): Disturbance {
  return { from, to: Math.min(until, from + SESSION_MS), overAt: until };
}
