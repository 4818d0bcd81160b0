import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { rabbitmqctl, startRabbitmq, type Rabbitmq } from '../../scripts/services/rabbitmq.ts';
import type { Delivery, Feed } from '../../src/brokers/broker.ts';
import type { TestOutlet } from '../contracts/broker-outlet.ts';
import { until } from '../sqlite/until.ts';
import { FeedsSite, idsOf, type FeedsReplica } from './rabbitmq-feeds-site.ts';

let server: Rabbitmq;
let site: FeedsSite;

beforeAll(async () => {
  server = await startRabbitmq();
}, 120_000);
afterAll(() => server.end());
beforeEach(async () => {
  site = await FeedsSite.on(server);
});
afterEach(async () => {
  await site.close();
  expect(await complaints()).toEqual([]);
});

/** What RabbitMQ says of acknowledgements that it did not expect. */
async function complaints(): Promise<string[]> {
  const folder = join(server.directory, 'log');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.log'));
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.flatMap((text) => text.match(/.*(?:unknown delivery tag|precondition_failed).*/gi) ?? []);
}

/** RabbitMQ writes the names of new quorum queues and streams within a second: killed before, it has them no more. */
async function untilNamesAreWritten(): Promise<void> {
  const isWritten = async (kind: string, name: string): Promise<boolean> => {
    const folder = join(server.directory, 'mnesia', 'rabbit@localhost', kind, 'rabbit@localhost');
    return (await readFile(join(folder, 'names.dets'))).includes(name);
  };
  await until(() => isWritten('quorum', site.queueOf('a')));
  await until(() => isWritten('coordination', 'rabbit_stream_coordinator'));
}

const ofFeed = (outlet: TestOutlet, feed: Feed): Delivery[] =>
  outlet.offered.filter((delivery) => delivery.feed === feed);

/** The offers of the feed that comes after `former`, once they are so many. */
async function nextFeed(outlet: TestOutlet, former: Feed | undefined, count: number): Promise<Delivery[]> {
  await until(() => {
    const feed = outlet.offered.at(-1)?.feed;
    return feed !== undefined && feed !== former && ofFeed(outlet, feed).length >= count;
  });
  return ofFeed(outlet, outlet.offered.at(-1)!.feed);
}

const WAYS: readonly (readonly [string, (replica: FeedsReplica) => Promise<void>])[] = [
  [
    'the server closes all connections',
    async () => {
      await rabbitmqctl(server.control, ['close_all_connections', 'for the test']);
      await site.connect();
    },
  ],
  ['the network breaks', async ({ process }) => process.proxy.drop()],
  [
    'the network is away for a while',
    async ({ process, broker }) => {
      process.proxy.cut();
      await until(() => !broker.health().ok);
      process.proxy.open();
    },
  ],
  [
    'the server is killed',
    async ({ broker }) => {
      await untilNamesAreWritten();
      await server.kill();
      await until(() => !broker.health().ok);
      await server.start();
      await site.connect();
    },
  ],
];

