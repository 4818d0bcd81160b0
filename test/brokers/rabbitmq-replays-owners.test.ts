import type { TestOutlet } from '../contracts/broker-outlet.ts';
import { EVER, ReplaySite, worksOn, type ReplicaSite } from './rabbitmq-replays-site.ts';

let site: ReplaySite;
let first: ReplicaSite;
let second: ReplicaSite;
let ids: string[];

beforeEach(async () => {
  site = new ReplaySite();
  first = await site.replica();
  second = await site.replica();
  site.owners.set('a', first);
  ids = site.publish('e', 20);
});

afterEach(() => site.close());

function attachBoth(behaviour = {}): Promise<[TestOutlet, TestOutlet]> {
  return first.attach('a', behaviour).then(async (one) => [one, await second.attach('a', behaviour)]);
}

/** Both are told at once. */
function give(to: ReplicaSite): Promise<unknown> {
  site.owners.set('a', to);
  return Promise.all([first.replays.ownersChanged(), second.replays.ownersChanged()]);
}

test('is served by the replica that serves the subscription, whoever was asked for it', async () => {
  const [one, two] = await attachBoth();
  await second.create('a', EVER);
  await site.until(() => one.replayed.length === 20);
  await site.until(() => site.jobs.length === 0);
  expect(two.replayed).toEqual([]);
});

