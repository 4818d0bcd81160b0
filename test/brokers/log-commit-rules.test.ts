import type { Cursor } from '../../src/brokers/log/cursor.ts';
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
    site.committer.refresh(() => cursors);
    return cursors;
  }

  afterEach(() => site.committer.stop());

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

  // Needed where positions expire; a log has no way to say yet that its positions do.
  test.failing('commits one that does not move again, well before it could expire', async () => {
    const [quiet] = joined(1);
    site.head = 50;
    await site.clock.advance(5_000);
    expect(site.written).toMatchObject([{ subscriptionId: quiet!.feedId }]);
    await site.clock.advance(3_600_000);
    expect(site.written.length).toBeGreaterThan(1);
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
    site.committer.stop();
    site.head = 50;
    await site.clock.advance(60_000);
    expect(site.commits).toEqual([]);
  });
});
