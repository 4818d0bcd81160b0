import fc from 'fast-check';
import { BudgetSite } from './rabbitmq-prefetch-budget-site.ts';

const SECOND = 1_000;
/** So long a feed has its turn while others wait for theirs. */
const TURN_MS = 90 * SECOND;

describe('beyond the budget', () => {
  test('the largest holder gives back what it has, and no more do than must', async () => {
    const site = new BudgetSite(1_000);
    site.add('small', 100);
    const large = site.add('large', 600);
    site.add('middle', 301);
    await site.clock.advance(10);
    expect(site.parked()).toEqual(['large']);
    await site.clock.advance(SECOND / 2);
    expect(large.bufferedBytes).toBe(0);
    expect(site.budget.bytes).toBe(401);
  });

  test('as many as it takes', async () => {
    const site = new BudgetSite(1_000);
    for (const [at, bytes] of [500, 400, 700, 300, 200].entries()) site.add(`${at}`, bytes);
    await site.clock.advance(10);
    expect(site.parked()).toEqual(['0', '2']);
  });

  test('not whoever is on the move', async () => {
    const site = new BudgetSite(1_000);
    site.add('down', 400);
    site.add('moving').isStalled = false;
    site.feeds[1]?.receive(700);
    await site.clock.advance(10);
    expect(site.parked()).toEqual(['down']);
  });

  test('nobody, up to the budget', async () => {
    const site = new BudgetSite(1_000);
    site.add('one', 500);
    site.add('two', 500);
    await site.clock.advance(60 * SECOND);
    expect(site.parked()).toEqual([]);
  });

  test('whoever turns out not to keep up after all', async () => {
    const site = new BudgetSite(1_000);
    const feed = site.add('waits for its attempts to be loaded');
    feed.isStalled = false;
    feed.receive(1_500);
    await site.clock.advance(10);
    expect(site.parked()).toEqual([]);
    // Nothing arrives any more that would make anybody look.
    feed.isStalled = true;
    await site.clock.advance(2 * SECOND);
    expect(feed.parkedAt).toHaveLength(1);
  });

  test.each(['before it', 'after it only'])(
    'nothing happens after the end, with bytes from %s',
    async (when) => {
      const site = new BudgetSite(1_000);
      if (when === 'before it') site.add('one', 2_000);
      site.budget.stop();
      site.add('another', 2_000);
      await site.clock.advance(60 * SECOND);
      expect(site.feeds.flatMap(({ parkedAt }) => parkedAt)).toEqual([]);
    },
  );

  test('though the others fill more than half, and have done so since before anybody was parked', async () => {
    const site = new BudgetSite(1_000);
    const holder = site.add('listener down for days', 550);
    const waiting = site.add('waits', 600);
    await site.clock.advance(10);
    expect(site.parked()).toEqual(['waits']);
    holder.isStalled = true;
    await site.clock.advance(TURN_MS + 10 * SECOND);
    expect(waiting.unparkedAt).toHaveLength(1);
  });

  test('all in turn, when each alone fills the budget', async () => {
    const site = new BudgetSite(1_000);
    const feeds = ['a', 'b', 'c', 'd'].map((name) => site.add(name));
    await site.keepFull(new Map(feeds.map((feed) => [feed, 900])), 20 * 60);
    for (const { unparkedAt } of feeds) expect(unparkedAt.length).toBeGreaterThanOrEqual(2);
  });

  test('all in turn, when none is larger than the others', async () => {
    const site = new BudgetSite(1_000);
    const feeds = Array.from({ length: 12 }, (_, at) => site.add(`${at}`));
    await site.keepFull(new Map(feeds.map((feed) => [feed, 200])), 30 * 60);
    for (const { unparkedAt } of feeds) expect(unparkedAt.length).toBeGreaterThanOrEqual(1);
  });

  test('and have a turn of their own before they make room again', async () => {
    const site = new BudgetSite(1_000);
    const feeds = ['a', 'b', 'c'].map((name) => site.add(name));
    await site.keepFull(new Map(feeds.map((feed) => [feed, 600])), 20 * 60);
    for (const { parkedAt, unparkedAt } of feeds)
      for (const from of unparkedAt) {
        const to = parkedAt.find((at) => at >= from) ?? Infinity;
        // The one that comes finds room, so nobody has to give way at once.
        expect(to - from).toBeGreaterThanOrEqual(TURN_MS);
      }
  });
});

