import type { Position } from '../../src/brokers/log/log.ts';
import { Site, partitionsOf } from './embedded-site.ts';

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.remove());

function position(subscriptionId: string, partition: number, offset: number, holes = ''): Position {
  return { subscriptionId, topic: 'orders', partition, topicId: 'id-1', offset, holes };
}

const sorted = (positions: readonly Position[]) =>
  [...positions].sort(
    (a, b) => a.subscriptionId.localeCompare(b.subscriptionId) || a.partition - b.partition,
  );

describe('positions in the embedded log', () => {
  test('are there after a restart, the latest of each subscription and partition', async () => {
    let log = await site.open({ partitionsPerTopic: 2 });
    await log.commitPositions([position('a', 0, 5), position('a', 1, 7, '9:1,2'), position('b', 0, 1)]);
    await log.commitPositions([position('a', 0, 6, 'holes'), { ...position('b', 0, 2), topicId: 'id-2' }]);
    log = await site.reopen(log);
    const partitions = await partitionsOf(log);
    expect(sorted(await log.loadPositions(['a', 'b', 'c'], partitions))).toEqual([
      position('a', 0, 6, 'holes'),
      position('a', 1, 7, '9:1,2'),
      { ...position('b', 0, 2), topicId: 'id-2' },
    ]);
    expect(await log.loadPositions(['a'], [partitions[1]!])).toEqual([position('a', 1, 7, '9:1,2')]);
  });

  test('may go back', async () => {
    const log = await site.open();
    await log.commitPositions([position('a', 0, 5)]);
    await log.commitPositions([position('a', 0, 3)]);
    expect(await log.loadPositions(['a'], await log.partitions())).toEqual([position('a', 0, 3)]);
  });

  test('10,000 of them are one transaction', async () => {
    const log = await site.open();
    const before = log.counters.transactions;
    await log.commitPositions(Array.from({ length: 10_000 }, (_, i) => position(`s${i}`, 0, i)));
    expect(log.counters.transactions - before).toBe(1);
    const ids = Array.from({ length: 10_000 }, (_, i) => `s${i}`);
    expect(await log.loadPositions(ids, await log.partitions())).toHaveLength(10_000);
  });

  test('of a dropped subscription are gone, of others not', async () => {
    let log = await site.open({ partitionsPerTopic: 2 });
    await log.commitPositions([position('a', 0, 5), position('a', 1, 5), position('ab', 0, 5)]);
    await log.dropPositions('a');
    log = await site.reopen(log);
    expect(await log.loadPositions(['a', 'ab'], await log.partitions())).toEqual([position('ab', 0, 5)]);
  });

  test('committing none is nothing', async () => {
    const log = await site.open();
    const before = log.counters.transactions;
    await log.commitPositions([]);
    expect(log.counters.transactions).toBe(before);
  });
});

describe('RULES 14: replay jobs in the embedded log', () => {
  test('are there after a restart until they are removed', async () => {
    let log = await site.open();
    const job = {
      id: 'a.replay.1',
      subscriptionId: 'a',
      topicIds: {},
      starts: {},
      ends: { 'orders:0': 9 },
      correlationId: 'c',
    };
    await log.replayJobs.save({ ...job, topicIds: {}, starts: {}, ends: {} });
    await log.replayJobs.save(job);
    await log.replayJobs.save({ id: 'b.replay.2', subscriptionId: 'b', topicIds: {}, starts: {}, ends: {} });
    await log.replayJobs.remove('b.replay.2');
    log = await site.reopen(log);
    expect(await log.replayJobs.load()).toEqual([job]);
  });
});
