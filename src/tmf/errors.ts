/** The body of every refusal (HUB-CONTRACT 2, the `Error` of the TMF specifications). */

/**
 * `code` is for programs: stable, and finer than the status.
 *
 * - `invalidRequest` 400: the request as a whole is wrong (not JSON, wrong shape).
 * - `invalidQuery` 400: the `query` of a hub is no query.
 * - `unknownEventType` 400: an event type that the API does not have.
 * - `callbackRefused` 400: a callback that the policy forbids, or that is no URL.
 * - `invalidEvent` 400: what was published is no TMF event.
 * - `unauthorized` 401, `forbidden` 403, `notFound` 404, `methodNotAllowed` 405, `notAcceptable` 406.
 * - `duplicateSubscription` 409: the same callback and query are registered (`hub.duplicates: conflict`).
 * - `topicInUse` 409: there are hubs of the topic.
 * - `conflict` 409: what an operator asks for does not fit the state that things are in (admin port).
 * - `tooLarge` 413, `unsupportedMediaType` 415, `unprocessable` 422, `tooManyRequests` 429.
 * - `internalError` 500: a mistake of the gateway's own.
 * - `notSupported` 501: valid, but this gateway does not do it.
 * - `unavailable` 503: it could not be made durable now; the same request may succeed later.
 */
export type ErrorCode =
  | 'invalidRequest'
  | 'invalidQuery'
  | 'unknownEventType'
  | 'callbackRefused'
  | 'invalidEvent'
  | 'unauthorized'
  | 'forbidden'
  | 'notFound'
  | 'methodNotAllowed'
  | 'notAcceptable'
  | 'duplicateSubscription'
  | 'topicInUse'
  | 'conflict'
  | 'tooLarge'
  | 'unsupportedMediaType'
  | 'unprocessable'
  | 'tooManyRequests'
  | 'internalError'
  | 'notSupported'
  | 'unavailable';

const codeOfStatus: Readonly<Partial<Record<number, ErrorCode>>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'notFound',
  405: 'methodNotAllowed',
  406: 'notAcceptable',
  409: 'duplicateSubscription',
  413: 'tooLarge',
  415: 'unsupportedMediaType',
  422: 'unprocessable',
  429: 'tooManyRequests',
  501: 'notSupported',
  503: 'unavailable',
};

export interface TmfError {
  readonly code: ErrorCode;
  /** What is wrong, in a few words that do not change from case to case. */
  readonly reason: string;
  /** What is wrong here, and what to do about it. */
  readonly message: string;
  /** The HTTP status, as text. */
  readonly status: string;
  /** Where to read more. */
  readonly referenceError?: string;
  readonly '@type'?: 'Error';
}

/**
 * Builds the body. `status` is an HTTP status from 400 to 599; without a `code` it decides it. `major` is the major
 * version of the API at whose hub the request arrived (null: the global hub); v5 requires `@type`, before it is no
 * member of the schema.
 */
export function tmfError(options: {
  readonly status: number;
  readonly reason: string;
  readonly message: string;
  readonly code?: ErrorCode;
  readonly referenceError?: string;
  readonly major: number | null;
}): TmfError {
  const { status, reason, message, referenceError, major } = options;
  return {
    code: options.code ?? codeOfStatus[status] ?? (status >= 500 ? 'internalError' : 'invalidRequest'),
    reason,
    message,
    status: String(status),
    ...(referenceError === undefined ? {} : { referenceError }),
    ...(major !== null && major >= 5 ? { '@type': 'Error' as const } : {}),
  };
}
