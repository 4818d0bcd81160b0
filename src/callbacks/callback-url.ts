/** A callback URL taken apart for sending, or refused with a reason that needs no network. */
import { bareHost } from './policy.ts';

export interface CallbackTarget {
  /** Scheme, host and port: one connection pool each. */
  readonly origin: string;
  /** Lower case, IPv6 without brackets, no trailing dot. */
  readonly host: string;
  readonly port: number;
  /** Path and query string as registered. */
  readonly path: string;
}

/** Longer URLs are refused by proxies and servers on the way. Characters. */
const MAX_LENGTH = 2048;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/**
 * Reads a callback URL. A string is the refusal, in a sentence a person can act on; it never repeats the URL,
 * which may hold secrets. What two URL parsers might read differently (blanks, backslashes, a missing `//`) is
 * refused rather than repaired.
 */
export function parseCallbackUrl(text: string, schemes: readonly string[]): CallbackTarget | string {
  if (text.length > MAX_LENGTH) return `the callback URL is longer than ${MAX_LENGTH} characters`;
  if (/[\s\\\u0000-\u001f\u007f]/.test(text)) {
    return 'the callback URL has blanks, control characters or backslashes; percent-encode them';
  }
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return 'the callback is no absolute URL; write it as https://host/path';
  const defaultPort = DEFAULT_PORTS[scheme];
  if (defaultPort === undefined || !schemes.includes(scheme)) {
    return `callbacks by "${scheme}:" are not possible here; use ${schemes.join(' or ')}`;
  }
  if (!/^[a-z]+:\/\/[^/?#]/i.test(text) || !URL.canParse(text)) {
    return 'the callback URL has no valid host; write it as https://host/path';
  }
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    return "the callback URL has credentials in it; give them as the subscription's auth or headers";
  }
  if (text.includes('#')) return 'the callback URL has a fragment (#...), which is never sent; leave it out';
  const port = url.port === '' ? defaultPort : Number(url.port);
  if (port === 0) return 'the callback URL has port 0, which nobody can listen on';
  return { origin: url.origin, host: bareHost(url.hostname), port, path: url.pathname + url.search };
}
