/** Signatures as Standard Webhooks 1.0.0 describes them (symmetric, `v1`). */
import { createHmac } from 'node:crypto';
import { keyBytes } from './sender.ts';

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
