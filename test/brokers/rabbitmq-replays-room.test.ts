import type { TestOutlet } from '../contracts/broker-outlet.ts';
import { EVER, idsOf, ReplaySite, type ReplicaSite } from './rabbitmq-replays-site.ts';

let site: ReplaySite;
let replica: ReplicaSite;

beforeEach(async () => {
  site = new ReplaySite();
  replica = await site.replica();
});

afterEach(() => site.close());

test('waits for room like everything else, and holds up nobody', async () => {
  const { outlet, old, recent } = await site.past(replica);
  const full = await replica.attach('full', { room: 0 });
  await replica.create('full', EVER);
  await replica.create('a', EVER);
  await site.untilReplayed(outlet, [...old, ...recent]);
  expect(full.replayed).toEqual([]);
  full.give(3);
  await site.untilReplayed(full, old.slice(0, 3));
  full.give(100);
  await site.untilReplayed(full, [...old, ...recent]);
});

test('listeners that take a few at a time do not make the same megabyte be read for each few', async () => {
  const { old, recent } = await site.past(replica);
  const slow = await replica.attach('slow', { room: 1 });
  await replica.create('slow', EVER);
  const before = replica.stream.reads;
  await site.untilReplayed(slow, old.slice(0, 1));
  for (let i = 2; i <= 40; i++) {
    slow.give(1);
    await site.until(() => slow.replayed.length === i);
  }
  expect(slow.replayedIds).toEqual([...old, ...recent]);
  expect(replica.stream.reads - before).toBe(1);
});

test('offers nothing more once it is quiet', async () => {
  await site.past(replica);
  const slow = await replica.attach('slow', { room: 5 });
  await replica.create('slow', EVER);
  await site.until(() => slow.replayed.length === 5);
  replica.replays.quiesce();
  slow.give(100);
  await site.clock.advance(5_000);
  expect(slow.replayed).toHaveLength(5);
});

test('RULES 16: what was evicted is offered again, in its place', async () => {
  const { outlet, old, recent } = await site.past(replica);
  outlet.settles = false;
  await replica.create('a', EVER);
  await site.untilReplayed(outlet, [...old, ...recent]);
  const evicted = outlet.replayed.slice(5, 15);
  evicted[3]!.attempts = 1;
  for (const delivery of evicted) outlet.evict(delivery);
  await site.untilReplayed(outlet, [...old, ...recent, ...idsOf(evicted)]);
  expect(outlet.replayed.slice(40).map(({ attempts }) => attempts)).toEqual([0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  for (const delivery of new Set([...outlet.replayed.slice(0, 5), ...outlet.replayed.slice(15)]))
    outlet.settle(delivery);
  await site.untilNoJob();
});

test('one that has to give way while it asks for room goes back', async () => {
  const { old, recent } = await site.past(replica);
  const outlet = await replica.attach('b', { room: 5, settles: false });
  outlet.whenFull = () => {
    outlet.whenFull = () => undefined;
    for (const delivery of [...outlet.replayed]) outlet.evict(delivery);
    outlet.take(100);
  };
  await replica.create('b', EVER);
  await site.untilReplayed(outlet, [...old.slice(0, 5), ...old, ...recent]);
});

test('two at once are two', async () => {
  const { outlet, recent, old, between } = await site.past(replica);
  await Promise.all([replica.create('a', { from: { time: between } }), replica.create('a', EVER)]);
  await site.until(() => outlet.replayed.length >= 60);
  expect(outlet.replayedIds.toSorted()).toEqual([...recent, ...old, ...recent].toSorted());
  await site.untilNoJob();
});

test('those of one subscription share its room', async () => {
  await site.past(replica);
  const slow = await replica.attach('slow', { room: 4 });
  await replica.create('slow', EVER);
  await replica.create('slow', EVER);
  await site.clock.advance(3_000);
  for (let i = 2; i <= 7; i++) {
    slow.give(4);
    await site.until(() => slow.replayed.length === 4 * i);
  }
  const feeds = new Set(slow.replayed.map(({ feed }) => feed));
  const shares = [...feeds].map((feed) => slow.replayed.filter((delivery) => delivery.feed === feed).length);
  expect(shares.map((share) => share >= 12)).toEqual([true, true]);
});

test('a thousand read no more than eight at one time, each in its turn', async () => {
  await site.past(replica);
  replica.stream.latency = () => 10;
  const outlets = new Map<string, TestOutlet>();
  for (let i = 0; i < 1_000; i++) outlets.set(`s${i}`, await replica.attach(`s${i}`));
  replica.stream.mostReadsAtOnce = 0;
  const created = [...outlets.keys()].map((id) =>
    replica.replays.create(id, { from: { offsets: { 'hub.events:0': 39 } } }),
  );
  await site.finish(Promise.all(created));
  replica.stream.mostReadsAtOnce = 0;
  await site.until(() => [...outlets.values()].every(({ replayed }) => replayed.length === 1));
  expect(replica.stream.mostReadsAtOnce).toBe(8);
  await site.untilNoJob();
}, 60_000);

test('what is owed, and nobody wants any more, is not waited for', async () => {
  const { outlet } = await site.past(replica);
  outlet.settles = false;
  await replica.create('a', EVER);
  await site.until(() => outlet.replayed.length === 40);
  const [first, ...others] = outlet.replayed;
  replica.intake.unwanted.add(first!.event.id);
  outlet.evict(first!);
  for (const delivery of others) outlet.settle(delivery);
  await site.untilNoJob();
});

test('RULES 7: takes no more than the record of its position holds, and goes on when there is space', async () => {
  const outlet = await replica.attach('a', { settles: false });
  const ids = site.publish('e', 4_000);
  await replica.create('a', EVER);
  await site.clock.advance(10_000);
  const first = outlet.replayed.length;
  expect(first).toBeGreaterThan(1_000);
  expect(first).toBeLessThan(3_000);
  outlet.settle(outlet.replayed[0]!);
  await site.clock.advance(10_000);
  expect(outlet.replayed).toHaveLength(first);
  for (const delivery of outlet.replayed.slice(1, 1_000)) outlet.settle(delivery);
  await site.until(() => outlet.replayed.length > first);
  expect(outlet.replayedIds).toEqual(ids.slice(0, outlet.replayed.length));
});
