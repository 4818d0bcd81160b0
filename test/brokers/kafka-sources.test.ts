import { Cluster } from '../../src/brokers/kafka/wire/cluster.ts';
import { Sources } from '../../src/brokers/kafka/wire/sources.ts';
import { silentLogger } from '../../src/logger.ts';
import { FakeWire } from '../support/fake-wire.ts';
import { KafkaTools } from '../support/kafka-tools.ts';
import { sharedKafka } from '../support/kafka.ts';
import { SimClock } from '../support/sim-clock.ts';
import { offered, ReplicaSite, until } from './kafka-replica-site.ts';

describe('the topics that events come from', () => {
  const clock = new SimClock();

  /** The sources of a cluster with these topics, as it is known after one look. */
  async function sources(wanted: readonly string[], there: Readonly<Record<string, number>>) {
    const wire = new FakeWire(clock);
    for (const [name, partitions] of Object.entries(there))
      wire.cluster.makeTopic(name, new Array<number>(partitions).fill(1));
    const cluster = new Cluster(wire, clock, silentLogger);
    const found = new Sources(cluster, clock, silentLogger, wanted, (topic) => topic.startsWith('tmf-hub.'));
    const look = async (): Promise<void> => {
      const refreshed = cluster.refresh();
      await clock.advance(10);
      await refreshed;
    };
    await look();
    const names = () =>
      found
        .partitions()
        .map(({ topic, partition }) => `${topic}:${partition}`)
        .toSorted();
    return { wire, found, look, names };
  }

  test('are those that are named, with all their partitions, as soon as they are there', async () => {
    const { wire, names, look } = await sources(['bss.orders', 'bss.party'], {
      'bss.orders': 2,
      bssXorders: 1,
      other: 3,
    });
    expect(names()).toEqual(['bss.orders:0', 'bss.orders:1']);
    wire.cluster.makeTopic('bss.party', [1]);
    await look();
    expect(names()).toEqual(['bss.orders:0', 'bss.orders:1', 'bss.party:0']);
  });

  test('are those whose whole name an expression matches', async () => {
    const there = { 'bss.orders': 1, 'bss.orders.old': 1, 'x.bss.orders': 1, 'bss.party': 1, 'oss.party': 1 };
    expect((await sources(['bss\\.[a-z]+'], there)).names()).toEqual(['bss.orders:0', 'bss.party:0']);
    expect((await sources(['bss.orders|oss.*'], there)).names()).toEqual(['bss.orders:0', 'oss.party:0']);
    expect((await sources(['.*party', 'bss.orders'], there)).names()).toHaveLength(3);
  });

  test('are never those that are the gateway’s own, or Kafka’s', async () => {
    const there = { 'tmf-hub.dead-letters': 1, 'tmf-hub.subscriptions': 1, 'tmf-hub-orders': 1, orders: 1 };
    const { found, names } = await sources(['.*', 'tmf-hub.dead-letters'], there);
    expect(names()).toEqual(['orders:0', 'tmf-hub-orders:0']);
    expect(found.has('tmf-hub.subscriptions')).toBe(false);
  });

  test('have a fingerprint that changes with each of them, and with nothing else', async () => {
    const { wire, found, look } = await sources(['bss.*'], { 'bss.orders': 1, other: 1 });
    const seen = [found.fingerprint()];
    const changes = [
      () => wire.cluster.makeTopic('bss.orders', [1, 1]),
      () => wire.cluster.makeTopic('bss.party', [1]),
      () => wire.cluster.makeTopic('bss.orders', [1, 1], 'made anew'),
      () => wire.cluster.topics.delete('bss.party'),
    ];
    for (const change of changes) {
      change();
      await look();
      seen.push(found.fingerprint());
    }
    expect(new Set(seen).size).toBe(5);
    wire.cluster.partition('bss.orders', 0).leader = -1;
    wire.cluster.makeTopic('other', [1, 1, 1]);
    await look();
    expect(found.fingerprint()).toBe(seen.at(-1));
  });

  test('are looked for again and again, also after nobody answered, until it is stopped', async () => {
    const { wire, found } = await sources(['bss.*'], {});
    let looks = 0;
    found.watch(1_000, () => looks++);
    await clock.advance(3_500);
    expect(looks).toBe(3);
    const [node] = wire.cluster.nodes.values();
    wire.away.add(node!);
    await clock.advance(5_000);
    expect(looks).toBe(3);
    wire.away.clear();
    await clock.advance(2_000);
    expect(looks).toBeGreaterThan(3);
    found.stop();
    const { length } = wire.calls;
    await clock.advance(10_000);
    expect(wire.calls).toHaveLength(length);
  });

  test('stopped while it looks, it tells of nothing and looks no more', async () => {
    const { wire, found } = await sources(['bss.*'], {});
    let looks = 0;
    found.watch(1_000, () => looks++);
    wire.before = () => found.stop();
    await clock.advance(1_500);
    wire.before = () => undefined;
    const { length } = wire.calls;
    await clock.advance(10_000);
    expect([looks, wire.calls.length]).toEqual([0, length]);
  });
});

