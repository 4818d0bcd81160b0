import { CompressionTypes, Kafka, logLevel, type Transaction } from 'kafkajs';
import { until } from '../sqlite/until.ts';
import { KafkaTools, type ProducerSettings } from '../support/kafka-tools.ts';
import { sharedKafka, uniqueName } from '../support/kafka.ts';
import { KafkaReader, textsOf } from './kafka-reader.ts';

const BINARY = Buffer.from([0xff, 0x00, 0x80, 0xfe]);
const AS_DATA_URL = `data:;base64,${BINARY.toString('base64')}`;

let tools: KafkaTools;
let reader: KafkaReader;
let kafkajs: Kafka;

beforeAll(async () => {
  const { brokers } = await sharedKafka();
  reader = new KafkaReader(brokers);
  kafkajs = new Kafka({ brokers, logLevel: logLevel.NOTHING });
  tools = await KafkaTools.start(brokers);
}, 120_000);

afterAll(async () => {
  await reader.close();
  await tools.close();
});

async function newTopic(configs: Record<string, string> = {}): Promise<string> {
  const topic = uniqueName('batches');
  await tools.createTopic(topic, { configs });
  return topic;
}

/** Some that compress well and some that do not, together more than a block of any codec has. */
const values = Array.from({ length: 60 }, (_, i) => {
  const noise = Buffer.from(
    Array.from({ length: 1_500 }, (__, j) => (i * 7919 + j * j * 31 + (j >> 3) * i) % 256),
  );
  return Buffer.concat([Buffer.from(`${i}:`), Buffer.alloc(1_000, `${i}`), noise]);
});

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

describe('what producers write is read as they wrote it', () => {
  test.each(CODECS)("by Kafka's own producer, with codec %s", async (codec) => {
    const topic = await newTopic();
    const records = values.map((value, i) => ({ key: `key ${i}`, value, headers: [['n', `${i}`]] as const }));
    await tools.produce(topic, records, { codec });
    const read = await reader.readAll(topic);
    expect(read.map(({ offset }) => offset)).toEqual(values.map((_, i) => i));
    for (const [i, { key, value, headers }] of read.entries()) {
      expect(Buffer.compare(value!, values[i]!)).toBe(0);
      expect(Buffer.from(key!).toString()).toBe(`key ${i}`);
      expect(headers).toEqual({ n: `${i}` });
    }
  });

  test.each([
    ['none', CompressionTypes.None],
    ['gzip', CompressionTypes.GZIP],
  ] as const)('by kafkajs, with codec %s', async (_name, compression) => {
    const topic = await newTopic();
    const producer = kafkajs.producer();
    await producer.connect();
    const messages = values.map((value, i) => ({ key: `key ${i}`, value, headers: { n: `${i}` } }));
    await producer.send({ topic, messages, compression });
    await producer.disconnect();
    const read = await reader.readAll(topic);
    expect(Buffer.concat(read.map(({ value }) => value!)).equals(Buffer.concat(values))).toBe(true);
    expect(read.map(({ headers }) => headers['n'])).toEqual(values.map((_, i) => `${i}`));
  });

  test.each(CODECS)(
    'batches of codec %s follow one another, and a read may begin within any of them',
    async (codec) => {
      const topic = await newTopic();
      const producer = await tools.producer({ codec });
      for (let batch = 0; batch < 4; batch++) {
        await producer.send(
          topic,
          [0, 1, 2, 3, 4].map((i) => ({ value: `${batch * 5 + i}`.padEnd(500) })),
        );
      }
      await producer.close();
      for (const from of [0, 3, 4, 5, 12, 19]) {
        const { records, next } = await reader.read(topic, from);
        expect(textsOf(records).map(Number)).toEqual(Array.from({ length: 20 - from }, (_, i) => from + i));
        expect(next).toBe(20);
      }
    },
  );

  test('a batch that is larger than what was asked for comes whole, and a cut one does not come twice', async () => {
    const topic = await newTopic();
    const producer = await tools.producer();
    for (let i = 0; i < 5; i++) await producer.send(topic, [{ value: Buffer.alloc(30_000, `${i}`) }]);
    await producer.close();
    expect((await reader.read(topic, 0, { maxBytes: 1 })).records).toHaveLength(1);
    // One and a half: of the second the broker sends a part.
    const { records, next } = await reader.read(topic, 0, { maxBytes: 45_000 });
    expect([records.length, next]).toEqual([1, 1]);
    const all = await reader.readAll(topic, { maxBytes: 45_000 });
    expect(all.map(({ offset, value }) => [offset, value!.length])).toEqual(
      [0, 1, 2, 3, 4].map((i) => [i, 30_000]),
    );
  });
});

