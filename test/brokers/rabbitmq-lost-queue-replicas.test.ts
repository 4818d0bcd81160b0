import { until } from '../sqlite/until.ts';
import { sharedRabbitmq } from '../support/rabbitmq.ts';
import { FeedsSite, idsOf } from './rabbitmq-feeds-site.ts';

let site: FeedsSite;

beforeAll(sharedRabbitmq, 120_000);

beforeEach(async () => {
  site = await FeedsSite.on(await sharedRabbitmq());
});

afterEach(() => site.close());

test('a queue that is lost under several replicas is made again by one of them, and what it had is offered again once', async () => {
  const replicas = [await site.replica(), await site.replica(), await site.replica()];
  await replicas[0]!.attach('s', 'new', { settles: true });
  for (const replica of replicas.slice(1)) await replica.attach('s', 'known', { settles: true });
  const offered = () => replicas.flatMap(({ outlets }) => outlets.flatMap((outlet) => idsOf(outlet.offered)));
  const before = await site.produceMany('before', 50);
  await until(() => offered().length === before.length);
  await site.admin.deleteQueue(site.queueOf('s'));
  const between = await site.produceMany('between', 50);
  await until(() => between.every((id) => offered().includes(id)));
  const madeAgain = () => replicas.flatMap((replica) => replica.said('rabbitmq.queue-made-again'));
  await until(() => madeAgain().length > 0 && replicas.every(({ broker }) => broker.health().ok));
  const after = await site.produceMany('after', 50);
  await until(() => after.every((id) => offered().includes(id)));
  const times = (id: string) => offered().filter((one) => one === id).length;
  expect(Math.max(...[...before, ...between, ...after].map(times))).toBeLessThanOrEqual(2);
  expect(madeAgain()).toHaveLength(1);
}, 60_000);
