import type { Partition } from '../../src/brokers/log/log.ts';
import { Stage } from '../contracts/broker-stage.ts';
import { LogSite, TOPIC } from './log-site.ts';

let site: LogSite;
let stage: Stage;

beforeEach(async () => {
  site = new LogSite();
  stage = new Stage(site);
  await stage.start();
});

afterEach(() => stage.close());

const partition: Partition = { topic: TOPIC, partition: 0, topicId: `${TOPIC}-1` };

describe('RULES 2: a subscription that another replica registered, heard of late', () => {
  test('begins at its position, behind the head, and misses nothing', async () => {
    const ahead = await stage.attach('ahead');
    const before = await stage.publishMany('before', 5);
    site.setPosition('late', 5);
    const between = await stage.publishMany('between', 95);
    await stage.untilOffered(ahead, [...before, ...between]);
    const late = await stage.attach('late', 'known');
    const after = await stage.publishMany('after', 5);
    await stage.untilOffered(late, [...between, ...after]);
    await stage.untilOffered(ahead, [...before, ...between, ...after]);
  });

  test('its position stays where it was until its events have a fate, whatever is refreshed', async () => {
    const ahead = await stage.attach('ahead');
    site.setPosition('late', 5);
    await stage.untilOffered(ahead, await stage.publishMany('e', 100));
    const late = await stage.attach('late', 'known', { room: 0 });
    await site.clock.advance(60_000);
    expect(site.position('ahead')).toMatchObject({ offset: 100 });
    expect(site.position('late')).toMatchObject({ offset: 5 });
    late.give(10);
    await stage.until(() => late.offered.length === 10);
    await site.clock.advance(60_000);
    expect(site.position('late')).toMatchObject({ offset: 15 });
  });

  test('what is not for it is passed, without room too', async () => {
    const ahead = await stage.attach('ahead');
    site.setPosition('late', 0);
    await stage.untilOffered(ahead, await stage.publishMany('e', 100, { to: ['ahead'] }));
    await stage.attach('late', 'known', { room: 0 });
    await site.clock.advance(10_000);
    expect(site.position('late')).toMatchObject({ offset: 100 });
    expect(stage.broker.status('late')).toMatchObject({ lag: 0, oldestUnsettled: undefined });
  });
});

describe('RULES 4: a topic that was deleted and made again', () => {
  test('is read from its beginning, and that is said', async () => {
    const ids = await stage.publishMany('e', 20);
    site.setPosition('a', 15, { topicId: 'another' });
    await stage.untilOffered(await stage.attach('a', 'known'), ids);
    expect(site.messages('topic.recreated')).toEqual([{ feedId: 'a', topic: TOPIC, partition: 0, from: 0 }]);
    await site.clock.advance(10_000);
    expect(site.position('a')).toMatchObject({ offset: 20, next: 20 });
  });
});

describe('RULES 5: the positions of a known subscription are gone', () => {
  test('it resumes at the start of the log, and that is said', async () => {
    const ids = await stage.publishMany('e', 20);
    site.log.truncate(partition, 5);
    await stage.untilOffered(await stage.attach('a', 'known'), ids.slice(5));
    expect(site.messages('positions.lost')).toEqual([{ subscription: 'a' }]);
  });

  test('nothing is said of new subscriptions, new partitions and positions that are there', async () => {
    await stage.attach('new');
    site.setPosition('known', 0);
    await stage.attach('known', 'known');
    await site.log.addPartition(TOPIC, 1);
    expect(site.logged).toEqual([]);
  });

  test('a position that cannot be read counts from its lowest unsettled event on, and that is said', async () => {
    const ids = await stage.publishMany('e', 20);
    site.setPosition('a', 5, { holes: 'written by somebody else' });
    await stage.untilOffered(await stage.attach('a', 'known'), ids.slice(5));
    expect(site.messages('position.unreadable')).toMatchObject([{ feedId: 'a', partition: 0, from: 5 }]);
  });
});

describe('RULES 9: an attempt is made only by the owner', () => {
  test('not while the lease may be lost, and again when it holds', async () => {
    const outlet = await stage.attach('a', 'new', { settles: false });
    await stage.publish('1');
    await stage.untilOffered(outlet, ['1']);
    const { feed } = outlet.offered[0]!;
    site.log.holdsLease = false;
    expect(feed.mayAttempt()).toBe(false);
    site.log.holdsLease = true;
    expect(feed.mayAttempt()).toBe(true);
  });

  test('not from the moment a partition is revoked, before its positions are committed', async () => {
    const outlet = await stage.attach('a', 'new', { settles: false });
    await stage.untilOffered(outlet, await stage.publishMany('e', 3));
    outlet.settle(outlet.offered[0]!);
    const revoked = site.broker.revoked([partition], 'planned');
    expect(outlet.offered.map(({ feed }) => feed.mayAttempt())).toEqual([false, false, false]);
    await revoked;
    expect(site.position('a')).toEqual({
      offset: 1,
      next: 3,
      holes: [
        [1, 0],
        [2, 0],
      ],
    });
    expect(outlet.offered[1]!.feed.mayAttempt()).toBe(false);
  });

  test('PITFALLS 21: a revoked partition offers nothing more; what settles late moves no position', async () => {
    const outlet = await stage.attach('a', 'new', { settles: false });
    await stage.untilOffered(outlet, await stage.publishMany('e', 3));
    await site.broker.revoked([partition], 'planned');
    for (const delivery of outlet.offered) outlet.settle(delivery);
    await stage.publishMany('after', 3);
    await site.clock.advance(60_000);
    expect(outlet.offered).toHaveLength(3);
    expect(site.position('a')).toMatchObject({ offset: 0 });
  });

  test('PITFALLS 21: a partition that comes back is read from the positions that are durable', async () => {
    const outlet = await stage.attach('a', 'new', { settles: false });
    const ids = await stage.publishMany('e', 3);
    await stage.untilOffered(outlet, ids);
    await site.broker.revoked([partition], 'planned');
    // Another owner was at work meanwhile.
    site.setPosition('a', 2);
    await stage.publish('after');
    await site.broker.assigned([partition]);
    await stage.untilOffered(outlet, [...ids, 'e2', 'after']);
  });

  test('of several partitions only the revoked one is let go', async () => {
    await site.log.addPartition(TOPIC, 1);
    const outlet = await stage.attach('a');
    await site.broker.revoked([partition], 'planned');
    await stage.publishMany('e', 40);
    const kept = site.storage
      .of({ topic: TOPIC, partition: 1 })
      .records.map(({ headers }) => headers['eventId']!);
    expect(kept.length).toBeGreaterThan(0);
    await stage.untilOffered(outlet, kept);
    expect(stage.broker.status('a')?.positions).toEqual({ [`${TOPIC}:1`]: kept.length });
  });
});

describe('a new partition', () => {
  test('is read from its beginning by everybody who is there, and has its position committed', async () => {
    const [a, full] = [await stage.attach('a'), await stage.attach('full', 'new', { room: 0 })];
    await site.log.addPartition(TOPIC, 1);
    const ids = await stage.publishMany('e', 40);
    await stage.untilOffered(a, ids);
    full.give(100);
    await stage.untilOffered(full, ids);
    await site.clock.advance(10_000);
    const ends = [0, 1].map((number) => site.storage.of({ topic: TOPIC, partition: number }).records.length);
    expect([0, 1].map((number) => site.position('a', number)?.offset)).toEqual(ends);
  });
});
