import { encodeAssignment } from '../../src/brokers/kafka/group/assignment.ts';
import { REBALANCE_IN_PROGRESS, UNKNOWN_MEMBER_ID } from '../../src/brokers/kafka/wire/error-codes.ts';
import { requests } from '../../src/brokers/kafka/wire/wire.ts';
import { GroupSite, SESSION_MS, type Gateway } from './kafka-group-site.ts';

const ILLEGAL_GENERATION = 22;
const FENCED_INSTANCE_ID = 82;
const COORDINATOR_NOT_AVAILABLE = 15;
const ALL = ['a:0', 'a:1', 'a:2', 'a:3'];

let site: GroupSite;

beforeEach(() => {
  site = new GroupSite();
});

afterEach(async () => {
  await site.close();
  expect(site.all.flatMap(({ breaches }) => breaches)).toEqual([]);
});

const heldBy = (...gateways: Gateway[]): string[] => gateways.flatMap(({ holds }) => holds).toSorted();
const counts = (...gateways: Gateway[]): number[] => gateways.map(({ holds }) => holds.length);

describe('joining', () => {
  test('the first member has all partitions, and the lease of them', async () => {
    const gateway = site.gateway();
    expect(gateway.membership.lease.holds()).toBe(false);
    gateway.start();
    await site.until(() => gateway.holds.length > 0);
    expect(gateway.told).toEqual(['assigned a:0 a:1 a:2 a:3']);
    expect(gateway.membership.lease.holds()).toBe(true);
    expect(gateway.membership).toMatchObject({ problem: undefined, generation: 1, registries: ['one'] });
    // The first request has no member id yet, and is answered with one to come again with.
    expect(gateway.wire.of('joinGroup').map(({ args }) => args[3])).toEqual(['', 'member-1']);
  });

  test('one that was killed and is back tells the group so, and has its partitions at once', async () => {
    const killed = await site.joined();
    killed.wire.hangs = () => true;
    const back = site.gateway({ former: killed.remembered });
    const at = site.clock.monotonic();
    back.start();
    await site.until(() => back.holds.length === ALL.length);
    expect(site.clock.monotonic() - at).toBeLessThan(1_000);
    expect(back.remembered).not.toBe(killed.remembered);
  });

  test('without that it waits until the group misses the former one', async () => {
    const killed = await site.joined();
    killed.wire.hangs = () => true;
    const at = site.clock.monotonic();
    const back = site.gateway();
    back.start();
    await site.until(() => back.holds.length === ALL.length);
    expect(site.clock.monotonic() - at).toBeGreaterThan(5_000);
  });

  test('a second member gets half of them, and the first keeps the others', async () => {
    const first = await site.joined();
    const second = await site.joined();
    await site.until(() => first.membership.generation === 2 && first.holds.length > 0);
    expect(counts(first, second)).toEqual([2, 2]);
    expect(heldBy(first, second)).toEqual(ALL);
    expect(first.told.slice(1)).toEqual(['let go planned', `assigned ${first.holds.join(' ')}`]);
  });

  test('of what a member has it gives up no more than its share', async () => {
    const first = await site.joined();
    const second = await site.joined();
    await site.until(() => heldBy(first, second).length === 4);
    const before = [first.holds, second.holds];
    const third = await site.joined();
    await site.until(() => heldBy(first, second, third).length === 4);
    expect(counts(first, second, third)).toEqual([2, 1, 1]);
    for (const [i, { holds }] of [first, second].entries())
      expect(holds.filter((held) => !before[i]!.includes(held))).toEqual([]);
  });

  test('the group goes on only once the owner let go', async () => {
    const first = await site.joined();
    let done = (): void => undefined;
    let isRevoking = false;
    first.revoking = () => {
      isRevoking = true;
      return new Promise((resolve) => (done = resolve));
    };
    const second = site.gateway();
    second.start();
    await site.until(() => isRevoking);
    const joins = first.wire.of('joinGroup').length;
    await site.clock.advance(5_000);
    expect(first.wire.of('joinGroup')).toHaveLength(joins);
    expect(second.told).toEqual([]);
    done();
    await site.until(() => first.holds.length === 2 && second.holds.length === 2);
  });

  test('a follower takes what the leader gives it, and hears what the leader knows', async () => {
    const leader = await site.joined();
    leader.registry = 'two';
    leader.membership.rejoin();
    const follower = await site.joined();
    await site.until(() => heldBy(leader, follower).length === 4 && follower.holds.length === 2);
    expect(site.group.leader).toBe('member-1');
    expect(heldBy(leader, follower)).toEqual(ALL);
    for (const { membership } of site.all) expect(membership.registries.toSorted()).toEqual(['one', 'two']);
  });

  test.each([
    ['joinGroup', COORDINATOR_NOT_AVAILABLE],
    ['joinGroup', UNKNOWN_MEMBER_ID],
    ['joinGroup', FENCED_INSTANCE_ID],
    ['syncGroup', REBALANCE_IN_PROGRESS],
    ['syncGroup', UNKNOWN_MEMBER_ID],
    ['syncGroup', ILLEGAL_GENERATION],
    ['syncGroup', COORDINATOR_NOT_AVAILABLE],
  ] as const)('is tried again when %s is refused with %i', async (request, code) => {
    site.group.refuse(request, code, code);
    const gateway = await site.joined();
    expect(gateway.told).toEqual(['assigned a:0 a:1 a:2 a:3']);
  });

  test('is tried again for as long as there is no coordinator, and the problem is told', async () => {
    site.cluster.coordinatorOf = () => -COORDINATOR_NOT_AVAILABLE;
    const gateway = site.gateway();
    gateway.start();
    await site.clock.advance(60_000);
    expect(gateway.membership.problem).toContain('COORDINATOR_NOT_AVAILABLE');
    site.cluster.coordinatorOf = () => 1;
    await site.until(() => gateway.holds.length === 4);
    expect(gateway.membership.problem).toBeUndefined();
  });

  test('what keeps it out once the brokers are back is told, once', async () => {
    const gateway = site.gateway();
    for (const node of site.cluster.nodes.values()) gateway.wire.away.add(node);
    gateway.start();
    await site.clock.advance(5_000);
    expect(gateway.warnings).toEqual([]);
    site.cluster.coordinatorOf = () => -COORDINATOR_NOT_AVAILABLE;
    gateway.wire.away.clear();
    await site.clock.advance(60_000);
    expect(gateway.warnings).toEqual([expect.stringMatching(/^group\.not-joined: .*NOT_AVAILABLE/)]);
    site.cluster.coordinatorOf = () => 1;
    await site.until(() => gateway.holds.length === 4);
    site.cluster.coordinatorOf = () => -COORDINATOR_NOT_AVAILABLE;
    await site.clock.advance(SESSION_MS * 6);
    expect(gateway.warnings.length).toBeGreaterThan(1);
  });

  test('is tried again when the answer is lost', async () => {
    const gateway = site.gateway();
    const lost = new Set(['joinGroup', 'syncGroup']);
    gateway.wire.after = ({ request, args }) => {
      if (args[3] !== '' && lost.delete(request)) throw new Error('connection reset');
    };
    gateway.start();
    await site.until(() => gateway.holds.length === 4);
    expect(lost.size).toBe(0);
  });

  test('a partition that comes to be while the group joins is known to be in nobody’s part', async () => {
    const gateway = site.gateway();
    gateway.wire.after = ({ request }) => {
      if (request === 'syncGroup') site.cluster.makeTopic('a', new Array<number>(5).fill(1));
    };
    gateway.start();
    await site.until(() => gateway.holds.length > 0);
    expect(gateway.holds).toHaveLength(4);
    expect(gateway.membership.sources).toBe('4');
  });

  test('an assignment that nobody can read is not taken for an empty one', async () => {
    const gateway = site.gateway();
    let isBroken = true;
    const whole = encodeAssignment({
      partitions: [{ topic: 'a', partition: 0 }],
      registries: [],
      members: 1,
      sources: '',
    });
    site.cluster.on(requests.syncGroup, () => ({
      ...{ throttleTimeMs: 0, errorCode: 0, protocolType: 'consumer', protocolName: 'tmf-hub' },
      assignment: isBroken ? whole.subarray(0, 9) : whole,
    }));
    gateway.start();
    await site.clock.advance(3_000);
    expect(gateway.told).toEqual([]);
    expect(gateway.membership.problem).toBeDefined();
    isBroken = false;
    await site.until(() => gateway.holds.length > 0);
  });
});

