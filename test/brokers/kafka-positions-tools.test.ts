import fc from 'fast-check';
import { Coordinators } from '../../src/brokers/kafka/wire/coordinators.ts';
import { encodeMetadata, HOLES_CAPACITY } from '../../src/brokers/kafka/positions/position-record.ts';
import { Positions } from '../../src/brokers/kafka/positions/positions.ts';
import type { Position } from '../../src/brokers/log/log.ts';
import { silentLogger } from '../../src/logger.ts';
import { systemClock as clock } from '../../src/time.ts';
import { KafkaTools } from '../support/kafka-tools.ts';
import { sharedKafka } from '../support/kafka.ts';
import { KafkaReader } from './kafka-reader.ts';
import { offered, ReplicaSite, until } from './kafka-replica-site.ts';

const METADATA_BYTES = 4_096;
const LAST_GENERATION = 2 ** 31 - 1;

let site: ReplicaSite;
let tools: KafkaTools;
let reader: KafkaReader;
/** With what stands in the metadata before the holes as long as it can be. */
let positions: Positions;

beforeAll(async () => {
  tools = await KafkaTools.start((await sharedKafka()).brokers);
}, 120_000);

beforeEach(async () => {
  site = await ReplicaSite.open('positions', { partitions: 2 });
  reader = new KafkaReader(site.brokers);
  const { wire, cluster } = reader;
  cluster.want([site.topic]);
  await until(() => cluster.refresh().then(() => cluster.topics.has(site.topic)));
  const coordinators = new Coordinators(wire, cluster);
  const { prefix } = site;
  positions = new Positions({
    wire,
    coordinators,
    clock,
    logger: silentLogger,
    prefix,
    generation: () => LAST_GENERATION,
  });
  // The first question ever makes the broker create the topic that it keeps them in; a commit does not wait for that.
  await load('nobody');
});

afterEach(async () => {
  await reader.close();
  await site.close();
});

afterAll(() => tools.close());

const partitions = () =>
  [0, 1].map((partition) => ({
    topic: site.topic,
    partition,
    topicId: reader.cluster.topics.get(site.topic)!.topicId,
  }));

function at(subscriptionId: string, partition: number, offset: number, holes = ''): Position {
  return { subscriptionId, ...partitions()[partition]!, offset, holes };
}

const load = (...ids: string[]) => positions.load(ids, partitions());

describe('positions on a real broker', () => {
  test('are written, read and dropped, and a tool shows them', async () => {
    const written = [at('s1', 0, 3, 'AwABAQ'), at('s1', 1, 0), at('s2', 0, 1)];
    expect(await positions.commit(written)).toEqual([]);
    const loaded = await load('s1', 's2', 'nobody');
    expect(loaded).toHaveLength(3);
    expect(loaded).toEqual(expect.arrayContaining(written));
    const rows = await tools.describeGroup(`${site.prefix}.s1`);
    expect(rows.map(({ partition, current }) => [partition, current]).toSorted()).toEqual([
      [0, 3],
      [1, 0],
    ]);
    await positions.drop('s1');
    await positions.drop('s1');
    expect(await load('s1', 's2')).toEqual([written[2]]);
    await expect(tools.describeGroup(`${site.prefix}.s1`)).rejects.toThrow(/not found|does not exist/);
  });

  test('RULES 7: as many bytes of metadata as are allowed are taken; of more only that position is refused', async () => {
    const around = encodeMetadata(at('s1', 0, 0), LAST_GENERATION).length;
    const most = at('s1', 0, 1, 'x'.repeat(METADATA_BYTES - around));
    const tooMany = at('s1', 1, 1, 'x'.repeat(METADATA_BYTES - around + 1));
    expect(most.holes.length).toBeGreaterThanOrEqual(HOLES_CAPACITY);
    expect(await positions.commit([most, tooMany, at('s2', 0, 1)])).toEqual([tooMany]);
    expect(await load('s1', 's2')).toEqual(expect.arrayContaining([most, at('s2', 0, 1)]));
  });

  test('RULES 6: one that an operator reset is seen to be foreign', async () => {
    const replica = site.replica();
    await replica.broker.open();
    await replica.publishMany(site.topic, 'e', 20);
    await positions.commit([at('s1', 0, 3, 'AwABAQ'), at('s1', 1, 0)]);
    await tools.resetOffsets(`${site.prefix}.s1`, `${site.topic}:0`, '--to-offset', '1');
    expect(await load('s1')).toEqual(
      expect.arrayContaining([{ ...at('s1', 0, 1), foreign: true }, at('s1', 1, 0)]),
    );
    await tools.deleteOffsets(`${site.prefix}.s1`, `${site.topic}:0`);
    expect(await load('s1')).toEqual([at('s1', 1, 0)]);
  });
});

