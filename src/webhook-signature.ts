/** Signatures as Standard Webhooks 1.0.0 describes them (symmetric, `v1`). */
import { createHmac } from 'node:crypto';

/** What a key looks like: `whsec_` and 24 to 64 bytes in base64. Several are separated by blanks. */
const KEY = /^whsec_[A-Za-z0-9+/]+={0,2}$/;
const LEAST_BYTES = 24;
const MOST_BYTES = 64;
/** The new one and those that are going. */
const MOST_KEYS = 4;

/** Why a secret cannot be used, as the end of a sentence that never names it; undefined when it can. */
export function secretProblem(secret: string): string | undefined {
  const keys = secret.split(' ');
  if (keys.length > MOST_KEYS) return `must be at most ${MOST_KEYS} keys`;
  const isUsable = keys.every((key) => {
    const { length } = keyBytes(key);
    return KEY.test(key) && length >= LEAST_BYTES && length <= MOST_BYTES;
  });
  if (isUsable) return undefined;
  return `must be "whsec_" and ${LEAST_BYTES} to ${MOST_BYTES} bytes in base64; several are separated by one blank`;
}

/** The value of `webhook-signature`: one signature for each key of a secret that has no problem. */
export function signatureOf(secret: string, id: string, timestamp: string, body: Uint8Array): string {
  return secret
    .split(' ')
    .map((key) => {
      const digest = createHmac('sha256', keyBytes(key)).update(`${id}.${timestamp}.`).update(body);
      return `v1,${digest.digest('base64')}`;
    })
    .join(' ');
}

function keyBytes(key: string): Buffer {
  return Buffer.from(key.slice('whsec_'.length), 'base64');
}
