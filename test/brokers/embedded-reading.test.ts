import { OffsetOutOfRange } from '../../src/brokers/log/log.ts';
import { Site, onlyPartition, partitionsOf, readAll, record, textOf } from './embedded-site.ts';

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.remove());

describe('reading the embedded log', () => {
  test('at the end waits, and gets a record as soon as it is durable', async () => {
    const log = await site.open({ partitionsPerTopic: 4 });
    const partitions = await partitionsOf(log);
    const reads = partitions.map((partition) => log.read(partition, 0, 1_000));
    const { partition, offset } = await log.append(record('now'));
    // No time passes on the clock: only the append can have let the read go.
    const batch = await reads[partition!]!;
    expect(batch.records.map(textOf)).toEqual(['now']);
    expect(batch.next).toBe(offset! + 1);
  });

  test('at the end answers nothing after about a second', async () => {
    const log = await site.open();
    const read = log.read(await onlyPartition(log), 0, 1_000);
    await site.clock.advance(1_100);
    expect(await read).toEqual({ records: [], next: 0 });
  });

  test('sees a record no sooner than its append is acknowledged', async () => {
    const log = await site.open();
    const partition = await onlyPartition(log);
    const order: string[] = [];
    const read = log.read(partition, 0, 1_000).then(() => order.push('read'));
    const appended = log.append(record('x'));
    expect(log.knownEnd(partition)).toBe(0);
    await appended.then(() => order.push('appended'));
    await read;
    expect(log.knownEnd(partition)).toBe(1);
    expect(order).toHaveLength(2);
  });

  test('keeps to maxBytes, but for a single larger record', async () => {
    let log = await site.open();
    const sizes = [400, 400, 400, 5_000, 400];
    await Promise.all(sizes.map((size) => log.append(record(Buffer.alloc(size, 7)))));
    for (const place of ['memory', 'disk']) {
      const partition = await onlyPartition(log);
      const batches: number[][] = [];
      for (let at = 0; at < sizes.length;) {
        const batch = await log.read(partition, at, 2_000);
        batches.push(batch.records.map(({ value }) => value.length));
        at = batch.next;
      }
      expect({ place, sizes: batches.flat() }).toEqual({ place, sizes });
      for (const batch of batches) {
        if (batch.length > 1) expect(batch.reduce((sum, size) => sum + size)).toBeLessThanOrEqual(2_000);
      }
      expect(batches).toContainEqual([5_000]);
      log = await site.reopen(log);
    }
  });

  test('from any offset gives the same records out of memory and off the disk', async () => {
    let log = await site.open();
    const texts = Array.from({ length: 300 }, (_, i) => `${i} `.repeat(1 + ((i * 37) % 200)));
    for (let i = 0; i < texts.length; i += 30) {
      await Promise.all(texts.slice(i, i + 30).map((text) => log.append(record(text))));
    }
    for (let round = 0; round < 2; round++) {
      const partition = await onlyPartition(log);
      for (const from of [0, 1, 29, 30, 31, 150, 299]) {
        expect((await readAll(log, partition, from, 10_000)).map(textOf)).toEqual(texts.slice(from));
      }
      log = await site.reopen(log);
    }
  });

  test('goes on from the disk to memory without a gap when the memory holds only the latest', async () => {
    const log = await site.open();
    const count = 3_000;
    for (let i = 0; i < count; i += 100) {
      const part = Array.from({ length: 100 }, (_, k) => record(`${i + k}`.padEnd(1_500)));
      await Promise.all(part.map((one) => log.append(one)));
    }
    const records = await readAll(log, await onlyPartition(log));
    expect(records.map((one) => Number(textOf(one)))).toEqual(Array.from({ length: count }, (_, i) => i));
  });

  test('outside of what is there is refused with OffsetOutOfRange', async () => {
    const log = await site.open();
    await log.append(record('x'));
    const partition = await onlyPartition(log);
    await expect(log.read(partition, 2, 1_000)).rejects.toThrow(OffsetOutOfRange);
    await expect(log.read(partition, -1, 1_000)).rejects.toThrow(OffsetOutOfRange);
  });

  test('is let go by stop', async () => {
    const log = await site.open();
    const partition = await onlyPartition(log);
    const read = log.read(partition, 0, 1_000);
    await log.stop();
    expect(await read).toEqual({ records: [], next: 0 });
    await expect(log.read(partition, 0, 1_000)).rejects.toThrow(/stopped/);
    await expect(log.append(record('late'))).rejects.toMatchObject({ name: 'PublishRefused' });
  });
});

describe('finding in the embedded log', () => {
  test('records by event id and correlation id, oldest first, at most as many as asked for', async () => {
    let log = await site.open({ partitionsPerTopic: 3 });
    for (let i = 0; i < 40; i++) {
      const headers = { eventId: `e${i}`, correlationId: `c${i % 4}` };
      await log.append(record(`v${i}`, { key: `k${i}`, headers }));
    }
    await log.append(record('none', { headers: { other: 'e1' } }));
    for (let round = 0; round < 2; round++) {
      expect((await log.find({ eventId: 'e17' }, 10)).map(textOf)).toEqual(['v17']);
      const expected = Array.from({ length: 10 }, (_, i) => `v${4 * i + 2}`);
      expect((await log.find({ correlationId: 'c2' }, 100)).map(textOf)).toEqual(expected);
      expect((await log.find({ correlationId: 'c2' }, 3)).map(textOf)).toEqual(expected.slice(0, 3));
      expect(await log.find({ correlationId: 'e17' }, 10)).toEqual([]);
      expect(await log.find({ eventId: 'nobody' }, 10)).toEqual([]);
      log = await site.reopen(log);
    }
  });

  test('reaches over many stretches of the index', async () => {
    const log = await site.open();
    for (let i = 0; i < 600; i++) {
      await log.append(record(`v${i}`, { headers: { eventId: `e${i}`, correlationId: `c${i % 300}` } }));
    }
    expect((await log.find({ correlationId: 'c299' }, 10)).map(textOf)).toEqual(['v299', 'v599']);
    expect((await log.find({ eventId: 'e0' }, 10)).map(textOf)).toEqual(['v0']);
    expect((await log.find({ eventId: 'e599' }, 10)).map(({ source }) => source.offset)).toEqual([599]);
  });

  test('the first offset at or after a time; the end when there is none', async () => {
    const log = await site.open();
    const begin = site.clock.now();
    for (let i = 0; i < 5; i++) {
      await log.append(record(`v${i}`));
      await site.clock.advance(1_000);
    }
    const partition = await onlyPartition(log);
    const asked = [0, begin, begin + 1, begin + 2_000, begin + 4_000, begin + 4_001];
    const offsets = await Promise.all(asked.map((time) => log.offsetAt(partition, time)));
    expect(offsets).toEqual([0, 0, 1, 2, 4, 5]);
  });
});
