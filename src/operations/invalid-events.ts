import type { Metrics } from '../admin/metrics.ts';
import type { DeliveryObserver } from '../delivery/observer.ts';
import type { Logger } from '../logger.ts';
import type { Clock } from '../time.ts';
import { canonicalEventType } from '../tmf/event-names.ts';
import { SaidLately } from './said-lately.ts';

const MINUTE_MS = 60_000;
/** Different complaints about events, in one minute. */
const MOST_COMPLAINTS = 1_000;

/** Counts events that do not fit the schemas of their API, and logs each complaint once a minute. */
export function tellInvalid(
  logger: Logger,
  metrics: Pick<Metrics, 'eventInvalid'>,
  clock: Pick<Clock, 'monotonic'>,
): DeliveryObserver['invalid'] {
  const complaints = new SaidLately(MINUTE_MS, MOST_COMPLAINTS);
  return (event, { api, mode, errors }, source) => {
    metrics.eventInvalid(api, mode);
    // Of each that is quarantined there is a line of its dead letter.
    if (mode === 'quarantine') return;
    // As a producer spells it a type may have any length, and one type any number of names.
    const complaint = `${api} ${canonicalEventType(event.type)} ${errors.join().replace(/\[\d+\]/g, '[]')}`;
    if (!complaints.isNews(complaint, clock.monotonic())) return;
    const { id, type, correlationId } = event;
    logger.warn({ api, eventId: id, eventType: type, correlationId, errors, source }, 'event.invalid');
  };
}
