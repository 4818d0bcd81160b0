import { OffsetOutOfRange } from '../../src/brokers/log/log.ts';
import { TooLarge } from '../../src/brokers/tables/topic-access.ts';
import { sharedRabbitmq } from '../support/rabbitmq.ts';
import { until } from '../sqlite/until.ts';
import { fate } from './kafka-table-site.ts';
import { bytes, StreamSite, type StreamReplica } from './rabbitmq-streams-site.ts';

let url: string;
let site: StreamSite;
let replica: StreamReplica;

beforeAll(async () => {
  ({ url } = await sharedRabbitmq());
}, 120_000);

beforeEach(async () => {
  site = await StreamSite.on(url);
  replica = await site.replica();
  await replica.access.ensure(site.stream);
});

afterEach(() => site.close());

function append(key: string, value: string | null, headers: Record<string, string> = {}) {
  return replica.access.append({
    ...{ topic: site.stream, key, headers, value: value === null ? null : bytes(value) },
  });
}

async function readAll(from = 0) {
  const { records, next } = await replica.access.read(site.stream, 0, from, 1 << 20);
  return {
    records: records.map(({ offset, key, value, headers }) => ({
      offset,
      key: key && Buffer.from(key).toString(),
      value: value && Buffer.from(value).toString(),
      headers,
    })),
    next,
  };
}

describe('appends to a stream', () => {
  test('answer the offsets that the records have, in the order of the calls', async () => {
    const places = await Promise.all(Array.from({ length: 200 }, (_, i) => append(`k${i}`, `v${i}`)));
    expect(places.map(({ offset }) => offset)).toEqual(Array.from({ length: 200 }, (_, i) => i));
    const { records } = await readAll();
    for (const { key, value, offset } of records) expect([key, value]).toEqual([`k${offset}`, `v${offset}`]);
  });

  test('keep key, value and headers as they are, also no bytes, tombstones and more headers than a frame takes', async () => {
    const headers = { 'x-death': 'a', 'ü ✓': '"1"\n', big: 'x'.repeat(300_000), 'tmf-hub-letter': '{}' };
    await append('kéy ✓', 'välue', headers);
    await append('empty', '');
    await append('gone', null, { ends: '7' });
    const { records } = await readAll();
    expect(records).toEqual([
      { offset: 0, key: 'kéy ✓', value: 'välue', headers },
      { offset: 1, key: 'empty', value: '', headers: {} },
      { offset: 2, key: 'gone', value: undefined, headers: { ends: '7' } },
    ]);
  });

  test('what somebody else has put there is a record without a key', async () => {
    await site.publish(site.stream, 'hello', { headers: { key: 'k' } });
    await site.publish(site.stream, 'hello', { headers: { key: 'k', valueBytes: 2 } });
    const { records } = await readAll();
    expect(records.map(({ key }) => key)).toEqual([undefined, undefined]);
  });

  test('reject with TooLarge what is larger than the server is said to take, and go on', async () => {
    const small = await site.replica({ maxMessageBytes: 1_000 });
    const record = { topic: site.stream, key: 'k', headers: {}, value: new Uint8Array(1_001) };
    await expect(small.access.append(record)).rejects.toThrow(TooLarge);
    await expect(small.access.append({ ...record, value: new Uint8Array(900) })).resolves.toMatchObject({});
  });

  test('reject when the stream is not there', async () => {
    await append('a', '1');
    await site.admin.deleteQueue(site.stream);
    await expect(append('b', '2')).rejects.toThrow();
    await replica.access.ensure(site.stream);
    await expect(append('c', '3')).rejects.toThrow(OffsetOutOfRange);
  });

  test('reject while there is no connection, and are not written later', async () => {
    await append('a', '1');
    replica.proxy.cut();
    await until(() => !replica.publishing.isUp && !replica.reading.isUp);
    await expect(append('b', '2')).rejects.toThrow(
      /^RabbitMQ at amqp:.* (?:cannot be reached|the connection was lost): /,
    );
    replica.proxy.open();
    await Promise.all([replica.publishing.up(), replica.reading.up()]);
    await append('c', '3');
    expect((await readAll()).records.map(({ key }) => key)).toEqual(['a', 'c']);
  });

  test('that hang are told after 10 s that nobody knows', async () => {
    await append('a', '1');
    replica.proxy.freeze();
    const hanging = fate(append('b', '2'));
    await until(() => hanging.current !== 'under way');
    expect(hanging.current).toContain('no answer within 10000 ms');
    replica.proxy.thaw();
    await append('c', '3');
  });

  test('a queue of that name is not read, and loses nothing', async () => {
    const queue = `${site.stream}-queue`;
    await site.admin.assertQueue(queue, { durable: true });
    await site.publish(queue, 'precious');
    expect(await replica.access.ensure(queue)).toBe(1);
    await expect(replica.access.read(queue, 0, 0, 1_000)).rejects.toThrow("invalid arg 'x-stream-offset'");
    expect(await site.admin.get(queue)).toMatchObject({ content: Buffer.from('precious') });
    await site.admin.deleteQueue(queue);
  });
});

describe('reads of a stream', () => {
  test('a read at the end waits for a record', async () => {
    await append('a', '1');
    const waiting = replica.access.read(site.stream, 0, 1, 1_000);
    await append('b', '2');
    expect((await waiting).records).toHaveLength(1);
    const since = performance.now();
    expect(await readAll(2)).toEqual({ records: [], next: 2 });
    expect(performance.now() - since).toBeGreaterThan(500);
  });

  test('give about as many bytes as asked for, and at least one record', async () => {
    for (let i = 0; i < 10; i++) await append(`k${i}`, 'x'.repeat(1_000));
    const read = replica.access.bodies;
    await until(async () => (await read.read(site.stream, 0, 0, 3_500)).records.length > 1);
    expect((await read.read(site.stream, 0, 0, 3_500)).records.length).toBeLessThanOrEqual(3);
    expect((await read.read(site.stream, 0, 5, 10)).records).toMatchObject([{ offset: 5 }]);
  });

  test('at any place, in the middle of what was written at once', async () => {
    await Promise.all(Array.from({ length: 300 }, (_, i) => append(`k${i}`, 'v')));
    for (const from of [299, 0, 150, 151, 20])
      expect((await replica.access.bodies.read(site.stream, 0, from, 1)).records[0]?.offset).toBe(from);
  });

  test('the bounds are exact, also for what others have just written', async () => {
    const other = await site.replica();
    for (let i = 0; i < 5; i++) {
      const { offset } = await append('k', 'v');
      expect(await other.access.bounds(site.stream)).toMatchObject({ start: 0, end: offset + 2 });
    }
  });
});
