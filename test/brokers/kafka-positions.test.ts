import { Cluster } from '../../src/brokers/kafka/wire/cluster.ts';
import { Coordinators } from '../../src/brokers/kafka/wire/coordinators.ts';
import { Positions } from '../../src/brokers/kafka/positions/positions.ts';
import type { Position } from '../../src/brokers/log/log.ts';
import { silentLogger } from '../../src/logger.ts';
import { FakeWire } from '../support/fake-wire.ts';
import { SimClock } from '../support/sim-clock.ts';
import { COORDINATOR_NOT_AVAILABLE, FakeOffsets, NOT_COORDINATOR } from './kafka-offsets.ts';

const COORDINATOR_LOAD_IN_PROGRESS = 14;
const GROUP_AUTHORIZATION_FAILED = 30;
const OFFSET_METADATA_TOO_LARGE = 12;

const TOPIC_ID = 'b7f4c3c2-97a4-4d9c-a7cc-2b8d0e2a3f10';
const partitions = [0, 1, 2].map((partition) => ({ topic: 'a', partition, topicId: TOPIC_ID }));

let clock: SimClock;
let wire: FakeWire;
let offsets: FakeOffsets;
let positions: Positions;

beforeEach(async () => {
  clock = new SimClock();
  wire = new FakeWire(clock, { nodes: 3 });
  offsets = new FakeOffsets(wire.cluster);
  const cluster = new Cluster(wire, clock, silentLogger);
  const coordinators = new Coordinators(wire, cluster);
  const prefix = 'tmf-hub';
  positions = new Positions({ wire, coordinators, clock, logger: silentLogger, prefix, generation: () => 7 });
  await done(cluster.refresh());
});

async function done<T>(promise: Promise<T>, limitMs = 120_000): Promise<T> {
  let isOver = false;
  const over = (): void => void (isOver = true);
  promise.then(over, over);
  await clock.until(() => isOver, limitMs);
  return promise;
}

function at(subscriptionId: string, offset: number, { partition = 0, holes = '' } = {}): Position {
  return { subscriptionId, topic: 'a', partition, topicId: TOPIC_ID, offset, holes };
}

const commit = (...all: Position[]): Promise<readonly Position[]> => done(positions.commit(all));
const load = (...ids: string[]): Promise<Position[]> => done(positions.load(ids, partitions));

/** Subscription `s<n>` has its coordinator on node n. */
function coordinatedByName(): void {
  wire.cluster.coordinatorOf = (group) => Number(group.at(-1));
}

describe('positions', () => {
  test('are kept in a group for each subscription, and are what they were', async () => {
    const written = [at('s1', 5), at('s1', 8, { partition: 1, holes: 'AwABAQ' }), at('s2', 0)];
    expect(await commit(...written)).toEqual([]);
    expect([...offsets.groups.keys()].toSorted()).toEqual(['tmf-hub.s1', 'tmf-hub.s2']);
    expect((await load('s1', 's2')).toSorted((a, b) => b.offset - a.offset)).toEqual([
      written[1],
      written[0],
      written[2],
    ]);
  });

  test('of a subscription that has none are none, and of partitions that nobody asked for neither', async () => {
    await commit(at('s1', 5), { ...at('s1', 7), topic: 'other' });
    expect(await load('s1', 'nobody')).toEqual([at('s1', 5)]);
    expect(await done(positions.load(['s1'], [partitions[1]!]))).toEqual([]);
  });

  test('of a subscription that is asked for twice come once', async () => {
    await commit(at('s1', 5));
    expect(await load('s1', 's1')).toHaveLength(1);
  });

  test('of thousands are loaded in few requests', async () => {
    const ids = Array.from({ length: 2_500 }, (_, i) => `many-${i}`);
    await commit(...ids.map((id) => at(id, 1)));
    const before = wire.calls.length;
    expect(await load(...ids)).toHaveLength(2_500);
    expect(wire.calls.length - before).toBe(3);
  });

  test('RULES 6: one that is not in our hand was set by somebody else, and stands', async () => {
    await commit(at('s1', 5, { holes: 'AwABAQ' }));
    for (const metadata of ['', 'set by hand', 'tmf-hub/1', `tmf-hub/1 ${TOPIC_ID} 7`]) {
      offsets.groups.get('tmf-hub.s1')!.set('a:0', { offset: 3, metadata });
      expect(await load('s1')).toEqual([{ ...at('s1', 3), foreign: true }]);
    }
  });

  test('RULES 4: one of a topic that was made anew says so', async () => {
    await commit({ ...at('s1', 5), topicId: 'another' });
    expect(await load('s1')).toEqual([{ ...at('s1', 5), topicId: 'another' }]);
  });

  test('are forgotten with the group, and again is fine', async () => {
    await commit(at('s1', 5), at('s2', 6));
    await done(positions.drop('s1'));
    expect([...offsets.groups.keys()]).toEqual(['tmf-hub.s2']);
    await done(positions.drop('s1'));
    await done(positions.drop('never was'));
  });
});

