import { resumeAt } from '../../src/brokers/kafka/tables/subscription-starts.ts';
import type { ReplayJob } from '../../src/brokers/log/log.ts';
import { end, StateSite, TOPIC } from './kafka-state-site.ts';

let site: StateSite;

beforeEach(() => {
  site = new StateSite();
});

afterEach(() => site.close());

describe('starts of subscriptions', () => {
  test('RULES 5: are known to all replicas and after a restart, until they are forgotten', async () => {
    const [one, other] = [await site.started(), await site.started()];
    const registered = await one.starts.register('s1', [end(7), end(9, 1)]);
    expect(registered).toEqual({
      starts: { 'orders:0': 7, 'orders:1': 9 },
      topicIds: { orders: 't1' },
      registeredAt: '2026-01-01T00:00:00.000Z',
      isNew: true,
    });
    const { isNew: _, ...start } = registered;
    await site.clock.until(() => other.starts.startsOf('s1') !== undefined, 5_000);
    expect(other.starts.startsOf('s1')).toEqual(start);
    await other.starts.register('s2', [end(3)]);
    site.topics.compact(TOPIC, { all: true });
    const again = await site.started();
    expect(again.starts.startsOf('s1')).toEqual(start);
    expect(again.starts.ids().toSorted()).toEqual(['s1', 's2']);
    await again.starts.forget('s1');
    expect(again.starts.startsOf('s1')).toBeUndefined();
    await site.clock.until(() => one.starts.startsOf('s1') === undefined, 5_000);
    expect((await site.started()).starts.ids()).toEqual(['s2']);
  });

  test('of two that register one subscription both get the first one, and compaction keeps it', async () => {
    const [one, other] = [await site.started(), await site.started()];
    const answers = await Promise.all([
      one.starts.register('s', [end(7)]),
      other.starts.register('s', [end(8)]),
    ]);
    expect(answers.map(({ starts }) => starts)).toEqual([{ 'orders:0': 7 }, { 'orders:0': 7 }]);
    expect(answers.map(({ isNew }) => isNew)).toEqual([true, false]);
    site.topics.compact(TOPIC, { all: true });
    expect(site.topics.content(TOPIC)).toHaveLength(1);
    expect((await site.started()).starts.startsOf('s')).toMatchObject({ starts: { 'orders:0': 7 } });
  });

  test('one that registers again gets what stands; after it was forgotten, its own', async () => {
    const { starts } = await site.started();
    await starts.register('s', [end(7)]);
    expect(await starts.register('s', [end(8)])).toMatchObject({ starts: { 'orders:0': 7 }, isNew: false });
    await starts.forget('s');
    await starts.forget('s');
    expect(await starts.register('s', [end(9)])).toMatchObject({ starts: { 'orders:0': 9 }, isNew: true });
  });

  test('a claim whose writer died before it took it back does not count, and is forgotten with the others', async () => {
    const one = await site.started();
    const dying = await site.started();
    await one.starts.register('s', [end(7)]);
    let appends = 0;
    dying.access.before = (call) =>
      call === 'append' && ++appends === 2 ? new Promise(() => undefined) : undefined;
    void dying.starts.register('s', [end(8)]);
    await site.clock.advance(0);
    site.topics.compact(TOPIC, { all: true });
    expect(site.topics.content(TOPIC)).toHaveLength(2);
    const again = await site.started();
    expect(again.starts.startsOf('s')).toMatchObject({ starts: { 'orders:0': 7 } });
    await again.starts.forget('s');
    expect(again.starts.ids()).toEqual([]);
  });

  test('one that lost to a start which is just being forgotten does not stand after it', async () => {
    const [one, slow, third] = [await site.started(), await site.started(), await site.started()];
    await one.starts.register('s', [end(7)]);
    let takeBack: () => void = () => undefined;
    let appends = 0;
    slow.access.before = (call) =>
      call === 'append' && ++appends === 2 ? new Promise<void>((resolve) => (takeBack = resolve)) : undefined;
    let lost: Promise<unknown> = Promise.resolve();
    one.access.before = async (call) => {
      if (call !== 'append') return;
      one.access.before = () => undefined;
      lost = slow.starts.register('s', [end(8)]);
      await site.clock.advance(0);
    };
    await one.starts.forget('s');
    expect(await third.starts.register('s', [end(9)])).toMatchObject({ isNew: true });
    takeBack();
    expect(await lost).toMatchObject({ starts: { 'orders:0': 7 }, isNew: false });
    await site.clock.advance(2_000);
    for (const { starts } of [one, slow, third])
      expect(starts.startsOf('s')).toMatchObject({ starts: { 'orders:0': 9 } });
  });

  test('a claim that cannot be taken back is answered all the same', async () => {
    const one = await site.started();
    await one.starts.register('s', [end(7)]);
    const other = await site.started();
    let appends = 0;
    other.access.before = (call) => {
      if (call === 'append' && ++appends === 2) throw new Error('broker away');
    };
    expect(await other.starts.register('s', [end(8)])).toMatchObject({ isNew: false });
    expect(other.said).toEqual(['claim.not-taken-back']);
  });

  test('names may contain anything, and a record that cannot be read harms nobody', async () => {
    site.topics.create(TOPIC, 1);
    site.topics.append(TOPIC, 'subscription:broken#1', Buffer.from('{'));
    site.topics.append(TOPIC, 'subscription:of another kind', Buffer.from('{}'));
    const { starts, said } = await site.started();
    await starts.register('a#b:c✓', [end(1)]);
    expect(starts.ids()).toEqual(['a#b:c✓']);
    expect(said).toEqual(['claim.unreadable']);
  });

  test('RULES 19: what the topic lost is written back by those who know it', async () => {
    const [one, other] = [await site.started(), await site.started()];
    await one.starts.register('s', [end(7)]);
    await one.jobs.save({
      id: 'j',
      subscriptionId: 's',
      topicIds: { 'orders:0': 't' },
      starts: { 'orders:0': 1 },
      ends: { 'orders:0': 3 },
    });
    await site.clock.advance(2_000);
    site.topics.create(TOPIC, 1);
    await site.clock.advance(10_000);
    expect(one.said).toContain('compacted-topic.written-back');
    const fresh = await site.started();
    for (const { starts, jobs } of [one, other, fresh]) {
      expect(starts.startsOf('s')).toMatchObject({ starts: { 'orders:0': 7 } });
      expect(await jobs.load()).toHaveLength(1);
    }
  });

  test('RULES 5: a feed without position goes on at its start, or where the log now begins', async () => {
    const { starts } = await site.started();
    await starts.register('s', [end(7)]);
    const start = starts.startsOf('s');
    expect(resumeAt(start, end(0), 0)).toBe(7);
    expect(resumeAt(start, end(0), 20)).toBe(20);
    expect(resumeAt(undefined, end(0), 2)).toBe(2);
  });

  test('RULES 4 and 5: a partition or a topic younger than the subscription is read from its beginning', async () => {
    const { starts } = await site.started();
    await starts.register('s', [end(7)]);
    const start = starts.startsOf('s');
    expect(resumeAt(start, end(0, 1), 2)).toBe(2);
    expect(resumeAt(start, end(0, 0, 'made anew'), 2)).toBe(2);
    expect(resumeAt(start, { ...end(0), topic: 'bills' }, 2)).toBe(2);
  });
});