test('goes on at the next owner where it stood, without a repetition', async () => {
  const [one, two] = await attachBoth({ settles: false });
  await first.create('a', EVER);
  await site.until(() => one.replayed.length === 20);
  for (const delivery of one.replayed.slice(0, 7)) one.settle(delivery);
  one.replayed[9]!.attempts = 2;
  one.replayed[9]!.feed.attempted(one.replayed[9]!);
  await site.finish(give(second));
  await site.until(() => two.replayed.length === 13);
  expect(two.replayedIds).toEqual(ids.slice(7));
  expect(two.replayed.map(({ attempts }) => attempts)).toEqual([0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test('what is in work has a grace of a second, in which nothing begins here and nothing there', async () => {
  const [one, two] = await attachBoth({ settles: false });
  await first.create('a', EVER);
  await site.until(() => one.replayed.length === 20);
  worksOn(one, site.clock);
  const given = give(second);
  expect(one.replayed[0]!.feed.mayAttempt()).toBe(false);
  await site.clock.advance(900);
  one.settle(one.replayed[0]!);
  expect(two.replayed).toEqual([]);
  await site.finish(given);
  one.settle(one.replayed[1]!);
  expect(two.replayed).toEqual([]);
  await site.until(() => two.replayed.length === 19);
  expect(two.replayedIds).toEqual(ids.slice(1));
});

test('comes back to a former owner from where the other one stood', async () => {
  const [one, two] = await attachBoth({ settles: false });
  await first.create('a', EVER);
  await site.until(() => one.replayed.length === 20);
  await site.finish(give(second));
  await site.until(() => two.replayed.length === 20);
  for (const delivery of two.replayed.slice(0, 15)) two.settle(delivery);
  await site.finish(give(first));
  await site.until(() => one.replayed.length === 25);
  expect(one.replayedIds.slice(20)).toEqual(ids.slice(15));
  for (const delivery of one.replayed.slice(0, 20)) one.settle(delivery);
  await site.clock.advance(5_000);
  expect(site.jobs).toHaveLength(1);
  for (const delivery of one.replayed.slice(20)) one.settle(delivery);
  await site.until(() => site.jobs.length === 0);
});

test('a replica that starts waits until it has heard of the others', async () => {
  site.owners.clear();
  const [one] = await attachBoth({ settles: false });
  site.owners.set('a', first);
  await first.create('a', EVER);
  await site.until(() => one.replayed.length === 20);
  const third = await site.replica();
  third.serves = () => true;
  const outlet = await third.attach('a');
  await site.clock.advance(1_500);
  third.serves = () => false;
  await site.finish(third.replays.ownersChanged());
  await site.clock.advance(5_000);
  expect(outlet.replayed).toEqual([]);
});

test('what one found done, others forget, with what they had of it', async () => {
  const [one, two] = await attachBoth({ settles: false });
  await first.create('a', EVER);
  await site.until(() => one.replayed.length === 20);
  // It hears nothing of the change.
  site.owners.set('a', second);
  await site.finish(second.replays.ownersChanged());
  await site.until(() => two.replayed.length === 20);
  for (const delivery of one.replayed.slice(0, 5)) one.settle(delivery);
  let isReleased = false;
  one.whenReleased = async () => void (isReleased = true);
  for (const delivery of two.replayed) two.settle(delivery);
  await site.until(() => site.jobs.length === 0);
  await site.until(() => isReleased);
  expect(one.replayed[10]!.feed.mayAttempt()).toBe(false);
  await site.clock.advance(5_000);
  expect(site.positions.size).toBe(0);
});

test('one that both found done ends all the same', async () => {
  const [one, two] = await attachBoth({ settles: false });
  await first.create('a', EVER);
  await site.until(() => one.replayed.length === 20);
  site.owners.set('a', second);
  await site.finish(second.replays.ownersChanged());
  await site.until(() => two.replayed.length === 20);
  for (const outlet of [one, two]) for (const delivery of outlet.replayed) outlet.settle(delivery);
  await site.until(() => site.jobs.length === 0 && site.positions.size === 0);
  await site.clock.advance(5_000);
  expect(site.jobs).toEqual([]);
  expect(site.positions.size).toBe(0);
});

test('one that leaves its subscription lets go of its replays, which stay', async () => {
  const [one, two] = await attachBoth({ settles: false });
  await first.create('a', EVER);
  await site.until(() => one.replayed.length === 20);
  one.settle(one.replayed[0]!);
  await first.leave('a');
  expect(one.replayed[1]!.feed.mayAttempt()).toBe(false);
  expect(site.jobs).toHaveLength(1);
  await site.finish(give(second));
  await site.until(() => two.replayed.length === 19);
  expect(two.replayedIds).toEqual(ids.slice(1));
});

test('ends with its subscription, wherever that is ended', async () => {
  const [one] = await attachBoth({ settles: false });
  await first.create('a', EVER);
  await site.until(() => one.replayed.length === 20);
  one.settle(one.replayed[0]!);
  await site.clock.advance(1_000);
  expect(site.positions.size).toBe(1);
  await second.detach('a');
  await site.until(() => !one.replayed[1]!.feed.mayAttempt());
  await site.clock.advance(5_000);
  expect(site.jobs).toEqual([]);
  expect(site.positions.size).toBe(0);
});

test('a recovery is waited for at every replica, until its events were offered here or it is over', async () => {
  const [one] = await attachBoth({ settles: false });
  await first.create('a', EVER, 'recovery');
  const told: string[] = [];
  void first.replays.recovering('a')?.then(() => told.push('first'));
  void second.replays.recovering('a')?.then(() => told.push('second'));
  await site.until(() => one.offered.length === 20);
  await site.clock.advance(5_000);
  expect(told).toEqual(['first']);
  for (const delivery of one.offered) one.settle(delivery);
  await site.until(() => told.length === 2);
});

test('a position whose job was removed before a crash goes at the next start', async () => {
  const [one] = await attachBoth({ settles: false });
  await first.create('a', EVER);
  await site.until(() => one.replayed.length === 20);
  one.settle(one.replayed[0]!);
  await site.clock.advance(1_000);
  const [job] = site.jobs;
  first.kill();
  second.kill();
  site.topics.append('hub.subscriptions', `replay:${job!.id}`, null);
  expect(site.positions.size).toBe(1);
  await site.replica();
  await site.until(() => site.positions.size === 0);
});

test('one that goes does not wait for ever for a broker that is away', async () => {
  const [one] = await attachBoth({ settles: false });
  await first.create('a', EVER);
  await site.until(() => one.replayed.length === 20);
  one.settle(one.replayed[0]!);
  first.access.before = () => new Promise(() => undefined);
  await site.finish(first.replays.stop());
  expect(one.replayed[1]!.feed.mayAttempt()).toBe(false);
});
