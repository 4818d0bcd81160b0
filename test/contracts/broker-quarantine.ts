import type { GivenStage } from './broker-stage.ts';

/** What cannot be read as an event is passed once its dead letter is durable, and not before. */
export function quarantine(given: GivenStage): void {
  test('an unreadable record is passed once its quarantine is durable, and the next follow', async () => {
    const stage = given();
    const outlet = await stage.attach('a');
    await stage.publish('1');
    const at = await stage.publish('unreadable', { unreadable: true });
    await stage.publish('2');
    await stage.until(() => stage.intake.quarantines.length === 1);
    await stage.nextMoment();
    expect(outlet.ids).not.toContain('2');
    if (stage.broker.capabilities.sharedLog) expect(stage.broker.settled('a', at)).toBe(false);
    stage.intake.quarantines[0]!.done();
    await stage.untilOffered(outlet, ['1', '2']);
    if (stage.broker.capabilities.sharedLog) expect(stage.broker.settled('a', at)).toBe(true);
    expect(stage.intake.quarantines).toHaveLength(1);
  });

  test('after a crash it is quarantined again if it was not durable before', async () => {
    const stage = given();
    await stage.attach('a');
    await stage.publish('unreadable', { unreadable: true });
    await stage.publish('next');
    await stage.until(() => stage.intake.quarantines.length === 1);
    await stage.crash();
    const again = await stage.attach('a', 'known');
    await stage.until(() => stage.intake.quarantines.length === 1);
    expect(stage.intake.quarantines[0]!.eventId).toBe('unreadable');
    stage.intake.quarantines[0]!.done();
    await stage.untilOffered(again, ['next']);
  });

  test('stop does not wait for one that cannot be made durable, and passes nothing', async () => {
    const stage = given();
    const outlet = await stage.attach('a');
    await stage.publish('unreadable', { unreadable: true });
    await stage.publish('next');
    await stage.until(() => stage.intake.quarantines.length === 1);
    await stage.broker.stop();
    expect(outlet.offered).toEqual([]);
    await stage.crash();
    const again = await stage.attach('a', 'known');
    await stage.until(() => stage.intake.quarantines.length === 1);
    stage.intake.quarantines[0]!.done();
    await stage.untilOffered(again, ['next']);
  });

  test('RULES 2: who attaches while a quarantine is under way misses nothing', async () => {
    const stage = given();
    const first = await stage.attach('first');
    // Matched before the quarantine, when nobody knew of the late one.
    await Promise.all([stage.publish('before'), stage.publish('unreadable', { unreadable: true })]);
    await stage.until(() => stage.intake.quarantines.length === 1);
    const late = await stage.attach('late', 'known');
    await stage.publish('after');
    await stage.until(() => {
      for (const quarantine of stage.intake.quarantines) quarantine.done();
      return first.offered.length >= 2;
    });
    // Without a position it starts at the beginning, which is where the others stand.
    const owed = stage.broker.capabilities.sharedLog ? ['before', 'after'] : ['after'];
    await stage.untilOffered(late, owed);
  });
}
