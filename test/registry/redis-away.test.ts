/** What works while Redis is away, and how it goes on when it is back. */
import { startRedis, type Redis } from '../../scripts/services/redis.ts';
import { RedisConnection, RegistryUnavailable } from '../../src/registry/redis/connection.ts';
import { systemClock } from '../../src/time.ts';
import { subscription } from '../contracts/registry.ts';
import { until } from '../sqlite/until.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { hurriedClock } from './hurried-clock.ts';
import { MemoryCopy, summaryOf } from './memory-copy.ts';
import { RedisSite, type Replica } from './redis-site.ts';

let redis: Redis;
let site: RedisSite;
let proxy: TcpProxy;
/** Redis by a way that can be cut. */
let url: string;
beforeAll(async () => void (redis = await startRedis()));
afterAll(() => redis.end());
beforeEach(async () => {
  site = await RedisSite.at(redis.url);
  proxy = await TcpProxy.to({ host: '127.0.0.1', port: Number(new URL(redis.url).port) });
  url = `redis://127.0.0.1:${proxy.port}`;
});
afterEach(async () => {
  await site.close();
  await proxy.close();
});

const healthy = ({ store }: Replica) => store.health().ok;

/** Every call that needs Redis, but for `load` and `find`. */
const calls: readonly [string, (replica: Replica) => Promise<unknown>][] = [
  ['insert', ({ store }) => store.insert(subscription('new'), 'key')],
  ['update', ({ store }) => store.update('a', { state: 'paused' })],
  ['an update of what is not known', ({ store }) => store.update('nobody', { state: 'paused' })],
  ['remove', ({ store }) => store.remove('b')],
  ['notes.load', ({ store }) => store.notes.load('a')],
  ['notes.attempted', ({ store }) => store.notes.attempted('a', 'm', 1)],
  ['notes.settledUpTo', ({ store }) => store.notes.settledUpTo('a', 1)],
  ['notes.forget', ({ store }) => store.notes.forget('a')],
];

