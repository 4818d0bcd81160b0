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

const RETRY_AFTER_SECONDS = 5;

/** Something that must be durable could not be made so: the same request may succeed later. */
export function unavailable(message: string): Refusal {
  return refuse(503, 'Not available now', message, { retryAfterSeconds: RETRY_AFTER_SECONDS });
}
