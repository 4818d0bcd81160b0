/**
 * The other side of the bench, a process of its own so that its CPU time is not the gateway's: a listener, and a
 * publisher that measures from the 201 to the receipt. Both run in one process because they share the clock.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';

export type LoadRequest =
  | { do: 'expect'; count: number; delayMs: number }
  | { do: 'publish'; url: string; perSecond: number; count: number; body: string; receipts: number };

export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly count: number;
}

let received = 0;
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
    if (++received === expected) process.send?.({ done: received });
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));

process.on('message', (request: LoadRequest) => {
  if (request.do === 'expect') {
    received = 0;
    expected = request.count;
    delayMs = request.delayMs;
    onReceipt = undefined;
    process.send?.({ ready: true });
  } else {
    void publish(request).then((latency) => process.send?.({ latency }));
  }
});

/** Publishes at a steady rate; resolves with the time from each 201 to the event's receipts at `/live`. */
async function publish(request: Extract<LoadRequest, { do: 'publish' }>): Promise<Latency> {
  const { url, perSecond, count, body, receipts } = request;
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections: 64, allowH2: false });
  const confirmed = new Map<string, number>();
  const arrived: [id: string, at: number][] = [];
  received = 0;
  expected = Infinity;
  delayMs = 0;
  const all = new Promise<void>((resolve) => {
    onReceipt = (path, text) => {
      if (!path.startsWith('/live')) return;
      arrived.push([/"eventId":"([^"]+)"/.exec(text)?.[1] ?? '', performance.now()]);
      if (arrived.length === count * receipts) resolve();
    };
  });
  const start = performance.now();
  for (let i = 0; i < count; i++) {
    const due = start + (i * 1000) / perSecond;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const id = `bench-${process.pid}-${start}-${i}`;
    const event = body.replace('"eventId":""', `"eventId":"${id}"`).replace('"key"', `"key-${i % 200}"`);
    void pool
      .request({
        method: 'POST',
        path: pathname,
        headers: { 'content-type': 'application/json' },
        body: event,
      })
      .then(async (answer) => {
        confirmed.set(id, performance.now());
        await answer.body.dump();
      });
  }
  await all;
  await pool.close();
  // A receipt may come before its 201 is read: the event was durable before either.
  const times = arrived.map(([id, at]) => Math.max(0, at - (confirmed.get(id) ?? at))).sort((a, b) => a - b);
  const at = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? NaN;
  return { p50: at(0.5), p99: at(0.99), count: times.length };
}
