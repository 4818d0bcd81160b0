import { bytes, fate, Memory, TableSite, TOPIC } from './kafka-table-site.ts';

let site: TableSite;

beforeEach(() => {
  site = new TableSite();
});

afterEach(() => site.close());

describe('a table in a compacted topic', () => {
  test('has all that was in the topic when start resolves, of every partition', async () => {
    site.topics.create(TOPIC, 3);
    for (let i = 0; i < 50; i++) site.topics.append(TOPIC, `k${i}`, bytes(`v${i}`));
    site.topics.append(TOPIC, 'k7', bytes('new'));
    site.topics.append(TOPIC, 'k8', null);
    const { topic, table } = site.replica({ partitions: 3 });
    expect(topic.health()).toMatchObject({ ok: false });
    await topic.start();
    expect(table.values.size).toBe(49);
    expect(table.content).toMatchObject({ k7: 'new', k49: 'v49' });
    expect(table.values.has('k8')).toBe(false);
    expect(topic.health()).toEqual({ ok: true });
  });

  test('makes its topic, compacted, and is empty at once', async () => {
    const { topic, table } = site.replica({ partitions: 2 });
    const started = fate(topic.start());
    await site.clock.advance(0);
    expect(started.current).toBe('done');
    expect(table.told).toEqual([]);
    expect(site.topics.of(TOPIC)).toMatchObject({ configs: { 'cleanup.policy': 'compact' } });
    expect(site.topics.of(TOPIC).partitions).toHaveLength(2);
  });

  test('start rejects where the topic cannot be had', async () => {
    const { access, topic } = site.replica();
    access.before = () => {
      throw new Error('not authorized');
    };
    await expect(topic.start()).rejects.toThrow('not authorized');
  });

  test('start rejects where the order of all keys counts and the topic has several partitions', async () => {
    site.topics.create(TOPIC, 6);
    await expect(site.replica({ exactly: true }).topic.start()).rejects.toThrow(
      '6 partitions; it must have 1',
    );
  });

  test('what was put is seen here when put resolves, and by another replica soon', async () => {
    const one = site.replica({ partitions: 2 });
    const other = site.replica({ partitions: 2 });
    await Promise.all([one.topic.start(), other.topic.start()]);
    for (let i = 0; i < 20; i++) {
      await one.put(`k${i % 7}`, `v${i}`);
      expect(one.table.values.get(`k${i % 7}`)).toBe(`v${i}`);
    }
    await one.put('k0', null);
    expect(one.table.values.has('k0')).toBe(false);
    await site.clock.until(() => other.table.told.length === 21, 5_000);
    expect(other.table.content).toEqual(one.table.content);
  });

  test('put does not resolve before its own table saw the record', async () => {
    const { access, topic, put, table } = site.replica();
    await topic.start();
    let release: () => void = () => undefined;
    access.after = (call) => {
      if (call !== 'read') return undefined;
      return new Promise<void>((resolve) => (release = resolve));
    };
    const done = fate(put('k', 'v'));
    await site.clock.advance(0);
    expect([done.current, table.told]).toEqual(['under way', []]);
    release();
    await site.clock.advance(0);
    expect([done.current, table.told]).toEqual(['done', ['k=v@0']]);
  });

  test('put rejects when the broker refuses, and before start', async () => {
    const { access, topic, put } = site.replica();
    await expect(put('k', 'v')).rejects.toThrow('not read');
    await topic.start();
    access.before = (call) => {
      if (call === 'append') throw new Error('broker away');
    };
    await expect(put('k', 'v')).rejects.toThrow('broker away');
  });

  test('keys of several tables are kept apart by their prefixes', async () => {
    const { topic, table, put } = site.replica({ prefix: 'a:' });
    const other = new Memory();
    topic.keep('b:', other);
    await topic.start();
    await put('a:1', 'x');
    await put('b:1', 'y');
    await put('c:1', 'z');
    expect([table.content, other.content]).toEqual([{ '1': 'x' }, { '1': 'y' }]);
  });

  test('partitions that were added are read too, once something is put there, and that is said', async () => {
    const { topic, table, put, said } = site.replica();
    await topic.start();
    site.topics.addPartition(TOPIC);
    for (let i = 0; i < 4; i++) await put(`k${i}`, 'v');
    expect(table.values.size).toBe(4);
    expect(said).toEqual(['compacted-topic.partitions-added']);
  });
});