describe('a commit answers exactly those that were not written', () => {
  test.each([OFFSET_METADATA_TOO_LARGE, GROUP_AUTHORIZATION_FAILED])(
    'when single partitions fail with %i',
    async (code) => {
      offsets.errorAt = (group, place) => (group === 'tmf-hub.s1' && place === 'a:1' ? code : 0);
      const all = [
        at('s1', 1),
        at('s1', 2, { partition: 1 }),
        at('s1', 3, { partition: 2 }),
        at('s2', 4, { partition: 1 }),
      ];
      expect(await commit(...all)).toEqual([all[1]]);
      expect(await load('s1', 's2')).toHaveLength(3);
    },
  );

  test('when a whole group fails', async () => {
    offsets.errorOf = (group) => (group === 'tmf-hub.s1' ? COORDINATOR_LOAD_IN_PROGRESS : 0);
    const all = [at('s1', 1), at('s1', 2, { partition: 1 }), at('s2', 4)];
    expect(await commit(...all)).toEqual(all.slice(0, 2));
  });

  test.each(['away', 'hangs', 'loses the answer'])('when a node %s', async (how) => {
    coordinatedByName();
    const all = [at('s1', 1), at('s2', 2), at('s3', 3)];
    await commit(...all);
    const [, second] = wire.cluster.nodes.values();
    if (how === 'away') wire.away.add(second!);
    if (how === 'hangs') wire.hangs = ({ node }) => node.host === 'broker-2';
    if (how === 'loses the answer')
      wire.after = ({ node }) => (node.host === 'broker-2' ? Promise.reject(new Error('reset')) : undefined);
    const later = all.map((position) => ({ ...position, offset: position.offset + 10 }));
    expect(await commit(...later)).toEqual([later[1]]);
    expect(offsets.groups.get('tmf-hub.s3')?.get('a:0')?.offset).toBe(13);
  });

  test('when the coordinator is another by now, which is found for the next', async () => {
    wire.cluster.coordinatorOf = () => 1;
    await commit(at('s1', 1), at('s2', 1));
    wire.cluster.coordinatorOf = (group) => (group === 'tmf-hub.s1' ? 3 : 1);
    expect(await commit(at('s1', 2), at('s2', 2))).toEqual([at('s1', 2)]);
    expect(await commit(at('s1', 2))).toEqual([]);
    expect(wire.of('offsetCommit').at(-1)?.node.host).toBe('broker-3');
  });

  test('when one of several groups has no coordinator', async () => {
    wire.cluster.coordinatorOf = (group) => (group === 'tmf-hub.s1' ? -COORDINATOR_NOT_AVAILABLE : 1);
    expect(await commit(at('s1', 1), at('s2', 2))).toEqual([at('s1', 1)]);
  });

  test('one that has no coordinator for a time keeps nobody else from being written', async () => {
    coordinatedByName();
    await commit(at('s1', 1), at('s2', 1));
    // Half of the offsets topic is away: its groups are asked for again and again, the others are known.
    wire.cluster.coordinatorOf = (group) => (group === 'tmf-hub.s1' ? -COORDINATOR_NOT_AVAILABLE : 2);
    expect(await commit(at('s1', 2), at('s2', 2))).toEqual([at('s1', 2)]);
    for (let offset = 3; offset < 6; offset++) {
      expect(await commit(at('s1', offset), at('s2', offset))).toEqual([at('s1', offset)]);
      expect(offsets.groups.get('tmf-hub.s2')?.get('a:0')?.offset).toBe(offset);
    }
    expect(wire.calls.every(({ node }) => node.host.startsWith('broker-'))).toBe(true);
  });
});

