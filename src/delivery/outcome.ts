import type { CallbackAnswer } from '../callbacks/sender.ts';
import type { DeliverySettings } from './settings.ts';

/** What an attempt's answer means for its event: the value says what happens next. */
export type Outcome =
  | { readonly kind: 'delivered' }
  /** The listener is gone for good (410): hold the subscription's events. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'rejected' }
  | {
      readonly kind: 'retry';
      /** The failure speaks of the endpoint, not of this event (RULES 10). */
      readonly endpoint: boolean;
      /** The listener can take less: concurrency is to shrink. */
      readonly overload: boolean;
      /** Retry-After in milliseconds, capped; 0 when there was none. */
      readonly notBefore: number;
    }
  /** The gateway gave up (shutdown): as if there had been no attempt. */
  | { readonly kind: 'abandoned' };

const ENDPOINT_STATUSES = new Set([429, 502, 503, 504]);
const OVERLOAD_STATUSES = new Set([429, 503]);

/** The outcome table of the design, section 4. `now` in milliseconds since the epoch. */
export function outcomeOf(answer: CallbackAnswer, retry: DeliverySettings['retry'], now: number): Outcome {
  if ('failure' in answer) {
    if (answer.failure === 'aborted') return { kind: 'abandoned' };
    const endpoint = answer.failure !== 'protocol';
    return { kind: 'retry', endpoint, overload: answer.failure === 'timeout', notBefore: 0 };
  }
  const { status } = answer;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (status === 410) return { kind: 'gone' };
  if (retry.rejectStatuses.includes(status)) return { kind: 'rejected' };
  return {
    kind: 'retry',
    endpoint: ENDPOINT_STATUSES.has(status),
    overload: OVERLOAD_STATUSES.has(status),
    notBefore: Math.min(retryAfterMs(answer.retryAfter, now), retry.maxRetryAfter),
  };
}

/** The three forms of RFC 9110, 5.6.7. `Date.parse` alone would find a date in any text with a number. */
const HTTP_DATE = /^[A-Z][a-z]{2,8},? [A-Za-z0-9 -]+ \d\d:\d\d:\d\d (?:GMT|\d{4})$/;

/** RFC 9110, 10.2.3: seconds or an HTTP date. What is neither counts as absent. */
export function retryAfterMs(value: string | undefined, now: number): number {
  const text = value?.trim() ?? '';
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  if (!HTTP_DATE.test(text)) return 0;
  // The form without a zone means GMT as well.
  const date = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(date) ? 0 : Math.max(0, date - now);
}
