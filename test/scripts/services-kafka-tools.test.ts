import { Kafka, logLevel, type KafkaMessage } from 'kafkajs';
import { sharedKafka, uniqueName } from '../support/kafka.ts';
import { KafkaTools } from '../support/kafka-tools.ts';

let brokers: string[];
let tools: KafkaTools;

beforeAll(async () => {
  ({ brokers } = await sharedKafka());
  tools = await KafkaTools.start(brokers);
}, 120_000);

// A start that failed has nothing to close.
afterAll(async () => (tools as KafkaTools | undefined)?.close());

/** The next `count` messages that a reader of committed records sees from the beginning. */
async function read(topic: string, count: number): Promise<KafkaMessage[]> {
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: uniqueName('reader'), readUncommitted: false });
  const messages: KafkaMessage[] = [];
  try {
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer.on('consumer.crash', ({ payload }) => {
        // A broker that is new loads its coordinators first; the consumer tries again.
        if (!payload.restart) reject(payload.error);
      });
      consumer
        .run({
          eachMessage: async ({ message }) => {
            if (messages.push(message) === count) resolve();
          },
        })
        .catch(reject);
    });
    return messages;
  } finally {
    await consumer.disconnect();
  }
}

test('a run shares one broker, and the environment comes first', async () => {
  expect((await sharedKafka()).brokers).toEqual(brokers);
  const before = process.env['TMF_HUB_KAFKA_BROKERS'];
  try {
    process.env['TMF_HUB_KAFKA_BROKERS'] = `${brokers.join(',')},127.0.0.1:1`;
    expect((await sharedKafka()).brokers).toEqual([...brokers, '127.0.0.1:1']);
    process.env['TMF_HUB_KAFKA_BROKERS'] = '127.0.0.1:1';
    await expect(sharedKafka()).rejects.toThrow('TMF_HUB_KAFKA_BROKERS=127.0.0.1:1 does not answer');
  } finally {
    if (before === undefined) delete process.env['TMF_HUB_KAFKA_BROKERS'];
    else process.env['TMF_HUB_KAFKA_BROKERS'] = before;
  }
});

test('records of the Java producer arrive as given: keys, values and headers, missing ones and other bytes too', async () => {
  const topic = uniqueName('tools');
  await tools.createTopic(topic);
  const bytes = Buffer.from([0, 255, 10, 13, 32, 43]);
  const written = await tools.produce(
    topic,
    [
      {
        key: 'key',
        value: 'välue two words',
        headers: [
          ['name', 'v'],
          ['none', null],
          ['name', bytes],
        ],
      },
      { key: null, value: null },
      { key: '', value: '' },
      { key: bytes, value: bytes },
    ],
    { codec: 'gzip' },
  );
  expect(written.map(({ offset }) => offset)).toEqual([0, 1, 2, 3]);

  const [full, missing, empty, other] = await read(topic, 4);
  expect(full!.key!.toString()).toBe('key');
  expect(full!.value!.toString()).toBe('välue two words');
  expect(full!.headers!['name']).toEqual([Buffer.from('v'), bytes]);
  expect([missing!.key, missing!.value]).toEqual([null, null]);
  expect([empty!.key, empty!.value]).toEqual([Buffer.alloc(0), Buffer.alloc(0)]);
  expect([other!.key, other!.value]).toEqual([bytes, bytes]);
});

test('every codec is one of the producer', async () => {
  const topic = uniqueName('tools');
  await tools.createTopic(topic);
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
    await expect(tools.produce(topic, [{ value: codec.repeat(100) }], { codec })).resolves.toHaveLength(1);
  }
});

test('transactions commit, abort, or stay open', async () => {
  const topic = uniqueName('tools');
  await tools.createTopic(topic);
  const transactionalId = uniqueName('transaction');
  await tools.transaction(topic, [{ value: 'aborted' }], 'abort', { transactionalId });
  await tools.transaction(topic, [{ value: 'committed' }], 'commit', { transactionalId });
  const open = await tools.producer({ transactionalId: uniqueName('transaction') });
  await open.begin();
  await open.send(topic, [{ value: 'decided later' }]);
  expect((await read(topic, 1)).map(({ value }) => value!.toString())).toEqual(['committed']);
  await open.commit();
  expect((await read(topic, 2)).map(({ value }) => value!.toString())).toEqual([
    'committed',
    'decided later',
  ]);
  await open.close();
});

test('positions of a group are set, shown and deleted with the tool of operators', async () => {
  const topic = uniqueName('tools');
  const group = uniqueName('group');
  await tools.createTopic(topic, { partitions: 2 });
  await tools.produce(
    topic,
    [0, 1, 2].map((n) => ({ value: `${n}`, partition: 0 })),
  );
  await tools.resetOffsets(group, topic, '--to-earliest');
  await tools.resetOffsets(group, `${topic}:0`, '--to-offset', '2');
  expect((await tools.describeGroup(group)).toSorted((a, b) => a.partition - b.partition)).toEqual([
    { topic, partition: 0, current: 2, end: 3, lag: 1 },
    { topic, partition: 1, current: 0, end: 0, lag: 0 },
  ]);
  await tools.deleteOffsets(group, `${topic}:0`);
  expect(await tools.describeGroup(group)).toEqual([{ topic, partition: 1, current: 0, end: 0, lag: 0 }]);
  await tools.deleteGroup(group);
  await expect(tools.describeGroup(group)).rejects.toThrow(group);
});

test('topics are made, grow, are configured and go', async () => {
  const topic = uniqueName('tools');
  await tools.createTopic(topic, { partitions: 1, configs: { 'max.message.bytes': '2000' } });
  await expect(tools.createTopic(topic)).rejects.toThrow('already exists');
  await expect(tools.produce(topic, [{ value: 'x'.repeat(3000) }])).rejects.toThrow(/larger/);
  await tools.alterTopic(topic, { 'max.message.bytes': '4000' });
  await tools.produce(topic, [{ value: 'x'.repeat(3000) }]);
  await tools.alterPartitions(topic, 3);
  expect(await tools.produce(topic, [{ value: 'x', partition: 2 }])).toEqual([{ partition: 2, offset: 0 }]);
  await tools.deleteTopic(topic);
  await expect(tools.deleteTopic(topic)).rejects.toThrow('does not exist');
});
