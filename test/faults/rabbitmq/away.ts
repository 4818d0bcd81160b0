import type { Again, Disturbance } from '../judge.ts';

/** Events of one subscription that a gateway may hold unsettled: `rabbitmq.prefetch`. */
export const PREFETCH = 256;

/**
 * An acknowledgement goes out at the end of the turn of the event loop in which the event was settled, and RabbitMQ
 * has mostly written it after 150 ms; more than was handed out and not acknowledged is never handed out again.
 */
export const AGAIN: Again = { commitMs: 150 + 300, most: PREFETCH };

/** Connections end at once, at some moment between the two at which it was asked to go and had gone. */
export function rabbitAway(from: number, gone: number, until: number): Disturbance {
  return { from, to: gone, overAt: until };
}
