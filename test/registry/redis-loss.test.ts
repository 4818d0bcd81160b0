/** What becomes of the registry when Redis loses it, wholly or in part, while replicas live. */
import { startRedis, type Redis } from '../../scripts/services/redis.ts';
import { subscription } from '../contracts/registry.ts';
import { until } from '../sqlite/until.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { hurriedClock } from './hurried-clock.ts';
import { RedisSite, type Replica } from './redis-site.ts';

let redis: Redis;
let site: RedisSite;
beforeAll(async () => void (redis = await startRedis()));
afterAll(() => redis.end());
beforeEach(async () => void (site = await RedisSite.at(redis.url)));
afterEach(() => site.close());

/** Three that live (c, a, b in the order of creation) and one that was removed. */
async function fill({ store }: Replica): Promise<void> {
  for (const id of ['c', 'gone', 'a', 'b']) await store.insert(subscription(id), `key of ${id}`);
  await store.update('a', { state: 'active' });
  await store.remove('gone');
}

const FILLED = ['c 1 pending', 'gone 2 ended', 'a 2 active', 'b 1 pending'];

const healthy = ({ store }: Replica) => store.health().ok;

test('PITFALLS 23, RULES 19: a registry that is flushed is written back within a second, removals too', async () => {
  const replica = await site.opened();
  await fill(replica);
  const { registryId } = replica.store;
  const told = replica.told.length;
  await site.flush();
  const at = performance.now();
  await until(async () => (await site.rows()).length === 4 && replica.said('registry.written-back') === 1);
  expect(performance.now() - at).toBeLessThan(2_000);
  expect(await site.rows()).toEqual(FILLED);
  expect(replica.logged.filter(({ level }) => level === 'error')).toMatchObject([
    { message: 'registry.flushed', fields: { registryId } },
  ]);
  expect(healthy(replica)).toBe(true);
  expect(replica.told).toHaveLength(told);

  const next = await site.opened();
  expect(next.store.registryId).toBe(registryId);
  expect(await next.ids()).toEqual(['c', 'a', 'b']);
  expect((await next.store.insert(subscription('d'), 'key of a')).created).toBe(false);
  expect((await next.store.insert(subscription('d'), 'key of gone')).created).toBe(true);
  expect(await next.ids()).toEqual(['c', 'a', 'b', 'd']);
  await expect(next.store.insert(subscription('gone'), null)).rejects.toThrow();
});

test('PITFALLS 23: is not healthy until all is written back', async () => {
  const replica = await site.opened();
  await fill(replica);
  const reasons: string[] = [];
  // Between any two answers of Redis.
  const look = () => {
    const health = replica.store.health();
    if (!health.ok) reasons.push(health.reason);
    if (health.ok && reasons.length > 0) return;
    setImmediate(look);
  };
  look();
  await site.flush();
  await until(() => reasons.length > 0);
  expect(new Set(reasons)).toEqual(new Set(['Redis lost the registry: it is being written back']));
  await until(() => healthy(replica));
  expect(await site.rows()).toEqual(FILLED);
});

test('RULES 17, 19: right after a flush what was known counts: a unique key is taken, a removed id stays so', async () => {
  const replica = await site.opened();
  await fill(replica);
  const { store } = replica;
  await site.flush();
  const again = await store.insert(subscription('d'), 'key of a');
  expect(again).toMatchObject({ created: false, subscription: { id: 'a', state: 'active' } });
  await site.flush();
  await expect(store.insert(subscription('gone'), null)).rejects.toThrow(/removed/);
  await site.flush();
  expect(await store.update('c', { state: 'paused' })).toMatchObject({ version: 2 });
  await site.flush();
  expect(await store.remove('b')).toBe(true);
  await site.flush();
  expect(await store.update('gone', { state: 'active' })).toBeUndefined();
  expect(await store.find('a')).toMatchObject({ state: 'active' });
  await until(async () => (await site.rows()).length === 4 && healthy(replica));
  expect(await site.rows()).toEqual(['c 2 paused', 'gone 2 ended', 'a 2 active', 'b 2 ended']);
});

test('PITFALLS 23: all replicas write back at once, and each is told only of what is new to it', async () => {
  const replicas = await Promise.all(Array.from({ length: 3 }, () => site.opened()));
  const [here, there] = replicas as [Replica, Replica, Replica];
  await fill(here);
  const latest = ({ told }: Replica) => new Map(told.map(({ id, version }) => [id, version]));
  await until(() =>
    replicas.every((replica) => latest(replica).size === 4 && latest(replica).get('gone') === 2),
  );
  for (let round = 0; round < 5; round++) {
    await site.flush();
    await there.store.update('b', { stateReason: `round ${round}` });
    const version = round + 2;
    await until(() =>
      replicas.every((replica) => healthy(replica) && replica.told.at(-1)?.version === version),
    );
  }
  expect(await site.rows()).toEqual([...FILLED.slice(0, 3), 'b 6 pending']);
  for (const { told } of replicas) {
    expect(new Set(told.map(({ id, version }) => `${id} ${version}`)).size).toBe(told.length);
  }
});

