import { bytes, fate, TableSite, TOPIC } from './kafka-table-site.ts';

let site: TableSite;

beforeEach(() => {
  site = new TableSite();
});

afterEach(() => site.close());

describe('a table whose topic fails', () => {
  test('a failed read is tried again after growing pauses, also while starting; health says so meanwhile', async () => {
    site.topics.create(TOPIC, 1);
    site.topics.append(TOPIC, 'k', bytes('v'));
    const { access, topic, table, said } = site.replica();
    let failing = true;
    access.before = (call) => {
      if (failing && call === 'read') throw new Error('leader away');
    };
    const started = fate(topic.start());
    await site.clock.advance(60_000);
    expect(started.current).toBe('under way');
    expect(topic.health()).toEqual({ ok: false, reason: `${TOPIC}: Error: leader away` });
    expect(said).toEqual(['compacted-topic.unreadable']);
    expect(access.calls.read).toBeGreaterThan(10);
    expect(access.calls.read).toBeLessThan(30);
    failing = false;
    await site.clock.advance(5_000);
    expect(started.current).toBe('done');
    expect(table.content).toEqual({ k: 'v' });
    expect(topic.health()).toEqual({ ok: true });
  });

  test('a put waits for a tail that cannot read, and resolves when it can', async () => {
    const { access, topic, put } = site.replica();
    await topic.start();
    access.after = (call) => {
      if (call === 'read') throw new Error('leader away');
    };
    const done = fate(put('k', 'v'));
    await site.clock.advance(10_000);
    expect(done.current).toBe('under way');
    access.after = () => undefined;
    await site.clock.advance(5_000);
    expect(done.current).toBe('done');
  });

  test('cut off by retention: it is read again from its beginning, and the table hears what is there', async () => {
    const { access, topic, table, put, said } = site.replica();
    await topic.start();
    for (const key of ['a', 'b', 'c']) await put(key, '1');
    access.before = (call) => {
      if (call === 'read') throw new Error('away');
    };
    await site.clock.advance(2_000);
    for (const key of ['c', 'd']) site.topics.append(TOPIC, key, bytes('2'));
    site.topics.append(TOPIC, 'd', null);
    site.topics.cutOff(TOPIC, 0, 4);
    site.topics.append(TOPIC, 'e', bytes('2'));
    access.before = () => undefined;
    await site.clock.advance(10_000);
    expect(table.restarts).toEqual([['e']]);
    expect(said).toContain('compacted-topic.started-over');
    expect(topic.health()).toEqual({ ok: true });
  });

  test('made anew with as many records: it is read from its beginning', async () => {
    const { topic, table, put } = site.replica();
    await topic.start();
    for (const key of ['a', 'b', 'c']) await put(key, 'old');
    site.topics.create(TOPIC, 1);
    for (const key of ['c', 'd', 'e', 'f']) site.topics.append(TOPIC, key, bytes('new'));
    await site.clock.advance(10_000);
    expect(table.restarts).toEqual([['c', 'd', 'e', 'f']]);
    expect(table.content).toEqual({ a: 'old', b: 'old', c: 'new', d: 'new', e: 'new', f: 'new' });
  });

  test('deleted: it is made again', async () => {
    const { topic, put, table } = site.replica();
    await topic.start();
    await put('a', '1');
    site.topics.topics.delete(TOPIC);
    site.topics.wake();
    await site.clock.advance(10_000);
    expect(site.topics.topics.has(TOPIC)).toBe(true);
    expect(topic.health()).toEqual({ ok: true });
    expect(table.restarts).toEqual([[]]);
    await put('b', '2');
    expect(table.values.get('b')).toBe('2');
  });

  test('a put to a topic that was made anew meanwhile rejects: it may be lost', async () => {
    const { access, topic, put } = site.replica();
    await topic.start();
    await put('a', '1');
    let answer: () => void = () => undefined;
    access.after = (call) => {
      if (call !== 'append') return undefined;
      return new Promise<void>((resolve) => (answer = resolve));
    };
    const unanswered = fate(put('b', '2'));
    await site.clock.advance(0);
    access.after = (call) => {
      if (call === 'read') throw new Error('away');
    };
    await site.clock.advance(2_000);
    const unseen = fate(put('c', '3'));
    await site.clock.advance(2_000);
    site.topics.create(TOPIC, 1);
    access.after = () => undefined;
    await site.clock.advance(10_000);
    answer();
    await site.clock.advance(0);
    expect(unseen.current).toContain('may be lost');
    expect(unanswered.current).toContain('may be lost');
  });

  test('stop ends at once: puts under way reject, a read that comes back is not used, nothing is read any more', async () => {
    const { access, topic, table, put } = site.replica();
    await topic.start();
    access.after = (call) => {
      if (call === 'read') return new Promise<void>((resolve) => site.clock.after(500, resolve));
      return undefined;
    };
    const done = fate(put('k', 'v'));
    await site.clock.advance(0);
    topic.stop();
    await site.clock.advance(0);
    expect(done.current).toContain('not read any more');
    const { read } = access.calls;
    site.topics.append(TOPIC, 'other', bytes('v'));
    await site.clock.advance(10_000);
    expect(table.told).toEqual([]);
    expect(access.calls.read).toBe(read);
    await expect(put('k', 'v')).rejects.toThrow('not read');
  });

  test('stop while starting: start rejects', async () => {
    const { access, topic } = site.replica();
    access.before = (call) => {
      if (call === 'read') throw new Error('away');
    };
    site.topics.create(TOPIC, 1);
    site.topics.append(TOPIC, 'k', bytes('v'));
    const started = fate(topic.start());
    await site.clock.advance(1_000);
    topic.stop();
    await site.clock.advance(0);
    expect(started.current).toContain('not read any more');
  });
});
