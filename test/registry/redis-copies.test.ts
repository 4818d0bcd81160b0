/** The copies of the registry that brokers keep: what they are given, and what they are good for. */
import { startRedis, type Redis } from '../../scripts/services/redis.ts';
import type { RegistryEntry } from '../../src/registry/store.ts';
import { subscription } from '../contracts/registry.ts';
import { hubOf, topic } from '../contracts/registry-topics.ts';
import { until } from '../sqlite/until.ts';
import { hurriedClock } from './hurried-clock.ts';
import { MemoryCopy, summaryOf } from './memory-copy.ts';
import { RedisSite, type Replica } from './redis-site.ts';

let redis: Redis;
let site: RedisSite;
beforeAll(async () => void (redis = await startRedis()));
afterAll(() => redis.end());
beforeEach(async () => void (site = await RedisSite.at(redis.url)));
afterEach(() => site.close());

function entry(id: string, version: number, more: Partial<RegistryEntry> = {}): RegistryEntry {
  const made = { ...subscription(id), version, createdAt: `2026-01-0${version}T00:00:00.000Z` };
  return { id, version, uniqueKey: `key of ${id}`, subscription: made, ...more };
}

const ENDED = { uniqueKey: null, subscription: null };

function filledCopy(): MemoryCopy {
  return new MemoryCopy('the-registry', [
    entry('a', 3),
    entry('b', 1),
    entry('gone', 2, ENDED),
    entry('c', 2),
  ]);
}

const healthy = ({ store }: Replica) => store.health().ok;

test('PITFALLS 23, RULES 19: an empty Redis gets the copy back, its id and its removals too', async () => {
  const replica = await site.opened({ copies: [filledCopy()] });
  expect(replica.store.registryId).toBe('the-registry');
  expect(await replica.ids()).toEqual(['b', 'c', 'a']);
  expect(replica.told).toEqual([]);
  expect(healthy(replica)).toBe(true);
  const other = await site.opened();
  expect(other.store.registryId).toBe('the-registry');
  expect(await other.ids()).toEqual(['b', 'c', 'a']);
  expect((await other.store.insert(subscription('d'), 'key of a')).created).toBe(false);
  await expect(other.store.insert(subscription('gone'), null)).rejects.toThrow(/removed/);
});

test('RULES 19: replicas that write a copy back at the same time make one registry of it', async () => {
  const replicas = Array.from({ length: 4 }, () => site.replica({ copies: [filledCopy()] }));
  await Promise.all(replicas.map(({ store }) => store.open()));
  for (const replica of replicas) {
    expect(replica.store.registryId).toBe('the-registry');
    expect(await replica.ids()).toEqual(['b', 'c', 'a']);
  }
  expect((await site.rows()).sort()).toEqual(['a 3 pending', 'b 1 pending', 'c 2 pending', 'gone 2 ended']);
  await replicas[0]?.store.insert(subscription('d'), null);
  await until(() => replicas.every(({ told }) => told.length === 1));
});

test('RULES 1: replicas that open an empty Redis at the same time agree on its id', async () => {
  const replicas = Array.from({ length: 5 }, () => site.replica());
  await Promise.all(replicas.map(({ store }) => store.open()));
  expect(new Set(replicas.map(({ store }) => store.registryId)).size).toBe(1);
  expect(replicas.reduce((sum, replica) => sum + replica.said('registry.created'), 0)).toBe(1);
});

test('RULES 19: of Redis and copies the higher version of each holds, and all have it then', async () => {
  const writer = await site.opened();
  for (const id of ['a', 'b', 'c', 'd']) await writer.store.insert(subscription(id), `key of ${id}`);
  await writer.store.update('a', { state: 'active' });
  await writer.store.remove('b');
  const { registryId } = writer.store;
  const first = new MemoryCopy(registryId, [entry('a', 1), entry('b', 1), entry('c', 5, ENDED)]);
  const second = new MemoryCopy(registryId, [entry('d', 4), entry('e', 1)]);
  const replica = await site.opened({ copies: [first, second] });
  const all = ['a 2 active', 'b 2 ended', 'c 5 ended', 'd 4 pending', 'e 1 pending'];
  expect((await site.rows()).sort()).toEqual(all);
  expect(await replica.ids()).toEqual(['a', 'd', 'e']);
  await until(() => first.entries.size === 5 && second.entries.size === 5);
  await until(() => String(first.summary()) === String(all) && String(second.summary()) === String(all));
  expect(first.given.sort()).toEqual(['a 2', 'b 2', 'd 4', 'e 1']);
  await until(() => writer.told.map(summaryOf).includes('c 5 ended'));
});

test.each([
  ['than Redis', () => [new MemoryCopy('another-registry', [entry('z', 1)])]],
  ['than another copy', () => [new MemoryCopy('one'), new MemoryCopy('another')]],
])('RULES 1: a copy of another registry %s is refused with one sentence', async (_what, copies) => {
  const writer = await site.opened();
  await writer.store.insert(subscription('a'), null);
  const replica = site.replica({ copies: copies() });
  await expect(replica.store.open()).rejects.toThrow(
    new RegExp(`^two registries share the name "${site.prefix}": .*; give each gateway a "name" of its own`),
  );
  expect(await site.rows()).toEqual(['a 1 pending']);
  expect(healthy(replica)).toBe(false);
});