describe('stopping', () => {
  test('leaves the group, so that the other has all at its next heartbeat', async () => {
    const first = await site.joined();
    const second = await site.joined();
    await site.until(() => heldBy(first, second).length === 4);
    await first.close();
    await site.until(() => second.holds.length === 4, 2_000);
    expect(first.membership.lease.holds()).toBe(false);
  });

  test('tells the owner nothing, and asks nothing any more', async () => {
    const gateway = await site.joined();
    await gateway.close();
    const { length } = gateway.wire.calls;
    await site.clock.advance(60_000);
    expect(gateway.told).toHaveLength(1);
    expect(gateway.wire.calls).toHaveLength(length);
  });

  test('while a heartbeat is not answered leaves nevertheless, at once', async () => {
    const first = await site.joined();
    const second = await site.joined();
    await site.until(() => heldBy(first, second).length === 4);
    first.wire.hangs = ({ request }) => request === 'heartbeat';
    await site.clock.advance(1_500);
    void first.close();
    await site.until(() => second.holds.length === 4, 2_000);
  });

  test('is not held up by a coordinator that does not answer for longer than a request may take', async () => {
    const gateway = await site.joined();
    gateway.wire.hangs = () => true;
    const began = site.clock.monotonic();
    await gateway.close();
    expect(site.clock.monotonic() - began).toBeLessThan(SESSION_MS);
  });

  test.each(['findCoordinator', 'joinGroup', 'syncGroup', 'metadata'] as const)(
    'while %s is under way holds up nobody: the others need not wait until the group has noticed',
    async (request) => {
      const first = site.gateway();
      let isStopped = false;
      first.wire.before = (call) => {
        if (call.request !== request || isStopped) return;
        isStopped = true;
        void first.close();
      };
      first.start();
      await site.until(() => isStopped);
      const second = site.gateway();
      second.start();
      await site.until(() => second.holds.length === 4, 2_000);
      expect(first.told).toEqual([]);
    },
  );

  test('before it began is fine', async () => {
    const gateway = site.gateway();
    await gateway.close();
    expect(gateway.wire.calls).toEqual([]);
  });
});
