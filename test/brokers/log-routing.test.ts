import type { TestOutlet } from '../contracts/broker-outlet.ts';
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

/** Events that are matched, followed in the same stretch by a record whose quarantine takes its time. */
async function publishBeforeQuarantine(): Promise<string[]> {
  const [ids] = await Promise.all([
    stage.publishMany('e', 20),
    stage.publish('unreadable', { unreadable: true }),
  ]);
  return ids;
}

async function untilQuarantined(done: () => boolean): Promise<void> {
  await stage.until(() => {
    for (const quarantine of stage.intake.quarantines) quarantine.done();
    return done();
  });
}

describe('subscriptions that come while a stretch is being matched', () => {
  test('RULES 2: get it matched for them too, at the head', async () => {
    const first = await stage.attach('first');
    const ids = await publishBeforeQuarantine();
    await stage.until(() => stage.intake.quarantines.length === 1);
    // At the place that is being read, so it joins the head in the middle of that.
    site.setPosition('late', 0);
    const late = await stage.attach('late', 'known');
    await untilQuarantined(() => first.offered.length === ids.length);
    await stage.untilOffered(late, ids);
  });

  test('RULES 2: get it matched for them too, among the laggards', async () => {
    const first = await stage.attach('first');
    const ids = await publishBeforeQuarantine();
    await untilQuarantined(() => first.offered.length === ids.length);
    const before = stage.intake.quarantines.length;
    site.setPosition('laggard', 0);
    const laggard = await stage.attach('laggard', 'known');
    await stage.until(() => stage.intake.quarantines.length > before);
    site.setPosition('late', 0);
    const late = await stage.attach('late', 'known');
    await untilQuarantined(() => laggard.offered.length === ids.length);
    await stage.untilOffered(late, ids);
  });

  test('RULES 2: join the head when it comes to where they stand, with nobody else to wake it', async () => {
    const first = await stage.attach('first');
    site.faults.latency = () => 50;
    await stage.publishMany('e', 1_000);
    const attached = stage.attach('late');
    await pass(500);
    const late = await attached;
    expect(first.offered.length).toBeLessThan(1_000);
    await stage.until(() => first.offered.length === 1_000);
    await stage.publish('after');
    await stage.untilOffered(late, ['after']);
  });

  test('that are detached before they are attached get nothing', async () => {
    const first = await stage.attach('first');
    site.setPosition('late', 0);
    site.faults.latency = () => 5;
    const attached = stage.attach('late', 'known');
    const detached = stage.broker.detach('late');
    await pass(1_000);
    await Promise.all([attached, detached]);
    site.faults.latency = () => 0;
    await stage.untilOffered(first, await stage.publishMany('e', 20));
    expect(stage.outlet('late').offered).toEqual([]);
  });

  const pass = (ms: number): Promise<void> => site.clock.advance(ms);
});

describe('an event that was owed, and that nobody wants any more after a restart, is passed', () => {
  beforeEach(async () => {
    const outlet = await stage.attach('a', 'new', { settles: false });
    await stage.untilOffered(outlet, await stage.publishMany('e', 5, { key: 'k' }));
    outlet.settle(outlet.offered[4]!);
    await stage.broker.stop();
    await stage.crash(async () => void stage.intake.unwanted.add('e2'));
  });

  test('by one that is alone', async () => {
    await comesToTheEnd(await stage.attach('a', 'known'));
  });

  test('by one that is behind another', async () => {
    await stage.attach('another');
    await comesToTheEnd(await stage.attach('a', 'known'));
  });

  test('by one that is left behind where it has no room', async () => {
    const outlet = await stage.attach('a', 'known', { room: 2 });
    await stage.until(() => outlet.offered.length === 2);
    await stage.attach('another');
    await stage.publish('for another', { to: ['another'] });
    await stage.untilOffered(stage.outlet('another'), ['for another']);
    outlet.give(10);
    await comesToTheEnd(outlet);
  });

  async function comesToTheEnd(outlet: TestOutlet): Promise<void> {
    await stage.untilOffered(outlet, ['e0', 'e1', 'e3']);
    await site.clock.advance(10_000);
    const end = site.log.knownEnd({ topic: TOPIC, partition: 0, topicId: '' });
    expect(site.position('a')).toEqual({ offset: end, next: end, holes: [] });
  }
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
    // Back at the head, they read no more for themselves.
    const before = stage.intake.routed;
    for (let i = 0; i < 50; i++) {
      await stage.publish(`more${i}`);
      await stage.until(() => slow.every(({ offered }) => offered.length === 201 + i));
    }
    expect(stage.intake.routed).toBe(before + 50);
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
  test('is tried again until it can, nothing is missed, and why it cannot is said once each time', async () => {
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
    expect(site.messages('partition.read-failed')).toHaveLength(1);
    ids.push(...(await stage.publishMany('g', 20)));
    await stage.untilOffered(outlet, ids);
    failures = 0;
    ids.push(...(await stage.publishMany('h', 20)));
    await stage.untilOffered(outlet, ids);
    expect(site.messages('partition.read-failed')).toHaveLength(2);
  });
});
