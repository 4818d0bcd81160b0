/** What every refusal must be: a TMF Error that helps. */
import request from 'supertest';
import { ORDERS_V4 } from './gateway-parts.ts';
import type { Parts } from './gateway-parts.ts';

export interface Refused {
  code: string;
  reason: string;
  message: string;
  status: string;
  '@type'?: string;
}

export const CALLBACK = 'http://billing.example/listener';
export const json = (base: string, parts: Parts) =>
  request(parts.app).post(`${base}/hub`).set('Content-Type', 'application/json');

export function expectError(answer: request.Response, status: number, message: RegExp): void {
  const body = answer.body as Refused;
  expect([answer.status, body.message]).toEqual([status, expect.stringMatching(message)]);
  expect([body.status, typeof body.code, typeof body.reason]).toEqual([String(status), 'string', 'string']);
}

/** Still there for others: the next good request is answered. */
export async function expectGoesOn(parts: Parts): Promise<void> {
  expect((await json(ORDERS_V4, parts).send({ callback: CALLBACK })).status).toBe(201);
}

/** The same, told by the code that programs go by. */
export function expectCode(answer: request.Response, status: number, code: string): void {
  expectError(answer, status, /./);
  expect((answer.body as Refused).code).toBe(code);
}