test.each(WAYS)(
  'PITFALLS 22: when %s, all goes on by itself, from where it was',
  async (_what, breakIt) => {
    const replica = await site.replica({ prefetch: 50 });
    const outlet = await replica.attach('a');
    let owed = await site.produceMany('e', 200);
    let former: Delivery[] = [];
    for (let breaks = 0; breaks < 2; breaks++) {
      const handed = await nextFeed(outlet, former[0]?.feed, 50);
      expect(idsOf(handed).slice(0, 50)).toEqual(owed.slice(0, 50));
      expect(handed.slice(0, 3).map(({ attempts }) => attempts)).toEqual(Array(3).fill(2 * breaks));
      // The dead channel's outcomes come late: they are nobody's.
      for (const delivery of former) delivery.feed.settle(delivery, 'delivered');
      for (const delivery of handed.slice(0, 3)) {
        delivery.attempts += 2;
        delivery.feed.attempted(delivery);
      }
      const settled = handed.slice(10, 30).filter((_, i) => i % 3 === 0);
      for (const delivery of settled) outlet.settle(delivery);
      owed = owed.filter((id) => !idsOf(settled).includes(id));
      // Now RabbitMQ has them: it handed out as many others.
      await until(async () => (await site.ready('a')) === owed.length - 50);
      former = ofFeed(outlet, handed[0]!.feed);
      await breakIt(replica);
    }
    const last = await nextFeed(outlet, former[0]?.feed, 50);
    for (const delivery of former) delivery.feed.settle(delivery, 'delivered');
    outlet.settles = true;
    for (const delivery of ofFeed(outlet, last[0]!.feed)) outlet.settle(delivery);
    await until(() => ofFeed(outlet, last[0]!.feed).length >= owed.length);
    expect(idsOf(ofFeed(outlet, last[0]!.feed))).toEqual(owed);
    await until(() => replica.broker.health().ok);
    await replica.broker.stop();
    // Nothing of it is left.
    const again = await (await site.replica()).attach('a', 'known');
    await site.produce('after');
    await until(() => again.offered.length > 0);
    expect(again.ids).toEqual(['after']);
  },
  60_000,
);

test('PITFALLS 22: each message is acknowledged once, whatever it is told', async () => {
  const replica = await site.replica();
  const outlet = await replica.attach('a');
  await site.produceMany('e', 10);
  await until(() => outlet.offered.length === 10);
  const [first, second, third] = outlet.offered as [Delivery, Delivery, Delivery];
  for (let times = 0; times < 3; times++) {
    outlet.settle(first);
    await pause(0);
  }
  outlet.evict(second);
  await until(() => outlet.offered.length === 11);
  outlet.settle(second);
  outlet.settle(outlet.offered[10]!);
  outlet.settle(third);
  outlet.evict(third);
  await site.produce('e10');
  await until(() => outlet.ids.includes('e10'));
  await replica.broker.stop();
  for (const delivery of outlet.offered) delivery.feed.settle(delivery, 'delivered');
  const again = await (await site.replica()).attach('a', 'known');
  await until(() => again.offered.length === 8);
  expect(again.ids).toEqual(['e3', 'e4', 'e5', 'e6', 'e7', 'e8', 'e9', 'e10']);
});

test('PITFALLS 22: a connection that breaks at any moment of a registration loses nothing of it', async () => {
  const replica = await site.replica();
  for (let i = 0; i < 12; i++) {
    const id = `s${i}`;
    const attached = replica.attach(id, 'new', { settles: true }).catch(() => undefined);
    await pause(3 * i);
    replica.process.proxy.drop();
    let outlet = await attached;
    await until(() => replica.broker.health().ok);
    while (!outlet) outlet = await replica.attach(id, 'new', { settles: true }).catch(() => undefined);
    const [served] = [outlet];
    await site.produce(`e${i}`);
    await until(() => served.ids.includes(`e${i}`));
    expect(served.ids).toEqual([`e${i}`]);
  }
}, 60_000);

test.each([
  ['stops', (replica: FeedsReplica) => replica.broker.stop()],
  ['lets go of a subscription', (replica: FeedsReplica) => replica.broker.leave('a')],
  ['ends a subscription', (replica: FeedsReplica) => replica.broker.detach('a')],
])(
  'PITFALLS 22: a gateway that %s is not held up by a connection that breaks meanwhile',
  async (_what, end) => {
    const replica = await site.replica();
    const outlet = await replica.attach('a');
    await site.produceMany('e', 10);
    await until(() => outlet.offered.length === 10);
    // Whatever it asks of the server now is never answered.
    replica.process.proxy.freeze();
    let isDone = false;
    const done = end(replica)
      .catch(() => undefined)
      .then(() => (isDone = true));
    await pause(300);
    replica.process.proxy.drop();
    replica.process.proxy.thaw();
    await until(() => isDone);
    await done;
    expect(outlet.offered).toHaveLength(10);
  },
);
