import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayProcess } from '../support/gateway-process.ts';
import { TestListener, until } from '../support/listener.ts';

/** The outside contract on a gateway in its own process: what operators' scripts and dashboards rely on. */

const API = '/tmf-api/productOrderingManagement/v4';
const TYPE = 'ProductOrderStateChangeEvent';
const SETTINGS = { TMF_HUB_RETRY_DELAYS: '50ms,100ms,150ms', TMF_HUB_CIRCUIT_PROBEMIN: '100ms' };

interface Letter {
  id: string;
  eventId: string;
  reason: string;
  state: string;
  [member: string]: unknown;
}

let dir: string;
let gateway: GatewayProcess;
let listener: TestListener;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tmf-hub-contract-'));
  gateway = await GatewayProcess.start(dir, SETTINGS);
  listener = await TestListener.start();
});

afterEach(async () => {
  await gateway.kill();
  await listener.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function send(method: string, url: string, body?: unknown): Promise<{ status: number; json: unknown }> {
  const given = body === undefined ? {} : { body: JSON.stringify(body) };
  const answer = await fetch(url, { method, headers: { 'content-type': 'application/json' }, ...given });
  const text = await answer.text();
  return { status: answer.status, json: text === '' ? undefined : (JSON.parse(text) as unknown) };
}

async function register(path = '/cb', query = ''): Promise<string> {
  const { status, json } = await send('POST', `${gateway.url}${API}/hub`, {
    callback: listener.url + path,
    query,
  });
  expect(status).toBe(201);
  return (json as { id: string }).id;
}

async function publish(eventId: string, key = eventId, more: object = {}): Promise<void> {
  const event = { productOrder: { id: key, state: 'completed' } };
  const body = { eventId, eventType: TYPE, event, ...more };
  expect((await send('POST', `${gateway.url}${API}/event`, body)).status).toBe(201);
}

const ids = (): string[] => listener.receipts.map((receipt) => receipt.event.eventId);

async function deadLetters(query = ''): Promise<{ items: Letter[]; total: number }> {
  return (await send('GET', `${gateway.admin}/admin/dead-letters${query}`)).json as {
    items: Letter[];
    total: number;
  };
}

async function view(id: string): Promise<Record<string, unknown>> {
  return (await send('GET', `${gateway.admin}/admin/subscriptions/${id}`)).json as Record<string, unknown>;
}

/** As /metrics says it; undefined where nothing waits. */
async function oldestUnsettledSeconds(id: string): Promise<number | undefined> {
  const text = await (await fetch(`${gateway.admin}/metrics`)).text();
  const [, value] =
    new RegExp(`^tmf_hub_oldest_unsettled_seconds{subscription="${id}"} (.*)$`, 'm').exec(text) ?? [];
  return value === undefined ? undefined : Number(value);
}

test('a listener that fails twice gets the event at the third attempt, with one webhook-id', async () => {
  await register();
  let left = 2;
  listener.answers(() => (left-- > 0 ? 500 : 201));
  await publish('e1', 'order-1', { correlationId: 'c-1' });
  await until(() => listener.receipts.length === 3, 'three attempts');
  const headers = listener.receipts.map((receipt) => receipt.headers);
  expect(new Set(headers.map((one) => one['webhook-id'])).size).toBe(1);
  expect(headers.map((one) => one['x-tmf-hub-attempt'])).toEqual(['1', '2', '3']);
  expect(headers[0]).toMatchObject({
    'content-type': 'application/json;charset=utf-8',
    'x-correlation-id': 'c-1',
  });
  expect((await deadLetters()).total).toBe(0);
});

test('a poison event becomes a dead letter with its whole context, and is replayed', async () => {
  const subscriptionId = await register();
  listener.answers(({ event }) => (event.eventId === 'poison' ? 500 : 204));
  await publish('poison', 'order-1', { correlationId: 'c-9' });
  await publish('fine', 'order-2');
  const letter = await until(async () => (await deadLetters()).items[0], 'a dead letter');
  expect(letter).toMatchObject({
    reason: 'exhausted',
    subscriptionId,
    callback: `${listener.url}/cb`,
    eventId: 'poison',
    eventType: TYPE,
    correlationId: 'c-9',
    retryCount: 3,
    error: 'The listener answered 500.',
    source: {
      broker: 'embedded',
      topic: 'bss.ordering.events',
      key: 'order-1',
      headers: { tmfApi: 'TMF622' },
    },
    payload: { eventId: 'poison', event: { productOrder: { id: 'order-1' } } },
    state: 'open',
  });
  expect(letter['attempts']).toMatchObject([1, 2, 3, 4].map((n) => ({ n, status: 500 })));
  const counts = await send('GET', `${gateway.admin}/admin/dead-letters?groupBy=reason`);
  expect(counts.json).toEqual({ counts: { exhausted: 1 }, total: 1 });

  listener.answers(() => 204);
  const replay = await send('POST', `${gateway.admin}/admin/dead-letters/replay`, {
    filter: { reason: 'exhausted' },
  });
  expect(replay).toMatchObject({ status: 202, json: { accepted: 1 } });
  await until(() => listener.receipts.at(-1)?.headers['x-tmf-hub-replay'] === 'true', 'the replay');
  const path = `${gateway.admin}/admin/dead-letters/${letter.id}`;
  await until(async () => ((await send('GET', path)).json as Letter).state === 'replayed', 'state replayed');
  expect((await deadLetters()).total).toBe(0);
});

test('an outage holds events in order and fills no dead letters; the circuit says so', async () => {
  const id = await register();
  listener.answers(() => 503);
  for (let i = 0; i < 10; i++) await publish(`e${i}`, 'order-1');
  await until(async () => (await view(id))['circuit'] !== 'closed', 'an open circuit');
  const first = Date.parse((await view(id))['oldestUnsettled'] as string);
  const least = (Date.now() - first) / 1000;
  const waits = await oldestUnsettledSeconds(id);
  expect(waits).toBeGreaterThanOrEqual(least);
  expect(waits).toBeLessThanOrEqual((Date.now() - first) / 1000);
  listener.receipts.length = 0;
  listener.answers(() => 204);
  await until(() => new Set(ids()).size === 10, 'all delivered');
  expect(ids()).toEqual(Array.from({ length: 10 }, (_, i) => `e${i}`));
  expect((await deadLetters()).total).toBe(0);
  await until(async () => (await view(id))['lag'] === 0, 'no lag');
  expect(await oldestUnsettledSeconds(id)).toBeUndefined();
});

test('410 makes it gone and holds events; POST /hub again brings it back (RULES 17)', async () => {
  const id = await register();
  listener.answers(() => 410);
  await publish('e1');
  await until(async () => (await view(id))['state'] === 'gone', 'gone');
  await publish('e2', 'e1');
  listener.answers(() => 204);
  expect(await register()).toBe(id);
  await until(() => ids().at(-1) === 'e2', 'both delivered');
  expect(await view(id)).toMatchObject({ state: 'active', lag: 0 });
});

test('attempts survive kill -9 (PITFALLS 2), and nothing is forgotten over a restart', async () => {
  await gateway.kill();
  gateway = await GatewayProcess.start(dir, { ...SETTINGS, TMF_HUB_RETRY_DELAYS: '300ms,300ms,300ms' });
  const id = await register();
  listener.answers(({ event }) => (event.eventId === 'poison' ? 500 : 204));
  await publish('poison');
  await publish('fine');
  let kills = 0;
  while ((await deadLetters()).total === 0) {
    const before = listener.receipts.length;
    const next = (): boolean => listener.receipts.length > before;
    await until(async () => next() || (await deadLetters()).total > 0, 'an attempt or a dead letter');
    if (!next()) break;
    // The attempt's count is durable with the next group commit, which nothing outside can see: most often it is by now.
    await new Promise((resolve) => setTimeout(resolve, 100));
    await gateway.kill();
    expect(++kills).toBeLessThan(10);
    gateway = await GatewayProcess.start(dir, { ...SETTINGS, TMF_HUB_RETRY_DELAYS: '300ms,300ms,300ms' });
  }
  const attempts = listener.receipts.filter((receipt) => receipt.event.eventId === 'poison').length;
  expect(attempts).toBeGreaterThanOrEqual(4);
  // An attempt that a kill came into is known to the listener alone.
  expect(attempts).toBeLessThanOrEqual(4 + kills);
  expect((await deadLetters()).items[0]).toMatchObject({
    eventId: 'poison',
    retryCount: 3,
    subscriptionId: id,
  });
});

test('pause holds, resume delivers; explain and trace say why', async () => {
  const id = await register();
  const act = (action: string) => send('POST', `${gateway.admin}/admin/subscriptions/${id}/${action}`);
  expect((await act('pause')).status).toBe(200);
  await publish('e1', 'order-1', { correlationId: 'c-1' });
  const explain = `${gateway.admin}/admin/subscriptions/${id}/explain?eventId=e1`;
  expect((await send('GET', explain)).json).toMatchObject({ verdict: 'held' });
  expect((await act('resume')).status).toBe(200);
  await until(() => ids().includes('e1'), 'delivered after resume');
  await until(
    async () => ((await send('GET', explain)).json as { verdict: string }).verdict === 'delivered',
    'said so',
  );
  const trace = (await send('GET', `${gateway.admin}/admin/trace/c-1`)).json;
  expect(trace).toMatchObject({
    events: [{ eventId: 'e1', deliveries: [{ subscriptionId: id, verdict: 'delivered' }] }],
  });
});

test('a past range is replayed to one listener, marked, beside live events (RULES 14)', async () => {
  const id = await register();
  for (let i = 0; i < 5; i++) await publish(`e${i}`, 'order-1');
  await until(() => ids().length === 5, 'live deliveries');
  const path = `${gateway.admin}/admin/subscriptions/${id}/replay`;
  expect((await send('POST', path, { from: { eventId: 'e2' } })).status).toBe(202);
  await until(() => ids().length >= 8, 'the replay');
  const again = listener.receipts.slice(5);
  expect(again.map((receipt) => receipt.event.eventId)).toEqual(['e2', 'e3', 'e4']);
  expect(again.every((receipt) => receipt.headers['x-tmf-hub-replay'] === 'true')).toBe(true);
});

test('metrics have the names of the contract; SIGTERM settles what is in flight and exits 0', async () => {
  const id = await register();
  await publish('e1');
  await until(() => ids().length === 1, 'a delivery');
  const metrics = await (await fetch(`${gateway.admin}/metrics`)).text();
  for (const name of [
    'events_total',
    'deliveries_total',
    'attempt_duration_seconds',
    'end_to_end_seconds',
    'lag_events',
    'oldest_unsettled_seconds',
    'dead_letters',
    'circuit_state',
    'subscriptions',
    'in_flight',
    'retention_lost_total',
  ]) {
    expect(metrics).toContain(`# TYPE tmf_hub_${name} `);
  }
  listener.answers(() => new Promise((resolve) => setTimeout(() => resolve(204), 500)));
  await publish('e2');
  await until(() => ids().length === 2, 'an attempt in flight');
  expect(await gateway.stop()).toBe(0);
  gateway = await GatewayProcess.start(dir, SETTINGS);
  await publish('e3', 'e2');
  await until(() => ids().includes('e3'), 'the next one');
  expect(ids()).toEqual(['e1', 'e2', 'e3']);
  expect(await view(id)).toMatchObject({ state: 'active' });
});
