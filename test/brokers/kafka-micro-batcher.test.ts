import { PublishRefused } from '../../src/brokers/broker.ts';
import { BatchSite, type Request } from './batch-site.ts';

const numbers = ({ batches }: Request): number[][] => batches.map(({ records }) => records.map(({ n }) => n));

/** How each promise ended: its offset, or why not. */
function fatesOf(promises: readonly Promise<{ offset: number }>[]): (number | string | undefined)[] {
  const fates: (number | string | undefined)[] = promises.map(() => undefined);
  promises.forEach((promise, i) => {
    promise.then(
      ({ offset }) => (fates[i] = offset),
      (error: unknown) => (fates[i] = error instanceof PublishRefused ? error.message : 'another error'),
    );
  });
  return fates;
}

describe('gathering', () => {
  test('a lone record goes at once; while it is in flight the next ones gather, and go together', async () => {
    const site = new BatchSite();
    const fates = fatesOf([site.add({ n: 1 })]);
    await site.settled();
    expect(site.requests.map(numbers)).toEqual([[[1]]]);
    const later = fatesOf([site.add({ n: 2 }), site.add({ n: 3, key: '2' }), site.add({ n: 4 })]);
    await site.settled();
    expect(site.requests).toHaveLength(1);
    site.requests[0]?.answer();
    await site.settled();
    expect(site.requests.map(numbers)[1]).toEqual([[3], [2, 4]]);
    site.requests[1]?.answer();
    await site.settled();
    expect([fates, later]).toEqual([[0], [1, 0, 2]]);
    expect(site.clock.monotonic()).toBe(0);
  });

  test('a broker that does not answer holds up its own partitions only', async () => {
    const site = new BatchSite();
    void site.add({ n: 1, key: '0' });
    await site.settled();
    const fates = fatesOf([site.add({ n: 2, key: '1' }), site.add({ n: 3, key: '2' })]);
    await site.settled();
    expect(site.requests.map(({ to }) => to.name)).toEqual(['one', 'two']);
    site.requests[1]?.answer();
    await site.settled();
    expect(fates).toEqual([0, undefined]);
  });

  test('a request has its limits; a larger record goes alone, and a full partition lets the others in first', async () => {
    const site = new BatchSite();
    const given = [...Array(25).keys()].map((n) => site.add({ n, key: n < 24 ? '0' : '2' }));
    const fates = fatesOf([...given, site.add({ n: 25, key: '2', bytes: 2_000 })]);
    for (let i = 0; i < 5; i++) {
      await site.settled();
      site.requests[i]?.answer();
    }
    await site.settled();
    const counts = site.requests.map((request) => numbers(request).map(({ length }) => length));
    expect(counts).toEqual([[10], [1, 9], [1], [5]]);
    expect(numbers(site.requests[2]!)).toEqual([[25]]);
    expect(fates).toEqual([...Array(24).keys(), 0, 1]);
  });
});

describe('failures', () => {
  test('a batch without an answer is sent again as it was, and what came later waits behind it', async () => {
    const site = new BatchSite();
    const fates = fatesOf([site.add({ n: 1 }), site.add({ n: 2 })]);
    await site.settled();
    const later = fatesOf([site.add({ n: 3 }), site.add({ n: 4, key: '2' })]);
    site.requests[0]?.answer(['lost']);
    await site.settled();
    expect(site.requests.slice(1).map(numbers)).toEqual([[[4]]]);
    site.requests[1]?.answer();
    await site.clock.advance(100);
    await site.settled();
    expect(site.requests.slice(2).map(numbers)).toEqual([[[1, 2]]]);
    expect(site.requests[2]?.batches[0]).toBe(site.requests[0]?.batches[0]);
    site.requests[2]?.answer();
    await site.settled();
    site.requests[3]?.answer();
    await site.settled();
    expect(site.logOf(0)).toEqual([1, 2, 3]);
    expect([fates, later]).toEqual([
      [0, 1],
      [2, 0],
    ]);
  });

  test('a refused batch refuses its own records only', async () => {
    const site = new BatchSite();
    const fates = fatesOf([site.add({ n: 1 }), site.add({ n: 2, key: '2' })]);
    await site.settled();
    const behind = fatesOf([site.add({ n: 3 })]);
    site.requests[0]?.answer(['refused']);
    await site.settled();
    site.requests[1]?.answer();
    await site.settled();
    expect(fates).toEqual(['the event was not stored: no right', 0]);
    expect(behind).toEqual([0]);
  });

  test('a record that no batch is taken with is found by halves, and is the only one refused', async () => {
    const site = new BatchSite();
    site.onRequest = async (request) => request.answer();
    const fates = fatesOf([...Array(8).keys()].map((n) => site.add({ n, poison: n === 5 })));
    for (let i = 0; i < 12; i++) await site.settled();
    expect(site.logOf(0)).toEqual([0, 1, 2, 3, 4, 6, 7]);
    expect(fates).toEqual([0, 1, 2, 3, 4, 'the event was not stored: poison', 5, 6]);
  });

  test('what the broker does not take at once is sent in halves, and not tried again each time', async () => {
    const site = new BatchSite({ batchRecords: 100 });
    site.onRequest = async (request) => request.answer();
    site.most = 250;
    const fates = fatesOf([...Array(160).keys()].map((n) => site.add({ n })));
    while (!site.batcher.idle) await site.settled();
    expect(fates).toEqual([...Array(160).keys()]);
    const sizes = site.requests.map((request) => numbers(request)[0]!.length);
    expect(sizes.slice(0, 8)).toEqual([100, 50, 25, 31, 16, 19, 24, 30]);
    expect(sizes.filter((size) => size > 25).length).toBeLessThan(sizes.length / 2);
  });

  test('without an answer in time callers are refused, and the batch is given up once its last one was', async () => {
    const site = new BatchSite();
    const fates = fatesOf([site.add({ n: 1 })]);
    await site.settled();
    await site.clock.advance(4_000);
    const later = fatesOf([site.add({ n: 2 })]);
    await site.clock.advance(6_250);
    const late = 'the event was not stored: Kafka did not confirm it within 10000 ms';
    expect([fates, later]).toEqual([[late], [undefined]]);
    expect(site.abandoned).toEqual([]);
    site.requests[0]?.answer(['lost']);
    await site.settled();
    expect(site.abandoned).toEqual([site.requests[0]?.batches[0]]);
    expect(site.requests.map(numbers)).toEqual([[[1]], [[2]]]);
  });

  test('a partition without a leader waits for one, the others do not', async () => {
    const site = new BatchSite();
    site.leaderless.add(2);
    const fates = fatesOf([site.add({ n: 1, key: '2' }), site.add({ n: 2, key: '0' })]);
    await site.settled();
    expect(site.requests.map(numbers)).toEqual([[[2]]]);
    site.requests[0]?.answer();
    await site.clock.advance(1_000);
    expect(fates).toEqual([undefined, 0]);
    site.leaderless.clear();
    await site.clock.advance(100);
    await site.settled();
    site.requests[1]?.answer();
    await site.settled();
    expect(fates).toEqual([0, 0]);
    site.leaderless.add(2);
    const never = fatesOf([site.add({ n: 3, key: '2' })]);
    await site.clock.advance(10_250);
    expect(never[0]).toMatch('(partition 2 of t has no leader)');
  });
});

