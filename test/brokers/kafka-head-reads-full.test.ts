import { AHEAD_BYTES, big, fetched, HeadSite, KIB, place, textsOf } from './kafka-head-site.ts';

let site: HeadSite;

beforeEach(async () => void (site = await HeadSite.open()));
afterEach(() => site.close());

describe('with one partition full', () => {
  test('what is ahead of the reader is bounded', async () => {
    for (let i = 0; i < 100; i++) site.append(0, big(`${i}`));
    await site.read(0, 0);
    await site.clock.advance(60_000);
    const furthest = site.furthest(0);
    expect(furthest * 100 * KIB).toBeLessThanOrEqual(3 * AHEAD_BYTES);
    expect(await site.readAll(0, 1)).toEqual(Array.from({ length: 99 }, (_, i) => `${i + 1}`));
  });

  test('so it is for records without a value, which have keys and headers', async () => {
    const { batches } = site.partition(0);
    for (let i = 0; i < 2_000; i++) site.append(0, ...new Array<null>(10).fill(null));
    for (const { records } of batches)
      for (const record of records) Object.assign(record, { key: Buffer.alloc(10 * KIB), length: 10 * KIB });
    await site.read(0, 0);
    await site.clock.advance(60_000);
    const furthest = site.furthest(0);
    expect(furthest * 10 * KIB).toBeLessThanOrEqual(3 * AHEAD_BYTES);
  });

  test('the others are read as ever', async () => {
    for (let i = 0; i < 20; i++) site.append(0, big(`${i}`));
    await site.read(0, 0);
    for (let i = 0; i < 20; i++) {
      await site.clock.advance(700);
      const reading = site.reads.read(place(1), i);
      site.append(1, `${i}`);
      const before = site.clock.monotonic();
      expect(textsOf(await site.done(reading))).toEqual([`${i}`]);
      expect(site.clock.monotonic() - before).toBeLessThanOrEqual(5);
    }
  });

  test('two with more than their readers can take do not starve a third', async () => {
    site = await HeadSite.open([1, 1, 1]);
    // Together they fill an answer.
    for (let i = 0; i < 600; i++) for (const partition of [0, 1]) site.append(partition, big(`${i}`));
    const next = [0, 0];
    const greedy = [0, 1].map(async (partition) => {
      while (next[partition]! < 600)
        next[partition] = (await site.reads.read(place(partition), next[partition]!)).next;
    });
    for (let i = 0; i < 10; i++) {
      site.append(2, `${i}`);
      const before = site.clock.monotonic();
      expect(textsOf(await site.read(2, i))).toEqual([`${i}`]);
      expect(site.clock.monotonic() - before).toBeLessThanOrEqual(10);
    }
    expect(Math.max(...next)).toBeLessThan(600);
    await site.done(Promise.all(greedy));
  });

  test.each([1, 20, 100, 450, 3_000])(
    'after a pause of %i ms its reader has more within twice that',
    async (pause) => {
      for (let i = 0; i < 40; i++) site.append(0, big(`${i}`));
      void site.reads.read(place(1), 0);
      let next = (await site.read(0, 0)).next;
      // Until all that was fetched ahead is handed out there are no requests to wait for.
      await site.clock.until(() => site.wire.of('fetch').some((call) => !fetched(call).has(0)), 10_000);
      const fullSince = site.clock.monotonic();
      await site.clock.advance(pause);
      const { length } = site.wire.of('fetch');
      const left = site.furthest(0) + 6;
      while (next < left) next = (await site.read(0, next)).next;
      const asksAgain = () =>
        site.wire
          .of('fetch')
          .slice(length)
          .some((call) => fetched(call).has(0));
      await site.clock.until(asksAgain, 10_000);
      const waited = site.clock.monotonic() - fullSince;
      // A request takes 1 ms each way, and none waits for less than 5.
      expect(waited).toBeLessThanOrEqual(2 * Math.max(pause, 5) + 10);
    },
  );
});
