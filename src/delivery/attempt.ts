import type { Attempt, Delivery } from '../brokers/broker.ts';
import type { CallbackAnswer, CallbackRequest } from '../callbacks/sender.ts';
import type { Subscription } from '../registry/store.ts';
import type { Dialect } from './dialect.ts';

/** Attempts of one event that are kept in memory, and in its dead letter. */
const MOST_REMEMBERED = 50;

/** Where a subscription's events go, how they are written and what is sent beside them. */
export interface Target {
  readonly subscriptionId: string;
  readonly callback: string;
  readonly dialect: Dialect;
  /** Headers that the subscription asked for. */
  readonly headers: Readonly<Record<string, string>>;
  /** Keys of its signatures. */
  readonly secret: string | undefined;
}

export function targetOf({ id, callback, extensions = {} }: Subscription, dialect: Dialect): Target {
  const { headers = {}, secret } = extensions;
  return { subscriptionId: id, callback, dialect, headers, secret };
}

/** The request of one attempt (HUB-CONTRACT 4). `now` in milliseconds since the epoch. */
export function requestOf(delivery: Delivery, target: Target, now: number): CallbackRequest {
  const { event } = delivery;
  const headers: Record<string, string> = {
    ...target.headers,
    'content-type': target.dialect.contentType,
    'webhook-id': `${headerValue(event.id)}:${target.subscriptionId}`,
    'webhook-timestamp': String(Math.floor(now / 1000)),
    'x-tmf-hub-attempt': String(delivery.attempts + 1),
  };
  if (event.correlationId !== undefined) headers['x-correlation-id'] = headerValue(event.correlationId);
  if (event.traceparent !== undefined) headers['traceparent'] = headerValue(event.traceparent);
  if (delivery.replay) headers['x-tmf-hub-replay'] = 'true';
  const url = target.dialect.urlOf(target.callback, event);
  const request = { url, headers, body: target.dialect.bytesOf(event) };
  return target.secret === undefined ? request : { ...request, secret: target.secret };
}

let latest = { ms: NaN, iso: '' };

/** Many attempts start in one millisecond, and writing a date is dear. */
function isoTime(ms: number): string {
  if (latest.ms !== ms) latest = { ms, iso: new Date(ms).toISOString() };
  return latest.iso;
}

/** What is kept of an attempt that `delivery` just had. */
export function attemptOf(answer: CallbackAnswer, delivery: Delivery, startedAt: number): Attempt {
  const n = Math.max(delivery.attempts, delivery.history?.at(-1)?.n ?? 0) + 1;
  const common = {
    n,
    at: isoTime(startedAt),
    durationMs: Math.round(answer.durationMs * 10) / 10,
  };
  if ('failure' in answer) return { ...common, error: `${answer.failure}: ${answer.message}` };
  return answer.text === ''
    ? { ...common, status: answer.status }
    : { ...common, status: answer.status, answer: answer.text };
}

/** Adds to the history; of very many attempts (an outage of days) the first and the latest are kept. */
export function remember(delivery: Delivery, attempt: Attempt): void {
  const history = (delivery.history ??= []);
  history.push(attempt);
  if (history.length > MOST_REMEMBERED) history.splice(1, 1);
}

/** What does not fit a header (RFC 9110, 5.5) is percent-encoded: an id must neither be lost nor inject a header. */
function headerValue(value: string): string {
  if (/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)) return value;
  // Half a surrogate pair, which JSON can spell, has no encoding and would throw.
  return encodeURIComponent(value.toWellFormed());
}
