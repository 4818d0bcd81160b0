import type { TestOutlet } from './broker-outlet.ts';
import type { GivenStage, Stage } from './broker-stage.ts';

/** RULES 14: a replay is a durable job with a cursor of its own, no part of the live position. */
export function replaying(given: GivenStage): void {
  /** A subscription that has had `old0` to `old19`, then, a moment later, `new0` to `new19`. */
  async function past(): Promise<{
    stage: Stage;
    outlet: TestOutlet;
    between: string;
    old: string[];
    recent: string[];
  }> {
    const stage = given();
    const outlet = await stage.attach('a');
    const old = await stage.publishMany('old', 20);
    await stage.untilOffered(outlet, old);
    const between = await stage.nextMoment();
    const recent = await stage.publishMany('new', 20);
    await stage.untilOffered(outlet, [...old, ...recent]);
    return { stage, outlet, between, old, recent };
  }

  const EVER = '2000-01-01T00:00:00.000Z';

  test('from a time on, up to what was there when it was asked for', async () => {
    const { stage, outlet, between, old, recent } = await past();
    const other = await stage.attach('other');
    await stage.replay('a', { from: { time: between } });
    await stage.untilReplayed(outlet, recent);
    const later = await stage.publishMany('later', 20);
    await stage.untilOffered(outlet, [...old, ...recent, ...later]);
    await stage.untilOffered(other, later);
    expect(outlet.replayedIds).toHaveLength(20);
    expect(other.replayed).toEqual([]);
    expect(outlet.replayed.every(({ replay, attempts }) => replay && attempts === 0)).toBe(true);
  });

  test('up to a time', async () => {
    const { stage, outlet, between, old } = await past();
    await stage.replay('a', { from: { time: EVER }, to: between });
    await stage.untilReplayed(outlet, old);
  });

  test('from an event on', async () => {
    const stage = given();
    const outlet = await stage.attach('a');
    const ids = await stage.publishMany('e', 20, { key: 'k' });
    await stage.untilOffered(outlet, ids);
    await stage.replay('a', { from: { eventId: 'e12' } });
    await stage.untilReplayed(outlet, ids.slice(12));
    expect(outlet.replayedIds).toEqual(ids.slice(12));
  });

  test('from offsets on, in the partitions that are named', async () => {
    const { stage, outlet } = await past();
    const { topic, partition, offset } = outlet.offered[7]!.record.source;
    const range = { from: { offsets: { [`${topic}:${partition}`]: offset ?? 0 } } };
    if (!stage.broker.capabilities.sharedLog) {
      await expect(stage.replay('a', range)).rejects.toThrow();
      return;
    }
    await stage.replay('a', range);
    const wanted = outlet.offered.filter(
      ({ record: { source } }) =>
        source.topic === topic && source.partition === partition && source.offset! >= offset!,
    );
    await stage.untilReplayed(
      outlet,
      wanted.map(({ event }) => event.id),
    );
  });

  test('of one correlation id only', async () => {
    const stage = given();
    const outlet = await stage.attach('a');
    const mine = await stage.publishMany('mine', 10, { correlationId: 'c' });
    const others = await stage.publishMany('other', 10, { correlationId: 'd' });
    await stage.untilOffered(outlet, [...mine, ...others]);
    await stage.replay('a', { from: { time: EVER }, correlationId: 'c' });
    await stage.untilReplayed(outlet, mine);
    await stage.publish('witness');
    await stage.until(() => outlet.offered.length === 21);
    expect(outlet.replayed).toHaveLength(10);
  });

  test('of nothing is fine', async () => {
    const { stage, outlet } = await past();
    await stage.replay('a', { from: { time: '2999-01-01T00:00:00.000Z' } });
    await stage.replay('a', { from: { eventId: 'nothing' } });
    await stage.publish('witness');
    await stage.until(() => outlet.offered.length === 41);
    expect(outlet.replayed).toEqual([]);
  });

  test('leaves the live position alone', async () => {
    const { stage, outlet, old, recent } = await past();
    const before = stage.broker.status('a');
    outlet.settles = false;
    await stage.replay('a', { from: { time: EVER } });
    await stage.untilReplayed(outlet, [...old, ...recent]);
    expect(stage.broker.status('a')).toEqual(before);
    await stage.publish('live', { key: 'k' });
    await stage.until(() => outlet.offered.length === 41);
    for (const delivery of outlet.replayed) outlet.settle(delivery);
    await stage.broker.stop();
    await stage.crash();
    await stage.untilOffered(await stage.attach('a', 'known'), ['live']);
  });

  test('waits for room like everything else, and holds up nobody', async () => {
    const { stage, old, recent } = await past();
    const full = await stage.attach('full', 'new', { room: 0 });
    const other = await stage.attach('other');
    await stage.replay('full', { from: { time: EVER } });
    const live = await stage.publishMany('live', 20);
    await stage.untilOffered(other, live);
    expect(full.replayed).toEqual([]);
    full.give(1_000);
    await stage.untilReplayed(full, [...old, ...recent]);
    await stage.untilOffered(full, live);
  });

  test('goes on after a crash with what was not settled, and ends', async () => {
    const { stage, outlet, old, recent } = await past();
    outlet.settles = false;
    await stage.replay('a', { from: { time: EVER } });
    await stage.untilReplayed(outlet, [...old, ...recent]);
    for (const delivery of outlet.replayed.slice(0, 25)) outlet.settle(delivery);
    const rest = outlet.replayedIds.slice(25);
    await stage.broker.stop();
    await stage.crash();
    const again = await stage.attach('a', 'known');
    await stage.untilReplayed(again, rest);
    await stage.until(async () => {
      await stage.broker.stop();
      await stage.crash();
      const third = await stage.attach('a', 'known');
      const before = third.offered.length;
      await stage.publishMany('witness', 20);
      await stage.until(() => third.offered.length >= before + 20);
      return third.replayed.length === 0;
    });
  });

  test('goes on after a crash that came right after it was asked for', async () => {
    const { stage, old, recent } = await past();
    await stage.detach('a');
    const outlet = await stage.attach('a', 'new', { room: 0 });
    await stage.replay('a', { from: { time: EVER } });
    expect(outlet.replayed).toEqual([]);
    await stage.crash();
    await stage.untilReplayed(await stage.attach('a', 'known'), [...old, ...recent]);
  });

  test('RULES 16: of what was evicted is offered again', async () => {
    const { stage, outlet, old, recent } = await past();
    outlet.settles = false;
    await stage.replay('a', { from: { time: EVER } });
    await stage.untilReplayed(outlet, [...old, ...recent]);
    const evicted = outlet.replayed.slice(5, 15);
    for (const delivery of evicted) outlet.evict(delivery);
    await stage.untilReplayed(outlet, [...old, ...recent, ...evicted.map(({ event }) => event.id)]);
  });

  test('two at once are two', async () => {
    const { stage, outlet, recent, old, between } = await past();
    await Promise.all([
      stage.replay('a', { from: { time: between } }),
      stage.replay('a', { from: { time: EVER } }),
    ]);
    await stage.untilReplayed(outlet, [...recent, ...old, ...recent]);
  });

  test('ends with its subscription', async () => {
    const { stage, old, recent } = await past();
    await stage.attach('b', 'new', { room: 0 });
    await stage.replay('b', { from: { time: EVER } });
    await stage.detach('b');
    await stage.crash();
    const again = await stage.attach('b', 'new');
    await stage.publish('after');
    await stage.untilOffered(again, ['after']);
    expect(again.replayed).toEqual([]);
    await stage.replay('b', { from: { time: EVER } });
    await stage.untilReplayed(again, [...old, ...recent, 'after']);
  });
}
