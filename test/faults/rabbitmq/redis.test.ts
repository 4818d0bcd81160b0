import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';
import { until } from '../../support/listener.ts';
import { askForHub, postHub, readinessOf, wronglyListed } from '../hub.ts';
import { handedOver } from '../judge.ts';
import { FEWER_EVENTS as EVENTS, scaled } from '../scale.ts';
import { TEST_MS, wrongs } from '../verdict.ts';
import type { RabbitSite } from './site.ts';
import { stage } from './stage.ts';

const on = stage();

/** Of an event type that nobody sends. */
const IDLE = { callback: 'http://127.0.0.1:9/', query: 'eventType=ProductOrderCreateEvent' };

test.each([
  ['stopped', 'stop'],
  ['killed', 'kill'],
] as const)(
  'Redis is %s under load: deliveries go on, registrations wait until it is back',
  async (what, end) => {
    const site = await on.site({ name: `${what}-redis` });
    // What is refused is noted nowhere while Redis is away, and has to become a dead letter all the same.
    site.listeners[2]!.refuses = (eventId) => eventId.endsWith('07');
    const published = site.load.run({ events: EVENTS, seconds: scaled(16, 60) });
    await site.share(0.25, EVENTS);
    await on.redis[end]();
    for (const replica of site.replicas) await redisIsMissed(site, replica.name);
    await sleep(scaled(5_000, 20_000));
    await allDelivered(site);
    await on.redis.start();
    for (const replica of site.replicas) {
      await until(async () => (await readinessOf(replica)).status === 200, `${replica.name} is ready again`);
    }
    const { status, id = '' } = await postHub(site.other, IDLE);
    expect(status).toBe(201);
    await until(async () => (await askForHub(site.gateway, id)) === 200, 'it is known at the other one');
    expect(await wronglyListed(site, 1)).toEqual([]);
    await published;
    expect(await wrongs(site, { scenario: `Redis: ${what}, and started again` })).toEqual([]);
  },
  TEST_MS,
);

test(
  'RULES 19: Redis forgets everything under load, and no gateway does, not even when all were restarted since',
  async () => {
    const site = await on.site({ name: 'flushed-redis' });
    const published = site.load.run({ events: EVENTS, seconds: scaled(16, 60) });
    await site.share(0.25, EVENTS);
    await forgetAll();
    const { id = '' } = await postHub(site.gateway, IDLE);
    expect(await askForHub(site.gateway, id)).toBe(200);
    await until(async () => (await askForHub(site.other, id)) === 200, 'it is known at the other one');
    expect(await wronglyListed(site, 1)).toEqual([]);
    await site.share(0.6, EVENTS);
    await forgetAll();
    site.disturbances.push(handedOver(performance.now()));
    for (const replica of site.replicas) expect(await replica.stop()).toBe(0);
    await forgetAll();
    await Promise.all(site.replicas.map((replica) => replica.start()));
    expect(await wronglyListed(site, 1)).toEqual([]);
    await published;
    expect(await wrongs(site, { scenario: 'Redis: FLUSHALL, and all gateways restarted' })).toEqual([]);
  },
  TEST_MS,
);

/** The gateway with this name refuses registrations and says why, and goes on delivering. */
async function redisIsMissed(site: RabbitSite, name: string): Promise<void> {
  const replica = site.replicas.find((one) => one.name === name)!;
  await until(async () => (await readinessOf(replica)).status === 503, `${name} misses Redis`);
  expect((await readinessOf(replica)).wrong).toEqual({
    registry: expect.stringContaining('Redis') as string,
  });
  const { status, retryAfter } = await postHub(replica, IDLE);
  expect(status).toBe(503);
  expect(Number(retryAfter)).toBeGreaterThan(0);
}

/** Waits until each listener has had all that was confirmed by now. */
async function allDelivered({ load, listeners }: RabbitSite): Promise<void> {
  const sent = load.sent.map(({ eventId }) => eventId);
  const isAllThere = (): boolean =>
    listeners.every(({ firsts }) => sent.every((eventId) => firsts.has(eventId)));
  await until(isAllThere, `all of ${sent.length} events delivered`);
}

async function forgetAll(): Promise<void> {
  const client = createClient({ url: on.redis.url });
  await client.connect();
  await client.flushAll();
  client.destroy();
}
