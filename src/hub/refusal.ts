import type { ErrorCode } from '../tmf/errors.ts';

/** Why a request is not fulfilled: what the HTTP side needs for a TMF Error, decided where it is known. */
export interface Refusal {
  readonly ok: false;
  readonly status: number;
  /** Without it the status decides. */
  readonly code?: ErrorCode;
  /** What is wrong, in a few words that do not change from case to case. */
  readonly reason: string;
  /** What is wrong here, and what to do about it. */
  readonly message: string;
  /** When it may work, for a 503. */
  readonly retryAfterSeconds?: number;
  /** The hub that is in the way, for a 409. */
  readonly existingId?: string;
}

export function refuse(
  status: number,
  reason: string,
  message: string,
  more: Pick<Refusal, 'code' | 'retryAfterSeconds' | 'existingId'> = {},
): Refusal {
  return { ok: false, status, reason, message, ...more };
}

export function noSuchSubscription(id: string): Refusal {
  return refuse(404, 'Not found', `there is no subscription ${JSON.stringify(id)} at this hub`);
}

export function noSuchTopic(id: string): Refusal {
  return refuse(404, 'Not found', `there is no topic ${JSON.stringify(id)} here`);
}

/** A query that was not understood: which member it stands in, and at which character. */
export function badQuery(
  member: string,
  {
    status,
    position,
    reason,
  }: { readonly status: number; readonly position: number; readonly reason: string },
): Refusal {
  const message = `${member}, character ${position + 1}: ${reason}`;
  return status === 501
    ? refuse(501, 'Query not supported', message)
    : refuse(400, 'Query not understood', message, { code: 'invalidQuery' });
}

const RETRY_AFTER_SECONDS = 5;

/** Something that must be durable could not be made so: the same request may succeed later. */
export function unavailable(message: string): Refusal {
  return refuse(503, 'Not available now', message, { retryAfterSeconds: RETRY_AFTER_SECONDS });
}
