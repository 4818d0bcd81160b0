import { setImmediate } from 'node:timers/promises';
import { sharedRabbitmq } from '../support/rabbitmq.ts';
import { until } from '../sqlite/until.ts';
import { fate } from './kafka-table-site.ts';
import { StreamSite } from './rabbitmq-streams-site.ts';

let url: string;
let site: StreamSite;

beforeAll(async () => {
  ({ url } = await sharedRabbitmq());
}, 120_000);

beforeEach(async () => {
  site = await StreamSite.on(url);
});

afterEach(() => site.close());

/** With a table that has started. */
async function started() {
  const replica = await site.replica();
  const table = replica.table(site.stream);
  await table.topic.start();
  return { replica, ...table };
}

describe('a table in a stream', () => {
  test('is empty at once where there was none; what was put is seen here at once, by another replica soon', async () => {
    const [one, other] = await Promise.all([started(), started()]);
    for (let i = 0; i < 10; i++) {
      await one.put(`k${i % 7}`, `v${i}`);
      expect(one.table.values.get(`k${i % 7}`)).toBe(`v${i}`);
    }
    const since = performance.now();
    await one.put('k0', null);
    await until(() => !other.table.values.has('k0'));
    expect(performance.now() - since).toBeLessThan(1_000);
    expect(other.table.content).toEqual(one.table.content);
  });

  test('has all that was put when start resolves', async () => {
    const one = await started();
    await Promise.all(Array.from({ length: 500 }, (_, i) => one.put(`k${i}`, `v${i}`)));
    await one.put('k7', null);
    const other = await started();
    expect(other.table.content).toEqual(one.table.content);
    expect(other.table.values.size).toBe(499);
  });

  test('two replicas that write at once end up with the same content', async () => {
    const [one, other] = await Promise.all([started(), started()]);
    const puts = Array.from({ length: 200 }, (_, i) => [one, other][i % 2]!.put(`k${i % 5}`, `v${i}`));
    await Promise.all(puts);
    await Promise.all([one.topic.upToDate(), other.topic.upToDate()]);
    expect(one.table.content).toEqual(other.table.content);
    expect(one.table.values.size).toBe(5);
  });

  test('what was acknowledged is there, whatever becomes of the connections meanwhile, and nothing sticks', async () => {
    const [one, other] = await Promise.all([started(), started()]);
    const acknowledged = new Set<string>();
    let refused = 0;
    let isOver = false;
    const writing = Array.from({ length: 8 }, async (_, lane) => {
      for (let i = 0; !isOver; i++) {
        const key = `${lane}.${i}`;
        await one.put(key, 'v').then(
          () => acknowledged.add(key),
          () => refused++,
        );
        // What is refused at once leaves the connections no turn to come back.
        await setImmediate();
      }
    });
    for (let round = 1; round <= 4; round++) {
      const before = acknowledged.size;
      await until(() => acknowledged.size > before + 50);
      one.replica.proxy.drop();
      await until(() => !one.replica.publishing.isUp || !one.replica.reading.isUp);
    }
    const before = acknowledged.size;
    await until(() => acknowledged.size > before + 50);
    isOver = true;
    await Promise.all(writing);
    await other.topic.upToDate();
    expect([...acknowledged].filter((key) => !other.table.values.has(key))).toEqual([]);
    expect([...acknowledged].filter((key) => !one.table.values.has(key))).toEqual([]);
    expect(refused).toBeGreaterThan(0);
    expect(one.replica.log.said).not.toContain('compacted-topic.started-over');
    expect(one.topic.health()).toEqual({ ok: true });
  });

  test('follows again after its connections were lost, and says so meanwhile', async () => {
    const [one, other] = await Promise.all([started(), started()]);
    await one.put('a', '1');
    await other.topic.upToDate();
    other.replica.proxy.cut();
    await until(() => !other.topic.health().ok);
    await one.put('a', '2');
    other.replica.proxy.open();
    await until(() => other.table.values.get('a') === '2');
    await until(() => other.topic.health().ok);
    expect(other.table.restarts).toEqual([]);
  });

  test('an idle one whose connections were lost goes on where it was, and reads nothing twice', async () => {
    const { replica, table, put, topic } = await started();
    await put('a', '1');
    replica.proxy.drop();
    await until(() => !topic.health().ok);
    await until(() => topic.health().ok);
    await replica.publishing.up();
    await put('b', '2');
    expect(table.told.map((text) => text.split('@')[0])).toEqual(['a=1', 'b=2']);
  });
});

describe('a stream that was made anew', () => {
  test('deleted: it is made again, and the table hears that nothing is there', async () => {
    const { put, table, topic } = await started();
    for (let i = 0; i < 5; i++) await put('a', `${i}`);
    await site.admin.deleteQueue(site.stream);
    await until(() => table.restarts.length > 0);
    expect(table.restarts).toEqual([[]]);
    await until(() => topic.health().ok);
    await put('b', '2');
    expect(table.values.get('b')).toBe('2');
  });

  test('deleted and written to by somebody faster: what that has put is seen', async () => {
    const [one, other] = await Promise.all([started(), started()]);
    for (let i = 0; i < 5; i++) await one.put('a', `${i}`);
    await other.topic.upToDate();
    other.replica.proxy.cut();
    await until(() => !other.topic.health().ok);
    await site.makeAnew();
    await until(() => one.table.restarts.length === 1 && one.topic.health().ok);
    for (let i = 0; i < 20; i++) await one.put('b', `${i}`);
    other.replica.proxy.open();
    await until(() => other.table.values.get('b') === '19');
    expect(other.table.restarts).toEqual([['b']]);
  });

  test('a put that a new stream got rejects, or is seen', async () => {
    const { put, table, topic } = await started();
    for (let i = 0; i < 20; i++) await put('a', `${i}`);
    await site.makeAnew();
    const done = fate(put('b', '1'));
    await until(() => done.current !== 'under way');
    if (done.current === 'done') expect(table.values.get('b')).toBe('1');
    await until(() => table.restarts.length > 0 && topic.health().ok);
    await put('c', '1');
    expect(table.values.get('c')).toBe('1');
  });
});
