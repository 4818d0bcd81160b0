import type { TestOutlet } from '../contracts/broker-outlet.ts';
import { Stage } from '../contracts/broker-stage.ts';
import { LogSite } from './log-site.ts';

const CAPACITY = 4_096;
let site: LogSite;
let stage: Stage;
let longest: number;

beforeEach(async () => {
  site = new LogSite({ capacity: CAPACITY });
  stage = new Stage(site);
  longest = 0;
  const commit = site.log.commitPositions.bind(site.log);
  site.log.commitPositions = (positions) => {
    for (const { holes } of positions) longest = Math.max(longest, holes.length);
    return commit(positions);
  };
  await stage.start();
});

afterEach(() => stage.close());

/** Gives each of its events another number of attempts, so that no two holes are one run. */
function attemptAll(outlet: TestOutlet): void {
  for (const [i, delivery] of outlet.offered.entries()) {
    delivery.attempts = 1 + (i % 4);
    delivery.feed.attempted(delivery);
  }
}

describe('RULES 7 and PITFALLS 13: the position record of one that settles nothing', () => {
  test('is never full: it is offered no more before, and others are not held up', async () => {
    const stuck = await stage.attach('stuck', 'new', { settles: false });
    const free = await stage.attach('free');
    const ids: string[] = [];
    for (let i = 0; i < 20; i++) {
      ids.push(...(await stage.publishMany(`e${i}-`, 100)));
      ids.push(...(await stage.publishMany(`gap${i}-`, 10, { to: ['free'] })));
      await stage.untilOffered(free, ids);
      attemptAll(stuck);
      await site.clock.advance(1_000);
    }
    expect(stuck.offered.length).toBeGreaterThan(500);
    expect(stuck.offered.length).toBeLessThan(1_000);
    expect(longest).toBeGreaterThan(CAPACITY / 2);
    expect(longest).toBeLessThanOrEqual(CAPACITY);
  });

  test('takes the rest as events are settled, with somebody else at the head', async () => {
    const stuck = await stage.attach('stuck', 'new', { settles: false });
    const free = await stage.attach('free');
    await settlesAll(stuck, await stage.publishMany('e', 2_000));
    expect(free.offered).toHaveLength(2_000);
  });

  test('takes the rest as events are settled, alone in its partition', async () => {
    await settlesAll(
      await stage.attach('stuck', 'new', { settles: false }),
      await stage.publishMany('e', 2_000),
    );
  });

  test('a crash with a full one loses nothing, and what was settled ahead does not come again', async () => {
    const stuck = await stage.attach('stuck', 'new', { settles: false });
    const ids = await stage.publishMany('e', 2_000);
    await stage.until(() => stuck.offered.length > 500);
    await site.clock.advance(1_000);
    const settled = stuck.offered.filter((_, i) => i % 3 === 1);
    for (const delivery of settled) stuck.settle(delivery);
    await stage.broker.stop();
    await stage.crash();
    const again = await stage.attach('stuck', 'known');
    const gone = new Set(settled.map(({ event }) => event.id));
    await stage.untilOffered(
      again,
      ids.filter((id) => !gone.has(id)),
    );
  });

  test('a full one comes again as a whole: after a crash, and after an eviction', async () => {
    const stuck = await stage.attach('stuck', 'new', { settles: false });
    const ids = await stage.publishMany('e', 2_000);
    await stage.until(() => stuck.offered.length > 500);
    await site.clock.advance(1_000);
    const full = stuck.offered.length;
    for (const delivery of [...stuck.offered]) stuck.evict(delivery);
    await stage.until(() => stuck.offered.length === 2 * full);
    await stage.crash();
    await settlesAll(await stage.attach('stuck', 'known', { settles: false }), ids);
  });

  async function settlesAll(outlet: TestOutlet, ids: readonly string[]): Promise<void> {
    let settled = 0;
    await stage.until(() => outlet.offered.length > 500);
    await site.clock.advance(5_000);
    expect(outlet.offered.length).toBeLessThan(1_000);
    await stage.until(() => {
      attemptAll(outlet);
      while (settled < outlet.offered.length) outlet.settle(outlet.offered[settled++]!);
      return settled >= ids.length;
    });
    expect(outlet.ids.toSorted()).toEqual(ids.toSorted());
    expect(longest).toBeLessThanOrEqual(CAPACITY);
  }
});
