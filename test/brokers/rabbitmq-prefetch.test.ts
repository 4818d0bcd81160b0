import type { ConsumeMessage } from 'amqplib';
import { sharedRabbitmq } from '../support/rabbitmq.ts';
import { until } from '../sqlite/until.ts';
import { FeedsSite } from './rabbitmq-feeds-site.ts';

let site: FeedsSite;

beforeAll(sharedRabbitmq, 120_000);
beforeEach(async () => {
  site = await FeedsSite.on(await sharedRabbitmq());
});
afterEach(() => site.close());

/** What the server itself counted: how often it was given each message back. In the order of the queue. */
async function returns(subscriptionId: string, count: number): Promise<[string, number][]> {
  const messages: ConsumeMessage[] = [];
  const queue = site.queueOf(subscriptionId);
  await site.admin.consume(queue, (message) => message && messages.push(message));
  await until(() => messages.length === count);
  return messages.map(({ content, properties }) => [
    content.toString(),
    Number((properties.headers as Record<string, unknown>)['x-delivery-count'] ?? 0),
  ]);
}

test('PITFALLS 7: never more than the prefetch is unsettled; each settlement makes room for one more', async () => {
  const replica = await site.replica({ prefetch: 10 });
  const outlet = await replica.attach('a');
  const ids = await site.produceMany('e', 60);
  for (let settled = 0; settled <= 50; settled++) {
    await until(async () => outlet.offered.length >= 10 + settled && (await site.ready('a')) <= 50 - settled);
    expect(outlet.offered).toHaveLength(10 + settled);
    expect(await site.ready('a')).toBe(50 - settled);
    // Not always the oldest.
    outlet.settle(outlet.offered[settled % 2 === 0 ? settled + 1 : settled - 1]!);
  }
  expect(outlet.ids).toEqual(ids);
});

test('PITFALLS 7: what has no room waits in the broker, but for the prefetch', async () => {
  const replica = await site.replica({ prefetch: 10 });
  const full = await replica.attach('full', 'new', { room: 0 });
  const free = await replica.attach('free', 'new', { settles: true });
  const ids = await site.produceMany('e', 500);
  await until(async () => free.offered.length === 500 && (await site.ready('full')) === 490);
  full.give(3);
  await until(() => full.offered.length === 3);
  await until(async () => (await site.ready('full')) === 487);
  full.give(1_000);
  await until(() => full.offered.length === 500);
  expect(full.ids).toEqual(ids);
});

test('PITFALLS 7: an event that fails for ever is never given back singly, and never comes again by itself', async () => {
  const replica = await site.replica();
  const outlet = await replica.attach('a');
  const ids = await site.produceMany('e', 20);
  await until(() => outlet.offered.length === 20);
  for (let failures = 1; failures <= 100; failures++) {
    for (const delivery of outlet.offered.slice(3, 6)) {
      delivery.attempts = failures;
      delivery.feed.attempted(delivery);
    }
  }
  for (const i of [8, 9, 10]) outlet.evict(outlet.offered[i]!);
  await until(() => outlet.offered.length === 23);
  for (const i of [0, 1, 15]) outlet.settle(outlet.offered[i]!);
  await site.produce('e20');
  await until(() => outlet.offered.length === 24);
  replica.process.kill();
  const owed = [...ids.filter((_, i) => ![0, 1, 15].includes(i)), 'e20'];
  expect(await returns('a', 18)).toEqual(owed.map((id) => [id, 1]));
  expect(outlet.ids).toEqual([...ids, 'e8', 'e9', 'e10', 'e20']);
  const { messageCount } = await site.admin.checkQueue(`${site.prefix}.dead-lettered`);
  expect(messageCount).toBe(0);
});

test('PITFALLS 7: one that is slow holds up none of those behind it, and is the only one to come again', async () => {
  const replica = await site.replica({ prefetch: 10 });
  const outlet = await replica.attach('a');
  await site.produce('slow');
  await until(() => outlet.offered.length === 1);
  outlet.settles = true;
  const ids = await site.produceMany('e', 500);
  await until(async () => outlet.offered.length === 501 && (await site.ready('a')) === 0);
  expect(outlet.ids).toEqual(['slow', ...ids]);
  // Long enough for the server to have written all acknowledgements.
  await replica.broker.stop();
  expect(await returns('a', 1)).toEqual([['slow', 1]]);
});

test('PITFALLS 7: what nobody wants is acknowledged, not given back', async () => {
  const replica = await site.replica({ prefetch: 5 });
  const outlet = await replica.attach('a');
  for (let i = 0; i < 40; i++) replica.intake.unwanted.add(`e${i}`);
  await site.produceMany('e', 41);
  await until(() => outlet.offered.length === 1);
  expect(outlet.ids).toEqual(['e40']);
  await replica.broker.stop();
  expect(await returns('a', 1)).toEqual([['e40', 1]]);
});