describe('on a cluster that cannot do it now', () => {
  test('the first commit ever fails, and makes the broker get ready for the next', async () => {
    let isReady = false;
    wire.cluster.coordinatorOf = () => (isReady ? 1 : -COORDINATOR_NOT_AVAILABLE);
    const failed = await commit(at('s1', 1)).catch(() => [at('s1', 1)]);
    expect(failed).toEqual([at('s1', 1)]);
    isReady = true;
    expect(await commit(at('s1', 1))).toEqual([]);
  });

  test.each([
    ['there is no coordinator', -COORDINATOR_NOT_AVAILABLE, 0],
    ['it is loading', 1, COORDINATOR_LOAD_IN_PROGRESS],
    ['it is another', 2, NOT_COORDINATOR],
  ])('loading waits while %s', async (_why, coordinator, code) => {
    await commit(at('s1', 5), at('s2', 6));
    wire.cluster.coordinatorOf = () => coordinator;
    offsets.errorOf = () => code;
    const loading = positions.load(['s1', 's2'], partitions);
    await clock.advance(8_000);
    wire.cluster.coordinatorOf = () => 1;
    offsets.errorOf = () => 0;
    expect(await done(loading)).toEqual([at('s1', 5), at('s2', 6)]);
  });

  test('only what failed is loaded again, and each comes once', async () => {
    coordinatedByName();
    await commit(at('s1', 5), at('s2', 6), at('s3', 7));
    let refusals = 3;
    offsets.errorOf = (group) =>
      group === 'tmf-hub.s2' && refusals-- > 0 ? COORDINATOR_LOAD_IN_PROGRESS : 0;
    const before = wire.of('offsetFetch').length;
    const loaded = await load('s1', 's2', 's3');
    expect(loaded.map(({ subscriptionId }) => subscriptionId).toSorted()).toEqual(['s1', 's2', 's3']);
    expect(wire.of('offsetFetch').length - before).toBe(6);
  });

  test('a node that goes away while positions are loaded costs a retry, and none comes twice', async () => {
    coordinatedByName();
    await commit(at('s1', 5), at('s2', 6), at('s3', 7));
    const [, second] = wire.cluster.nodes.values();
    wire.away.add(second!);
    const loading = positions.load(['s1', 's2', 's3'], partitions);
    await clock.advance(3_000);
    wire.away.clear();
    const loaded = await done(loading);
    expect(loaded.map(({ subscriptionId }) => subscriptionId).toSorted()).toEqual(['s1', 's2', 's3']);
  });

  test('loading and dropping give up in the end, and say why', async () => {
    offsets.errorOf = () => GROUP_AUTHORIZATION_FAILED;
    await expect(load('s1')).rejects.toThrow(/tmf-hub\.s1.*GROUP_AUTHORIZATION_FAILED/);
    await expect(done(positions.drop('s1'))).rejects.toThrow(/tmf-hub\.s1.*GROUP_AUTHORIZATION_FAILED/);
    for (const node of wire.cluster.nodes.values()) wire.away.add(node);
    await expect(load('s1')).rejects.toThrow(/connection refused/);
  });
});
