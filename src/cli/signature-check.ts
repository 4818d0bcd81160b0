/** What a listener does with a signed request, as Standard Webhooks says (symmetric, `v1`). */
import { timingSafeEqual } from 'node:crypto';
import { signatureOf } from '../webhook-signature.ts';

/** How far the clocks of sender and listener may be apart, in milliseconds; older requests may be stolen ones. */
const TOLERANCE_MS = 300_000;

/**
 * Why a request is not signed by one of the keys of `secret`, which has no `secretProblem`; undefined when it is.
 * Names of headers in lower case; `at` in milliseconds since the epoch.
 */
export function signatureProblem(
  secret: string,
  { headers, text, at }: { headers: Readonly<Record<string, string>>; text: string; at: number },
): string | undefined {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers;
  if (id === undefined || timestamp === undefined || signatures === undefined) return 'not signed';
  // `!(a <= b)`: a timestamp that is no number is no time either.
  if (!(Math.abs(at - Number(timestamp) * 1000) <= TOLERANCE_MS)) return 'signed at another time';
  const given = signatures.split(' ').map((one) => Buffer.from(one));
  const wanted = signatureOf(secret, id, timestamp, Buffer.from(text)).split(' ');
  const isSigned = wanted.some((signature) => {
    const bytes = Buffer.from(signature);
    return given.some((one) => one.length === bytes.length && timingSafeEqual(one, bytes));
  });
  return isSigned ? undefined : 'signed with another secret, or changed on the way';
}
