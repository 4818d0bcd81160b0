import { decodeHoles } from '../../src/brokers/log/position.ts';
import {
  offered,
  positionsOf,
  ReplicaSite,
  split,
  twice,
  until,
  type Replica,
} from './kafka-replica-site.ts';

const SESSION_MS = 6_000;

let site: ReplicaSite;

beforeEach(async () => void (site = await ReplicaSite.open('replicas')));
afterEach(() => site.close());

test('two share the partitions evenly, and each event is delivered by one of them, once', async () => {
  const { first, ofFirst, second, ofSecond } = await site.pair();
  const ids = [
    ...(await first.publishMany(site.topic, 'a', 100)),
    ...(await second.publishMany(site.topic, 'b', 100)),
  ];
  await until(() => offered(ofFirst, ofSecond).length >= 200);
  expect(offered(ofFirst, ofSecond)).toEqual(ids.toSorted());
  for (const outlet of [ofFirst, ofSecond])
    expect(new Set(outlet.offered.map(({ record }) => record.source.partition)).size).toBe(2);
  for (const { broker } of site.replicas) expect(broker.health()).toEqual({ ok: true });
});

test('more of them than partitions: one has none, is well, and takes over when another leaves', async () => {
  const small = await ReplicaSite.open('replicas', { partitions: 1 });
  const [first, second] = [await small.started(), await small.started()];
  try {
    await until(() => (first.partitions ?? 0) + (second.partitions ?? 0) === 1);
    expect(second.broker.health()).toEqual({ ok: true });
    const [ofFirst, ofSecond] = [await first.attach('s'), await second.attach('s', 'known')];
    await first.publish(small.topic, '1');
    await until(() => offered(ofFirst, ofSecond).length === 1);
    await first.broker.stop();
    await second.publish(small.topic, '2');
    await until(() => ofSecond.ids.includes('2'));
    expect(offered(ofFirst, ofSecond)).toEqual(['1', '2']);
  } finally {
    await small.close();
  }
});

test('when another comes while events do, nothing is lost and nothing comes twice', async () => {
  const first = await site.started();
  const ofFirst = await first.attach('s');
  const ids: string[] = [];
  const comes = { yet: true };
  const publishing = (async () => {
    while (comes.yet) ids.push(...(await first.publishMany(site.topic, `e${ids.length}-`, 10)));
  })();
  await until(() => ids.length > 50);
  const second = site.replica();
  const ofSecond = await second.attach('s', 'known');
  await second.start();
  await split(first, second);
  await until(() => ofSecond.offered.length > 50);
  comes.yet = false;
  await publishing;
  await until(() => offered(ofFirst, ofSecond).length >= ids.length);
  expect(offered(ofFirst, ofSecond)).toEqual(ids.toSorted());
});

describe('when one of two goes', () => {
  test('planned, the other takes over where it stood: nothing lost, nothing twice', async () => {
    const { first, ofFirst, second, ofSecond } = await site.pair();
    const ids = await second.publishMany(site.topic, 'before', 100);
    await until(() => offered(ofFirst, ofSecond).length >= 100);
    const stopping = first.broker.stop();
    ids.push(...(await second.publishMany(site.topic, 'while', 100)));
    await stopping;
    ids.push(...(await second.publishMany(site.topic, 'after', 100)));
    await until(() => offered(ofFirst, ofSecond).length >= 300);
    expect(offered(ofFirst, ofSecond)).toEqual(ids.toSorted());
  });

  test('killed, what it had not settled is delivered by the other, with the attempts that were made', async () => {
    const { first, ofFirst, second, ofSecond } = await site.pair();
    ofFirst.settles = false;
    const ids = await first.publishMany(site.topic, 'e', 100);
    await until(() => offered(ofFirst, ofSecond).length === 100);
    const unsettled = ofFirst.offered.slice(0, 5);
    for (const delivery of ofFirst.offered.slice(5)) ofFirst.settle(delivery);
    for (const delivery of unsettled) {
      delivery.attempts = 2;
      delivery.feed.attempted(delivery);
    }
    const open = unsettled
      .map(({ record }) => `${record.source.partition}:${record.source.offset} 2`)
      .toSorted();
    await until(async () => String(await holesOf(first)) === String(open));
    await first.process.kill();
    await until(() => second.partitions === 4);
    await until(() => ofSecond.offered.length >= 100 - ofFirst.offered.length + 5);
    const again = ofSecond.offered.filter(({ event }) => unsettled.some((one) => one.event.id === event.id));
    expect(again.map(({ attempts }) => attempts)).toEqual(unsettled.map(() => 2));
    expect(new Set(offered(ofFirst, ofSecond))).toEqual(new Set(ids));
    expect(twice(offered(ofFirst, ofSecond))).toEqual(unsettled.map(({ event }) => event.id).toSorted());
  });

  test('killed so that nobody knows, the other takes over once its session has run out', async () => {
    const { first, ofFirst, second, ofSecond } = await site.pair({ sessionTimeoutMs: SESSION_MS });
    const before = await second.publishMany(site.topic, 'before', 50);
    await until(() => offered(ofFirst, ofSecond).length >= 50);
    await first.process.kill({ noticed: false });
    const killedAt = Date.now();
    const after = await second.publishMany(site.topic, 'after', 50);
    await until(() => new Set(offered(ofFirst, ofSecond)).size === 100);
    const tookMs = Date.now() - killedAt;
    expect(tookMs).toBeGreaterThan(SESSION_MS - 3_000);
    expect(tookMs).toBeLessThan(SESSION_MS + 4_000);
    expect(new Set(offered(ofFirst, ofSecond))).toEqual(new Set([...before, ...after]));
    // What was delivered within the last commit interval may come again.
    expect(twice(offered(ofFirst, ofSecond)).filter((id) => id.startsWith('after'))).toEqual([]);
  });

  test('order holds for each key, over all comings and goings', async () => {
    const seen: string[] = [];
    const watch = (outlet: Awaited<ReturnType<Replica['attach']>>): void => {
      const offer = outlet.offer.bind(outlet);
      outlet.offer = (delivery) => {
        seen.push(delivery.event.id);
        offer(delivery);
      };
    };
    const { first, ofFirst, second, ofSecond } = await site.pair();
    watch(ofFirst);
    watch(ofSecond);
    let n = 0;
    const goesOn = { yes: true };
    const publishing = (async () => {
      for (; goesOn.yes; n++)
        await Promise.all(['x', 'y', 'z', 'w'].map((key) => second.publish(site.topic, `${key} ${n}`, key)));
    })();
    await first.broker.stop();
    const third = site.replica();
    watch(await third.attach('s', 'known'));
    await third.start();
    await split(second, third);
    await third.process.kill();
    await until(() => second.partitions === 4);
    goesOn.yes = false;
    await publishing;
    const published = ['x', 'y', 'z', 'w'].flatMap((key) =>
      Array.from({ length: n }, (_, i) => `${key} ${i}`),
    );
    await until(() => new Set(seen).size >= published.length);
    const firsts = [...new Set(seen)];
    for (const key of ['x', 'y', 'z', 'w'])
      expect(firsts.filter((id) => id.startsWith(key))).toEqual(published.filter((id) => id.startsWith(key)));
  });
});

/** What is committed as unsettled, with the attempts: `partition:offset attempts`. */
async function holesOf({ process }: Replica): Promise<string[]> {
  const positions = await positionsOf(process.log, 's');
  return positions
    .flatMap(({ partition, offset, holes }) => {
      return decodeHoles(offset, holes).holes.map(([at, attempts]) => `${partition}:${at} ${attempts}`);
    })
    .toSorted();
}
