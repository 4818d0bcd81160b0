import { EventEmitter } from 'node:events';
import type { Outlet } from '../../src/brokers/broker.ts';
import { AttemptRecord } from '../../src/brokers/rabbitmq/queues/attempt-record.ts';
import { QueueFeed, type QueueFeedHost } from '../../src/brokers/rabbitmq/queues/queue-feed.ts';
import { Routing } from '../../src/brokers/rabbitmq/queues/routing.ts';
import type { Link } from '../../src/brokers/rabbitmq/wire/link.ts';
import { loudLogger } from '../support/fake-topic.ts';
import { SimClock } from '../support/sim-clock.ts';

class FakeChannel extends EventEmitter {
  readonly consume: () => Promise<void>;
  readonly prefetch = (): Promise<void> => Promise.resolve();

  constructor(consume: () => Promise<void>) {
    super();
    this.consume = consume;
  }
}

test('a lost queue that cannot be made again now is made again later, however often that fails', async () => {
  const clock = new SimClock();
  let isThere = false;
  let failures = 5;
  const channel = () =>
    new FakeChannel(async () => {
      if (!isThere) throw Object.assign(new Error('no queue'), { code: 404 });
    });
  const host: QueueFeedHost = {
    ...{
      broker: 'rabbit',
      clock,
      logger: loudLogger().logger,
      routing: Object.create(Routing.prototype) as Routing,
      graceMs: 0,
    },
    link: { up: async () => undefined, channel: async () => channel() } as unknown as Link,
    prefetch: () => 10,
    mayOffer: () => true,
    mayAttempt: () => true,
    buffered: () => undefined,
    ready: async () => undefined,
    restore: async () => {
      if (failures-- > 0) throw new Error('the stream cannot be read');
      isThere = true;
    },
  };
  const outlet = { subscriptionId: 's' } as Outlet;
  const feed = new QueueFeed(host, outlet, 'hub.s', Object.create(AttemptRecord.prototype) as AttemptRecord);
  feed.start();
  await clock.advance(5_000);
  expect(feed.problem).toContain('the stream cannot be read');
  await clock.advance(60_000);
  expect([isThere, feed.problem]).toEqual([true, undefined]);
});
