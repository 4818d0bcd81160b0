import type { DeadLetterReason, Delivery } from '../brokers/broker.ts';
import type { Outcome } from './outcome.ts';
import type { Pace } from './pace.ts';
import { retryDelay } from './retry.ts';
import type { DeliverySettings } from './settings.ts';

/** What happens to a delivery after an attempt that did not deliver. */
export type Verdict =
  /** Stays first in its lane and takes its turn; the attempt does not count. */
  | { readonly next: 'hold' }
  | { readonly next: 'wait'; readonly ms: number }
  | { readonly next: 'bury'; readonly reason: DeadLetterReason }
  | { readonly next: 'stop'; readonly state: 'gone' | 'suspended'; readonly reason: string };

export interface Case {
  readonly delivery: Delivery;
  readonly outcome: Exclude<Outcome, { kind: 'delivered' }>;
  /** It was the open circuit's probe. */
  readonly probe: boolean;
  /** Monotonic milliseconds. */
  readonly now: number;
  /** Events that the subscription's listener took so far. */
  readonly successes: number;
}

/**
 * Decides, and tells the circuit. While it is open nothing burns attempts and nothing is rejected (RULES 10 to 12).
 */
export function verdictOf(
  { delivery, outcome, probe, now, successes }: Case,
  pace: Pace,
  { retry }: DeliverySettings,
  random: () => number,
): Verdict {
  const { circuit } = pace;
  if (outcome.kind === 'abandoned') {
    if (probe) circuit.probeAbandoned();
    return { next: 'hold' };
  }
  if (outcome.kind === 'gone')
    return { next: 'stop', state: 'gone', reason: 'The listener answered 410 Gone.' };
  const speaksOfTheEvent = outcome.kind === 'rejected' || !outcome.endpoint;
  if (!circuit.isClosed() && !(probe && speaksOfTheEvent && pace.answered())) {
    if (probe) circuit.probeFailed(now);
    if (outcome.kind === 'retry') circuit.askedToWait(now + outcome.notBefore);
    if (!circuit.isOverdue(now)) return { next: 'hold' };
    return { next: 'stop', state: 'suspended', reason: 'The endpoint has been down for too long.' };
  }
  if (outcome.kind === 'rejected') {
    circuit.rejected(now);
    return circuit.isClosed() ? { next: 'bury', reason: 'rejected' } : { next: 'hold' };
  }
  if (outcome.overload) pace.overloaded();
  const attempts = delivery.attempts + 1;
  const delay = retryDelay(attempts, retry, random);
  const noSuccess = noSuccessSince(delivery, delay, successes);
  circuit.failed(delivery.event.id, outcome.endpoint && noSuccess, now);
  if (!circuit.isClosed()) {
    circuit.askedToWait(now + outcome.notBefore);
    return { next: 'hold' };
  }
  delivery.attempts = attempts;
  delivery.feed.attempted(delivery);
  return delay === undefined
    ? { next: 'bury', reason: 'exhausted' }
    : { next: 'wait', ms: Math.max(delay, outcome.notBefore) };
}

/**
 * RULES 10: a failure that speaks of the endpoint uses an event up only if the listener took another one since this
 * event first failed. The first failure alone says nothing yet, unless it would already be the last.
 */
function noSuccessSince(delivery: Delivery, delay: number | undefined, successes: number): boolean {
  const failedBefore = delivery.successesAtFirstFailure !== undefined;
  delivery.successesAtFirstFailure ??= successes;
  return (failedBefore || delay === undefined) && successes === delivery.successesAtFirstFailure;
}
