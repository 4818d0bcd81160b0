import type { GivenStage } from './broker-stage.ts';

/** What can be asked of a broker at any time. */
export function looking(given: GivenStage): void {
  test('health is good while the broker is', async () => {
    expect(given().broker.health()).toEqual({ ok: true });
  });

  test('status of nobody is undefined', async () => {
    expect(given().broker.status('nobody')).toBeUndefined();
  });

  test('what was offered was let in', async () => {
    const stage = given();
    const outlet = await stage.attach('a');
    const at = await stage.publish('1');
    await stage.untilOffered(outlet, ['1']);
    expect(stage.broker.letsIn('a', at)).toBe(true);
  });

  test('lag counts what is behind the position, and is 0 at the head', async () => {
    const stage = given();
    const outlet = await stage.attach('a', 'new', { settles: false });
    await stage.attach('other');
    expect(stage.broker.status('a')).toMatchObject({ lag: 0, lost: 0, oldestUnsettled: undefined });
    await stage.untilOffered(outlet, await stage.publishMany('e', 20, { key: 'k' }));
    await stage.until(() => stage.broker.status('a')?.lag === 20);
    for (const delivery of outlet.offered.slice(1)) outlet.settle(delivery);
    if (stage.broker.capabilities.sharedLog) expect(stage.broker.status('a')).toMatchObject({ lag: 20 });
    outlet.settle(outlet.offered[0]!);
    await stage.publishMany('not wanted', 20, { to: ['other'] });
    await stage.until(() => stage.broker.status('a')?.lag === 0);
    expect(stage.broker.status('a')).toMatchObject({ lost: 0, oldestUnsettled: undefined });
  });

  test('oldestUnsettled is the time of the oldest that is not settled, held or held up', async () => {
    const stage = given();
    const outlet = await stage.attach('a', 'new', { settles: false, room: 1 });
    await stage.publish('1');
    await stage.nextMoment();
    await stage.publish('2');
    await stage.untilOffered(outlet, ['1']);
    const first = outlet.offered[0]!;
    await stage.until(() => stage.broker.status('a')?.oldestUnsettled === first.record.timestamp);
    outlet.settle(first);
    await stage.until(() => (stage.broker.status('a')?.oldestUnsettled ?? 0) > first.record.timestamp);
    outlet.give(1);
    await stage.untilOffered(outlet, ['1', '2']);
    outlet.settle(outlet.offered[1]!);
    await stage.until(() => stage.broker.status('a')?.oldestUnsettled === undefined);
  });

  test('oldestUnsettled speaks of a full one also after a restart', async () => {
    const stage = given();
    await stage.attach('full', 'new', { room: 0 });
    const free = await stage.attach('free');
    await stage.publish('1');
    await stage.untilOffered(free, ['1']);
    await stage.broker.stop();
    await stage.crash();
    await stage.attach('free', 'known');
    await stage.attach('full', 'known', { room: 0 });
    await stage.until(
      () => stage.broker.status('full')?.oldestUnsettled === free.offered[0]!.record.timestamp,
    );
  });

  test('positions name the lowest unsettled offset of each partition', async () => {
    const stage = given();
    const outlet = await stage.attach('a', 'new', { settles: false });
    const at = await stage.publish('1');
    await stage.publish('2');
    await stage.untilOffered(outlet, ['1', '2']);
    if (!stage.broker.capabilities.sharedLog) {
      expect(stage.broker.status('a')?.positions).toEqual({});
      return;
    }
    const place = `${at.topic}:${at.partition}`;
    expect(stage.broker.status('a')?.positions).toMatchObject({ [place]: at.offset });
    outlet.settle(outlet.offered[1]!);
    expect(stage.broker.status('a')?.positions).toMatchObject({ [place]: at.offset });
    outlet.settle(outlet.offered[0]!);
    await stage.until(() => (stage.broker.status('a')?.positions[place] ?? 0) > at.offset!);
  });

  test('settled says which records are done, ahead of the position too', async () => {
    const stage = given();
    const before = await stage.publish('before');
    const outlet = await stage.attach('a', 'new', { settles: false });
    const places = [await stage.publish('1'), await stage.publish('2')];
    await stage.untilOffered(outlet, ['1', '2']);
    const all = () => [before, ...places].map((place) => stage.broker.settled('a', place));
    if (!stage.broker.capabilities.sharedLog) {
      expect(all()).toEqual([undefined, undefined, undefined]);
      return;
    }
    expect(all()).toEqual([true, false, false]);
    outlet.settle(outlet.offered[1]!);
    expect(all()).toEqual([true, false, true]);
    outlet.settle(outlet.offered[0]!);
    expect(all()).toEqual([true, true, true]);
    expect(stage.broker.settled('nobody', before)).toBeUndefined();
  });

  test('find gives records by event id or correlation id, oldest first', async () => {
    const stage = given();
    const at = await stage.publish('1', { key: 'same', correlationId: 'c', value: Buffer.from('kept') });
    await stage.publish('2', { key: 'same', correlationId: 'other' });
    await stage.publish('3', { key: 'same', correlationId: 'c' });
    await stage.publish('3', { key: 'same', correlationId: 'c' });
    const find = async (by: { eventId: string } | { correlationId: string }, limit = 10) =>
      (await stage.broker.find(by, limit)).map(({ headers }) => headers['eventId']);
    if (!stage.broker.capabilities.indexed) {
      expect(await find({ eventId: '1' })).toEqual([]);
      return;
    }
    const [record] = await stage.broker.find({ eventId: '1' }, 10);
    expect(record).toMatchObject({ source: at, key: 'same' });
    expect(Buffer.from(record!.value).toString()).toBe('kept');
    expect(await find({ correlationId: 'c' })).toEqual(['1', '3', '3']);
    expect(await find({ correlationId: 'c' }, 2)).toEqual(['1', '3']);
    expect(await find({ eventId: '3' })).toEqual(['3', '3']);
    expect(await find({ eventId: 'c' })).toEqual([]);
    expect(await find({ correlationId: '1' })).toEqual([]);
  });

  test('PITFALLS 25: what retention took before it was delivered is counted, and the rest goes on', async () => {
    const stage = given();
    if (!stage.retire) {
      expect(stage.broker.capabilities.sharedLog).toBe(false);
      return;
    }
    const slow = await stage.attach('slow', 'new', { room: 1, settles: false });
    const quick = await stage.attach('quick');
    const gone = await stage.publishMany('gone', 20, { key: 'k' });
    await stage.until(() => slow.offered.length === 1 && quick.offered.length === 20);
    expect(stage.broker.retentionHeadroomSeconds() ?? Infinity).toBeGreaterThan(0);
    await stage.retire();
    const kept = await stage.publishMany('kept', 20, { key: 'k' });
    slow.give(1_000);
    await stage.untilOffered(slow, [gone[0]!, ...kept]);
    await stage.untilOffered(quick, [...gone, ...kept]);
    expect(stage.broker.status('slow')?.lost).toBe(19);
    expect(stage.broker.status('quick')?.lost).toBe(0);
    for (const delivery of slow.offered) slow.settle(delivery);
    await stage.until(() => stage.broker.status('slow')?.lag === 0);
    expect(stage.broker.status('slow')?.oldestUnsettled).toBeUndefined();
    expect(stage.broker.retentionHeadroomSeconds()).toBeUndefined();
  });
}
