/** How large and how long the scenarios are: small for every run, full size for `npm run faults`. */

/** Events of one scenario. */
export const EVENTS = Number(process.env['FAULT_EVENTS'] ?? 5_000);

/** Of one with three processes and two servers on one machine, and listeners so slow that attempts are in flight. */
export const FEWER_EVENTS = Number(process.env['FAULT_EVENTS'] ?? 2_000);

/** Disturbances last as long as they do in production. */
const FULL = EVENTS >= 50_000;

/** Milliseconds, or how many: the first in every run, the second at full size. */
export function scaled(short: number, full: number): number {
  return FULL ? full : short;
}
