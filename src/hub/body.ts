/** Request bodies: bounded, JSON in UTF-8, and a sentence for whoever sends something else. */
import { isUtf8 } from 'node:buffer';
import express from 'express';
import type { Request, RequestHandler } from 'express';
import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';

const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;

/** Reads the whole body into memory, compressed or not; past `limit` bytes (unpacked) it fails with 413. */
export function readBody(limit: number): RequestHandler {
  return express.raw({ type: () => true, limit });
}

/** The text of a JSON body without byte order mark, not parsed yet. `bytes` as they came. */
export function jsonText(
  req: Request,
): { readonly ok: true; readonly text: string; readonly bytes: Buffer } | Refusal {
  const type = req.headers['content-type'] ?? '';
  if (!JSON_TYPE.test(type)) {
    const given = type === '' ? 'no Content-Type' : `Content-Type ${JSON.stringify(type.slice(0, 100))}`;
    return refuse(
      415,
      'Unsupported media type',
      `the request has ${given}; send Content-Type: application/json`,
    );
  }
  const body = req.body as unknown;
  if (!Buffer.isBuffer(body) || body.length === 0) {
    return refuse(400, 'Body missing', 'the request has no body; a JSON object is expected');
  }
  if (!isUtf8(body)) return refuse(400, 'Malformed JSON', 'the body is not UTF-8 text');
  const marked = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
  const bytes = marked ? body.subarray(3) : body;
  return { ok: true, text: bytes.toString('utf8'), bytes };
}

export function parseJson(text: string): { readonly ok: true; readonly value: unknown } | Refusal {
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch (error) {
    return refuse(400, 'Malformed JSON', `the body is not JSON: ${(error as SyntaxError).message}`);
  }
}
