/** What is wrong with the way to a broker, in words that tell an operator which setting to look at. */
import { tlsFailure } from '../../../tls-failure.ts';
import type { KafkaConnection } from './connection.ts';

/** A broker gave no answer. The message is one sentence that names it and what is wrong. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';

  /** What is logged and told is the sentence. */
  override toString(): string {
    return this.message;
  }
}

/** One line that an operator can act on. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof NoAnswer) return error.message;
  const cause = error.cause instanceof Error ? `: ${reasonOf(error.cause)}` : '';
  const parts = error instanceof AggregateError ? `: ${error.errors.map(reasonOf).join('; ')}` : '';
  return `${error.message}${cause}${parts}`;
}

/** What is wrong with the way to a broker. */
export interface Failure {
  /** To be read after the broker's name; shows nothing of the password. */
  readonly sentence: string;
  /** The broker or the settings said no: waiting does not mend it. */
  readonly isRefusal: boolean;
}

type Settings = Pick<KafkaConnection, 'tls' | 'sasl'>;

/**
 * Undefined where the error says only that the connection is there no more: then what was seen of it before is the
 * better answer.
 */
export function knownFailure(error: unknown, settings: Settings): Failure | undefined {
  const seen = [...errorsIn(error)];
  const refusal = refusalIn(seen, settings);
  if (refusal !== undefined) return { sentence: `it ${refusal}`, isRefusal: true };
  const has = hasOneOf(seen);
  if (settings.tls && has('Connection to ') && seen.some(isCutOff))
    return away('it ended the connection before TLS began: is there TLS on this port (kafka.tls.enabled)?');
  // The client asks the next thing although the connection has ended, and tells of that.
  if (!settings.tls && has('Cannot find a suitable SASL mechanism') && has('Connection closed'))
    return away('it closed the connection without an answer: does it want TLS (kafka.tls.enabled)?');
  if (seen.every(({ message }) => VAGUE.test(message))) return undefined;
  return away(plain(error));
}

function refusalIn(seen: readonly Seen[], { sasl }: Settings): string | undefined {
  for (const one of seen) {
    const sentence = tlsFailure(one, 'kafka');
    if (sentence !== undefined) return sentence;
  }
  const has = hasOneOf(seen);
  if (sasl && has('SASL_AUTHENTICATION_FAILED'))
    return `refuses the user ${sasl.username} or the password with ${sasl.mechanism} (kafka.sasl)`;
  if (has('UNSUPPORTED_SASL_MECHANISM') || has('ILLEGAL_SASL_STATE'))
    return `does not take kafka.sasl.mechanism ${sasl?.mechanism ?? 'none'} on this port`;
  return has('Broker requires TLS') ? 'wants TLS (kafka.tls.enabled)' : undefined;
}

function hasOneOf(seen: readonly Seen[]): (name: string) => boolean {
  return (name) => seen.some(({ apiId, message }) => apiId === name || message.startsWith(name));
}

function away(sentence: string): Failure {
  return { sentence, isRefusal: false };
}

/** Of a connection that ended before a broker ever answered anything. */
export function silentEnd({ tls, sasl }: Settings): string {
  const wants = [
    !tls && 'TLS (kafka.tls.enabled)',
    !sasl && 'a user (kafka.sasl)',
    tls && !tls.cert && 'a certificate (kafka.tls.cert)',
  ].filter((want) => typeof want === 'string');
  const question = wants.length === 0 ? 'is it a broker?' : `does it want ${wants.join(' or ')}?`;
  return `it closed the connection without an answer: ${question}`;
}

interface Seen {
  readonly message: string;
  readonly code: string | undefined;
  readonly apiId: string | undefined;
}

interface Thrown extends Partial<Seen> {
  readonly errors?: readonly unknown[];
  readonly cause?: unknown;
}

/** What the runtime throws is not an Error of this realm everywhere. */
function* errorsIn(error: unknown): Generator<Seen> {
  if (typeof error !== 'object' || error === null) return;
  const { message = '', code, apiId, errors = [], cause } = error as Thrown;
  yield { message, code, apiId };
  for (const part of errors) yield* errorsIn(part);
  yield* errorsIn(cause);
}

function isCutOff({ code, message }: Seen): boolean {
  return code === 'ECONNRESET' || message.startsWith('TLS handshake failed');
}

const VAGUE =
  /^Connection (closed|error|to .* failed|closed while waiting for ready)\.?$|^SASL authentication failed\.$|ECONNRESET|EPIPE/;

/** The client's own words without the address, which the sentence begins with. */
function plain(error: unknown): string {
  return reasonOf(error)
    .replace(/^Connection to \S+ failed\.: /, '')
    .replace(/\s+/g, ' ')
    .trim();
}
