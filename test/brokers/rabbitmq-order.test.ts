import type { TestOutlet } from '../contracts/broker-outlet.ts';
import type { Delivery, Feed } from '../../src/brokers/broker.ts';
import { sharedRabbitmq } from '../support/rabbitmq.ts';
import { until } from '../sqlite/until.ts';
import { FeedsSite, MINUTE, idsOf, type FeedsReplica } from './rabbitmq-feeds-site.ts';

let site: FeedsSite;

beforeAll(sharedRabbitmq, 120_000);
beforeEach(async () => {
  site = await FeedsSite.on(await sharedRabbitmq());
});
afterEach(() => site.close());

/** What was offered since `from`, once it is so many. */
async function offeredSince(outlet: TestOutlet, from: number, count: number): Promise<Delivery[]> {
  await until(() => outlet.offered.length >= from + count);
  return outlet.offered.slice(from, from + count);
}

/** The driver closes the channel itself, as it does with what it held for too long. */
function closeChannel(replica: FeedsReplica): void {
  replica.clock.leap(16 * MINUTE);
}

test('RULES 22: a channel that is closed gives all back in order, but for what was settled in its middle', async () => {
  const replica = await site.replica();
  const outlet = await replica.attach('a');
  const ids = await site.produceMany('e', 200);
  const first = await offeredSince(outlet, 0, 200);
  const settled = new Set([3, 5, 6, 7, 42, 99, 100, 150, 199].map((i) => ids[i]!));
  for (const delivery of first.toReversed()) if (settled.has(delivery.event.id)) outlet.settle(delivery);
  closeChannel(replica);
  const owed = ids.filter((id) => !settled.has(id));
  const again = await offeredSince(outlet, 200, owed.length);
  expect(idsOf(again)).toEqual(owed);
  expect(again.every(({ feed }) => feed !== first[0]!.feed)).toBe(true);
  await site.produce('e200');
  expect(idsOf(await offeredSince(outlet, 200, owed.length + 1))).toEqual([...owed, 'e200']);
});

test('RULES 22: ten closings in a row, with holes in all that is given back, keep the order of the queue', async () => {
  const replica = await site.replica({ prefetch: 40 });
  const outlet = await replica.attach('a');
  let owed = await site.produceMany('e', 300);
  for (let closing = 0, from = 0; closing < 10; closing++) {
    const handed = await offeredSince(outlet, from, 40);
    expect(idsOf(handed)).toEqual(owed.slice(0, 40));
    // Later ones first.
    const settled = handed.filter((_, i) => i % 3 === closing % 3).toReversed();
    for (const delivery of settled) outlet.settle(delivery);
    owed = owed.filter((id) => !idsOf(settled).includes(id));
    const more = await offeredSince(outlet, from + 40, settled.length);
    expect(idsOf(more)).toEqual(owed.slice(40 - settled.length, 40));
    from = outlet.offered.length;
    closeChannel(replica);
  }
});

test('RULES 22: the prefetch never shrinks: a smaller one that is configured is not used', async () => {
  const before = await site.replica({ prefetch: 60 });
  const outlet = await before.attach('a');
  const ids = await site.produceMany('e', 100);
  await offeredSince(outlet, 0, 60);
  before.process.kill();
  const after = await site.replica({ prefetch: 7 });
  const again = await after.attach('a', 'known');
  expect(idsOf(await offeredSince(again, 0, 60))).toEqual(ids.slice(0, 60));
  expect(await site.ready('a')).toBe(40);
  after.process.kill();
  const larger = await (await site.replica({ prefetch: 80 })).attach('a', 'known');
  expect(idsOf(await offeredSince(larger, 0, 80))).toEqual(ids.slice(0, 80));
  expect(await site.ready('a')).toBe(20);
});

test('RULES 22: connections that break at any moment leave the order of first offers as it was', async () => {
  const replica = await site.replica({ prefetch: 30 });
  const outlet = await replica.attach('a');
  const ofFeed = (feed: Feed): Delivery[] => outlet.offered.filter((delivery) => delivery.feed === feed);
  const ids = await site.produceMany('e', 200);
  for (let breaks = 0, former: Feed | undefined; breaks < 6; breaks++) {
    await until(() => outlet.offered.at(-1)?.feed !== former);
    const { feed } = outlet.offered.at(-1)!;
    await until(() => ofFeed(feed).length >= 20);
    // Whether RabbitMQ hears of these before the connection breaks is left to chance.
    for (const delivery of ofFeed(feed).slice(0, 20).toReversed()) outlet.settle(delivery);
    if (breaks % 2 === 0) await until(() => ofFeed(feed).length >= 35);
    if (breaks === 5) outlet.settles = true;
    former = feed;
    replica.process.proxy.drop();
  }
  await until(() => new Set(outlet.ids).size === ids.length);
  expect([...new Set(outlet.ids)]).toEqual(ids);
  for (const feed of new Set(outlet.offered.map((delivery) => delivery.feed)))
    expect(idsOf(ofFeed(feed))).toEqual(ids.filter((id) => idsOf(ofFeed(feed)).includes(id)));
});