test('PITFALLS 23: Redis that comes back with older data gets what it lost', async () => {
  const proxy = await TcpProxy.to({ host: '127.0.0.1', port: Number(new URL(redis.url).port) });
  const replica = await site.opened({ url: `redis://127.0.0.1:${proxy.port}` });
  await fill(replica);
  const back = await site.remember();
  await replica.store.update('c', { state: 'active' });
  await replica.store.remove('b');
  await replica.store.insert(subscription('d'), 'key of d');
  proxy.cut();
  await back();
  expect(await site.rows()).toEqual(FILLED);
  proxy.open();
  await until(async () => (await site.rows()).length === 5 && healthy(replica));
  expect(await site.rows()).toEqual(['c 2 active', 'gone 2 ended', 'a 2 active', 'b 2 ended', 'd 1 pending']);
  await proxy.close();
});

test('PITFALLS 23: what Redis lost unnoticed counts all the same when it is written to', async () => {
  const replica = await site.opened();
  await fill(replica);
  const { store } = replica;
  const back = await site.remember();
  await store.update('c', { state: 'active' });
  await store.insert(subscription('d'), 'key of d');
  await store.remove('b');
  await back();
  expect((await store.insert(subscription('e'), 'key of d')).created).toBe(false);
  await back();
  expect(await store.update('c', { stateReason: 'why' })).toMatchObject({ state: 'active', version: 3 });
  await back();
  await expect(store.insert(subscription('b'), null)).rejects.toThrow(/removed/);
});

test('two that wrote one version, because Redis lost the first, agree; a removal is never undone', async () => {
  const proxy = await TcpProxy.to({ host: '127.0.0.1', port: Number(new URL(redis.url).port) });
  const here = await site.opened({ url: `redis://127.0.0.1:${proxy.port}` });
  await fill(here);
  const there = await site.opened();
  const back = await site.remember();
  await there.store.close();
  await here.store.remove('c');
  await here.store.update('a', { state: 'paused' });
  proxy.cut();
  await back();
  const other = await site.opened();
  await other.store.update('c', { state: 'active' });
  await other.store.update('a', { state: 'gone' });
  proxy.open();
  await until(async () => (await site.rows())[0] === 'c 3 ended' && other.told.length === 4 && healthy(here));
  expect(await site.rows()).toEqual(['c 3 ended', 'gone 2 ended', 'a 4 gone', 'b 1 pending']);
  expect(await here.store.load()).toEqual(await other.store.load());
  expect(here.told.at(-1)).toEqual(other.told.at(-1));
  await proxy.close();
});

test('RULES 17, 19: in a Redis that is filled again the id is what comes last: nobody inserts before', async () => {
  const replica = await site.opened();
  const made = Array.from({ length: 1_000 }, (_, i) => `s${i}`);
  await Promise.all(made.map((id) => replica.store.insert(subscription(id), `key of ${id}`)));
  const look = `return { redis.call('HGET', KEYS[1], 'id') or '', redis.call('HLEN', KEYS[2]) }`;
  await site.flush();
  const seen = new Set<number>();
  for (;;) {
    const answer = await site.command('EVAL', look, '2', site.key('registry'), site.key('unique'));
    const [id, count] = answer as [string, number];
    seen.add(count);
    if (id === '') continue;
    expect(count).toBe(1_000);
    break;
  }
  expect(seen.size).toBeGreaterThan(2);
});

test('one that missed a change knows it by the number, and looks at everything', async () => {
  const replica = await site.opened();
  await fill(replica);
  const [id, document] = ['b', JSON.stringify({ ...subscription('b'), state: 'gone', version: undefined })];
  await site.command('HSET', site.key(`subscription:${id}`), 'version', '9', 'document', document);
  const changes = Number(await site.command('XLEN', site.key('changes')));
  await site.command('XADD', site.key('changes'), `${changes + 1}-0`, 'id', 'c', 'version', '1');
  const other = await site.opened();
  await other.store.update('c', { state: 'active' });
  await until(() => replica.told.at(-1)?.version === 2);
  expect(replica.told.some(({ version }) => version === 9)).toBe(false);
  await site.command('XADD', site.key('changes'), `${changes + 4}-0`, 'id', 'c', 'version', '1');
  await until(() => replica.told.at(-1)?.version === 9);
  expect(await replica.store.find('b')).toMatchObject({ state: 'gone', version: 9 });
});

test('a single entry that was evicted, or a part of it, is back within half a minute', async () => {
  const replica = await site.opened({ clock: hurriedClock(100) });
  await fill(replica);
  for (const lost of [
    ['DEL', site.key('subscription:a')],
    ['ZREM', site.key('subscriptions'), 'a'],
    ['HDEL', site.key('unique'), 'key of a'],
    ['DEL', site.key('subscriptions')],
    ['DEL', site.key('unique')],
    ['DEL', site.key('changes')],
  ]) {
    await site.command(...lost);
    await until(async () => {
      const rows = await site.rows();
      const owner = await site.command('HGET', site.key('unique'), 'key of a');
      return rows.length === 4 && rows.includes('a 2 active') && owner === 'a';
    });
    expect(await site.rows()).toEqual(FILLED);
  }
  const other = await site.opened();
  await other.store.update('a', { state: 'paused' });
  await until(() => replica.told.at(-1)?.version === 3);
});
