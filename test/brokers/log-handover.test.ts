import type { Partition } from '../../src/brokers/log/log.ts';
import { Stage } from '../contracts/broker-stage.ts';
import type { TestOutlet } from '../contracts/broker-outlet.ts';
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

/** An outlet that holds three events, and whose releases last until told; `graces` are those it was given. */
async function holding(id = 'a') {
  const outlet = await stage.attach(id, 'new', { settles: false });
  await stage.untilOffered(outlet, await stage.publishMany(id, 3, { to: [id] }));
  const graces: number[] = [];
  const released = Promise.withResolvers<undefined>();
  outlet.whenReleased = (_feed, graceMs) => {
    graces.push(graceMs);
    return released.promise;
  };
  return { outlet, graces, end: () => released.resolve(undefined) };
}

function revoke(how: 'planned' | 'lost') {
  const revocation = { isOver: false, done: Promise.resolve() };
  revocation.done = site.broker.revoked([partition], how).then(() => void (revocation.isOver = true));
  return revocation;
}

const settle = (outlet: TestOutlet, nth: number): void => outlet.settle(outlet.offered[nth]!);

describe('PITFALLS 21: a planned revocation', () => {
  test('waits for what is in work, and commits what was settled meanwhile', async () => {
    const { outlet, graces, end } = await holding();
    const revocation = revoke('planned');
    await site.clock.advance(100);
    expect(graces).toEqual([1_000]);
    expect(revocation.isOver).toBe(false);
    expect(outlet.offered.map(({ feed }) => feed.mayAttempt())).toEqual([false, false, false]);
    settle(outlet, 0);
    settle(outlet, 2);
    end();
    await revocation.done;
    expect(site.position('a')).toEqual({ offset: 1, next: 3, holes: [[1, 0]] });
  });

  test('asks those only that have something in memory, and waits for nobody when nobody has', async () => {
    const idle = await stage.attach('idle');
    const { graces, end } = await holding();
    idle.whenReleased = () => Promise.reject(new Error('it has nothing'));
    end();
    await revoke('planned').done;
    expect(graces).toHaveLength(1);
    await site.broker.assigned([partition]);
    await stage.untilOffered(idle, await stage.publishMany('i', 3, { to: ['idle'] }));
    const began = site.clock.now();
    await site.broker.detach('a');
    await revoke('planned').done;
    expect(site.clock.now()).toBe(began);
  });

  test('offers nothing from its first moment on, wherever the reader stands', async () => {
    const outlet = await stage.attach('a', 'new', { settles: false });
    for (let microtasks = 0; microtasks < 40; microtasks++) {
      await stage.publish(`e${microtasks}`);
      for (let i = 0; i < microtasks; i++) await Promise.resolve();
      const before = outlet.ids;
      await revoke('planned').done;
      await site.clock.advance(1_000);
      expect(outlet.ids).toEqual(before);
      await site.broker.assigned([partition]);
      await stage.until(() => outlet.offered.at(-1)?.event.id === `e${microtasks}`);
      outlet.forget();
    }
  });

  test('that turns into a loss: what is in work gets no more time, and nothing is committed', async () => {
    const { outlet, graces, end } = await holding();
    const planned = revoke('planned');
    settle(outlet, 0);
    const lost = revoke('lost');
    expect(graces).toEqual([1_000, 0]);
    settle(outlet, 1);
    end();
    await Promise.all([planned.done, lost.done]);
    await site.clock.advance(60_000);
    expect(site.position('a')).toMatchObject({ offset: 0 });
  });

  test('of a subscription that is removed meanwhile leaves no position behind', async () => {
    const { outlet, end } = await holding();
    const revocation = revoke('planned');
    await stage.detach('a');
    settle(outlet, 0);
    end();
    await revocation.done;
    await site.clock.advance(60_000);
    expect(site.storage.positions.size).toBe(0);
  });

  test('a replay that ends within it is over', async () => {
    const outlet = await stage.attach('a');
    await stage.untilOffered(outlet, await stage.publishMany('e', 3));
    await site.clock.advance(10_000);
    outlet.settles = false;
    await stage.replay('a', { from: { time: '2000-01-01T00:00:00Z' } });
    await stage.untilReplayed(outlet, ['e0', 'e1', 'e2']);
    outlet.whenReleased = async () => outlet.replayed.forEach((delivery) => outlet.settle(delivery));
    await revoke('planned').done;
    await stage.until(() => site.storage.jobs.size === 0);
  });
});

describe('RULES 9: a partition that was lost', () => {
  test('gives what is in work no time; what is settled then moves no position', async () => {
    const { outlet, graces, end } = await holding();
    settle(outlet, 0);
    const revocation = revoke('lost');
    expect(graces).toEqual([0]);
    settle(outlet, 1);
    // The commit that was due for the first is not made any more.
    await site.clock.advance(60_000);
    expect(revocation.isOver).toBe(false);
    end();
    await revocation.done;
    await site.clock.advance(60_000);
    expect(site.position('a')).toMatchObject({ offset: 0 });
  });

  test('does not keep another partition from being committed', async () => {
    await site.log.addPartition(TOPIC, 1);
    const outlet = await stage.attach('a', 'new', { settles: false });
    await stage.untilOffered(outlet, await stage.publishMany('e', 40));
    const revocation = revoke('lost');
    for (const delivery of outlet.offered) outlet.settle(delivery);
    await revocation.done;
    await site.clock.advance(60_000);
    expect(site.position('a', 0)).toMatchObject({ offset: 0 });
    expect(site.position('a', 1)?.offset).toBe(site.log.knownEnd({ ...partition, partition: 1 }));
  });
});
