import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis, type Redis } from '../../scripts/services/redis.ts';
import { GatewayProcess } from '../support/gateway-process.ts';
import { TestListener, until } from '../support/listener.ts';
import { forgetEverythingOf, sharedRabbitmq } from '../support/rabbitmq.ts';
import { uniqueName } from '../support/shared-service.ts';
import * as site from './broker-site.ts';
import { act, gotBy, hubOf, idsOf, listed, publish, readiness, register, send, view } from './broker-site.ts';

/** Two replicas in processes of their own: the work in RabbitMQ, the registry of subscriptions in Redis. */

/**
 * The registry tells the other replica within a second (RegistryStore). It lists what it feeds, and RabbitMQ takes its
 * time to let it, most where the disk is busy.
 */
const SOON_MS = 5_000;

/** Of one test: its gateways start several times, each time with a machine that has other things to do. */
const LIMIT_MS = 90_000;

let rabbit: Awaited<ReturnType<typeof sharedRabbitmq>>;
let redis: Redis;
let name: string;
let exchange: string;
let dir: string;
let one: GatewayProcess;
let two: GatewayProcess;
let listener: TestListener;
let subscriptions: string[];

beforeAll(async () => {
  rabbit = await sharedRabbitmq();
}, 120_000);

beforeEach(async () => {
  // What it wrote survives its own end; no test here ends the machine, and a busy disk would make it look away.
  redis = await startRedis({ configuration: { appendfsync: 'no' } });
  name = uniqueName('e2e');
  exchange = uniqueName('orders');
  dir = mkdtempSync(join(tmpdir(), 'tmf-hub-replicas-'));
  subscriptions = [];
  listener = await TestListener.start();
  [one, two] = await Promise.all([start('one'), start('two')]);
}, 60_000);

afterEach(async () => {
  await Promise.all([one.kill(), two.kill()]);
  await listener.stop();
  await redis.end();
  await forgetEverythingOf(name, { subscriptions, sources: [exchange] });
  rmSync(dir, { recursive: true, force: true });
});

function start(replica: string): Promise<GatewayProcess> {
  return GatewayProcess.start(join(dir, replica), {
    ...site.PACE,
    TMF_HUB_NAME: name,
    TMF_HUB_BROKER: 'rabbitmq',
    TMF_HUB_RABBITMQ_URL: rabbit.url,
    TMF_HUB_RABBITMQ_EXCHANGES: exchange,
    TMF_HUB_TOPICS_ORDERING: exchange,
    TMF_HUB_REDIS_URL: redis.url,
  });
}

async function subscribe(at: GatewayProcess, path = '/cb'): Promise<string> {
  const id = await register(at, listener.url + path);
  subscriptions.push(id);
  return id;
}

function bothReady(): Promise<unknown> {
  const ready = async () => (await readiness(one)).ready && (await readiness(two)).ready;
  return until(ready, 'both are ready');
}

test(
  'made at one: listed at the other and served by the two of them as by one',
  async () => {
    const ids = [await subscribe(one, '/first'), await subscribe(two, '/second')];
    for (const replica of [one, two])
      await until(async () => (await listed(replica)).length === 2, 'both listed at both', SOON_MS);
    expect(await listed(two)).toEqual(await listed(one));
    expect((await send('GET', `${hubOf(two)}/${ids[0]}`)).json).toMatchObject({
      callback: `${listener.url}/first`,
    });
    for (let i = 0; i < 10; i++) await publish(i % 2 ? one : two, `e${i}`, 'order-1');
    await until(() => listener.receipts.length >= 20, 'all deliveries');
    const inOrder = Array.from({ length: 10 }, (_, i) => `e${i}`);
    for (const path of ['/first', '/second'])
      expect(idsOf(listener.receipts.filter((receipt) => receipt.path === path))).toEqual(inOrder);
    // The same registration at the other one is the same subscription.
    expect(await register(two, `${listener.url}/first`)).toBe(ids[0]);
  },
  LIMIT_MS,
);

test(
  'paused at one, it is held at the other; resumed there, it goes on',
  async () => {
    const id = await subscribe(one);
    await until(async () => (await view(two, id))['state'] === 'active', 'known at the other', SOON_MS);
    expect((await act(two, id, 'pause')).status).toBe(200);
    await until(async () => (await view(one, id))['state'] === 'paused', 'paused at both', SOON_MS);
    await publish(one, 'e1');
    for (const replica of [one, two]) {
      await until(async () => (await site.verdict(replica, id, 'e1')) === 'held', 'said to be held by both');
    }
    expect(listener.receipts).toEqual([]);
    expect((await act(one, id, 'resume')).status).toBe(200);
    await until(async () => (await view(two, id))['state'] === 'active', 'active at both', SOON_MS);
    await until(() => gotBy(listener).includes('e1'), 'delivered after resume');
  },
  LIMIT_MS,
);

