import { REBALANCE_IN_PROGRESS } from '../../src/brokers/kafka/wire/error-codes.ts';
import { requests } from '../../src/brokers/kafka/wire/wire.ts';
import { sleep } from '../../src/time.ts';
import { GroupSite, SESSION_MS, type Gateway } from './kafka-group-site.ts';

const ILLEGAL_GENERATION = 22;
const COORDINATOR_NOT_AVAILABLE = 15;

let site: GroupSite;

beforeEach(() => {
  site = new GroupSite();
});

afterEach(async () => {
  await site.close();
  expect(site.all.flatMap(({ breaches }) => breaches)).toEqual([]);
});

const heldBy = (...gateways: Gateway[]): string[] => gateways.flatMap(({ holds }) => holds).toSorted();

describe('staying', () => {
  test('the group hears of us every second, and the lease goes on', async () => {
    const gateway = await site.joined();
    const before = gateway.wire.of('heartbeat').length;
    await site.clock.advance(60_000);
    const beats = gateway.wire.of('heartbeat').length - before;
    expect(beats).toBeGreaterThan(55);
    expect(beats).toBeLessThan(65);
    expect(gateway.membership.lease.holds()).toBe(true);
    expect(gateway.told).toHaveLength(1);
  });

  test.each([
    ['it removed us', () => site.group.remove('member-1')],
    ['it is another generation', () => site.group.refuse('heartbeat', ILLEGAL_GENERATION)],
  ])(
    'when the group says %s, all is lost at once, without a lease, and it joins again',
    async (_why, happens) => {
      const gateway = await site.joined();
      let held: boolean | undefined;
      gateway.revoking = async () => void (held = gateway.membership.lease.holds());
      happens();
      await site.until(() => gateway.told.length === 3, 5_000);
      expect(gateway.told.slice(1)).toEqual(['let go lost', 'assigned a:0 a:1 a:2 a:3']);
      expect(held).toBe(false);
    },
  );

  test('when the coordinator moves, it asks who it is now and keeps the partitions', async () => {
    site = new GroupSite({ nodes: 2 });
    const gateway = await site.joined();
    site.cluster.coordinatorOf = () => 2;
    await site.clock.advance(20_000);
    expect(gateway.told).toHaveLength(1);
    expect(gateway.wire.of('heartbeat').at(-1)?.node.host).toBe('broker-2');
    expect(gateway.membership.lease.holds()).toBe(true);
    expect(gateway.membership.problem).toBeUndefined();
  });

  test('a coordinator that is away for less than the lease costs nothing, but is told', async () => {
    const gateway = await site.joined();
    site.cluster.coordinatorOf = () => -COORDINATOR_NOT_AVAILABLE;
    await site.clock.advance(6_000);
    expect(gateway.membership.problem).toContain('does not answer');
    site.cluster.coordinatorOf = () => 1;
    await site.until(() => gateway.membership.problem === undefined, 2_000);
    expect(gateway.told).toHaveLength(1);
  });

  test.each([1, 3])(
    'of %i nodes none answers: lost when the lease is over, joined again when they do',
    async (nodes) => {
      site = new GroupSite({ nodes });
      const gateway = await site.joined();
      await site.clock.advance(3_500);
      const lastHeard = gateway.wire.of('heartbeat').at(-1)!.at;
      for (const node of site.cluster.nodes.values()) gateway.wire.away.add(node);
      await site.until(() => gateway.told.includes('let go lost'));
      expect(site.clock.monotonic()).toBeGreaterThanOrEqual(lastHeard + SESSION_MS - 1_000);
      expect(site.clock.monotonic()).toBeLessThanOrEqual(lastHeard + SESSION_MS);
      await site.clock.advance(30_000);
      expect(gateway.told).toHaveLength(2);
      expect(gateway.membership.problem).toBeDefined();
      gateway.wire.away.clear();
      await site.until(() => gateway.holds.length === 4, SESSION_MS * 2);
    },
  );

  test.each([1, 3])(
    'of %i nodes all fall silent: lost before another may have the partitions',
    async (nodes) => {
      site = new GroupSite({ nodes });
      const gateway = await site.joined();
      await site.clock.advance(3_500);
      const lastHeard = gateway.wire.of('heartbeat').at(-1)!.at;
      gateway.wire.hangs = () => true;
      await site.until(() => gateway.told.includes('let go lost'), 120_000);
      expect(gateway.membership.lease.holds()).toBe(false);
      expect(site.clock.monotonic()).toBeLessThanOrEqual(lastHeard + SESSION_MS);
      gateway.wire.hangs = () => false;
      await site.until(() => gateway.holds.length === 4);
    },
  );

  test('the lease counts from when the heartbeat was sent, not from its late answer', async () => {
    const gateway = await site.joined();
    let isSlow = true;
    gateway.wire.after = async ({ request }) => {
      if (request === 'heartbeat' && isSlow) await sleep(site.clock, 4_000);
    };
    const before = gateway.wire.of('heartbeat').length;
    await site.until(() => gateway.wire.of('heartbeat').length === before + 2);
    isSlow = false;
    const lastHeard = gateway.wire.of('heartbeat').at(before)!.at;
    for (const node of site.cluster.nodes.values()) gateway.wire.away.add(node);
    await site.until(() => gateway.told.includes('let go lost'));
    expect(site.clock.monotonic()).toBeLessThanOrEqual(lastHeard + SESSION_MS);
  });

  test('one heartbeat that is never answered is not the end', async () => {
    const gateway = await site.joined();
    let hung = 0;
    gateway.wire.hangs = ({ request }) => request === 'heartbeat' && hung++ === 0;
    await site.clock.advance(30_000);
    expect(hung).toBeGreaterThan(1);
    expect(gateway.told).toHaveLength(1);
    expect(gateway.membership.lease.holds()).toBe(true);
  });

  test('when the owner cannot take the partitions over, it joins again', async () => {
    const gateway = site.gateway();
    let failures = 3;
    gateway.assigning = async () => {
      if (failures-- > 0) throw new Error('positions cannot be loaded');
    };
    gateway.start();
    await site.until(() => failures < 0);
    expect(gateway.told.slice(-2)).toEqual(['let go planned', 'assigned a:0 a:1 a:2 a:3']);
  });

  test('an owner that can never take them over does not make the group rebalance without end', async () => {
    const gateway = site.gateway();
    gateway.assigning = () => Promise.reject(new Error('positions cannot be loaded'));
    gateway.start();
    await site.clock.advance(10_000);
    expect(gateway.wire.of('joinGroup').length).toBeLessThan(60);
  });

  test('when the owner fails to let go, the group goes on nevertheless', async () => {
    const gateway = await site.joined();
    gateway.revoking = () => Promise.reject(new Error('positions cannot be committed'));
    site.group.refuse('heartbeat', REBALANCE_IN_PROGRESS);
    await site.until(() => gateway.told.length === 3);
    expect(gateway.told.at(-1)).toBe('assigned a:0 a:1 a:2 a:3');
  });

  test('partitions are let go while the owner still takes them over', async () => {
    const gateway = site.gateway();
    let done = (): void => undefined;
    gateway.assigning = () => new Promise((resolve) => (done = resolve));
    gateway.start();
    await site.until(() => gateway.holds.length > 0);
    site.group.refuse('heartbeat', REBALANCE_IN_PROGRESS);
    await site.until(() => gateway.told.length === 3);
    done();
    await site.clock.advance(3_000);
    expect(gateway.told).toHaveLength(3);
  });

  test('new partitions are shared once it is told to join again', async () => {
    const gateway = await site.joined();
    site.cluster.makeTopic('a', [1, 1, 1, 1, 1, 1]);
    await site.clock.advance(5_000);
    expect(gateway.holds).toHaveLength(4);
    gateway.membership.rejoin();
    await site.until(() => gateway.holds.length === 6, 500);
  });

  test('members have to hear that this process knows other subscriptions, unless it is alone', async () => {
    const first = await site.joined();
    first.registry = 'two';
    expect(first.membership.isOutdated()).toBe(false);
    const second = await site.joined();
    await site.until(() => heldBy(first, second).length === 4);
    expect(first.membership.isOutdated()).toBe(false);
    second.registry = 'two';
    expect(second.membership.isOutdated()).toBe(true);
    second.membership.rejoin();
    await site.until(() => first.membership.generation === 3 && second.membership.generation === 3);
    expect(first.membership.registries).toEqual(['two']);
    expect(second.membership.isOutdated()).toBe(false);
  });

  test('a member that is not of our kind gets a share like any, and is seen', async () => {
    const gateway = await site.joined();
    const [node] = site.cluster.nodes.values();
    const protocols = [{ name: 'tmf-hub', metadata: Buffer.from([0, 0]) }];
    const join = (memberId: string) =>
      gateway.wire.call(
        ...(['join', node!, requests.joinGroup, 'tmf-hub', SESSION_MS, SESSION_MS] as const),
        ...([memberId, null, 'consumer', protocols, null] as const),
      );
    let isIn = false;
    void join('').then(({ memberId }) => join(memberId).then(() => (isIn = true)));
    await site.until(() => isIn && gateway.membership.generation === 2 && gateway.holds.length > 0);
    expect(gateway.holds).toHaveLength(2);
    expect(gateway.membership.registries.toSorted()).toEqual(['one', 'unknown']);
  });
});
