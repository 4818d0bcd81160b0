import { until } from '../sqlite/until.ts';
import { sharedRabbitmq } from '../support/rabbitmq.ts';
import { FeedsSite } from './rabbitmq-feeds-site.ts';

let url: string;
let site: FeedsSite;

beforeAll(async () => {
  ({ url } = await sharedRabbitmq());
}, 120_000);

beforeEach(async () => {
  site = await FeedsSite.on({ url });
});

afterEach(() => site.close());

test('what the connection has no channel for is not registered, and all that is registered is consumed', async () => {
  const withFew = new URL(url);
  withFew.searchParams.set('channelMax', '60');
  const replica = await site.replica({ url: withFew.toString() });
  const attached = await Promise.allSettled(Array.from({ length: 40 }, (_, i) => replica.attach(`s${i}`)));
  const refused = attached.filter((one) => one.status === 'rejected');
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.map(({ reason }) => String(reason)).join()).toContain('allows a connection 60 channels');
  expect(replica.said('rabbitmq.channels-used-up').length).toBe(refused.length);
  await site.produce('e1');
  const outlets = replica.outlets.filter((_, i) => attached[i]?.status === 'fulfilled');
  await until(() => outlets.every((outlet) => outlet.ids.includes('e1')));
  expect(replica.broker.health()).toEqual({ ok: true });
}, 60_000);
