import { setTimeout as pause } from 'node:timers/promises';
import { sharedRabbitmq } from '../support/rabbitmq.ts';
import { until } from '../sqlite/until.ts';
import { FeedsSite, type FeedsReplica } from './rabbitmq-feeds-site.ts';

let site: FeedsSite;

beforeAll(sharedRabbitmq, 120_000);
beforeEach(async () => {
  site = await FeedsSite.on(await sharedRabbitmq());
});
afterEach(() => site.close());

/** As an operator might by mistake. */
const deleteQueue = (id: string) => site.admin.deleteQueue(site.queueOf(id));

async function exists(queue: string): Promise<boolean> {
  const { url } = await sharedRabbitmq();
  const other = await FeedsSite.on({ url });
  const found = await other.admin.checkQueue(queue).then(
    () => true,
    () => false,
  );
  await other.close();
  return found;
}

/** The queue of a subscription that nobody ends: once it is made again, another one would be too. */
async function untilMadeAgain(replica: FeedsReplica, id: string): Promise<void> {
  await until(() =>
    replica.said('rabbitmq.queue-made-again').some(({ subscriptionId }) => subscriptionId === id),
  );
}

test('PITFALLS 22: a queue that is deleted behind our back is made again, loudly, with all that it held', async () => {
  const replica = await site.replica({ prefetch: 10 });
  const outlet = await replica.attach('a', 'new', { settles: false, room: 13 });
  const other = await replica.attach('b', 'new', { settles: true });
  const ids = await site.produceMany('e', 30);
  await until(() => outlet.offered.length === 10);
  for (const i of [0, 1, 5]) outlet.settle(outlet.offered[i]!);
  await until(() => outlet.offered.length === 13);
  const held = outlet.offered.slice();
  outlet.settles = true;
  await deleteQueue('a');
  // What comes while there is no queue.
  const meanwhile = await site.produceMany('meanwhile', 5);
  await untilMadeAgain(replica, 'a');
  const after = await site.produceMany('after', 5);
  // There was no room so far. What the new queue has is not even asked for until what the old one had is through.
  await pause(300);
  expect(await site.ready('a')).toBeGreaterThanOrEqual(after.length);
  outlet.give(1_000);
  const owed = [...ids, ...meanwhile, ...after].filter((id) => !['e0', 'e1', 'e5'].includes(id));
  const again = (): string[] => outlet.ids.slice(held.length);
  await until(() => owed.every((id) => again().includes(id)));
  expect([...new Set(again())].filter((id) => owed.includes(id))).toEqual(owed);
  expect(outlet.offered.every(({ replay }) => !replay)).toBe(true);
  expect(replica.said('rabbitmq.queue-lost')).toMatchObject([{ subscriptionId: 'a' }]);
  // What was held of the dead queue is nobody's.
  for (const delivery of held) expect(delivery.feed.mayAttempt()).toBe(false);
  expect(other.ids).toEqual([...ids, ...meanwhile, ...after]);
  await until(() => replica.broker.health().ok);
});

test('a queue that is gone when the gateway comes back is made again with all that it held', async () => {
  const before = await site.replica();
  const outlet = await before.attach('a');
  const ids = await site.produceMany('e', 20);
  await until(() => outlet.offered.length === 20);
  before.process.kill();
  await deleteQueue('a');
  const meanwhile = await site.produceMany('meanwhile', 5);
  const after = await site.replica();
  const again = await after.attach('a', 'known', { settles: true });
  expect(after.said('rabbitmq.queue-lost')).toMatchObject([{ subscriptionId: 'a' }]);
  await site.produce('after');
  await until(() => again.ids.includes('after'));
  expect([...new Set(again.ids)]).toEqual([...ids, ...meanwhile, 'after']);
});

test('what is older than the registration is not offered, however early the queue is lost', async () => {
  const replica = await site.replica();
  await replica.attach('early', 'new', { settles: true });
  await site.produceMany('before', 10);
  const outlet = await replica.attach('a', 'new', { settles: true });
  await site.produce('e');
  await until(() => outlet.offered.length === 1);
  await deleteQueue('a');
  await untilMadeAgain(replica, 'a');
  await site.produce('after');
  await until(() => outlet.ids.includes('after'));
  expect([...new Set(outlet.ids)]).toEqual(['e', 'after']);
});

test('the end of a subscription at the same time is its end: its queue does not come again', async () => {
  const replica = await site.replica();
  await Promise.all(['a', 'b', 'c', 'other'].map((id) => replica.attach(id)));
  // Two who delete one queue at a time may make the server close the connection: then it is asked again, as a DELETE is.
  const ended = (id: string): Promise<void> =>
    until(async () => {
      try {
        await replica.broker.detach(id);
        return true;
      } catch (error) {
        expect(String(error)).toContain('NotConnected');
        return false;
      }
    });
  await deleteQueue('a');
  await ended('a');
  await Promise.all([ended('b'), deleteQueue('b')]);
  await deleteQueue('c');
  // Its making is under way by now.
  await until(() => replica.said('rabbitmq.queue-lost').some(({ subscriptionId }) => subscriptionId === 'c'));
  await ended('c');
  await deleteQueue('other');
  await untilMadeAgain(replica, 'other');
  await site.produce('e');
  for (const id of ['a', 'b', 'c']) expect(await exists(site.queueOf(id))).toBe(false);
  expect(await exists(site.queueOf('other'))).toBe(true);
  expect(replica.broker.keptSubscriptions()).toEqual(['other']);
});

test('a subscription that ends at another replica is not taken for a queue that was lost', async () => {
  const [first, second] = [await site.replica(), await site.replica()];
  await first.attach('a');
  await first.attach('other');
  await second.attach('a', 'known');
  await second.attach('other', 'known');
  await second.broker.detach('a');
  await deleteQueue('other');
  // Either may be the one that makes it.
  const said = (message: string): unknown[] =>
    [first, second].flatMap((replica) => replica.said(message).map(({ subscriptionId }) => subscriptionId));
  await until(() => said('rabbitmq.queue-made-again').includes('other'));
  expect(await exists(site.queueOf('a'))).toBe(false);
  expect([...new Set(said('rabbitmq.queue-lost'))]).toEqual(['other']);
  await until(() => first.broker.keptSubscriptions().join() === 'other');
});