test('RULES 1: a Redis that is exchanged for another while it works is not written to', async () => {
  const copy = new MemoryCopy();
  const replica = await site.opened({ copies: [copy] });
  await replica.store.insert(subscription('a'), null);
  await site.flush();
  await site.command('HSET', site.key('registry'), 'id', 'another', 'life', 'its own');
  await until(() => !healthy(replica));
  expect(replica.store.health()).toMatchObject({
    reason: expect.stringContaining('two registries') as string,
  });
  await expect(replica.store.insert(subscription('b'), null)).rejects.toThrow(
    'two registries share the name',
  );
  await expect(replica.store.update('a', { state: 'active' })).rejects.toThrow('two registries');
  expect(await site.rows()).toEqual([]);
  expect(await replica.ids()).toEqual(['a']);
  expect(replica.said('registry.other')).toBe(1);
  await site.flush();
  await until(() => healthy(replica));
  expect(await site.rows()).toEqual(['a 1 pending']);
});

test('RULES 19: what is written is in the copies when the call resolves, and what others write soon after', async () => {
  const [mine, theirs] = [new MemoryCopy(), new MemoryCopy()];
  const here = await site.opened({ copies: [mine] });
  await site.opened({ copies: [theirs] });
  const { store } = here;
  await store.insert(subscription('a'), 'key');
  expect(mine.summary()).toEqual(['a 1 pending']);
  await store.update('a', { state: 'active' });
  expect(mine.summary()).toEqual(['a 2 active']);
  await store.remove('a');
  expect(mine.summary()).toEqual(['a 3 ended']);
  expect(mine.registryId).toBe(store.registryId);
  await until(() => theirs.summary()[0] === 'a 3 ended');
  expect(theirs.registryId).toBe(store.registryId);
});

test('a copy that fails holds nobody up and is given the latest of each when it works again', async () => {
  const copy = new MemoryCopy();
  copy.failing.keep = true;
  const replica = await site.opened({ copies: [copy] });
  const { store } = replica;
  for (const id of ['a', 'b']) await store.insert(subscription(id), null);
  await store.update('a', { state: 'active' });
  await store.update('a', { state: 'paused' });
  await store.remove('b');
  expect(copy.summary()).toEqual([]);
  expect(healthy(replica)).toBe(true);
  copy.failing.keep = false;
  const before = copy.given.length;
  await until(() => String(copy.summary()) === String(['a 3 paused', 'b 2 ended']));
  expect(copy.given.slice(before).sort()).toEqual(['a 3', 'b 2']);
  await until(() => replica.said('registry.copy.back') === 1);
  expect(replica.said('registry.copy.failed')).toBe(1);
});

test('RULES 19: an empty Redis is no new registry as long as a copy cannot be read', async () => {
  const copy = filledCopy();
  copy.failing.load = true;
  const replica = site.replica({ copies: [copy] });
  const opening = replica.store.open();
  await until(() => replica.said('registry.waiting') === 1);
  expect(await site.rows()).toEqual([]);
  copy.failing.load = false;
  await opening;
  expect(replica.store.registryId).toBe('the-registry');
  expect(await replica.ids()).toEqual(['b', 'c', 'a']);
});

test('a Redis that has the registry does without a copy that cannot be read, until it can', async () => {
  const writer = await site.opened();
  await writer.store.insert(subscription('a'), null);
  const copy = new MemoryCopy(writer.store.registryId, [entry('b', 1)]);
  copy.failing.load = true;
  const replica = await site.opened({ copies: [copy], clock: hurriedClock(20) });
  expect(await replica.ids()).toEqual(['a']);
  await replica.store.update('a', { state: 'active' });
  expect(copy.summary()).toEqual(['b 1 pending']);
  copy.failing.load = false;
  await until(() => copy.summary().includes('a 2 active'));
  expect(replica.told.map(summaryOf)).toEqual(['a 2 active', 'b 1 pending']);
  await until(async () => (await site.rows()).length === 2);
  await until(() => writer.told.map(summaryOf).includes('b 1 pending'));
});

test('RULES 1: a copy that turns out later to be of another registry is left alone, loudly', async () => {
  const copy = new MemoryCopy('another-registry', [entry('z', 1)]);
  copy.failing.load = true;
  const replica = await site.opened();
  const late = await site.opened({ copies: [copy] });
  copy.failing.load = false;
  await until(() => late.said('registry.copy.other') === 1);
  await late.store.insert(subscription('a'), null);
  await until(() => replica.told.length === 1);
  expect(await late.ids()).toEqual(['a']);
  expect(copy.given).toEqual([]);
});

test('RULES 19: topics come back from the copy as well, and a removed one does not', async () => {
  const copy = new MemoryCopy();
  const writer = await site.opened({ copies: [copy] });
  await writer.store.topics.insert(topic('kept'));
  await writer.store.insert(hubOf('kept', 'hub'), null);
  await writer.store.topics.hold('kept');
  await writer.store.topics.insert(topic('gone'));
  await writer.store.topics.remove('gone');
  await writer.store.close();
  await site.flush();
  const { store } = await site.opened({ copies: [copy] });
  expect(await store.topics.load()).toEqual([{ ...topic('kept'), version: 2 }]);
  expect(await store.load()).toEqual([hubOf('kept', 'hub')]);
  expect(await store.topics.remove('kept')).toBe(1);
  await expect(store.topics.insert(topic('gone'))).rejects.toThrow();
});
