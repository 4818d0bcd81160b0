import { PublishRefused } from '../../src/brokers/broker.ts';
import { TopicRefused } from '../../src/brokers/kafka/wire/topic-admin.ts';
import { TooLarge } from '../../src/brokers/tables/topic-access.ts';
import { sharedKafka, uniqueName } from '../support/kafka.ts';
import { KafkaTools } from '../support/kafka-tools.ts';
import { PublisherSite, bytes, refusal } from './kafka-publisher-site.ts';

let brokers: string[];
let site: PublisherSite;
beforeAll(async () => void ({ brokers } = await sharedKafka()), 120_000);
beforeEach(() => void (site = new PublisherSite(brokers)));
afterEach(() => site.close());

describe('records', () => {
  test('are where the answer says, in the order of the calls for each partition', async () => {
    const topic = uniqueName('orders');
    const publisher = site.publisher();
    const given = [...Array(2_000).keys()].map((n) => ({
      topic,
      key: `order-${n % 40}`,
      value: bytes(`${n}`),
    }));
    const placed = await Promise.all(given.map((record) => publisher.publish({ ...record, headers: {} })));
    const log = await site.readAll(topic);
    expect(log.map(({ length }) => length).reduce((a, b) => a + b)).toBe(2_000);
    given.forEach(({ key, value }, i) => {
      const { broker, topic: where, partition, offset } = placed[i]!;
      expect([broker, where]).toEqual(['kafka', topic]);
      expect(log[partition]?.[offset]).toMatchObject({
        offset,
        key: Buffer.from(key),
        value: Buffer.from(value),
      });
    });
    for (const records of log) {
      const order = records.map(({ value }) => Number(Buffer.from(value!).toString()));
      expect(order).toEqual(order.toSorted((a, b) => a - b));
    }
  });

  test('keep key, value and headers byte for byte; no value is a tombstone, no bytes are a value', async () => {
    const topic = uniqueName('orders');
    const publisher = site.publisher({ partitions: 1, replicationFactor: 1 });
    const headers = { tmfApi: 'TMF622', eventType: 'Größe', empty: '' };
    const before = Date.now();
    const all = Uint8Array.from({ length: 256 }, (_, i) => i);
    await publisher.publish({ topic, key: 'Schlüssel', value: all.subarray(3), headers });
    await publisher.publish({ topic, key: '', value: new Uint8Array(0), headers: {} });
    await publisher.publish({ topic, key: 'gone', value: null, headers: {} });
    const [first, second, third] = await site.read(topic, 0);
    expect(first).toMatchObject({
      key: Buffer.from('Schlüssel'),
      value: Buffer.from(all.subarray(3)),
      headers,
    });
    expect(first!.timestamp).toBeGreaterThanOrEqual(before);
    expect(first!.timestamp).toBeLessThanOrEqual(Date.now());
    expect(second).toMatchObject({ key: Buffer.from(''), value: Buffer.from('') });
    expect(third).toMatchObject({ key: Buffer.from('gone'), value: undefined });
  });

  test('go to the partition that Java producers choose for their key, or to the one that is named', async () => {
    const topic = uniqueName('orders');
    const publisher = site.publisher({ partitions: 7, replicationFactor: 1 });
    const keys = [
      '21',
      'foobar',
      'a-little-bit-long-string',
      'Größe',
      '',
      ...[...Array(50).keys()].map(String),
    ];
    const value = bytes('x');
    const ours = await Promise.all(keys.map((key) => publisher.publish({ topic, key, value, headers: {} })));
    const tools = await KafkaTools.start(brokers);
    try {
      const theirs = await tools.produce(
        topic,
        keys.map((key) => ({ key, value: 'x' })),
      );
      expect(ours.map(({ partition }) => partition)).toEqual(theirs.map(({ partition }) => partition));
    } finally {
      await tools.close();
    }
    const named = await publisher.publish({ topic, key: '21', value, headers: {}, partition: 6 });
    expect(named.partition).toBe(6);
  });

  test('one that is too large is refused alone, and nothing of what goes with it or follows is lost', async () => {
    const topic = uniqueName('small');
    const other = uniqueName('other');
    const publisher = site.publisher({
      partitions: 1,
      replicationFactor: 1,
      configs: { 'max.message.bytes': '20000' },
    });
    const small = (n: number): Uint8Array => bytes(`${n}`.padEnd(1_000));
    await Promise.all(
      [topic, other].map((to) => publisher.publish({ topic: to, key: 'k', value: small(0), headers: {} })),
    );
    const round = async (from: number): Promise<PromiseSettledResult<{ offset: number }>[]> =>
      Promise.allSettled([
        ...[...Array(60).keys()].map((i) => {
          const value = i === 30 ? new Uint8Array(30_000) : small(from + i);
          return publisher.publish({ topic, key: 'k', value, headers: {} });
        }),
        publisher.publish({ topic: other, key: 'k', value: small(from), headers: {} }),
      ]);
    const settled = [...(await round(1)), ...(await round(100))];
    const refused = settled.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[];
    expect(refused.map(({ reason }) => (reason as Error).cause)).toEqual([
      expect.any(TooLarge),
      expect.any(TooLarge),
    ]);
    const values = (await site.read(topic, 0)).map(({ value }) => Number(Buffer.from(value!).toString()));
    const wanted = [1, 100].flatMap((from) =>
      [...Array(60).keys()].filter((i) => i !== 30).map((i) => from + i),
    );
    expect(values).toEqual([0, ...wanted]);
    expect((await site.read(other, 0)).map(({ value }) => Number(Buffer.from(value!).toString()))).toEqual([
      0, 1, 100,
    ]);
    const offsets = settled.map((one) => (one.status === 'fulfilled' ? one.value.offset : undefined));
    expect(offsets.slice(0, 60).filter((offset) => offset !== undefined)).toEqual(
      [...Array(59).keys()].map((i) => i + 1),
    );
  });
});

