/**
 * Who may use /admin. Health, readiness and metrics are open to everybody; the rest to this machine, and to
 * whoever shows `admin.token`.
 *
 * Headers can take trust away but never give it. A request that reached the loopback address through a proxy,
 * or that a web page made a browser send (another origin, or a name that was rebound to 127.0.0.1), did not come
 * from an operator on this machine and needs the token like any other.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { Request, RequestHandler } from 'express';
import { sendProblem } from './problem.ts';

const PROXY_HEADERS = ['x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'forwarded', 'via'];

const NO_TOKEN =
  'from outside this machine /admin is closed: set admin.token (environment TMF_HUB_ADMIN_TOKEN) on the gateway ' +
  'and send it as "Authorization: Bearer <token>"';
const TOKEN_MISSING = 'send the value of admin.token as "Authorization: Bearer <token>"';
const TOKEN_WRONG = 'the bearer token is not the value of admin.token (environment TMF_HUB_ADMIN_TOKEN)';

export function requireAccess(token: string | undefined): RequestHandler {
  const expected = token === undefined || token === '' ? undefined : digest(token);
  return (req, res, next) => {
    if (fromThisMachine(req)) return next();
    if (expected === undefined) return sendProblem(res, 403, NO_TOKEN);
    const given = bearer(req.headers.authorization);
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return next();
    res.setHeader('WWW-Authenticate', 'Bearer realm="admin"');
    return sendProblem(res, 401, given === undefined ? TOKEN_MISSING : TOKEN_WRONG);
  };
}

function fromThisMachine(req: Request): boolean {
  return (
    isLoopback(req.socket.remoteAddress) &&
    !PROXY_HEADERS.some((name) => req.headers[name] !== undefined) &&
    namesThisMachine(req.headers.host) &&
    !fromAnotherOrigin(req)
  );
}

/** 127.0.0.0/8 and ::1, also written as IPv4 inside IPv6. */
export function isLoopback(address: string | undefined): boolean {
  if (address === undefined) return false;
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}

/** A rebound name arrives with the attacker's name in Host; an operator uses `localhost` or an address. */
function namesThisMachine(host: string | undefined): boolean {
  if (host === undefined) return true;
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return name === 'localhost' || isIP(name.replace(/^\[|\]$/g, '')) !== 0;
}

function fromAnotherOrigin(req: Request): boolean {
  const { origin, host } = req.headers;
  return origin !== undefined && origin.replace(/^https?:\/\//, '') !== host;
}

function bearer(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
}

/** Digests have one length, so that the comparison tells nothing about the token's. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