describe('on a real broker', () => {
  let tools: KafkaTools;
  let site: ReplicaSite;

  beforeAll(async () => {
    tools = await KafkaTools.start((await sharedKafka()).brokers);
  }, 120_000);

  beforeEach(async () => void (site = await ReplicaSite.open('sources', { partitions: 0 })));
  afterEach(() => site.close());
  afterAll(() => tools.close());

  const record = (id: string, partition = 0) => ({
    value: id,
    partition,
    headers: [['eventId', id]] as const,
  });

  test('a topic that matches later is read from its beginning, and the gateway’s own are not read', async () => {
    const replica = await site.started({ topics: [`${site.prefix}.*`] });
    const outlet = await replica.attach('s');
    await tools.createTopic(site.topic, { partitions: 2 });
    await tools.createTopic(`x${site.topic}`);
    await tools.produce(site.topic, [record('1', 0), record('2', 1)]);
    await tools.produce(`x${site.topic}`, [record('of no source')]);
    await until(() => outlet.offered.length === 2);
    // Its own topics match too, and have records.
    await tools.produce(site.topic, [record('3', 0)]);
    await until(() => outlet.offered.length >= 3);
    expect(offered(outlet)).toEqual(['1', '2', '3']);
    expect(Object.keys(replica.broker.status('s')!.positions).toSorted()).toEqual([
      `${site.topic}:0`,
      `${site.topic}:1`,
    ]);
  });

  test('partitions that are added are read from their beginning', async () => {
    await site.makeTopic(site.topic, 1);
    const replica = await site.started();
    const outlet = await replica.attach('s');
    await tools.produce(site.topic, [record('1')]);
    await tools.alterPartitions(site.topic, 3);
    await tools.produce(site.topic, [record('2', 1), record('3', 2), record('4', 0)]);
    await until(() => outlet.offered.length >= 4);
    expect(offered(outlet)).toEqual(['1', '2', '3', '4']);
    await replica.broker.stop();
    const again = site.replica();
    const second = await again.attach('s', 'known');
    await again.start();
    await tools.produce(site.topic, [record('5', 2)]);
    await until(() => second.offered.length > 0);
    expect(offered(second)).toEqual(['5']);
  });

  test('RULES 4: a topic that is deleted and made anew is read from its beginning, and that is said', async () => {
    await site.makeTopic(site.topic, 1);
    const replica = await site.started();
    const outlet = await replica.attach('s');
    await tools.produce(site.topic, [record('1'), record('2'), record('3')]);
    await until(() => outlet.offered.length === 3);
    outlet.forget();
    await tools.deleteTopic(site.topic);
    await until(() => replica.partitions === 0);
    await site.makeTopic(site.topic, 1);
    await tools.produce(site.topic, [record('anew 1'), record('anew 2'), record('anew 3'), record('anew 4')]);
    await until(() => outlet.offered.length >= 7);
    expect(outlet.ids.slice(3)).toEqual(['anew 1', 'anew 2', 'anew 3', 'anew 4']);
    // With the topic the broker has forgotten what was committed for it.
    expect(replica.said.map(({ name }) => name)).toContainEqual(
      expect.stringMatching(/^(topic.recreated|position.lost)$/),
    );
    expect(replica.broker.health()).toEqual({ ok: true });
  });
});