describe('topics', () => {
  test('that are missing are made as asked, by several publishers at once too', async () => {
    const topic = uniqueName('made');
    const shape = {
      partitions: 5,
      replicationFactor: 1,
      configs: { 'cleanup.policy': 'compact', 'max.message.bytes': '5000' },
    };
    const publishers = [site.publisher(shape), site.publisher(shape), site.publisher(shape)];
    await Promise.all(
      publishers.map((one) => one.publish({ topic, key: 'k', value: bytes('x'), headers: {} })),
    );
    expect(await site.readAll(topic)).toHaveLength(5);
    expect(await site.admin.topicConfig(topic, ['cleanup.policy', 'max.message.bytes'])).toEqual({
      'cleanup.policy': 'compact',
      'max.message.bytes': '5000',
    });
  });

  test('that are missing and may not be made refuse their records, not those of others', async () => {
    const [missing, there] = [uniqueName('missing'), uniqueName('there')];
    await site.admin.ensureTopic(there, { partitions: 1, replicationFactor: 1 });
    const publisher = site.publisher('never');
    const record = { key: 'k', value: bytes('x'), headers: {} };
    const refused = refusal(publisher.publish({ ...record, topic: missing }));
    await expect(publisher.publish({ ...record, topic: there })).resolves.toMatchObject({ offset: 0 });
    const error = await refused;
    expect(error).toBeInstanceOf(PublishRefused);
    expect(error.message).toBe(
      `the event was not stored: there is no topic ${missing} in Kafka, and it may not be made`,
    );
    await site.admin.ensureTopic(missing, { partitions: 1, replicationFactor: 1 });
    await expect(publisher.publish({ ...record, topic: missing })).resolves.toMatchObject({ offset: 0 });
  });

  test('that the broker will not make say why', async () => {
    const publisher = site.publisher({ partitions: 1, replicationFactor: 9 });
    const record = { key: 'k', value: bytes('x'), headers: {} };
    const [replicas, name] = await Promise.all([
      refusal(publisher.publish({ ...record, topic: uniqueName('many') })),
      refusal(publisher.publish({ ...record, topic: 'no such name!' })),
    ]);
    expect(replicas.message).toMatch(/could not be made: .*replication factor/);
    expect(name.message).toMatch(/could not be made: .*name.*illegal|invalid/i);
  });

  test('that are deleted are made again for what is published after that', async () => {
    const topic = uniqueName('deleted');
    const publisher = site.publisher({ partitions: 1, replicationFactor: 1 });
    const record = { topic, key: 'k', headers: {} };
    for (const n of [1, 2, 3]) await publisher.publish({ ...record, value: bytes(`${n}`) });
    const tools = await KafkaTools.start(brokers);
    await tools.deleteTopic(topic).finally(() => tools.close());
    const placed = await Promise.all(
      [4, 5].map((n) => publisher.publish({ ...record, value: bytes(`${n}`) })),
    );
    expect(placed.map(({ offset }) => offset)).toEqual([0, 1]);
    expect((await site.read(topic, 0)).map(({ value }) => Buffer.from(value!).toString())).toEqual([
      '4',
      '5',
    ]);
  });

  test('are made once, and stay as they are', async () => {
    const topic = uniqueName('there');
    const raced = uniqueName('raced');
    const sites = [1, 2, 3, 4].map(() => new PublisherSite(brokers));
    await Promise.all(
      sites.map(({ admin }) => admin.ensureTopic(raced, { partitions: 2, replicationFactor: 1 })),
    );
    await Promise.all(sites.map((one) => one.close()));
    expect(await site.readAll(raced)).toHaveLength(2);
    await site.admin.ensureTopic(topic, {
      partitions: 2,
      replicationFactor: 1,
      configs: { 'retention.ms': '1000' },
    });
    await site.admin.ensureTopic(topic, {
      partitions: 9,
      replicationFactor: 1,
      configs: { 'retention.ms': '2000' },
    });
    expect(await site.readAll(topic)).toHaveLength(2);
    expect(await site.admin.topicConfig(topic, ['retention.ms'])).toEqual({ 'retention.ms': '1000' });
    await expect(
      site.admin.ensureTopic(uniqueName('many'), { partitions: 1, replicationFactor: 9 }),
    ).rejects.toThrow(TopicRefused);
  });
});

describe('a stop', () => {
  test('sends what waits, and takes no more', async () => {
    const topic = uniqueName('stop');
    const publisher = site.publisher();
    const record = { topic, key: 'k', value: bytes('x'), headers: {} };
    const sent = [...Array(100).keys()].map(() => publisher.publish(record));
    const stopped = publisher.stop(5_000);
    expect(await refusal(publisher.publish(record))).toBeInstanceOf(PublishRefused);
    expect((await Promise.all(sent)).map(({ offset }) => offset)).toEqual([...Array(100).keys()]);
    await stopped;
    expect(publisher.health()).toEqual({ ok: false, reason: 'stopped' });
  });
});