describe('jobs of replays', () => {
  const job = (id: string, more: Partial<ReplayJob> = {}): ReplayJob => ({
    ...{
      id,
      subscriptionId: 's',
      topicIds: { 'orders:0': 't' },
      starts: { 'orders:0': 1 },
      ends: { 'orders:0': 9 },
    },
    ...more,
  });

  test('RULES 14: survive restarts until they are removed', async () => {
    const one = await site.started();
    await one.jobs.save(job('j1'));
    await one.jobs.save(job('j2', { correlationId: 'c' }));
    await one.jobs.save(job('j1', { ends: { 'orders:1': 4 } }));
    site.topics.compact(TOPIC);
    const again = await site.started();
    expect((await again.jobs.load()).toSorted((a, b) => a.id.localeCompare(b.id))).toEqual([
      job('j1', { ends: { 'orders:1': 4 } }),
      job('j2', { correlationId: 'c' }),
    ]);
    await again.jobs.remove('j1');
    expect((await again.jobs.load()).map(({ id }) => id)).toEqual(['j2']);
    site.topics.compact(TOPIC, { all: true });
    expect((await (await site.started()).jobs.load()).map(({ id }) => id)).toEqual(['j2']);
  });

  test('every replica hears of the jobs of the others, made and done', async () => {
    const [one, other] = [await site.started(), await site.started()];
    const heard: unknown[] = [];
    other.jobs.watch((change) => heard.push(change));
    await one.jobs.save(job('j1'));
    await one.jobs.remove('j1');
    await one.jobs.remove('never there');
    await site.clock.advance(2_000);
    expect(heard).toEqual([job('j1'), { removed: 'j1' }]);
  });

  test('jobs and starts in one topic do not mix, and a job that cannot be read harms no other', async () => {
    site.topics.create(TOPIC, 1);
    site.topics.append(TOPIC, 'replay:broken', Buffer.from('?'));
    const { jobs, starts, said } = await site.started();
    await jobs.save(job('j1'));
    await starts.register('s', [end(1)]);
    expect(await jobs.load()).toEqual([job('j1')]);
    expect(starts.ids()).toEqual(['s']);
    expect(said).toEqual(['replay-job.unreadable']);
    expect(site.topics.content(TOPIC).map(({ key }) => key)).toEqual([
      'replay:broken',
      'replay:j1',
      expect.stringMatching(/^subscription:s#claim \d+$/),
    ]);
  });
});
