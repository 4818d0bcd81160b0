import { EVER, ReplaySite, type ReplicaSite } from './rabbitmq-replays-site.ts';

let site: ReplaySite;
let replica: ReplicaSite;

beforeEach(async () => {
  site = new ReplaySite();
  replica = await site.replica();
});

afterEach(() => site.close());

test('an end that could not be written can be asked for again', async () => {
  await site.past(replica);
  await replica.attach('b', { room: 3 });
  await replica.create('b', EVER);
  replica.access.before = (call) => {
    if (call === 'append') throw new Error('no');
  };
  await expect(replica.detach('b')).rejects.toThrow('no');
  expect(site.jobs).toHaveLength(1);
  replica.access.before = () => undefined;
  await replica.detach('b');
  await site.untilNoJob();
});

test('a crash before the job could be removed repeats nothing', async () => {
  const { outlet } = await site.past(replica);
  await replica.create('a', EVER);
  const [{ id } = { id: '' }] = site.jobs;
  const { before } = replica.access;
  replica.access.before = (call) => {
    // The position is durable by then.
    if (call === 'append' && site.positions.get(id)?.offset === 40) throw new Error('no');
    return before(call);
  };
  await site.until(() => outlet.replayed.length === 40);
  await site.until(() => replica.messages('replay.failed').length > 0);
  replica = await site.crash(replica);
  const again = await replica.attach('a');
  await site.untilNoJob();
  expect(again.replayed).toEqual([]);
});

test('a position that cannot be read costs no more than that all of it comes again', async () => {
  site.publish('before', 20);
  const { recent, between } = await site.past(replica);
  await replica.attach('b', { room: 0 });
  const jobId = await replica.create('b', { from: { time: between } });
  site.topics.append('hub.subscriptions', `replay-position:${jobId}`, Buffer.from('?'));
  replica = await site.crash(replica);
  await site.untilReplayed(await replica.attach('b'), recent);
  await site.untilNoJob();
});

test('a read that fails is tried again', async () => {
  const { outlet, old, recent } = await site.past(replica);
  await replica.create('a', EVER);
  let failures = 3;
  replica.stream.latency = () => {
    if (failures-- > 0) throw new Error('no');
    return 0;
  };
  await site.untilReplayed(outlet, [...old, ...recent]);
  expect(replica.messages('replay.failed')).toHaveLength(3);
});

test('what retention took is passed, and said', async () => {
  const { recent, old } = await site.past(replica);
  const outlet = await replica.attach('b', { room: 5, settles: false });
  await replica.create('b', EVER);
  await site.until(() => outlet.replayed.length === 5);
  outlet.evict(outlet.replayed[1]!);
  site.stream.cutOff(30);
  outlet.give(100);
  await site.untilReplayed(outlet, [...old.slice(0, 5), ...recent.slice(10)]);
  expect(replica.messages('replay.shortened')).toMatchObject([{ from: 1, to: 30, lost: 26 }]);
  for (const [i, delivery] of outlet.replayed.entries()) if (i !== 1) outlet.settle(delivery);
  await site.untilNoJob();
});

test('a range that is gone altogether ends', async () => {
  await site.past(replica);
  await replica.attach('b', { room: 0 });
  await replica.create('b', { ...EVER, to: await site.nextMoment() });
  replica = await site.crash(replica);
  site.stream.cutOff(40);
  const outlet = await replica.attach('b');
  await site.untilNoJob();
  expect(outlet.replayed).toEqual([]);
  expect(replica.messages('replay.shortened')).toMatchObject([{ from: 0, to: 40, lost: 40 }]);
});

test('ends, though the stream was made anew and is shorter', async () => {
  await site.past(replica);
  await replica.attach('b', { room: 0 });
  await replica.create('b', { from: { offsets: { 'hub.events:0': 30 } } });
  replica = await site.crash(replica);
  site.stream.makeAnew();
  site.publish('anew', 3);
  const outlet = await replica.attach('b');
  await site.clock.until(() => site.jobs.length === 0, 600_000);
  expect(outlet.replayed).toEqual([]);
  expect(replica.messages('replay.shortened')).toMatchObject([{ from: 30, to: 40, lost: 10 }]);
});

test('RULES 8 and 9: no attempt while the lease does not hold, or settlements cannot be saved', async () => {
  const { outlet } = await site.past(replica);
  outlet.settles = false;
  await replica.create('a', EVER);
  await site.until(() => outlet.replayed.length === 40);
  const [first, second] = outlet.replayed;
  expect(second!.feed.mayAttempt()).toBe(true);
  replica.mayAttempt = false;
  expect(second!.feed.mayAttempt()).toBe(false);
  replica.mayAttempt = true;
  replica.access.before = (call) => {
    if (call === 'append') throw new Error('no');
  };
  outlet.settle(first!);
  await site.clock.advance(29_000);
  expect(second!.feed.mayAttempt()).toBe(true);
  await site.clock.advance(2_000);
  expect(second!.feed.mayAttempt()).toBe(false);
  replica.access.before = () => undefined;
  await site.clock.advance(2_000);
  expect(second!.feed.mayAttempt()).toBe(true);
  expect(site.positions.get(site.jobs[0]!.id)).toMatchObject({ offset: 1, next: 40 });
});

test('saves a position once a second at most', async () => {
  const { outlet } = await site.past(replica);
  outlet.settles = false;
  await replica.create('a', EVER);
  await site.until(() => outlet.replayed.length === 40);
  await site.clock.advance(1_000);
  const before = site.topics.of('hub.subscriptions').partitions[0]!.end;
  for (const delivery of outlet.replayed.slice(0, 30)) {
    outlet.settle(delivery);
    await site.clock.advance(100);
  }
  const writes = site.topics.of('hub.subscriptions').partitions[0]!.end - before;
  expect(writes).toBeGreaterThanOrEqual(2);
  expect(writes).toBeLessThanOrEqual(3);
});
