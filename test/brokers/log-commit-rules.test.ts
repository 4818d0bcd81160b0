import type { Cursor } from '../../src/brokers/log/cursor.ts';
import type { Refresher } from '../../src/brokers/log/refresher.ts';
import { BUDGET, CommitterSite, offer, settleNext } from './log-committer-site.ts';

let site: CommitterSite;

beforeEach(() => {
  site = new CommitterSite();
});

describe('RULES 8: while commits fail', () => {
  const refuse = () => Promise.reject(new Error('not allowed'));
  const agree = () => Promise.resolve();

  test('a feed may make attempts for 30 s after its oldest settlement that is not durable, and again after', async () => {
    site.answer = refuse;
    const cursor = site.cursor('a');
    offer(cursor);
    await site.clock.advance(60_000);
    expect(cursor.mayAttempt()).toBe(true);
    settleNext(cursor);
    await site.clock.advance(29_000);
    settleNext(cursor);
    await site.clock.advance(999);
    expect(cursor.mayAttempt()).toBe(true);
    await site.clock.advance(1);
    expect(cursor.mayAttempt()).toBe(false);
    await site.clock.advance(3_600_000);
    expect(cursor.mayAttempt()).toBe(false);
    site.answer = agree;
    await site.clock.advance(1_000);
    expect(cursor.mayAttempt()).toBe(true);
    await site.clock.advance(3_600_000);
    expect(cursor.mayAttempt()).toBe(true);
  });

  test('a feed that settles nothing goes on', async () => {
    site.answer = refuse;
    const [busy, idle] = site.cursors(2);
    settleNext(busy!);
    await site.clock.advance(100_000);
    expect(busy!.mayAttempt()).toBe(false);
    expect(idle!.mayAttempt()).toBe(true);
  });

  test('a slow commit counts from the settlement, not from its end', async () => {
    let end = (): void => undefined;
    site.answer = () => new Promise((resolve) => (end = resolve));
    const cursor = site.cursor('a');
    settleNext(cursor);
    await site.clock.advance(20_000);
    settleNext(cursor);
    await site.clock.advance(10_000);
    expect(cursor.mayAttempt()).toBe(false);
    end();
    await site.clock.advance(0);
    // What was settled during the commit is 10 s old, and its own commit is under way.
    expect(cursor.mayAttempt()).toBe(true);
    await site.clock.advance(20_000);
    expect(cursor.mayAttempt()).toBe(false);
  });
});

describe('PITFALLS 24: the refresh of idle positions', () => {
  function joined(count: number): Cursor[] {
    const cursors = site.cursors(count);
    for (const cursor of cursors) cursor.joined = true;
    refresher = site.refresher(cursors);
    return cursors;
  }

  let refresher: Refresher;
  afterEach(() => refresher.stop());

  test('commits those that moved with the head, within seconds, and no others', async () => {
    joined(10);
    await site.clock.advance(60_000);
    expect(site.commits).toEqual([]);
    site.head = 50;
    await site.clock.advance(5_000);
    expect(site.commits).toHaveLength(1);
    expect(site.written).toHaveLength(10);
    expect(site.written.every(({ offset, holes }) => offset === 50 && holes === '')).toBe(true);
    await site.clock.advance(60_000);
    expect(site.commits).toHaveLength(1);
  });

  test('leaves alone what is in work, and what is closed', async () => {
    const [busy, closed, idle] = joined(3);
    offer(busy!);
    closed!.closed = true;
    site.head = 50;
    await site.clock.advance(10_000);
    expect(site.written).toMatchObject([{ subscriptionId: idle!.feedId }]);
  });

  test('10,000 have each their turn in a minute while the head moves on, and leave budget for busy ones', async () => {
    joined(10_000);
    const busy = site.cursor('busy');
    const seconds = 62;
    let waited = 0;
    for (let second = 0; second < seconds; second++) {
      site.head++;
      settleNext(busy);
      await site.clock.advance(1_000);
      const { offset } = site.written.findLast(({ subscriptionId }) => subscriptionId === 'busy')!;
      if (offset < busy.ledger.next) waited++;
    }
    expect(new Set(site.written.map(({ subscriptionId }) => subscriptionId)).size).toBe(10_001);
    expect(site.written.length).toBeLessThan(seconds * BUDGET.perSecond);
    expect(waited).toBeLessThan(3);
  });

  test('ends with stop', async () => {
    joined(10);
    await site.clock.advance(5_000);
    refresher.stop();
    site.head = 50;
    await site.clock.advance(60_000);
    expect(site.commits).toEqual([]);
  });
});

describe('where others can change positions', () => {
  const RECHECK_MS = 60_000;
  const HOURS = 3_600_000;

  /** One idle feed at the head, whose position stands in the log. */
  async function idle(): Promise<{ cursor: Cursor; refresher: Refresher }> {
    site = new CommitterSite(RECHECK_MS);
    const cursor = site.cursor('s');
    cursor.joined = true;
    settleNext(cursor);
    site.head = cursor.ledger.next;
    await site.clock.advance(1_000);
    expect(site.written).toHaveLength(1);
    return { cursor, refresher: site.refresher([cursor]) };
  }

  test('PITFALLS 24: one that does not move is written again, well before it could expire', async () => {
    const { refresher } = await idle();
    await site.clock.advance(11 * HOURS);
    expect(site.written).toHaveLength(1);
    await site.clock.advance(2 * HOURS);
    expect(site.written).toHaveLength(2);
    refresher.stop();
  });

  test('RULES 6: what somebody else set is adopted within about a minute, not overwritten', async () => {
    const { refresher } = await idle();
    const foreign = { ...site.written[0]!, offset: 0, foreign: true as const };
    site.stored = [foreign];
    site.head = 50;
    await site.clock.advance(RECHECK_MS + 10_000);
    expect(site.adopted[0]).toEqual(foreign);
    expect(site.written).toHaveLength(1);
    refresher.stop();
  });

  test.each([
    ['RULES 5: one that is gone', () => []],
    ['one that a former owner wrote late', () => [{ ...site.written[0]!, offset: 0 }]],
  ])('%s is written again', async (_, stored) => {
    const { refresher } = await idle();
    site.stored = stored();
    await site.clock.advance(RECHECK_MS + 10_000);
    expect(site.written.length).toBeGreaterThan(1);
    expect(site.written.at(-1)).toEqual(site.written[0]);
    expect(site.adopted).toEqual([]);
    refresher.stop();
  });

  test('a commit that is under way while the positions are read is not taken for a loss', async () => {
    const { cursor, refresher } = await idle();
    let written: () => void = () => undefined;
    site.answer = () => new Promise((resolve) => (written = resolve));
    site.stored = [{ ...site.written[0]!, offset: 2 }];
    settleNext(cursor);
    site.head = cursor.ledger.next;
    await site.clock.advance(RECHECK_MS + 10_000);
    expect(site.commits).toHaveLength(2);
    site.answer = () => Promise.resolve();
    written();
    await site.clock.advance(RECHECK_MS + 10_000);
    expect(site.commits).toHaveLength(2);
    expect(site.errors).toEqual([]);
    refresher.stop();
  });

  test('a feed with something in work is left alone', async () => {
    const { cursor, refresher } = await idle();
    offer(cursor);
    site.stored = [];
    await site.clock.advance(10 * RECHECK_MS);
    expect(site.written).toHaveLength(1);
    refresher.stop();
  });
});
