import type { GivenStage } from './broker-stage.ts';

/** A delivery leaves the broker's responsibility only by `settle`. */
export function settling(given: GivenStage): void {
  test('PITFALLS 9 and 20: what was not settled is offered again after a crash', async () => {
    const stage = given();
    const outlet = await stage.attach('a', 'new', { settles: false });
    const ids = await stage.publishMany('e', 50);
    await stage.untilOffered(outlet, ids);
    await stage.crash();
    await stage.untilOffered(await stage.attach('a', 'known'), ids);
  });

  test('PITFALLS 2: with the number of attempts that was last reported', async () => {
    const stage = given();
    const outlet = await stage.attach('a', 'new', { settles: false });
    const ids = await stage.publishMany('e', 20);
    await stage.untilOffered(outlet, ids);
    const attempts: Record<string, number> = {};
    for (const [i, delivery] of outlet.offered.entries()) {
      expect(delivery).toMatchObject({ attempts: 0, replay: false, history: undefined });
      attempts[delivery.event.id] = delivery.attempts = i % 4;
      delivery.feed.attempted(delivery);
    }
    await stage.broker.stop();
    await stage.crash();
    const again = await stage.attach('a', 'known', { settles: false });
    await stage.untilOffered(again, ids);
    expect(Object.fromEntries(again.offered.map((one) => [one.event.id, one.attempts]))).toEqual(attempts);
  });

  test('PITFALLS 4 and 6: the position never passes an unsettled event, and what is settled ahead stays settled', async () => {
    const stage = given();
    const outlet = await stage.attach('a', 'new', { settles: false });
    await stage.untilOffered(outlet, await stage.publishMany('e', 60));
    const open = outlet.offered.filter((_, i) => i % 7 === 3);
    for (const delivery of outlet.offered) if (!open.includes(delivery)) outlet.settle(delivery);
    await stage.broker.stop();
    await stage.crash();
    const again = await stage.attach('a', 'known');
    const openIds = open.map(({ event }) => event.id);
    await stage.untilOffered(again, [...openIds, ...(await stage.publishMany('after', 20))]);
  });

  test('PITFALLS 10: a settlement becomes durable by itself, soon', async () => {
    const stage = given();
    await stage.untilOffered(await stage.attach('a'), await stage.publishMany('e', 20));
    let pause = 0;
    await stage.until(async () => {
      // A little longer each time, so that however often it commits, it is given the time for it once.
      pause += 20;
      let looks = 0;
      await stage.until(() => ++looks > pause);
      await stage.crash();
      const again = await stage.attach('a', 'known');
      await stage.publishMany('after', 20);
      await stage.until(() => again.offered.length >= 20);
      return again.ids.every((id) => !id.startsWith('e'));
    });
  });

  test('PITFALLS 21: two lives of one subscription are two: the old one settles nothing of the new', async () => {
    const stage = given();
    const outlet = await stage.attach('a', 'new', { settles: false });
    await stage.publish('1');
    await stage.untilOffered(outlet, ['1']);
    await stage.crash();
    const again = await stage.attach('a', 'known', { settles: false });
    await stage.untilOffered(again, ['1']);
    outlet.settle(outlet.offered[0]!);
    await stage.broker.stop();
    await stage.crash();
    await stage.untilOffered(await stage.attach('a', 'known'), ['1']);
  });

  test('RULES 16: what was evicted is offered again with its attempts, without what is held', async () => {
    const stage = given();
    const outlet = await stage.attach('a', 'new', { settles: false });
    const ids = await stage.publishMany('e', 30, { key: 'k' });
    await stage.untilOffered(outlet, ids);
    const evicted = outlet.offered.slice(10, 20);
    for (const delivery of evicted) {
      delivery.attempts = 2;
      delivery.feed.attempted(delivery);
      outlet.evict(delivery);
    }
    const evictedIds = evicted.map(({ event }) => event.id);
    await stage.untilOffered(outlet, [...ids, ...evictedIds]);
    expect(outlet.offered.slice(30)).toMatchObject(evictedIds.map((id) => ({ attempts: 2, event: { id } })));
    await stage.publish('after');
    await stage.untilOffered(outlet, [...ids, ...evictedIds, 'after']);
  });

  test('RULES 16: evicted without room, it comes when there is room; others go on meanwhile', async () => {
    const stage = given();
    const outlet = await stage.attach('a', 'new', { settles: false, room: 10 });
    const other = await stage.attach('b');
    const ids = await stage.publishMany('e', 20, { key: 'k' });
    await stage.until(() => outlet.offered.length === 10 && other.offered.length === 20);
    for (const delivery of outlet.offered) outlet.evict(delivery);
    await stage.publish('after', { key: 'k' });
    await stage.untilOffered(other, [...ids, 'after']);
    expect(outlet.offered).toHaveLength(10);
    outlet.give(100);
    await stage.untilOffered(outlet, [...ids.slice(0, 10), ...ids, 'after']);
    expect(outlet.ids.slice(10)).toEqual([...ids, 'after']);
  });

  test('quiesce offers nothing more, and settlements are still taken', async () => {
    const stage = given();
    const outlet = await stage.attach('a', 'new', { settles: false });
    const ids = await stage.publishMany('e', 20);
    await stage.untilOffered(outlet, ids);
    stage.broker.quiesce();
    const after = await stage.publishMany('after', 20);
    const fresh = await stage.publish('fresh', { topic: stage.newTopic }).then(
      () => ['fresh'],
      () => [],
    );
    const open = outlet.offered.slice(15);
    for (const delivery of outlet.offered.slice(0, 15)) {
      expect(delivery.feed.mayAttempt()).toBe(true);
      outlet.settle(delivery);
    }
    await stage.broker.stop();
    expect(outlet.offered).toHaveLength(20);
    await stage.crash();
    const owed = [...open.map(({ event }) => event.id), ...after, ...fresh];
    await stage.untilOffered(await stage.attach('a', 'known'), owed);
  });
}
