/** A Redis that is killed, and what it is set up to lose. */
import { startRedis, type Redis } from '../../scripts/services/redis.ts';
import { subscription } from '../contracts/registry.ts';
import { until } from '../sqlite/until.ts';
import { RedisSite, type Replica } from './redis-site.ts';

let redis: Redis;
let site: RedisSite;

async function begin(settings: Record<string, string>, command: string[] = ['PING']): Promise<Replica> {
  redis = await startRedis({ configuration: settings });
  site = await RedisSite.at(redis.url);
  await site.command(...command);
  return site.opened();
}

afterEach(async () => {
  await site.close();
  await redis.end();
});

const healthy = ({ store }: Replica) => store.health().ok;

test.each([
  ['with an append-only file', { appendonly: 'yes' }],
  ['that comes back empty', { appendonly: 'no' }],
])('PITFALLS 23: kill -9 of a Redis %s loses nothing', async (_what, settings) => {
  const here = await begin(settings);
  const there = await site.opened();
  const made = Array.from({ length: 450 }, (_, i) => `s${i}`);
  await Promise.all(made.map((id) => here.store.insert(subscription(id), `key of ${id}`)));
  await here.store.remove('s7');
  await until(async () => String(await there.ids()) === String(await here.ids()));
  const before = await here.store.load();
  await redis.kill();
  await until(() => !healthy(here) && !healthy(there));
  expect(await there.store.load()).toEqual(before);
  await expect(there.store.insert(subscription('new'), null)).rejects.toThrow('cannot be reached');
  await redis.start();
  await until(() => healthy(here) && healthy(there));
  expect(await site.rows()).toHaveLength(450);
  expect(await (await site.opened()).store.load()).toEqual(before);
  expect((await there.store.insert(subscription('new'), 'key of s9')).created).toBe(false);
  await there.store.update('s8', { state: 'paused' });
  await until(() => here.told.at(-1)?.id === 's8');
});

const warnings = ({ logged }: Replica) =>
  logged
    .filter(({ message }) => message === 'registry.not-durable')
    .map(({ fields }) => (fields as { reason: string }).reason);

test('RULES 19: a Redis without an append-only file, or that evicts, is warned about', async () => {
  const replica = await begin({ appendonly: 'no', 'maxmemory-policy': 'allkeys-lru' });
  await until(() => warnings(replica).length === 2);
  expect(warnings(replica)[0]).toContain('append-only');
  expect(warnings(replica)[1]).toContain('allkeys-lru');
});

test.each([
  ['that is set up well', ['PING']],
  ['that does not say how it is set up', ['ACL', 'SETUSER', 'default', '-config']],
])('no warning about a Redis %s', async (_what, command) => {
  const replica = await begin({ appendonly: command.length > 1 ? 'no' : 'yes' }, command);
  // Asked after the setup was, so answered after it.
  await replica.store.insert(subscription('a'), null);
  await replica.store.notes.load('a');
  expect(warnings(replica)).toEqual([]);
  expect(healthy(replica)).toBe(true);
});

test('RULES 26: a Redis that takes no writes is not healthy, until it takes some again', async () => {
  const replica = await begin({});
  await replica.store.insert(subscription('a'), null);
  await site.command('CONFIG', 'SET', 'maxmemory', '1');
  await expect(replica.store.insert(subscription('b'), null)).rejects.toThrow(/OOM/);
  expect(replica.store.health()).toMatchObject({ reason: expect.stringContaining('OOM') as string });
  expect(await replica.store.find('a')).toEqual(subscription('a'));
  const refusals = async () => {
    const stats = String(await site.command('INFO', 'errorstats'));
    return Number(/errorstat_OOM:count=(\d+)/.exec(stats)?.[1]);
  };
  const before = await refusals();
  await until(async () => (await refusals()) > before + 1);
  expect(healthy(replica)).toBe(false);
  await site.command('CONFIG', 'SET', 'maxmemory', '0');
  await until(() => healthy(replica));
});

test('a password that is wrong is said to be so, and stands nowhere in the log', async () => {
  await begin({});
  await site.command('ACL', 'SETUSER', 'gateway', 'on', '>right', '~*', '+@all');
  const at = (password: string) => redis.url.replace('redis://', `redis://gateway:${password}@`);
  const wrong = site.replica({ url: at('s3cret') });
  wrong.store.open().catch(() => undefined);
  await until(() => wrong.said('registry.refused') === 1);
  expect(wrong.logged).toMatchObject([
    { level: 'error', fields: { reason: expect.stringContaining('WRONGPASS') as string } },
  ]);
  expect(JSON.stringify([wrong.logged, wrong.store.health()])).not.toContain('s3cret');
  expect(healthy(await site.opened({ url: at('right') }))).toBe(true);
});
