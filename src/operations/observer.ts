import type { Metrics } from '../admin/metrics.ts';
import type { Attempt, Delivery } from '../brokers/broker.ts';
import type { DeliveryObserver } from '../delivery/observer.ts';
import type { Logger } from '../logger.ts';
import type { Clock } from '../time.ts';
import { tellInvalid } from './invalid-events.ts';

/** Writes what delivery says to the metrics, and to the log: one wide line for each attempt. */
export function createObserver(
  logger: Logger,
  metrics: Pick<Metrics, 'eventRouted' | 'attempted' | 'deadLettered' | 'eventInvalid'>,
  clock: Pick<Clock, 'monotonic'>,
): DeliveryObserver {
  const debug = logger.isLevelEnabled('debug');
  return {
    routed: (matched, filtered) => metrics.eventRouted(matched, filtered),

    invalid: tellInvalid(logger, metrics, clock),

    attempted(subscriptionId, delivery, attempt, outcome, endToEndMs) {
      if (outcome.kind === 'abandoned') {
        logger.info(brokenOff(subscriptionId, delivery, attempt), 'delivery.broken-off');
        return;
      }
      const delivered = outcome.kind === 'delivered';
      metrics.attempted({
        subscriptionId,
        outcome: outcome.kind === 'gone' ? 'rejected' : outcome.kind,
        seconds: attempt.durationMs / 1000,
        endToEndSeconds: delivered ? endToEndMs / 1000 : undefined,
      });
      if (delivered && !debug) return;
      const line = { ...wideLine(subscriptionId, delivery, attempt), outcome: outcome.kind, endToEndMs };
      if (delivered) logger.debug(line, 'delivery.attempted');
      else logger.warn(line, 'delivery.attempted');
    },

    deadLettered(letter) {
      metrics.deadLettered(letter.reason);
      const { id, reason, subscriptionId, eventId, eventType, correlationId, error, source } = letter;
      logger.error(
        { deadLetterId: id, reason, subscriptionId, eventId, eventType, correlationId, error, source },
        'delivery.dead-lettered',
      );
    },

    deadLetterDelayed({ id, subscriptionId, eventId }, error) {
      logger.error(
        { deadLetterId: id, subscriptionId, eventId, error: String(error) },
        'dead-letter.not-written',
      );
    },

    circuitChanged(subscriptionId, state, reason) {
      if (state === 'open') logger.warn({ subscriptionId, state, reason }, 'circuit.changed');
      else logger.info({ subscriptionId, state, reason }, 'circuit.changed');
    },
  };
}

function wideLine(subscriptionId: string, { event, record, replay }: Delivery, attempt: Attempt): object {
  return {
    subscriptionId,
    eventId: event.id,
    eventType: event.type,
    // What the producer left out of the envelope, and the gateway put in.
    completed: event.completed,
    key: event.orderingKey,
    attempt: attempt.n,
    status: attempt.status,
    error: attempt.error,
    durationMs: attempt.durationMs,
    replay,
    source: record.source,
    correlationId: event.correlationId,
    traceparent: event.traceparent,
  };
}

/** It is made again, here or by another replica: the listener may get the event twice because of it. */
function brokenOff(subscriptionId: string, { event, record }: Delivery, { n, durationMs }: Attempt): object {
  return { subscriptionId, eventId: event.id, attempt: n, durationMs, source: record.source };
}
