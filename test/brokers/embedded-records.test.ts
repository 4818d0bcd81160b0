import { randomBytes } from 'node:crypto';
import type { Partition } from '../../src/brokers/log/log.ts';
import { Site, offsetOf, onlyPartition, partitionsOf, readAll, record, textOf } from './embedded-site.ts';

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.remove());

describe('records of the embedded log', () => {
  test('get contiguous offsets from 0 in the order of appending, also over a restart', async () => {
    let log = await site.open();
    const sources = await Promise.all(['a', 'b', 'c'].map((text) => log.append(record(text))));
    expect(sources).toEqual(
      [0, 1, 2].map((offset) => ({ broker: 'embedded', topic: 'orders', partition: 0, offset })),
    );
    log = await site.reopen(log);
    expect(await log.append(record('d'))).toMatchObject({ offset: 3 });
    const records = await readAll(log, await onlyPartition(log));
    expect(records.map(textOf)).toEqual(['a', 'b', 'c', 'd']);
    expect(records.map(offsetOf)).toEqual([0, 1, 2, 3]);
  });

  test('come back byte for byte with key, headers and time, from memory and from disk alike', async () => {
    let log = await site.open();
    const sent = [
      record(randomBytes(1_500), {
        key: 'order-€-🚚',
        headers: { tmfApi: 'TMF622', 'x-ünï': 'line\n"quoted" \u0000 ✓' },
      }),
      record(
        Uint8Array.from({ length: 256 }, (_, i) => i),
        { key: '' },
      ),
      record(new Uint8Array(0), { headers: { empty: '' } }),
    ];
    const time = site.clock.now();
    await Promise.all(sent.map((one) => log.append(one)));
    const fromMemory = await readAll(log, await onlyPartition(log));
    log = await site.reopen(log);
    await site.clock.advance(60_000);
    const fromDisk = await readAll(log, await onlyPartition(log));
    for (const records of [fromMemory, fromDisk]) {
      expect(
        records.map(({ key, headers, value, timestamp }) => ({ key, headers, value: [...value], timestamp })),
      ).toEqual(
        sent.map(({ key, headers, value }) => ({ key, headers, value: [...value], timestamp: time })),
      );
    }
    expect(fromDisk.map(({ source }) => source)).toEqual(fromMemory.map(({ source }) => source));
  });

  test('PITFALLS 17: a value of 4 MiB is kept whole, between small ones', async () => {
    const large = randomBytes(4 << 20);
    let log = await site.open();
    await Promise.all([record('before'), record(large), record('after')].map((one) => log.append(one)));
    for (let round = 0; round < 2; round++) {
      const records = await readAll(log, await onlyPartition(log));
      expect(records).toHaveLength(3);
      expect(large.equals(records[1]!.value)).toBe(true);
      expect([textOf(records[0]!), textOf(records[2]!)]).toEqual(['before', 'after']);
      log = await site.reopen(log);
    }
  });

  test('of one key share a partition in their order; keys spread over all partitions', async () => {
    const log = await site.open({ partitionsPerTopic: 4 });
    const keys = Array.from({ length: 100 }, (_, i) => `order-${i}`);
    for (const round of ['1', '2', '3']) {
      await Promise.all(keys.map((key) => log.append(record(round, { key }))));
    }
    const partitions = await partitionsOf(log);
    expect(partitions.map(({ partition }) => partition)).toEqual([0, 1, 2, 3]);
    const seen = new Map<string, string>();
    for (const partition of partitions) {
      const records = await readAll(log, partition);
      expect(records.length).toBeGreaterThan(30);
      for (const one of records) seen.set(one.key!, (seen.get(one.key!) ?? '') + textOf(one));
    }
    expect(seen.size).toBe(100);
    expect(new Set(seen.values())).toEqual(new Set(['123']));
  });

  test('RULES 24: appended at once share a commit', async () => {
    const log = await site.open({ partitionsPerTopic: 4 });
    const before = log.counters;
    await Promise.all(
      Array.from({ length: 1_000 }, (_, i) => log.append(record('x', { key: `order-${i}` }))),
    );
    expect(log.counters.transactions - before.transactions).toBeLessThan(20);
  });

  test('survive in the file alone: nothing but what was acknowledged is needed to read them', async () => {
    let log = await site.open({ partitionsPerTopic: 2 });
    const sources = [];
    for (let i = 0; i < 50; i++) sources.push(await log.append(record(`v${i}`, { key: `k${i}` })));
    log = await site.reopen(log, { partitionsPerTopic: 2 });
    for (const partition of await partitionsOf(log)) {
      for (const one of await readAll(log, partition)) {
        const i = Number(one.key!.slice(1));
        expect(textOf(one)).toBe(`v${i}`);
        expect(one.source).toEqual(sources[i]);
      }
    }
  });
});

describe('topics of the embedded log', () => {
  test('those of the configuration are there at the start; another is made with its first record', async () => {
    let log = await site.open({ topics: ['orders', 'bills'], partitionsPerTopic: 2 });
    expect(site.assigned[0]?.map(({ topic, partition }) => `${topic}:${partition}`).sort()).toEqual([
      ...['bills:0', 'bills:1', 'orders:0', 'orders:1'],
    ]);
    const sources = await Promise.all(
      ['a', 'b'].map((text) => log.append(record(text, { topic: 'alarms' }))),
    );
    expect(sources.map(({ offset }) => offset)).toEqual([0, 1]);
    expect(site.assigned).toHaveLength(2);
    expect(site.assigned[1]?.map(({ topic, partition }) => `${topic}:${partition}`)).toEqual([
      'alarms:0',
      'alarms:1',
    ]);
    log = await site.reopen(log, { partitionsPerTopic: 2 });
    expect(site.assigned[2]).toHaveLength(6);
    expect(await partitionsOf(log, 'alarms')).toEqual(
      site.assigned[1]!.map((p) => expect.objectContaining(identity(p)) as Partition),
    );
  });

  test('gain partitions when the setting is raised, which begin at 0, and never lose any', async () => {
    let log = await site.open({ partitionsPerTopic: 2 });
    await Promise.all(Array.from({ length: 20 }, (_, i) => log.append(record('x', { key: `k${i}` }))));
    const [first] = await partitionsOf(log);
    log = await site.reopen(log, { partitionsPerTopic: 4 });
    expect((await partitionsOf(log)).map(({ partition }) => partition)).toEqual([0, 1, 2, 3]);
    expect(await log.bounds((await partitionsOf(log))[3]!)).toEqual({ start: 0, end: 0 });
    log = await site.reopen(log, { partitionsPerTopic: 1 });
    const partitions = await partitionsOf(log);
    expect(partitions).toHaveLength(4);
    expect(partitions[0]?.topicId).toBe(first?.topicId);
  });

  test('RULES 4: a topic made anew in an empty directory has another id', async () => {
    const log = await site.open();
    const other = new Site();
    const again = await other.open();
    expect((await onlyPartition(again)).topicId).not.toBe((await onlyPartition(log)).topicId);
    await other.remove();
  });
});

function identity({ topic, partition, topicId }: { topic: string; partition: number; topicId: string }) {
  return { topic, partition, topicId };
}
