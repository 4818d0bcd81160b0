/** Hosts, networks and paths: only their form is judged here, nothing is looked up. */
import { isIP } from 'node:net';

const LABEL = '[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?';
const HOST_NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`, 'i');
const PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)+$/;

/** A name whose last label is all digits is a mistyped IPv4 address, never a host. */
export function isHostName(text: string): boolean {
  return text.length <= 253 && HOST_NAME.test(text) && !/(?:^|\.)\d+$/.test(text);
}

/** A host name or a literal address, without port and brackets. */
export function isHost(text: string): boolean {
  return isIP(text) !== 0 || isHostName(text);
}

/** `host:port`; an IPv6 address stands in brackets. */
export function isHostAndPort(text: string): boolean {
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[^:]+)):(?<port>\d{1,5})$/.exec(text);
  if (match === null) return false;
  const { v6, host, port } = match.groups ?? {};
  const known = v6 === undefined ? isHost(host ?? '') : isIP(v6) === 6;
  return known && Number(port) >= 1 && Number(port) <= 65_535;
}

/**
 * What callbacks may be allowed to reach, in one spelling: a CIDR (a single address becomes a /32 or /128), a host
 * name, or `*.` and a domain. Lower case. Undefined when the text is none of these.
 */
export function parseAllowed(text: string): string | undefined {
  const lower = text.toLowerCase();
  const [address = '', prefix, ...rest] = lower.split('/');
  const version = isIP(address);
  if (version !== 0 && rest.length === 0) {
    const longest = version === 4 ? 32 : 128;
    if (prefix === undefined) return `${address}/${longest}`;
    return /^\d{1,3}$/.test(prefix) && Number(prefix) <= longest ? lower : undefined;
  }
  return isHostName(lower.replace(/^\*\./, '')) ? lower : undefined;
}

/** `/a/b`: starts with a slash, does not end with one, needs no escaping. */
export function isPath(text: string): boolean {
  return PATH.test(text);
}

/** An absolute URL of one of the schemes (`http:`), without fragment. */
export function isUrl(text: string, schemes: readonly string[]): boolean {
  const url = URL.parse(text);
  return url !== null && schemes.includes(url.protocol) && url.hostname !== '' && url.hash === '';
}

/** An address for events. Credentials have no place in it: URLs end in logs and answers. */
export function isCallback(text: string): boolean {
  return isUrl(text, ['http:', 'https:']) && !hasCredentials(text);
}

function hasCredentials(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.username !== '' || url.password !== '');
}

/** Scheme, host and port of an http(s) URL that has nothing else; undefined when the text is no such URL. */
export function parseOrigin(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !isUrl(text, ['http:', 'https:']) || hasCredentials(text)) return undefined;
  return url.pathname === '/' && url.search === '' ? url.origin : undefined;
}
