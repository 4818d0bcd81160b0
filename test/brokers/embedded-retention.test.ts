import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Log, Partition } from '../../src/brokers/log/log.ts';
import { OffsetOutOfRange } from '../../src/brokers/log/log.ts';
import { until } from '../sqlite/until.ts';
import { Site, offsetOf, onlyPartition, partitionsOf, readAll, record, textOf } from './embedded-site.ts';

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.remove());

const HOUR = 3_600_000;

async function appendMany(log: Log, count: number, bytes = 10): Promise<void> {
  for (let i = 0; i < count; i++)
    await log.append(record(Buffer.alloc(bytes, i), { headers: { eventId: `e${i}` } }));
}

const startOf = async (log: Log, partition: Partition) => (await log.bounds(partition)).start;

describe('retention of the embedded log', () => {
  test('by age removes what is older, and keeps the rest', async () => {
    const log = await site.open({ retention: { ageMs: HOUR } });
    const partition = await onlyPartition(log);
    expect(log.retentionMs).toBe(HOUR);
    await log.append(record('old'));
    await log.append(record('old too'));
    await site.clock.advance(0.75 * HOUR);
    await log.append(record('young'));
    await site.clock.advance(0.2 * HOUR);
    expect(await startOf(log, partition)).toBe(0);
    await site.clock.advance(0.1 * HOUR);
    await until(async () => (await startOf(log, partition)) === 2, site.clock);
    expect((await readAll(log, partition)).map(textOf)).toEqual(['young']);
    await expect(log.read(partition, 1, 1_000)).rejects.toThrow(OffsetOutOfRange);
  });

  test('by size removes the oldest over all topics until the rest fits', async () => {
    const log = await site.open({ topics: ['orders', 'bills'], retention: { bytes: 100_000 } });
    for (let i = 0; i < 30; i++) {
      await log.append(record(Buffer.alloc(5_000), { topic: i < 15 ? 'bills' : 'orders' }));
    }
    const [bills] = await partitionsOf(log, 'bills');
    const [orders] = await partitionsOf(log, 'orders');
    await until(async () => (await startOf(log, bills!)) === 11, site.clock);
    for (let i = 0; i < 12; i++) await site.clock.advance(1_000);
    expect(await log.bounds(bills!)).toEqual({ start: 11, end: 15 });
    expect(await log.bounds(orders!)).toEqual({ start: 0, end: 15 });
  });

  test('offsets are not used again when a partition was emptied, also after a restart', async () => {
    const options = { retention: { ageMs: HOUR } };
    let log = await site.open(options);
    let partition = await onlyPartition(log);
    await appendMany(log, 5);
    await site.clock.advance(2 * HOUR);
    await until(async () => (await startOf(log, partition)) === 5, site.clock);
    expect(await log.bounds(partition)).toEqual({ start: 5, end: 5 });
    log = await site.reopen(log, options);
    partition = await onlyPartition(log);
    expect(await log.bounds(partition)).toEqual({ start: 5, end: 5 });
    expect(await log.append(record('next'))).toMatchObject({ offset: 5 });
    expect((await readAll(log, partition)).map(offsetOf)).toEqual([5]);
  });

  test('what was removed is not found any more, what stays is', async () => {
    const log = await site.open({ retention: { ageMs: HOUR } });
    const partition = await onlyPartition(log);
    await appendMany(log, 300);
    await site.clock.advance(2 * HOUR);
    await log.append(record('stays', { headers: { eventId: 'e300' } }));
    await until(async () => (await startOf(log, partition)) === 300, site.clock);
    expect(await log.find({ eventId: 'e5' }, 10)).toEqual([]);
    expect(await log.find({ eventId: 'e300' }, 10)).toHaveLength(1);
    expect(await log.offsetAt(partition, 0)).toBe(300);
  });

  test('a stamp from a clock that was ahead does not stop it', async () => {
    const log = await site.open({ retention: { ageMs: HOUR } });
    const partition = await onlyPartition(log);
    const wall = site.clock.now.bind(site.clock);
    site.clock.now = () => wall() + 1_000 * HOUR;
    await log.append(record('from the future'));
    site.clock.now = wall;
    await log.append(record('today'));
    await site.clock.advance(2 * HOUR);
    await until(async () => (await startOf(log, partition)) === 2, site.clock);
  });

  test('works in slices, so that other calls are answered in between', async () => {
    const log = await site.open({ retention: { ageMs: HOUR } });
    const partition = await onlyPartition(log);
    for (let i = 0; i < 10; i++) {
      await Promise.all(Array.from({ length: 20 }, () => log.append(record(Buffer.alloc(60_000)))));
    }
    await site.clock.advance(2 * HOUR);
    const starts = new Set<number>();
    await until(async () => {
      starts.add(await startOf(log, partition));
      return starts.has(200);
    }, site.clock);
    expect(starts.size).toBeGreaterThan(2);
  });

  test('freed space is used again: the file does not grow with what passes through', async () => {
    const log = await site.open({ retention: { bytes: 500_000 } });
    const partition = await onlyPartition(log);
    for (let i = 0; i < 1_500; i += 30) {
      for (let k = i; k < i + 30; k++) {
        await log.append(record(Buffer.alloc(5_000), { headers: { eventId: `e${k}` } }));
      }
      const { end } = await log.bounds(partition);
      await until(async () => (await startOf(log, partition)) >= end - 100, site.clock);
    }
    await log.stop();
    const file = join(site.dir, 'log.db');
    expect(statSync(file).size).toBeLessThan(3_000_000);
    const db = new DatabaseSync(file);
    const { ids } = db.prepare('SELECT count(*) AS ids FROM event_ids').get() as { ids: number };
    db.close();
    expect(ids).toBeLessThan(400);
  });
});
