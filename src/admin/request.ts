/** The two places besides the body where a request says something: the path and the query string. */
import type { Request } from 'express';
import { Problem } from './problem.ts';

const MAX_ID_LENGTH = 256;

/** A path parameter, decoded. 404 when it is longer than any id. */
export function pathParameter(req: Request, name: string): string {
  const value = req.params[name];
  if (typeof value !== 'string' || value.length > MAX_ID_LENGTH) throw new Problem(404, `no such ${name}`);
  return value;
}

export function queryOf(req: Request): URLSearchParams {
  const start = req.url.indexOf('?');
  return new URLSearchParams(start === -1 ? '' : req.url.slice(start));
}

/** Who called, for the log. */
export function clientOf(req: Request): string | undefined {
  return req.socket.remoteAddress;
}
