import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/listener.ts';
import { postHub, readinessOf } from '../hub.ts';
import { FEWER_EVENTS as EVENTS, scaled } from '../scale.ts';
import { TEST_MS, wrongs } from '../verdict.ts';
import { rabbitAway } from './away.ts';
import type { RabbitSite } from './site.ts';
import { stage } from './stage.ts';

const on = stage();

test.each([
  ['stopped', 'stop', scaled(10_000, 20_000)],
  ['killed', 'kill', scaled(5_000, 20_000)],
] as const)(
  'promise 1: RabbitMQ is %s under load and comes back',
  async (what, end, awayMs) => {
    const site = await on.site({ name: `${what}-rabbitmq` });
    const published = site.load.run({ events: EVENTS, seconds: scaled(16, 60) });
    await site.share(0.25, EVENTS);
    const from = performance.now();
    await on.rabbitmq[end]();
    const gone = performance.now();
    await sleep(awayMs);
    for (const replica of site.replicas) {
      expect(await readinessOf(replica)).toMatchObject({ status: 503, wrong: { rabbitmq: /./ } });
      const { status, retryAfter } = await postHub(replica, { callback: 'http://127.0.0.1:9/' });
      expect(status).toBe(503);
      expect(Number(retryAfter)).toBeGreaterThan(0);
    }
    await on.rabbitmq.start();
    site.disturbances.push(rabbitAway(from, gone, performance.now()));
    await allReady(site);
    await published;
    const scenario = `server: ${what}, away for ${awayMs / 1000} s`;
    expect(await wrongs(site, { scenario })).toEqual([]);
  },
  TEST_MS,
);

test(
  'promise 1: the server closes all connections under load, twice',
  async () => {
    const site = await on.site({ name: 'closed-connections' });
    const published = site.load.run({ events: EVENTS, seconds: scaled(12, 60) });
    for (const part of [0.25, 0.5]) {
      await site.share(part, EVENTS);
      const from = performance.now();
      await site.ctl('close_all_connections', 'a test');
      const gone = performance.now();
      site.disturbances.push(rabbitAway(from, gone, gone));
    }
    await published;
    await allReady(site);
    expect(await wrongs(site, { scenario: 'server: all connections closed, twice' })).toEqual([]);
  },
  TEST_MS,
);

test(
  'promise 1: the queue of a subscription is deleted behind our back, under load',
  async () => {
    const site = await on.site({ name: 'deleted-queue' });
    const [, , deleted = ''] = await site.subscriptionIds();
    const queue = `${site.name}.${deleted}`;
    const published = site.load.run({ events: EVENTS, seconds: scaled(14, 60) });
    await site.share(0.4, EVENTS);
    await site.ctl('delete_queue', queue);
    const madeAgain = (): string[] =>
      site.replicas.flatMap(({ now }) => now.output.filter((line) => line.includes('queue-made-again')));
    await until(() => madeAgain().length > 0, 'the queue made again', 60_000);
    const before = site.load.sent.length;
    await published;
    // All of the last minutes is offered again, once.
    expect(
      await wrongs(site, { scenario: 'queue of one subscription deleted', repeats: [0, 0, before] }),
    ).toEqual([]);
    expect(madeAgain()).toHaveLength(1);
  },
  TEST_MS,
);

async function allReady(site: RabbitSite): Promise<void> {
  for (const replica of site.replicas) {
    await until(async () => (await readinessOf(replica)).status === 200, `${replica.name} is ready`);
  }
}
