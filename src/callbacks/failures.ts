/** What a failed request means to the delivery engine. */
import type { CallbackFailure } from './sender.ts';

export interface Failure {
  readonly failure: CallbackFailure;
  readonly message: string;
}

/** Everything that is not listed is a connection that did not come about or did not last, TLS included. */
const KINDS: Readonly<Record<string, CallbackFailure>> = {
  REFUSED_BY_POLICY: 'refused-by-policy',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  ETIMEDOUT: 'timeout',
  UND_ERR_DESTROYED: 'aborted',
  UND_ERR_CLOSED: 'aborted',
  UND_ERR_HEADERS_OVERFLOW: 'protocol',
  // The request cannot be written as HTTP, a header value with a line break for instance: trying elsewhere or
  // later does not help, and it says nothing of the endpoint.
  UND_ERR_INVALID_ARG: 'protocol',
  UND_ERR_NOT_SUPPORTED: 'protocol',
};

/** The client reports these answers (an unasked 100 or 101) as socket errors; only the text tells them apart. */
const UNASKED = new Set(['bad response', 'bad upgrade']);

export function classify(error: Error): Failure {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const reason = reasonOf(error);
  const message = code === '' || reason.includes(code) ? reason : `${reason} (${code})`;
  if (error.name === 'HTTPParserError' || UNASKED.has(error.message)) return { failure: 'protocol', message };
  return { failure: KINDS[code] ?? 'connect', message };
}

/** A host with several addresses fails with one error per address and no text of its own. */
function reasonOf(error: Error & { errors?: unknown }): string {
  if (!Array.isArray(error.errors)) return error.message;
  return error.errors.map((each: Error) => each.message).join('; ');
}