test('RULES 7: whatever the holes, a position that may be encoded has a place in the metadata', () => {
  const position = fc.record({
    ...{ topic: fc.string(), subscriptionId: fc.string(), topicId: fc.uuid() },
    ...{ partition: fc.nat(), offset: fc.maxSafeNat() },
    holes: fc.nat(HOLES_CAPACITY).map((length) => 'h'.repeat(length)),
  });
  fc.assert(
    fc.property(position, fc.integer({ min: -1, max: LAST_GENERATION }), (one, generation) => {
      expect(Buffer.byteLength(encodeMetadata(one, generation))).toBeLessThanOrEqual(METADATA_BYTES);
    }),
    { examples: [[{ ...at36(), holes: 'h'.repeat(HOLES_CAPACITY) }, LAST_GENERATION]] },
  );
});

describe('what an operator sees and does with a running gateway', () => {
  test('the lag is 0 after delivery, also of one whose sources brought events for others only', async () => {
    const replica = await site.started();
    const [busy, idle] = [await replica.attach('busy'), await replica.attach('idle')];
    const ids = Array.from({ length: 30 }, (_, i) => `e${i}`);
    replica.intake.remove('idle');
    await Promise.all(ids.map((id, i) => replica.publish(site.topic, id, `key ${i}`)));
    await until(() => busy.offered.length === 30);
    const lags = async (id: string) => {
      const rows = await tools.describeGroup(`${site.prefix}.${id}`);
      expect(rows).toHaveLength(2);
      return rows.map(({ lag }) => lag);
    };
    for (const id of ['busy', 'idle']) await until(async () => String(await lags(id)) === '0,0', 60_000);
    expect(idle.offered).toEqual([]);
    const [row] = (await tools.describeGroup(`${site.prefix}.idle`)).filter(({ end }) => end > 0);
    expect(row!.current).toBe(row!.end);
  });

  test('what is not delivered is lag', async () => {
    const replica = await site.started();
    const outlet = await replica.attach('s', 'new', { settles: false });
    await replica.publishMany(site.topic, 'e', 30);
    await until(() => outlet.offered.length === 30);
    const owed = () => outlet.offered.length;
    const lag = async () => {
      const rows = await tools.describeGroup(`${site.prefix}.s`);
      return rows.reduce((sum, row) => sum + (row.lag ?? 0), 0);
    };
    expect(await lag()).toBe(owed());
    for (const delivery of outlet.offered) outlet.settle(delivery);
    await until(async () => (await lag()) === 0);
  });

  test('RULES 6: what an operator reset while it was stopped is delivered again, and nothing else', async () => {
    const first = await site.started();
    const outlet = await first.attach('s');
    await first.publishMany(site.topic, 'e', 30);
    await until(() => outlet.offered.length === 30);
    await first.broker.stop();
    await tools.resetOffsets(`${site.prefix}.s`, `${site.topic}:0`, '--to-earliest');
    const second = site.replica();
    const again = await second.attach('s', 'known');
    await second.start();
    await second.publish(site.topic, 'last');
    await until(() => again.ids.includes('last'));
    const inFirst = outlet.offered.filter(({ record }) => record.source.partition === 0);
    await until(() => again.offered.length > inFirst.length);
    expect(offered(again)).toEqual([...inFirst.map(({ event }) => event.id), 'last'].toSorted());
  });

  test('a subscription that is gone leaves no group behind', async () => {
    const replica = await site.started();
    const outlet = await replica.attach('s');
    await replica.publishMany(site.topic, 'e', 10);
    await until(() => outlet.offered.length === 10);
    await replica.broker.detach('s');
    await replica.publishMany(site.topic, 'later', 10);
    const groups = (await tools.consumerGroups('--list'))
      .split('\n')
      .filter((name) => name.startsWith(site.prefix));
    expect(groups).toEqual([site.prefix]);
  });
});

function at36() {
  return {
    topic: 'a',
    subscriptionId: 's',
    topicId: 'b7f4c3c2-97a4-4d9c-a7cc-2b8d0e2a3f10',
    partition: 0,
    offset: 0,
  };
}
