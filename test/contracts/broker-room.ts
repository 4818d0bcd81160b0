import type { GivenStage } from './broker-stage.ts';

/** Records are pulled: one without room waits in the broker and holds up nobody else. */
export function room(given: GivenStage): void {
  test('an outlet that says no gets nothing, the others get all; after roomAgain it gets the rest', async () => {
    const stage = given();
    const [full, free] = [await stage.attach('full', 'new', { room: 0 }), await stage.attach('free')];
    const ids = await stage.publishMany('e', 500);
    await stage.untilOffered(free, ids);
    expect(full.offered).toEqual([]);
    full.give(3);
    await stage.until(() => full.offered.length === 3);
    await stage.untilOffered(free, [...ids, ...(await stage.publishMany('more', 50))]);
    expect(full.offered).toHaveLength(3);
    full.give(1_000);
    await stage.untilOffered(full, free.ids);
  });

  test('a lone outlet with room for one at a time gets everything', async () => {
    const stage = given();
    const outlet = await stage.attach('a', 'new', { room: 1 });
    const ids = await stage.publishMany('e', 100);
    for (let taken = 1; taken < ids.length; taken++) {
      await stage.until(() => outlet.offered.length === taken);
      outlet.give(1);
    }
    await stage.untilOffered(outlet, ids);
  });

  test('events for others pass one without room that does not want them', async () => {
    const stage = given();
    const full = await stage.attach('full', 'new', { room: 0 });
    const other = await stage.attach('other');
    await stage.publish('not wanted', { to: ['other'] });
    await stage.untilOffered(other, ['not wanted']);
    full.give(1);
    await stage.publish('wanted', { to: ['full'] });
    await stage.untilOffered(full, ['wanted']);
  });

  test('one that is full holds up nobody who attaches later', async () => {
    const stage = given();
    const full = await stage.attach('full', 'new', { room: 0 });
    const before = await stage.publishMany('before', 50);
    const late = await stage.attach('late');
    const after = await stage.publishMany('after', 50);
    await stage.untilOffered(late, after);
    full.give(1_000);
    await stage.untilOffered(full, [...before, ...after]);
  });

  test('one that is full holds up nobody who comes from behind', async () => {
    const stage = given();
    await stage.attach('ahead', 'new', { settles: false });
    const ids = await stage.publishMany('e', 50);
    await stage.untilOffered(stage.outlet('ahead'), ids);
    for (const delivery of stage.outlet('ahead').offered) stage.outlet('ahead').settle(delivery);
    await stage.broker.stop();
    await stage.crash();
    const ahead = await stage.attach('ahead', 'known', { room: 0 });
    const held = await stage.publishMany('held', 20);
    const known = await stage.attach('behind', 'known');
    const owed = stage.broker.capabilities.sharedLog ? [...ids, ...held] : [];
    await stage.untilOffered(known, [...owed, ...(await stage.publishMany('after', 20))]);
    expect(ahead.offered).toEqual([]);
  });

  test('after a restart, one with a long backlog and little room holds up nobody at the end', async () => {
    const stage = given();
    const slow = await stage.attach('slow', 'new', { room: 0 });
    const quick = await stage.attach('quick');
    const ids = await stage.publishMany('e', 300);
    await stage.untilOffered(quick, ids);
    expect(slow.offered).toEqual([]);
    await stage.broker.stop();
    await stage.crash();
    const slowAgain = await stage.attach('slow', 'known', { room: 5 });
    await stage.until(() => slowAgain.offered.length === 5);
    const quickAgain = await stage.attach('quick', 'known');
    const more = await stage.publishMany('more', 50);
    await stage.untilOffered(quickAgain, more);
    expect(slowAgain.offered).toHaveLength(5);
    slowAgain.give(1_000);
    await stage.untilOffered(slowAgain, [...ids, ...more]);
  });

  test('PITFALLS 13: many full ones are served in turn as they get room, and freeze nobody', async () => {
    const stage = given();
    const names = Array.from({ length: 50 }, (_, i) => `full${i}`);
    const full = await Promise.all(names.map((name) => stage.attach(name, 'new', { room: 0 })));
    const free = await stage.attach('free');
    const ids = await stage.publishMany('e', 200);
    await stage.untilOffered(free, ids);
    for (const [i, outlet] of full.entries()) outlet.give(i);
    await stage.until(() => full.every((outlet, i) => outlet.offered.length === i));
    for (const outlet of full) outlet.give(1_000);
    for (const outlet of full) await stage.untilOffered(outlet, ids);
  });

  test('a record that an outlet throws at is not lost to the others, and comes to nothing worse', async () => {
    const stage = given();
    const [a, b, c] = [await stage.attach('a'), await stage.attach('b'), await stage.attach('c')];
    b.failOnce = new Error('made for the test');
    const ids = await stage.publishMany('e', 20);
    await stage.untilOffered(a, ids);
    await stage.untilOffered(c, ids);
  });
}