test(
  'what a listener brings about is known to both: 410, and a registration that brings it back',
  async () => {
    const id = await subscribe(one);
    listener.answers(() => 410);
    await publish(two, 'e1', 'order-1');
    for (const replica of [one, two])
      await until(async () => (await view(replica, id))['state'] === 'gone', 'gone at both');
    listener.answers(() => 204);
    listener.receipts.length = 0;
    expect(await register(two, `${listener.url}/cb`)).toBe(id);
    await until(async () => (await view(one, id))['state'] === 'active', 'active at both', SOON_MS);
    await until(() => gotBy(listener).includes('e1'), 'the event that was held');
  },
  LIMIT_MS,
);

test(
  'deleted at the other: gone at both, with its queue',
  async () => {
    const [gone, stays] = [await subscribe(one, '/gone'), await subscribe(one, '/stays')];
    await until(async () => (await listed(two)).length === 2, 'listed at the other', SOON_MS);
    expect((await send('DELETE', `${hubOf(two)}/${gone}`)).status).toBe(204);
    await until(async () => (await listed(one)).join() === stays, 'not listed at the first', SOON_MS);
    expect((await send('GET', `${hubOf(one)}/${gone}`)).status).toBe(404);
    const queues = (await rabbit.ctl('list_queues', 'name')).split('\n').map((line) => line.trim());
    expect(queues).toContain(`${name}.${stays}`);
    expect(queues).not.toContain(`${name}.${gone}`);
    await publish(one, 'e1');
    await until(() => gotBy(listener).includes('e1'), 'the other one is served');
    expect(listener.receipts.map(({ path }) => path)).toEqual(['/stays']);
  },
  LIMIT_MS,
);

test(
  'a replica is killed: the other serves what it served, and a new one learns it all',
  async () => {
    const ids: string[] = [];
    for (let i = 0; i < 4; i++) ids.push(await subscribe(one, `/cb${i}`));
    // RabbitMQ may not know yet what a killed replica delivered last: that comes again, and nothing else does.
    const reach = async (eventId: string, expected: readonly string[]): Promise<void> => {
      const got = (path: string): string[] =>
        idsOf(listener.receipts.filter((receipt) => receipt.path === path));
      const paths = ids.map((_, i) => `/cb${i}`);
      await until(() => paths.every((path) => got(path).includes(eventId)), `${eventId} at all`);
      for (const path of paths)
        expect(got(path).filter((one, at, all) => one !== all[at - 1])).toEqual(expected);
    };
    await publish(one, 'e1', 'order-1');
    await reach('e1', ['e1']);
    await two.kill();
    await publish(one, 'e2', 'order-1');
    await reach('e2', ['e1', 'e2']);
    two = await start('another');
    expect(await listed(two)).toEqual(ids);
    await one.kill();
    await publish(two, 'e3', 'order-1');
    await reach('e3', ['e1', 'e2', 'e3']);
  },
  LIMIT_MS,
);

test(
  'Redis is away: registering waits, all else goes on, and it heals by itself',
  async () => {
    const id = await subscribe(one);
    await until(async () => (await listed(two)).includes(id), 'listed at the other', SOON_MS);
    await redis.kill();
    for (const replica of [one, two]) {
      await until(async () => !(await readiness(replica)).ready, 'not ready');
      expect(await readiness(replica)).toMatchObject({
        status: 503,
        parts: {
          registry: { ok: false, reason: expect.stringContaining('Redis') as string },
          rabbitmq: { ok: true },
        },
      });
      expect((await send('GET', `${replica.admin}/healthz`)).status).toBe(200);
      const refused = await send('POST', hubOf(replica), { callback: `${listener.url}/late`, query: '' });
      expect(refused).toMatchObject({ status: 503, json: { status: '503' } });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await listed(replica)).toEqual([id]);
      expect((await send('GET', `${hubOf(replica)}/${id}`)).json).toMatchObject({ id });
      const event = `by-${replica.pid}`;
      await publish(replica, event);
      await until(() => gotBy(listener).includes(event), 'deliveries go on');
    }
    await redis.start();
    await bothReady();
    const late = await subscribe(two, '/late');
    await until(async () => (await listed(one)).join() === [id, late].join(), 'listed in order');
    expect((await send('DELETE', `${hubOf(one)}/${id}`)).status).toBe(204);
  },
  LIMIT_MS,
);

test(
  'Redis answers too late: the registration that it cut short is made when it is sent again',
  async () => {
    // Redis knows by now what it is told to do, so it will do it once it is back.
    await subscribe(one, '/first');
    redis.freeze();
    const callback = `${listener.url}/cb`;
    expect(await send('POST', hubOf(one), { callback, query: '' })).toMatchObject({ status: 503 });
    redis.thaw();
    await bothReady();
    // Retry-After is 5 s, and nobody else is at work on it.
    const again = async () => (await send('POST', hubOf(one), { callback, query: '' })).status === 201;
    await until(again, 'made', 15_000);
    subscriptions.push(...(await listed(one)));
  },
  LIMIT_MS,
);
