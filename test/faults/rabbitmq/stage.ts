import { startRabbitmq, type Rabbitmq } from '../../../scripts/services/rabbitmq.ts';
import { startRedis, type Redis } from '../../../scripts/services/redis.ts';
import { RabbitSite, type SiteSettings } from './site.ts';

export interface Stage {
  readonly rabbitmq: Rabbitmq;
  readonly redis: Redis;
  /** Ends with the test. */
  site(settings: Omit<SiteSettings, 'rabbitmq' | 'redis'>): Promise<RabbitSite>;
}

/** Servers of this test file's own, which its tests may kill. Call it at the top of the file. */
export function stage(): Stage {
  let rabbitmq: Rabbitmq | undefined;
  let redis: Redis | undefined;
  const sites: RabbitSite[] = [];

  beforeAll(async () => {
    [rabbitmq, redis] = await Promise.all([startRabbitmq(), startRedis()]);
  }, 180_000);

  afterEach(async () => {
    for (const site of sites.splice(0)) await site.close();
  }, 60_000);

  afterAll(async () => {
    await Promise.all([rabbitmq?.end(), redis?.end()]);
  }, 60_000);

  return {
    get rabbitmq() {
      return rabbitmq!;
    },
    get redis() {
      return redis!;
    },
    async site(given) {
      const site = await RabbitSite.open({ ...given, rabbitmq: this.rabbitmq, redis: this.redis });
      sites.push(site);
      return site;
    },
  };
}
