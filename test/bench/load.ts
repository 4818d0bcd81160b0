/**
 * The other side of the bench, a process of its own so that its CPU time is not the gateway's: a listener, and a
 * publisher that measures from the 201 to the receipt. Both run in one process because they share the clock.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import { eventOf } from './event.ts';
import { ageOf, latencyOf, pace, type Latency } from './latency.ts';

export type { Latency } from './latency.ts';

export type LoadRequest =
  | { do: 'expect'; warmUp: number; count: number; delayMs: number }
  | { do: 'stamped'; count: number }
  | { do: 'publish'; url: string; perSecond: number; count: number; body: string; receipts: number };

export interface LoadAnswer {
  readonly port: number;
  readonly ready: true;
  /** As many came as were to come before the measurement. */
  readonly warm: true;
  readonly done: true;
  readonly latency: Latency;
}

let received = 0;
let warmUp = Infinity;
let expected = Infinity;
let delayMs = 0;
let onReceipt: ((path: string, body: string) => void) | undefined;

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => {
    if (onReceipt) chunks.push(chunk);
  });
  request.on('end', () => {
    onReceipt?.(request.url ?? '', Buffer.concat(chunks).toString('latin1'));
    if (delayMs > 0) setTimeout(() => response.writeHead(204).end(), delayMs);
    else response.writeHead(204).end();
    received++;
    if (received === warmUp) answer({ warm: true });
    if (received === expected) answer({ done: true });
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => answer({ port: (server.address() as AddressInfo).port }));

process.on('disconnect', () => process.exit());
process.on('message', (request: LoadRequest) => {
  received = 0;
  warmUp = expected = Infinity;
  delayMs = 0;
  onReceipt = undefined;
  if (request.do === 'publish') {
    void publish(request).then((latency) => answer({ latency }));
    return;
  }
  if (request.do === 'stamped') {
    void ages(request.count).then((latency) => answer({ latency }));
  } else {
    ({ warmUp, delayMs } = request);
    expected = warmUp + request.count;
  }
  answer({ ready: true });
});

function answer(answer: Partial<LoadAnswer>): void {
  process.send?.(answer);
}

/** How old the next events are that carry the time they were made. */
function ages(count: number): Promise<Latency> {
  const times: number[] = [];
  return new Promise((resolve) => {
    onReceipt = (_path, text) => {
      const age = ageOf(text);
      if (age !== undefined && times.push(age) === count) resolve(latencyOf(times));
    };
  });
}

/** Publishes at a steady rate; resolves with the time from each 201 to the event's receipts at `/live`. */
async function publish(request: Extract<LoadRequest, { do: 'publish' }>): Promise<Latency> {
  const { url, perSecond, count, body, receipts } = request;
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections: 64, allowH2: false });
  const confirmed = new Map<string, number>();
  const arrived: [id: string, at: number][] = [];
  const all = new Promise<void>((resolve) => {
    onReceipt = (path, text) => {
      if (!path.startsWith('/live')) return;
      arrived.push([/"eventId":"([^"]+)"/.exec(text)?.[1] ?? '', performance.now()]);
      if (arrived.length === count * receipts) resolve();
    };
  });
  const run = performance.now();
  await pace(perSecond, count, (n) => {
    const id = `bench-${process.pid}-${run}-${n}`;
    const headers = { 'content-type': 'application/json' };
    const { value } = eventOf(n, id, body);
    void pool.request({ method: 'POST', path: pathname, headers, body: value }).then(async (answer) => {
      confirmed.set(id, performance.now());
      await answer.body.dump();
    });
  });
  await all;
  await pool.close();
  // A receipt may come before its 201 is read: the event was durable before either.
  return latencyOf(arrived.map(([id, at]) => Math.max(0, at - (confirmed.get(id) ?? at))));
}