describe('what a record has, or has not', () => {
  test.each(CODECS)('with codec %s: no key, no value, empty ones, bytes that are no text', async (codec) => {
    const topic = await newTopic();
    const headers = [
      ['binary', BINARY],
      ['none', null],
      ['empty', ''],
      ['text', 'Grüße ✓'],
      ['twice', '1'],
      ['twice', '2'],
    ] as const;
    await tools.produce(
      topic,
      [
        { value: 'no key' },
        { key: 'tombstone', value: null },
        { key: '', value: '' },
        { key: BINARY, value: BINARY, headers },
      ],
      { codec },
    );
    const [noKey, tombstone, empty, binary] = await reader.readAll(topic);
    expect([noKey!.key, Buffer.from(noKey!.value!).toString(), noKey!.headers]).toEqual([
      undefined,
      'no key',
      {},
    ]);
    expect([Buffer.from(tombstone!.key!).toString(), tombstone!.value]).toEqual(['tombstone', undefined]);
    expect([empty!.key?.length, empty!.value?.length]).toEqual([0, 0]);
    expect([Buffer.from(binary!.key!), Buffer.from(binary!.value!)]).toEqual([BINARY, BINARY]);
    expect(binary!.headers).toEqual({
      binary: AS_DATA_URL,
      none: '',
      empty: '',
      text: 'Grüße ✓',
      twice: '2',
    });
  });

  test('a time that no date can show becomes the nearest that can', async () => {
    const topic = await newTopic({ 'message.timestamp.after.max.ms': '9223372036854775807' });
    await send(topic, [{ value: 'v', timestamp: '1700000000000000000' }]);
    const [record] = await reader.readAll(topic);
    expect(new Date(record!.timestamp).toISOString()).toBe('+275760-09-13T00:00:00.000Z');
  });

  test('its time is what the producer said', async () => {
    const topic = await newTopic();
    const times = [5, 3, 7].map((ms) => Date.now() - 60_000 + ms);
    await send(
      topic,
      times.map((ms) => ({ value: 'v', timestamp: `${ms}` })),
    );
    expect((await reader.readAll(topic)).map(({ timestamp }) => timestamp)).toEqual(times);
  });

  test('or when it was appended, where the topic says so', async () => {
    const topic = await newTopic({ 'message.timestamp.type': 'LogAppendTime' });
    const before = Date.now();
    await send(
      topic,
      [1, 2, 3].map((ms) => ({ value: 'v', timestamp: `${before - 60_000 + ms}` })),
    );
    await tools.produce(topic, [{ value: 'v' }], { codec: 'lz4' });
    for (const { timestamp } of await reader.readAll(topic)) {
      expect(timestamp).toBeGreaterThanOrEqual(before);
      expect(timestamp).toBeLessThanOrEqual(Date.now());
    }
  });
});

/** Kafka answers the end of a transaction before its markers are in the log. */
const isMarked = (topic: string, end: number): Promise<void> =>
  until(async () => (await reader.bounds(topic)).end === end);

