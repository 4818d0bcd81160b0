import { startRedis, type Redis } from '../../../scripts/services/redis.ts';
import { until } from '../../support/listener.ts';
import { subscribeAll, wronglyListed } from '../hub.ts';
import { handedOver, killedAt } from '../judge.ts';
import { EVENTS, scaled } from '../scale.ts';
import { TEST_MS, wrongs } from '../verdict.ts';
import { partitionsOf } from './partitions.ts';
import { stage } from './stage.ts';

const on = stage();
let redis: Redis | undefined;

beforeAll(async () => {
  redis = await startRedis();
}, 60_000);

afterAll(() => redis?.end());

test(
  'promises 1 and 2: gateways on Kafka share the registry in Redis, and one of them is killed under load',
  async () => {
    const site = await on.site({
      name: 'kafka-and-redis',
      settings: { TMF_HUB_REDIS_URL: redis!.url, TMF_HUB_SUBSCRIPTIONS: '' },
    });
    const { gateway, other, disturbances } = site;
    await other.start();
    await subscribeAll(site, gateway);
    expect(await wronglyListed(site)).toEqual([]);
    // Each serves half of the partitions, for subscriptions that were all made at the first.
    for (const replica of site.replicas)
      await until(async () => (await partitionsOf(replica)) === 3, `${replica.name} has its share`);
    const published = site.load.run({ events: EVENTS, seconds: scaled(14, 60) });
    await site.share(0.3, EVENTS);
    disturbances.push(killedAt(performance.now()));
    await gateway.kill();
    await until(async () => (await partitionsOf(other)) === 6, 'the other one has taken over', 60_000);
    disturbances.push(handedOver(performance.now()));
    await gateway.start();
    expect(await wronglyListed(site)).toEqual([]);
    await published;
    expect(await wrongs(site, { scenario: '2 gateways share Redis: kill -9 of one' })).toEqual([]);
  },
  TEST_MS,
);