async function expectRefusals(replica: Replica, withinMs: number): Promise<void> {
  await Promise.all(
    calls.map(async ([name, call]) => {
      const at = performance.now();
      const error = await call(replica).then(
        () => new Error(`${name} did not reject`),
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(RegistryUnavailable);
      expect(performance.now() - at).toBeLessThan(withinMs);
    }),
  );
}

test('PITFALLS 23: while it is away what is known stays known, and writing is refused at once', async () => {
  const replica = await site.opened({ url });
  for (const id of ['a', 'b']) await replica.store.insert(subscription(id), `key of ${id}`);
  proxy.cut();
  await until(() => !healthy(replica));
  await expectRefusals(replica, 1_000);
  expect(await replica.ids()).toEqual(['a', 'b']);
  expect(await replica.store.find('a')).toEqual(subscription('a'));
  // Another replica may have made it: who says that there is none would have it cleared away.
  for (const kind of [replica.store, replica.store.topics])
    await expect(kind.find('nobody')).rejects.toBeInstanceOf(RegistryUnavailable);
  expect(replica.store.health()).toMatchObject({
    reason: expect.stringMatching(`^Redis at ${url} cannot be reached: `) as string,
  });
  await until(() => replica.said('registry.away') === 1);
});

test('a call whose connection breaks says that Redis cannot be reached, whatever its client says', async () => {
  const connection = new RedisConnection(url, systemClock);
  await connection.open();
  const broken = connection.call(async (client) => {
    client.destroy();
    await client.ping();
  });
  await expect(broken).rejects.toThrow(`Redis at ${url} cannot be reached: `);
  await until(() => connection.trouble === undefined);
  expect(await connection.call((client) => client.ping())).toBe('PONG');
  await expect(connection.call((client) => client.sendCommand(['NONSENSE']))).rejects.toThrow(
    `Redis at ${url}: ERR unknown command`,
  );
  connection.close();
});

test('what others wrote meanwhile is told once it is back', async () => {
  const replica = await site.opened({ url });
  const other = await site.opened();
  await other.store.insert(subscription('a'), null);
  await other.store.insert(subscription('b'), null);
  await until(() => replica.told.length === 2);
  proxy.cut();
  await other.store.update('a', { state: 'paused' });
  await other.store.remove('b');
  await other.store.insert(subscription('c'), null);
  proxy.open();
  await until(() => healthy(replica) && replica.told.length === 5);
  expect(replica.told.slice(2).map(summaryOf).sort()).toEqual(['a 2 paused', 'b 2 ended', 'c 1 pending']);
  expect(await replica.ids()).toEqual(['a', 'c']);
  await until(() => replica.said('registry.back') === replica.said('registry.away'));
});

test('a call that got no answer is told of, if it took effect', async () => {
  const replica = await site.opened();
  await replica.store.insert(subscription('a'), null);
  redis.freeze();
  await expect(replica.store.update('a', { state: 'paused' })).rejects.toBeInstanceOf(RegistryUnavailable);
  expect(await replica.store.load()).toMatchObject([{ state: 'pending' }]);
  redis.thaw();
  await until(() => replica.told.at(-1)?.version === 2);
  expect(await replica.store.load()).toMatchObject([{ state: 'paused' }]);
});

test('a Redis that is cut off without a word is given up after two seconds, and taken up again', async () => {
  const replica = await site.opened({ url });
  for (const id of ['a', 'b']) await replica.store.insert(subscription(id), null);
  proxy.freeze();
  await expectRefusals(replica, 4_500);
  expect(healthy(replica)).toBe(false);
  expect(await replica.store.find('a')).toEqual(subscription('a'));
  proxy.thaw();
  await until(() => healthy(replica));
  expect(await replica.store.update('a', { state: 'gone' })).toMatchObject({ state: 'gone' });
});

test('away at the start and no copy: waits, says so at most every 30 s, and opens once it is there', async () => {
  proxy.cut();
  const clock = hurriedClock(20);
  const replica = site.replica({ url, clock });
  let open = false;
  const opening = replica.store.open().then(() => (open = true));
  const times: number[] = [];
  for (const said of [1, 2]) {
    await until(() => replica.said('registry.waiting') === said);
    times.push(clock.monotonic());
  }
  expect(times[1]! - times[0]!).toBeGreaterThan(25_000);
  const [line] = replica.logged;
  expect(line).toMatchObject({ level: 'warn', fields: { reason: expect.stringContaining(url) as string } });
  expect(open).toBe(false);
  expect(healthy(replica)).toBe(false);
  await expect(replica.store.load()).rejects.toBeInstanceOf(RegistryUnavailable);
  await expect(replica.store.insert(subscription('a'), null)).rejects.toBeInstanceOf(RegistryUnavailable);
  proxy.open();
  await opening;
  expect(healthy(replica)).toBe(true);
  await replica.store.insert(subscription('a'), null);
  expect(await site.rows()).toEqual(['a 1 pending']);
});

test('one that is closed while it waits is not opened any more', async () => {
  proxy.cut();
  const replica = site.replica({ url });
  const opening = replica.store.open();
  await until(() => replica.said('registry.waiting') === 1);
  await Promise.all([replica.store.close(), expect(opening).rejects.toBeInstanceOf(RegistryUnavailable)]);
});

test('PITFALLS 23: away at the start: what a copy has is delivered by, and agreed on when Redis is back', async () => {
  const writer = await site.opened();
  for (const id of ['a', 'b', 'c']) await writer.store.insert(subscription(id), `key of ${id}`);
  const { registryId } = writer.store;
  const copy = new MemoryCopy(registryId, writer.told);
  const newer = { ...subscription('c'), state: 'paused', version: 2 } as const;
  copy.entries.set('c', { id: 'c', version: 2, uniqueKey: 'key of c', subscription: newer });
  await writer.store.update('a', { state: 'active' });
  await writer.store.remove('b');
  await writer.store.close();

  proxy.cut();
  const replica = await site.opened({ url, copies: [copy] });
  expect(replica.store.registryId).toBe(registryId);
  expect(await replica.ids()).toEqual(['a', 'b', 'c']);
  expect(healthy(replica)).toBe(false);
  await expectRefusals(replica, 1_000);

  proxy.open();
  await until(() => healthy(replica));
  expect(replica.told.map(summaryOf).sort()).toEqual(['a 2 active', 'b 2 ended']);
  expect(await replica.ids()).toEqual(['a', 'c']);
  expect(await site.rows()).toEqual(['a 2 active', 'b 2 ended', 'c 2 paused']);
  await until(() => copy.summary().length === 3 && !copy.summary().includes('a 1 pending'));
  expect(copy.summary()).toEqual(['a 2 active', 'b 2 ended', 'c 2 paused']);
});

test('away at the start, with a copy that cannot be read either: waits for one of them', async () => {
  const copy = new MemoryCopy('the-registry', []);
  copy.failing.load = true;
  proxy.cut();
  const replica = site.replica({ url, copies: [copy] });
  const opening = replica.store.open();
  await until(() => replica.said('registry.waiting') === 1);
  copy.failing.load = false;
  await opening;
  expect(replica.store.registryId).toBe('the-registry');
});

test('what is no URL of Redis is refused without showing it', () => {
  for (const url of ['http://user:s3cret@host', 'user:s3cret@host']) {
    expect(() => site.replica({ url })).toThrow(/^the URL of Redis is none: (?!.*s3cret)/);
  }
});

test('before anybody has asked it, it is not said that it cannot be reached', () => {
  const { store } = site.replica({ url });
  expect(store.health()).toEqual({ ok: false, reason: `Redis at ${url} was not asked yet` });
});
