import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayProcess } from '../support/gateway-process.ts';
import { TestListener, until } from '../support/listener.ts';
import { forgetEverythingOf, sharedRabbitmq } from '../support/rabbitmq.ts';
import { uniqueName } from '../support/shared-service.ts';
import * as site from './broker-site.ts';
import {
  act,
  deadLetters,
  explain,
  gotBy,
  idsOf,
  produce,
  publish,
  register,
  replayed,
} from './broker-site.ts';

/** One gateway on a real RabbitMQ, its registry on its own disk, killed and started again. */

/** Of one test: its gateways start several times, each time with a machine that has other things to do. */
const LIMIT_MS = 90_000;

let rabbit: Awaited<ReturnType<typeof sharedRabbitmq>>;
let name: string;
let exchange: string;
let dir: string;
let gateway: GatewayProcess;
let listener: TestListener;
let subscriptions: string[];

beforeAll(async () => {
  rabbit = await sharedRabbitmq();
}, 120_000);

beforeEach(async () => {
  name = uniqueName('e2e');
  exchange = uniqueName('orders');
  dir = mkdtempSync(join(tmpdir(), 'tmf-hub-rabbitmq-'));
  subscriptions = [];
  listener = await TestListener.start();
  await start();
});

afterEach(async () => {
  await gateway.kill();
  await listener.stop();
  await forgetEverythingOf(name, { subscriptions, sources: [exchange] });
  rmSync(dir, { recursive: true, force: true });
});

async function start(settings: Readonly<Record<string, string>> = {}): Promise<void> {
  gateway = await GatewayProcess.start(dir, {
    ...site.PACE,
    TMF_HUB_NAME: name,
    TMF_HUB_BROKER: 'rabbitmq',
    TMF_HUB_RABBITMQ_URL: rabbit.url,
    TMF_HUB_RABBITMQ_EXCHANGES: exchange,
    TMF_HUB_TOPICS_ORDERING: exchange,
    ...settings,
  });
}

async function crash(settings: Readonly<Record<string, string>> = {}): Promise<void> {
  await gateway.kill();
  await start(settings);
}

async function subscribe(path = '/cb'): Promise<string> {
  const id = await register(gateway, listener.url + path);
  subscriptions.push(id);
  return id;
}

test(
  'kill -9: what was on its way and what came meanwhile is delivered, in the order of each resource',
  async () => {
    const id = await subscribe();
    // The first attempt never ends: the crash comes into it.
    listener.answers(() => new Promise(() => undefined));
    for (const n of [1, 2, 3]) await publish(gateway, `a${n}`, 'order-1');
    await until(() => idsOf(listener.receipts).includes('a1'), 'an attempt under way');
    await gateway.kill();
    listener.answers(() => 204);
    const before = listener.receipts.length;
    const late = [4, 5].map((n) => ({ eventId: `a${n}`, key: 'order-1' }));
    await produce(rabbit.url, exchange, [...late, { eventId: 'b1', key: 'order-2' }]);
    await start();
    await until(() => new Set(idsOf(listener.receipts.slice(before))).size === 6, 'all six');
    const since = idsOf(listener.receipts.slice(before));
    expect(since.filter((one) => one.startsWith('a'))).toEqual(['a1', 'a2', 'a3', 'a4', 'a5']);
    await until(async () => (await site.view(gateway, id))['lag'] === 0, 'no lag');
    expect(await site.listed(gateway)).toEqual([id]);
    expect(await deadLetters(gateway)).toEqual([]);
  },
  LIMIT_MS,
);

test(
  'attempts are counted on over kill -9, and dead letters survive it',
  async () => {
    const id = await subscribe();
    listener.answers(() => 500);
    await publish(gateway, 'poison', 'order-1');
    const attempts = (): string[] =>
      listener.receipts.map(({ headers }) => String(headers['x-tmf-hub-attempt']));
    await until(() => attempts().includes('3'), 'the third attempt');
    const before = attempts().length;
    await crash();
    const letter = await until(async () => (await deadLetters(gateway))[0], 'a dead letter');
    // Of the attempt that the crash came into only the listener may know.
    expect(Number(attempts()[before] ?? 4)).toBeGreaterThanOrEqual(3);
    expect(attempts().length).toBeLessThanOrEqual(5);
    expect(letter).toMatchObject({
      ...{ reason: 'exhausted', subscriptionId: id, eventId: 'poison', retryCount: 3, state: 'open' },
      source: { broker: 'rabbitmq', topic: exchange, key: 'order-1', routingKey: site.TYPE },
    });
    await crash();
    expect(await deadLetters(gateway)).toEqual([letter]);
  },
  LIMIT_MS,
);

test(
  'an event that neither its producer nor RabbitMQ stamped is as old as it says, for as long as it waits',
  async () => {
    const id = await subscribe();
    listener.answers(() => 503);
    await produce(rabbit.url, exchange, [{ eventId: 'unstamped' }]);
    await until(() => listener.receipts.length > 1, 'a second attempt');
    const [receipt] = listener.receipts;
    expect(await site.view(gateway, id)).toMatchObject({ oldestUnsettled: receipt!.event.eventTime });
  },
  LIMIT_MS,
);

