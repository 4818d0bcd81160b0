import { EVER, ReplaySite, type ReplicaSite } from './rabbitmq-replays-site.ts';

let site: ReplaySite;
let replica: ReplicaSite;

beforeEach(async () => {
  site = new ReplaySite();
  replica = await site.replica();
});

afterEach(() => site.close());

test('from a time on, up to what was there when it was asked for', async () => {
  const { outlet, between, recent } = await site.past(replica);
  const other = await replica.attach('other');
  await replica.create('a', { from: { time: between } });
  site.publish('later', 20);
  await site.untilReplayed(outlet, recent);
  await site.untilNoJob();
  expect(outlet.replayed).toHaveLength(20);
  expect(other.replayed).toEqual([]);
  expect(outlet.replayed.every(({ replay, attempts }) => replay && attempts === 0)).toBe(true);
});

test('up to a time', async () => {
  const { outlet, between, old } = await site.past(replica);
  await replica.create('a', { ...EVER, to: between });
  await site.untilReplayed(outlet, old);
  await site.untilNoJob();
  expect(outlet.replayed).toHaveLength(20);
});

test('from an event on', async () => {
  const { outlet, old, recent } = await site.past(replica);
  await replica.create('a', { from: { eventId: 'old12' } });
  await site.untilReplayed(outlet, [...old.slice(12), ...recent]);
});

test('from an offset of the stream on, and of nothing else', async () => {
  const { outlet, recent } = await site.past(replica);
  const other = replica.create('a', { from: { offsets: { 'bss.ordering.events:0': 7, 'hub.events:0': 7 } } });
  await expect(other).rejects.toThrow('bss.ordering.events:0');
  expect(site.jobs).toEqual([]);
  await replica.create('a', { from: { offsets: { 'hub.events:0': 20 } } });
  await site.untilReplayed(outlet, recent);
});

test('of one correlation id only', async () => {
  const outlet = await replica.attach('a');
  const mine = site.publish('mine', 10, { correlationId: 'c' });
  site.publish('other', 10, { correlationId: 'd' });
  await replica.create('a', { ...EVER, correlationId: 'c' });
  await site.untilReplayed(outlet, mine);
  await site.untilNoJob();
  expect(outlet.replayed).toHaveLength(10);
});

test('of nothing is fine, and makes no job', async () => {
  const { outlet } = await site.past(replica);
  await replica.create('a', { from: { time: '2999-01-01T00:00:00.000Z' } });
  await replica.create('a', { from: { eventId: 'nothing' } });
  await replica.create('a', { from: { offsets: {} } });
  expect(site.jobs).toEqual([]);
  expect(outlet.replayed).toEqual([]);
});

test('what the subscription does not want, or nobody can read, is left out', async () => {
  const outlet = await replica.attach('a');
  site.publish('others', 3, { to: 'b' });
  site.publish('unreadable', 3, { unreadable: 'yes' });
  const mine = site.publish('mine', 3);
  site.publish('others', 3, { to: 'b' });
  await replica.create('a', EVER);
  await site.untilReplayed(outlet, mine);
  await site.untilNoJob();
});

test('an offset that no event has holds up nothing', async () => {
  const outlet = await replica.attach('a');
  const ids = site.publish('a', 3);
  site.stream.skip();
  ids.push(...site.publish('b', 3));
  outlet.settles = false;
  await replica.create('a', EVER);
  await site.untilReplayed(outlet, ids);
  for (const delivery of outlet.replayed) outlet.settle(delivery);
  await site.untilNoJob();
  expect(replica.messages('replay.shortened')).toEqual([]);
});

test('goes on after a crash with what was not settled, and ends', async () => {
  const { outlet, old, recent } = await site.past(replica);
  outlet.settles = false;
  await replica.create('a', EVER);
  await site.untilReplayed(outlet, [...old, ...recent]);
  for (const delivery of outlet.replayed.slice(0, 25)) outlet.settle(delivery);
  const tried = outlet.replayed[30]!;
  tried.attempts = 2;
  tried.feed.attempted(tried);
  await site.clock.advance(1_000);
  replica = await site.crash(replica);
  const again = await replica.attach('a');
  await site.untilReplayed(again, [...old, ...recent].slice(25));
  expect(again.replayed.filter(({ attempts }) => attempts > 0).map(({ event }) => event.id)).toEqual([
    tried.event.id,
  ]);
  await site.untilNoJob();
});

test('goes on after a crash that came right after it was asked for', async () => {
  const { old, recent } = await site.past(replica);
  await replica.create('a', EVER);
  replica = await site.crash(replica);
  await site.untilReplayed(await replica.attach('a'), [...old, ...recent]);
});

test('after a stop nothing comes again that was settled before', async () => {
  const { outlet, old, recent } = await site.past(replica);
  outlet.settles = false;
  await replica.create('a', EVER);
  await site.untilReplayed(outlet, [...old, ...recent]);
  outlet.replayed.slice(0, 10).forEach((delivery) => outlet.settle(delivery));
  replica.replays.quiesce();
  outlet.replayed.slice(10, 20).forEach((delivery) => outlet.settle(delivery));
  await site.finish(replica.replays.stop());
  replica = await site.crash(replica);
  await site.untilReplayed(await replica.attach('a'), recent);
});

test('ends with its subscription', async () => {
  const { old, recent } = await site.past(replica);
  const before = await replica.attach('b', { room: 3, settles: false });
  await replica.create('b', EVER);
  await site.until(() => before.replayed.length === 3);
  await replica.detach('b');
  expect(site.jobs).toEqual([]);
  await site.clock.advance(5_000);
  expect(site.positions.size).toBe(0);
  replica = await site.crash(replica);
  const again = await replica.attach('b');
  await site.clock.advance(5_000);
  expect(again.replayed).toEqual([]);
  await replica.create('b', EVER);
  await site.untilReplayed(again, [...old, ...recent]);
});

test('ends with its subscription while it is being made', async () => {
  await site.past(replica);
  const created = replica.replays.create('a', EVER);
  created.catch(() => undefined);
  await replica.detach('a');
  await expect(site.finish(created)).rejects.toThrow('the subscription a ended');
  expect(site.jobs).toEqual([]);
});
