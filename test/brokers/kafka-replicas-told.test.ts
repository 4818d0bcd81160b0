import { letter } from './kafka-letters-site.ts';
import { offered, positionsOf, ReplicaSite, split, twice, until } from './kafka-replica-site.ts';

let site: ReplicaSite;

beforeEach(async () => void (site = await ReplicaSite.open('replicas')));
afterEach(() => site.close());

describe('what one of two is told', () => {
  test('a replay is carried out by both, each for its partitions, and ends', async () => {
    const { first, ofFirst, second, ofSecond } = await site.pair();
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
    const { first, ofFirst, second, ofSecond } = await site.pair();
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

test('a subscription that is registered again, at another, stands where it stood', async () => {
  const [first, second] = [await site.started(), await site.started()];
  await split(first, second);
  const ofFirst = await first.attach('s', 'new', { settles: false });
  const ids = await first.publishMany(site.topic, 'e', 40);
  const ofSecond = await second.attach('s', 'new');
  await first.process.kill();
  await until(() => second.partitions === 4);
  await until(() => new Set(offered(ofSecond)).size >= 40);
  expect(new Set(offered(ofSecond))).toEqual(new Set(ids));
  expect(ofFirst.offered.length).toBeLessThan(40);
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
