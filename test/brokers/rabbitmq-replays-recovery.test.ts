import { EVER, ReplaySite, type ReplicaSite } from './rabbitmq-replays-site.ts';

let site: ReplaySite;
let replica: ReplicaSite;

beforeEach(async () => {
  site = new ReplaySite();
  replica = await site.replica();
});

afterEach(() => site.close());

test('offers as if for the first time, and tells when all of it was offered', async () => {
  const { old, recent } = await site.past(replica);
  const outlet = await replica.attach('b', { room: 39, settles: false });
  expect(replica.replays.recovering('b')).toBeUndefined();
  await replica.create('b', EVER, 'recovery');
  let isOffered = false;
  void replica.replays.recovering('b')?.then(() => (isOffered = true));
  await site.until(() => outlet.offered.length === 39);
  await site.clock.advance(5_000);
  expect(isOffered).toBe(false);
  outlet.give(1);
  await site.until(() => isOffered);
  expect(outlet.ids).toEqual([...old, ...recent]);
  expect(outlet.replayed).toEqual([]);
  expect(replica.replays.recovering('b')).toBeUndefined();
  expect(site.jobs).toHaveLength(1);
});

test('that ends with its subscription keeps nobody waiting', async () => {
  await site.past(replica);
  await replica.attach('b', { room: 0 });
  await replica.create('b', EVER, 'recovery');
  const recovering = replica.replays.recovering('b');
  expect(recovering).toBeDefined();
  await replica.detach('b');
  await site.finish(recovering!);
});

test('is not waited for because of a replay', async () => {
  await site.past(replica);
  await replica.attach('b', { room: 0 });
  await replica.create('b', EVER);
  expect(replica.replays.recovering('b')).toBeUndefined();
});
