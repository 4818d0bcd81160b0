import { Stage } from '../contracts/broker-stage.ts';
import { LogSite } from './log-site.ts';

let site: LogSite;
let stage: Stage;

beforeEach(async () => {
  site = new LogSite();
  stage = new Stage(site);
  await stage.start();
});

afterEach(() => stage.close());

describe('subscriptions that come while a stretch is being matched', () => {
  test('RULES 2: get it matched for them too, at the head', async () => {
    const first = await stage.attach('first');
    await stage.publish('unreadable', { unreadable: true });
    const ids = await stage.publishMany('e', 20);
    await stage.until(() => stage.intake.quarantines.length === 1);
    // Behind the stretch that is being read, so it joins the head in the middle of that.
    site.setPosition('late', 0);
    const late = await stage.attach('late', 'known');
    stage.intake.quarantines[0]!.done();
    await stage.until(() => {
      for (const { done } of stage.intake.quarantines) done();
      return first.offered.length === ids.length;
    });
    await stage.untilOffered(late, ids);
  });

  test('RULES 2: get it matched for them too, among the laggards', async () => {
    await stage.attach('first');
    await stage.publish('unreadable', { unreadable: true });
    const ids = await stage.publishMany('e', 20);
    await stage.until(() => stage.intake.quarantines.length === 1);
    stage.intake.quarantines[0]!.done();
    await stage.untilOffered(stage.outlet('first'), ids);
    site.setPosition('laggard', 0);
    const laggard = await stage.attach('laggard', 'known');
    await stage.until(() => stage.intake.quarantines.length === 2);
    site.setPosition('late', 0);
    const late = await stage.attach('late', 'known');
    await stage.until(() => {
      for (const { done } of stage.intake.quarantines) done();
      return laggard.offered.length === ids.length;
    });
    await stage.untilOffered(late, ids);
  });
});

describe('promise 6: cost follows deliveries', () => {
  test('each record is read and matched once for all that stand at the head', async () => {
    const outlets = await Promise.all(Array.from({ length: 20 }, (_, i) => stage.attach(`s${i}`)));
    const ids = await stage.publishMany('e', 200);
    for (const outlet of outlets) await stage.untilOffered(outlet, ids);
    expect(stage.intake.routed).toBe(200);
  });

  test('laggards that stand near each other share what is read for them', async () => {
    const ahead = await stage.attach('ahead');
    const slow = await Promise.all(
      Array.from({ length: 20 }, (_, i) => stage.attach(`s${i}`, 'new', { room: 0 })),
    );
    const ids = await stage.publishMany('e', 200);
    await stage.untilOffered(ahead, ids);
    for (const outlet of slow) outlet.give(1_000);
    for (const outlet of slow) await stage.untilOffered(outlet, ids);
    // Once at the head, and a few times for the laggards: not once for each of them.
    expect(stage.intake.routed).toBeLessThan(200 * 4);
  });

  test('one event for one of 1,000 subscriptions touches no other position', async () => {
    await Promise.all(Array.from({ length: 1_000 }, (_, i) => stage.attach(`s${i}`)));
    const before = new Map(site.storage.positions);
    await stage.publish('1', { to: ['s7'] });
    await stage.untilOffered(stage.outlet('s7'), ['1']);
    await site.clock.advance(300);
    const changed = [...site.storage.positions].filter(([name, position]) => before.get(name) !== position);
    expect(changed.map(([, { subscriptionId }]) => subscriptionId)).toEqual(['s7']);
  });
});

describe('a log that cannot be read', () => {
  test('is tried again until it can, and nothing is missed', async () => {
    const outlet = await stage.attach('a');
    const read = site.log.read.bind(site.log);
    let failures = 0;
    site.log.read = async (...args) => {
      await read(...args);
      if (failures++ < 5) throw new Error('the disk is slow to wake');
      return read(...args);
    };
    const ids = [...(await stage.publishMany('e', 20)), ...(await stage.publishMany('f', 20))];
    await stage.untilOffered(outlet, ids);
    await stage.untilOffered(outlet, [...ids, ...(await stage.publishMany('g', 20))]);
    expect(site.messages('partition.read-failed').length).toBeGreaterThanOrEqual(5);
  });
});