test(
  'events of another producer: the spellings of its routing keys, and one that nobody would know',
  async () => {
    const id = await subscribe();
    const keys = [
      'ProductOrderStateChangeEvent',
      'productOrderStateChangeEvent',
      'ProductOrderStateChangeNotification',
      'productOrderStateChange',
      'ProductOrderStatusChangeEvent',
      'bss.ordering.v4.ProductOrderStateChangeEvent',
    ];
    const produced = keys.map((routingKey) => ({ eventId: routingKey, routingKey }));
    const strangers = ['orders.changed', 'PRODUCTORDERSTATECHANGEEVENT'];
    const strange = strangers.map((routingKey) => ({ eventId: routingKey, routingKey }));
    await produce(rabbit.url, exchange, [...strange, ...produced]);
    await until(() => gotBy(listener).length === keys.length, 'all that are spelled as specified');
    expect(gotBy(listener)).toEqual(keys.toSorted());
    for (const eventId of strangers) {
      expect((await explain(gateway, id, eventId)).json).toMatchObject({
        verdict: 'filtered',
        reason: expect.stringContaining('rabbitmq.bindings') as string,
      });
    }
    expect((await act(gateway, id, 'replay', { from: { eventId: 'orders.changed' } })).status).toBe(202);
    await until(() => replayed(listener).includes('orders.changed'), 'a replay of what was not let in');

    await crash({ TMF_HUB_RABBITMQ_BINDINGS: 'all' });
    await produce(rabbit.url, exchange, [{ eventId: 'now', routingKey: 'orders.changed' }]);
    await until(() => gotBy(listener).includes('now'), 'all are let in');
    await until(async () => (await site.verdict(gateway, id, 'now')) === 'delivered', 'said so');
  },
  LIMIT_MS,
);

test(
  'replays: by event id and by time, marked, one after the other beside live events',
  async () => {
    const id = await subscribe();
    for (let i = 0; i < 4; i++) await publish(gateway, `e${i}`, 'order-1');
    await until(() => gotBy(listener).length === 4, 'live deliveries');
    expect((await act(gateway, id, 'replay', { from: { eventId: 'e2' } })).status).toBe(202);
    await until(() => replayed(listener).length === 2, 'the replay from an event');
    expect(replayed(listener)).toEqual(['e2', 'e3']);
    listener.receipts.length = 0;
    const from = new Date(Date.now() - 3_600_000).toISOString();
    expect((await act(gateway, id, 'replay', { from })).status).toBe(202);
    await until(() => replayed(listener).length === 4, 'the replay of an hour');
    expect(replayed(listener)).toEqual(['e0', 'e1', 'e2', 'e3']);
    const trace = (await site.send('GET', `${gateway.admin}/admin/trace/c-order-1`)).json;
    const delivered = [{ subscriptionId: id, verdict: 'delivered' }];
    expect(trace).toMatchObject({
      events: ['e0', 'e1', 'e2', 'e3'].map((eventId) => ({ eventId, deliveries: delivered })),
    });
  },
  LIMIT_MS,
);

test(
  'a dead letter is replayed, and stays replayed over a crash',
  async () => {
    await subscribe();
    listener.answers(() => 422);
    await publish(gateway, 'refused', 'order-1');
    const { id } = await until(async () => (await deadLetters(gateway))[0], 'a dead letter');
    listener.answers(() => 204);
    const replay = await site.send('POST', `${gateway.admin}/admin/dead-letters/${id}/replay`);
    expect(replay.status).toBe(202);
    await until(() => replayed(listener).includes('refused'), 'its replay');
    await until(async () => (await site.stateOf(gateway, id)) === 'replayed', 'said so');
    await crash();
    expect(await site.stateOf(gateway, id)).toBe('replayed');
    expect(await deadLetters(gateway, '?state=open')).toEqual([]);
  },
  LIMIT_MS,
);

test(
  'DELETE removes the queue with its bindings, and leaves those of others alone',
  async () => {
    const [gone, stays] = [await subscribe('/gone'), await subscribe('/stays')];
    // What waits in the queue goes with it.
    await act(gateway, gone, 'pause');
    await publish(gateway, 'e1');
    const queues = async () => lines(await rabbit.ctl('list_queues', 'name'));
    const bound = async (id: string) =>
      lines(await rabbit.ctl('list_bindings', 'source_name', 'destination_name', 'routing_key')).filter(
        (line) => line.startsWith(`${name}.intake\t${name}.${id}\t`),
      );
    expect(await queues()).toEqual(expect.arrayContaining([`${name}.${gone}`, `${name}.${stays}`]));
    expect(await bound(gone)).toContain(`${name}.intake\t${name}.${gone}\t#.${site.TYPE}`);
    expect((await site.send('DELETE', `${site.hubOf(gateway)}/${gone}`)).status).toBe(204);
    expect(await queues()).not.toContain(`${name}.${gone}`);
    expect(await bound(gone)).toEqual([]);
    await until(() => gotBy(listener).includes('e1'), 'the other has its event');
    expect(await queues()).toContain(`${name}.${stays}`);
    expect(await bound(stays)).not.toEqual([]);
    await crash();
    expect(await site.listed(gateway)).toEqual([stays]);
    expect(await site.readiness(gateway)).toMatchObject({ status: 200, parts: { rabbitmq: { ok: true } } });
    expect(listener.receipts.some(({ path }) => path === '/gone')).toBe(false);
  },
  LIMIT_MS,
);

function lines(text: string): string[] {
  return text.split('\n').map((line) => line.trim());
}
