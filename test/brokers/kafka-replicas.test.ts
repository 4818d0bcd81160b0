import type { Log, Position } from '../../src/brokers/log/log.ts';
import { decodeHoles } from '../../src/brokers/log/position.ts';
import { offered, ReplicaSite, until, type Replica } from './kafka-replica-site.ts';
import { letter } from './kafka-letters-site.ts';

const SESSION_MS = 6_000;

let site: ReplicaSite;

beforeEach(async () => void (site = await ReplicaSite.open('replicas')));
afterEach(() => site.close());

/** Each with the subscription `s`, and its part of the partitions. */
async function pair(settings: Parameters<ReplicaSite['replica']>[0] = {}) {
  const first = await site.started(settings);
  const ofFirst = await first.attach('s');
  const second = site.replica(settings);
  const ofSecond = await second.attach('s', 'known');
  await second.start();
  await split(first, second);
  return { first, ofFirst, second, ofSecond };
}

const split = (...replicas: Replica[]): Promise<void> =>
  until(() => replicas.every(({ partitions }) => partitions === 4 / replicas.length));

const twice = (ids: readonly string[]): string[] => ids.filter((id, i) => ids.indexOf(id) !== i);

test('two share the partitions evenly, and each event is delivered by one of them, once', async () => {
  const { first, ofFirst, second, ofSecond } = await pair();
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

describe('when one of two goes', () => {
  test('planned, the other takes over where it stood: nothing lost, nothing twice', async () => {
    const { first, ofFirst, second, ofSecond } = await pair();
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
    const { first, ofFirst, second, ofSecond } = await pair();
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
    const { first, ofFirst, second, ofSecond } = await pair({ sessionTimeoutMs: SESSION_MS });
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
    const { first, ofFirst, second, ofSecond } = await pair();
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

describe('what one of two is told', () => {
  test('a replay is carried out by both, each for its partitions, and ends', async () => {
    const { first, ofFirst, second, ofSecond } = await pair();
    const ids = await first.publishMany(site.topic, 'e', 60);
    await until(() => offered(ofFirst, ofSecond).length === 60);
    const { jobId } = await first.broker.replay('s', { from: { time: new Date(0).toISOString() } });
    const replayed = (): string[] => [ofFirst, ofSecond].flatMap(({ replayedIds }) => replayedIds).toSorted();
    await until(() => replayed().length >= 60);
    expect(replayed()).toEqual(ids.toSorted());
    expect(Math.min(ofFirst.replayed.length, ofSecond.replayed.length)).toBeGreaterThan(0);
    for (const { process } of [first, second]) {
      await until(async () => (await process.log.replayJobs.load()).length === 0);
      await until(async () => (await positionsOf(process.log, jobId)).length === 0);
    }
    await second.publishMany(site.topic, 'later', 10);
    await until(() => offered(ofFirst, ofSecond).length === 70);
    expect(replayed()).toHaveLength(60);
    expect(await positionsOf(first.process.log, jobId)).toEqual([]);
  });

  test('a replay goes on at the other when one is killed, and ends', async () => {
    const { first, ofFirst, second, ofSecond } = await pair();
    await first.publishMany(site.topic, 'e', 60);
    await until(() => offered(ofFirst, ofSecond).length === 60);
    ofFirst.settles = false;
    await first.broker.replay('s', { from: { time: new Date(0).toISOString() } });
    await until(
      () => ofFirst.replayed.length > 0 && ofFirst.replayed.length + ofSecond.replayed.length === 60,
    );
    await first.process.kill();
    await until(() => ofSecond.replayed.length === 60);
    await until(async () => (await second.process.log.replayJobs.load()).length === 0);
  });

  test('a dead letter is listed at the other, and so is its end', async () => {
    const [first, second] = [await site.started(), await site.started()];
    await first.broker.deadLetters.put(letter('d1'));
    const page = { offset: 0, limit: 10 };
    await until(async () => (await second.broker.deadLetters.list({}, page)).total === 1);
    expect((await second.broker.deadLetters.get('d1'))!.attempts).toEqual(letter('d1').attempts);
    await second.broker.deadLetters.put(letter('d1', { state: 'discarded' }));
    await until(async () => (await first.broker.deadLetters.get('d1'))?.state === 'discarded');
    expect(await first.broker.deadLetters.count({}, 'reason')).toEqual({});
  });

  test('RULES 17: a subscription that both register at once has one start, and neither’s promise is broken', async () => {
    const [first, second] = [await site.started(), await site.started()];
    await split(first, second);
    let published = 0;
    const goesOn = { yes: true };
    const publishing = (async () => {
      for (; goesOn.yes; published++) await first.publish(site.topic, `e${published}`, `key ${published}`);
    })();
    const owed: { id: string; from: number }[] = [];
    for (let i = 0; i < 10; i++) {
      const id = `s${i}`;
      // Whichever is ready first: from then on every event is the subscription's.
      const attaching = [first, second].map(async (replica) => {
        await replica.attach(id);
        return published + 1;
      });
      owed.push({ id, from: await Promise.race(attaching) });
      await Promise.all(attaching);
    }
    goesOn.yes = false;
    await publishing;
    for (const { id, from } of owed) {
      const outlets = site.replicas.flatMap((replica) =>
        replica.outlets.filter(({ subscriptionId }) => subscriptionId === id),
      );
      const expected = Array.from({ length: published - from }, (_, i) => `e${from + i}`);
      await until(() => {
        const seen = new Set(offered(...outlets));
        return expected.every((event) => seen.has(event));
      });
      expect(twice(offered(...outlets))).toEqual([]);
    }
  });
});

test('RULES 1: gateways with different subscriptions in one group are not well, both, until they have the same', async () => {
  let ofSecond = 'two';
  const [first, second] = [
    await site.started({ registry: () => 'one' }),
    await site.started({ registry: () => ofSecond }),
  ];
  for (const { broker } of [first, second]) await until(() => !broker.health().ok);
  for (const { broker } of [first, second])
    expect(String(Object.values(broker.health()))).toMatch(/different subscriptions share one group.*"name"/);
  ofSecond = 'one';
  for (const { broker } of [first, second]) await until(() => broker.health().ok);
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

async function positionsOf(log: Log, feedId: string): Promise<Position[]> {
  return log.loadPositions([feedId], await log.partitions());
}
