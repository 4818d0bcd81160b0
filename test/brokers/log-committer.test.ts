import { BUDGET, CommitterSite, offer, settleNext } from './log-committer-site.ts';

let site: CommitterSite;

beforeEach(() => {
  site = new CommitterSite();
});

describe('the commit budget', () => {
  test('a single dirty position is committed after the shortest interval, once for all its settlements', async () => {
    const cursor = site.cursor('a');
    settleNext(cursor);
    await site.clock.advance(100);
    settleNext(cursor);
    await site.clock.advance(99);
    expect(site.commits).toEqual([]);
    await site.clock.advance(1);
    expect(site.commits).toMatchObject([{ at: 200, positions: [{ subscriptionId: 'a', offset: 2 }] }]);
    await site.clock.advance(10_000);
    expect(site.commits).toHaveLength(1);
  });

  test('10,000 that are dirty all the time are committed on the budget, each in its turn', async () => {
    const cursors = site.cursors(10_000);
    const seconds = 60;
    for (let second = 0; second < seconds; second++) {
      for (const cursor of cursors) settleNext(cursor);
      await site.clock.advance(1_000);
    }
    expect(site.written.length).toBeLessThanOrEqual(10_000 + seconds * BUDGET.perSecond);
    expect(site.written.length).toBeGreaterThan(seconds * BUDGET.perSecond * 0.9);
    const latest = new Map(site.written.map(({ subscriptionId, offset }) => [subscriptionId, offset]));
    expect(cursors.filter(({ feedId }) => (latest.get(feedId) ?? 0) < seconds - 25)).toEqual([]);
  });

  test('after many, the next one waits until the budget allows it; few do not wait for long', async () => {
    for (const cursor of site.cursors(1_000)) settleNext(cursor);
    await site.clock.advance(200);
    const late = site.cursor('late');
    settleNext(late);
    await site.clock.advance(1_999);
    expect(site.commits).toHaveLength(1);
    await site.clock.advance(1);
    expect(site.commits).toMatchObject([{ at: 200 }, { at: 2_200 }]);
    await site.clock.advance(1_000);
    settleNext(late);
    await site.clock.advance(200);
    expect(site.commits).toHaveLength(3);
  });

  test('a failed attempt alone makes a position dirty too', async () => {
    const cursor = site.cursor('a');
    const delivery = offer(cursor);
    delivery.attempts = 3;
    cursor.attempted();
    await site.clock.advance(200);
    expect(site.written).toMatchObject([{ offset: 0 }]);
    expect(site.written[0]!.holes).not.toBe('');
  });
});

describe('commits', () => {
  test('follow one another, so that the later position of a cursor wins', async () => {
    let end = (): void => undefined;
    site.answer = () => new Promise((resolve) => (end = resolve));
    const cursor = site.cursor('a');
    settleNext(cursor);
    await site.clock.advance(200);
    settleNext(cursor);
    const flushed = site.committer.flush();
    await site.clock.advance(10_000);
    expect(site.commits).toHaveLength(1);
    site.answer = () => Promise.resolve();
    end();
    expect(await flushed).toBe(true);
    expect(site.written.map(({ offset }) => offset)).toEqual([1, 2]);
  });

  test('flush commits at once what was dirty at the call', async () => {
    for (const cursor of site.cursors(3)) settleNext(cursor);
    expect(await site.committer.flush()).toBe(true);
    expect(site.commits).toMatchObject([{ at: 0, positions: [{}, {}, {}] }]);
    expect(await site.committer.flush()).toBe(true);
    await site.clock.advance(1_000);
    expect(site.commits).toHaveLength(1);
  });

  test('that the log refused are tried again, with what was settled meanwhile', async () => {
    site.answer = () => (site.commits.length < 3 ? Promise.reject(new Error('full')) : Promise.resolve());
    const cursor = site.cursor('a');
    settleNext(cursor);
    await site.clock.advance(200);
    settleNext(cursor);
    expect(await site.committer.flush()).toBe(false);
    await site.clock.advance(499);
    expect(site.commits).toHaveLength(2);
    await site.clock.advance(1);
    expect(site.written.map(({ offset }) => offset)).toEqual([1, 2, 2]);
    await site.clock.advance(5_000);
    expect(site.commits).toHaveLength(3);
  });

  test('nothing is written for a cursor that was closed or forgotten', async () => {
    const [closed, forgotten] = site.cursors(2);
    settleNext(closed!);
    settleNext(forgotten!);
    closed!.closed = true;
    site.committer.forget(forgotten!);
    await site.clock.advance(1_000);
    expect(site.commits).toEqual([]);
  });
});