describe('bounds', () => {
  test('what has no room is refused at once, and there is room again after the answer', async () => {
    const site = new BatchSite({ queueBytes: 100 });
    void site.add({ n: 1, bytes: 60 });
    const refused = fatesOf([site.add({ n: 2, bytes: 41 })]);
    const fits = fatesOf([site.add({ n: 3, bytes: 40 })]);
    await site.settled();
    expect(refused[0]).toMatch('try again later');
    site.requests[0]?.answer();
    await site.settled();
    expect([fits, site.batcher.idle]).toEqual([[1], true]);
    const again = fatesOf([site.add({ n: 4, bytes: 100 })]);
    await site.settled();
    site.requests[1]?.answer();
    await site.settled();
    expect(again).toEqual([2]);
  });

  test('a stop takes no more, sends what waits, and refuses what has no answer in time', async () => {
    const site = new BatchSite();
    const fates = fatesOf([site.add({ n: 1 }), site.add({ n: 2, key: '1' })]);
    let stopped = false;
    void site.batcher.stop(3_000).then(() => (stopped = true));
    const refused = fatesOf([site.add({ n: 3 })]);
    await site.settled();
    site.requests[0]?.answer();
    await site.clock.advance(2_999);
    expect([fates, refused, stopped]).toEqual([[0, undefined], ['the gateway is stopping'], false]);
    await site.clock.advance(1);
    expect(stopped).toBe(true);
    expect(fates[1]).toMatch('the gateway stopped before Kafka confirmed it');
    site.requests[1]?.answer(['lost']);
    await site.clock.advance(1_000);
    expect(site.requests).toHaveLength(2);
  });

  test('a stop with nothing under way is done at once', async () => {
    const site = new BatchSite();
    await site.batcher.stop(3_000);
    expect(site.clock.monotonic()).toBe(0);
  });
});

describe('topics that are not known yet', () => {
  test('their records wait in order, those that come after the topic is known behind them', async () => {
    const site = new BatchSite();
    site.onRequest = async (request) => request.answer();
    site.partitions = undefined;
    const fates = fatesOf([site.add({ n: 1 }), site.add({ n: 2 })]);
    await site.clock.advance(1_000);
    expect(site.requests).toEqual([]);
    expect(site.batcher.awaits('t')).toBe(true);
    site.partitions = 2;
    const behind = fatesOf([site.add({ n: 3 })]);
    site.batcher.wake('t');
    await site.settled();
    expect([site.logOf(0), fates, behind]).toEqual([[1, 2, 3], [0, 1], [2]]);
    expect(site.batcher.awaits('t')).toBe(false);
  });

  test('are refused when there will be none, or not in time', async () => {
    const site = new BatchSite();
    site.partitions = undefined;
    const fates = fatesOf([site.add({ n: 1 }), site.add({ n: 2, topic: 'u' })]);
    site.batcher.refuse('t', 'no such topic');
    await site.settled();
    expect(fates).toEqual(['the event was not stored: no such topic', undefined]);
    await site.clock.advance(10_250);
    expect(fates[1]).toMatch('(there is no u)');
    expect(site.batcher.idle).toBe(true);
  });
});