describe('RULES 3: of transactions only what was committed', () => {
  const transactional = (settings: ProducerSettings = {}) =>
    tools.producer({ ...settings, transactionalId: uniqueName('transaction') });

  test('of two producers whose transactions are mixed, committed and aborted', async () => {
    const topic = await newTopic();
    const [one, two] = [await transactional(), await transactional({ codec: 'snappy' })];
    const plain = await tools.producer();
    await one.begin();
    await two.begin();
    await one.send(topic, [{ value: 'aborted 1' }]);
    await two.send(topic, [{ value: 'committed 1' }]);
    await plain.send(topic, [{ value: 'plain 1' }]);
    await one.send(topic, [{ value: 'aborted 2' }]);
    await one.abort();
    await one.begin();
    await one.send(topic, [{ value: 'committed 2' }]);
    await two.send(topic, [{ value: 'committed 3' }]);
    await two.commit();
    await two.begin();
    await two.send(topic, [{ value: 'aborted 3' }, { value: 'aborted 4' }]);
    await plain.send(topic, [{ value: 'plain 2' }]);
    await one.commit();
    await two.abort();
    await plain.send(topic, [{ value: 'plain 3' }]);
    await Promise.all([one.close(), two.close(), plain.close()]);
    const owed = ['committed 1', 'plain 1', 'committed 2', 'committed 3', 'plain 2', 'plain 3'];
    await until(async () => (await reader.readAll(topic)).length >= owed.length);
    const all = await reader.readAll(topic);
    expect(textsOf(all)).toEqual(owed);
    // Batch by batch, and from every offset: the transactions that are not done with are not known from before.
    expect(textsOf(await reader.readAll(topic, { maxBytes: 1 }))).toEqual(owed);
    const { end } = await reader.bounds(topic);
    for (let from = 0; from < end; from++) {
      const expected = all.filter(({ offset }) => offset >= from).map(({ offset }) => offset);
      expect((await reader.readAll(topic, { from })).map(({ offset }) => offset)).toEqual(expected);
    }
  });

  test('by kafkajs too', async () => {
    const topic = await newTopic();
    const producer = kafkajs.producer({
      transactionalId: uniqueName('transaction'),
      idempotent: true,
      maxInFlightRequests: 1,
    });
    await producer.connect();
    const whole = async (value: string, end: (transaction: Transaction) => Promise<void>): Promise<void> => {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: [{ value }, { value }], compression: CompressionTypes.GZIP });
      await end(transaction);
    };
    await whole('aborted', (transaction) => transaction.abort());
    await whole('committed', (transaction) => transaction.commit());
    await whole('aborted', (transaction) => transaction.abort());
    await producer.disconnect();
    await isMarked(topic, 9);
    expect(textsOf(await reader.readAll(topic))).toEqual(['committed', 'committed']);
  });

  test('what follows an open one waits for it, and the end of the log is before it', async () => {
    const topic = await newTopic();
    await tools.produce(topic, [{ value: 'before' }]);
    const open = await transactional();
    await open.begin();
    await open.send(topic, [{ value: 'open' }]);
    await tools.produce(topic, [{ value: 'after' }]);
    expect(await reader.bounds(topic)).toEqual({ start: 0, end: 1 });
    expect(textsOf((await reader.read(topic, 0)).records)).toEqual(['before']);
    expect(await reader.read(topic, 1)).toMatchObject({ records: [], next: 1 });
    await open.commit();
    await open.close();
    await isMarked(topic, 4);
    expect(textsOf(await reader.readAll(topic, { from: 1 }))).toEqual(['open', 'after']);
  });

  test('markers and aborted records hold up nobody: the next offset is beyond them', async () => {
    const topic = await newTopic();
    const transactionalId = uniqueName('transaction');
    await tools.transaction(topic, [{ value: 'a' }, { value: 'b' }], 'abort', { transactionalId });
    await isMarked(topic, 3);
    expect(await reader.read(topic, 0)).toMatchObject({ records: [], next: 3 });
    expect(await reader.read(topic, 2)).toMatchObject({ records: [], next: 3 });
  });
});

async function send(topic: string, messages: { value: string; timestamp: string }[]): Promise<void> {
  const producer = kafkajs.producer();
  await producer.connect();
  await producer.send({ topic, messages });
  await producer.disconnect();
}
