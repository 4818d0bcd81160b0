/** Bodies of the admin API: read whole, small, JSON or nothing. */
import { isUtf8 } from 'node:buffer';
import express from 'express';
import type { Request, RequestHandler } from 'express';
import { Problem } from './problem.ts';

/** As large as an event may be: the corrected body of a dead letter is one. */
const LIMIT_BYTES = 4 * 1024 * 1024;

export function readBody(): RequestHandler {
  return express.raw({ type: () => true, limit: LIMIT_BYTES });
}

/** The bytes of the body; undefined when there is none. 415 when it is not declared as JSON. */
export function bodyBytes(req: Request): Buffer | undefined {
  const body = req.body as unknown;
  if (!Buffer.isBuffer(body) || body.length === 0) return undefined;
  if (!/^application\/(\S+\+)?json\s*(;|$)/i.test(req.headers['content-type'] ?? '')) {
    throw new Problem(415, 'send the body with Content-Type: application/json');
  }
  return body;
}

/** The body as JSON. 400 when there is none or it is malformed. */
export function bodyJson(req: Request): unknown {
  const bytes = bodyBytes(req);
  if (bytes === undefined) throw new Problem(400, 'this call needs a JSON body');
  return parseJson(bytes);
}

export function parseJson(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) throw new Problem(400, 'the body is not UTF-8');
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch (error) {
    throw new Problem(400, `the body is not JSON: ${(error as Error).message}`);
  }
}
