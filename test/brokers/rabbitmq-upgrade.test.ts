import { unsupported } from '../../src/brokers/rabbitmq/wire/server-version.ts';
import { until } from '../sqlite/until.ts';
import { sharedRabbitmq } from '../support/rabbitmq.ts';
import { FeedsSite } from './rabbitmq-feeds-site.ts';

beforeAll(sharedRabbitmq, 120_000);

test.each(['3.10.0', '3.10.8', '3.13.7', '4.0.5', '4.2.0-rc.1', '10.0.0'])(
  'RabbitMQ %s is supported',
  (version) => {
    expect(unsupported(version)).toBeUndefined();
  },
);

test.each(['3.9.29', '3.8.0', '2.8.7', ''])('RabbitMQ "%s" is refused with a sentence', (version) => {
  expect(unsupported(version)).toContain('RabbitMQ 3.10 or newer is needed');
});

describe('on a server', () => {
  let site: FeedsSite;

  beforeEach(async () => {
    site = await FeedsSite.on(await sharedRabbitmq());
  });

  afterEach(() => site.close());

  test('a queue that was declared for another version of it is consumed as it is', async () => {
    const before = await site.replica();
    await before.attach('s');
    before.process.kill();
    await site.admin.deleteQueue(site.queueOf('s'));
    const queue = { 'x-queue-type': 'quorum', 'x-single-active-consumer': true };
    await site.admin.assertQueue(site.queueOf('s'), { durable: true, arguments: queue });
    await site.admin.bindQueue(site.queueOf('s'), `${site.prefix}.intake`, '#');
    const after = await site.replica();
    const outlet = await after.attach('s', 'known', { settles: true });
    await site.produce('e1');
    await until(() => outlet.ids.includes('e1'));
    expect(after.broker.health()).toEqual({ ok: true });
  });
});