describe('a feed that ends', () => {
  test('is not waited for', async () => {
    const site = new BudgetSite(1_000);
    const ended = site.add('ended', 900);
    const next = site.add('next', 800);
    await site.clock.advance(10);
    expect(site.parked()).toEqual(['ended']);
    next.receive(300);
    await site.clock.advance(SECOND);
    expect(site.parked()).toEqual(['ended', 'next']);
    site.remove(ended);
    await site.clock.advance(SECOND / 2 + 2 * SECOND);
    expect(ended.unparkedAt).toEqual([]);
    expect(next.unparkedAt).toHaveLength(1);
  });

  test('ends the turns of the others, where nobody waits any more', async () => {
    const site = new BudgetSite(1_000);
    const holder = site.add('holder', 550);
    const ended = site.add('ended', 600);
    await site.clock.advance(10 * SECOND);
    expect(site.parked()).toEqual(['ended']);
    site.remove(ended);
    await site.clock.advance(2 * TURN_MS);
    site.add('next', 600);
    await site.clock.advance(TURN_MS - SECOND);
    expect(site.parked()).toEqual(['next']);
    await site.clock.advance(3 * SECOND);
    expect(holder.parkedAt).toHaveLength(1);
  });

  test('is parked no more, whoever waits', async () => {
    const site = new BudgetSite(1_000);
    const [ended, stays] = [site.add('ended', 100), site.add('stays', 550)];
    site.add('waits', 700);
    await site.clock.advance(10 * SECOND);
    expect(site.parked()).toEqual(['waits']);
    site.remove(ended);
    await site.clock.advance(TURN_MS);
    expect(stays.parkedAt).toHaveLength(1);
    expect(ended.parkedAt).toEqual([]);
  });

  test('leaves nothing behind', async () => {
    const site = new BudgetSite(1_000);
    for (const name of ['a', 'b', 'c']) site.add(name, 700);
    await site.clock.advance(SECOND);
    for (const feed of [...site.feeds]) site.remove(feed);
    await site.clock.advance(SECOND / 2);
    expect(site.budget.bytes).toBe(0);
    // Else it would look for ever.
    await site.clock.advance(TURN_MS);
    while (await site.clock.step());
    expect(site.parked()).toEqual([]);
  });
});

test('whatever comes and goes: what is held stays bounded, and everybody gets a turn', async () => {
  const MAX = 1_000;
  const step = fc.record({
    feed: fc.nat(5),
    what: fc.constantFrom('receive', 'receive', 'settle', 'stall', 'recover', 'end'),
    bytes: fc.integer({ min: 1, max: 400 }),
    pauseMs: fc.constantFrom(0, 0, 100, 1_500, 20_000),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(1, 100, 5_000),
      fc.array(step, { minLength: 20, maxLength: 80 }),
      async (leavingMs, steps) => {
        const site = new BudgetSite(MAX, leavingMs);
        for (let at = 0; at < 6; at++) site.add(`${at}`);
        for (const { feed: at, what, bytes, pauseMs } of steps) {
          const feed = site.feeds[at];
          if (!feed) continue;
          if (what === 'receive') feed.receive(bytes);
          else if (what === 'settle') feed.settle(bytes);
          else if (what === 'end' && site.feeds.length > 3) site.remove(feed);
          else feed.isStalled = what === 'stall';
          await site.clock.advance(pauseMs);
          expect(site.budget.bytes).toBe(
            site.feeds.reduce((sum, { bufferedBytes }) => sum + bufferedBytes, 0),
          );
          if (pauseMs < 1_500) continue;
          // There was time to look, so nobody is left who is to give back.
          const staying = site.feeds.filter(({ isStalled, isParked }) => isStalled && !isParked);
          const leaving = site.feeds.filter(({ isParked }) => isParked);
          const bytesOf = (feeds: typeof staying) => feeds.reduce((sum, one) => sum + one.bufferedBytes, 0);
          const isBounded = site.budget.bytes - bytesOf(leaving) <= MAX;
          expect(isBounded || bytesOf(staying) === 0).toBe(true);
        }
        for (const feed of site.feeds) feed.isStalled = feed.bufferedBytes > 0;
        await site.clock.advance(8 * (TURN_MS + 2 * SECOND));
        expect(site.budget.bytes).toBeLessThanOrEqual(MAX);
        expect(site.parked()).toEqual([]);
      },
    ),
    { numRuns: 200 },
  );
});
