import { CatchUpReads } from '../../src/brokers/kafka/reading/catch-up-reads.ts';
import { Cluster } from '../../src/brokers/kafka/wire/cluster.ts';
import { find } from '../../src/brokers/kafka/reading/find.ts';
import type { Read } from '../../src/brokers/kafka/reading/head-stream.ts';
import { LogOffsets } from '../../src/brokers/kafka/wire/log-offsets.ts';
import { requests } from '../../src/brokers/kafka/wire/wire.ts';
import { OffsetOutOfRange } from '../../src/brokers/log/log.ts';
import { silentLogger } from '../../src/logger.ts';
import { FakeWire } from '../support/fake-wire.ts';
import { SimClock } from '../support/sim-clock.ts';
import { big, fetched, KIB, textsOf } from './kafka-head-site.ts';

const EARLIEST = -2n;
const LATEST = -1n;
const NOT_LEADER = 6;

let clock: SimClock;
let wire: FakeWire;
let cluster: Cluster;
let reads: CatchUpReads;
let offsets: LogOffsets;

beforeEach(async () => {
  clock = new SimClock();
  wire = new FakeWire(clock, { nodes: 2 });
  wire.cluster.makeTopic('a', [1, 1, 1, 1, 2]);
  cluster = new Cluster(wire, clock, silentLogger);
  cluster.want(['a']);
  reads = new CatchUpReads(wire, cluster, 'catch-up');
  offsets = new LogOffsets(wire, cluster, clock);
  answerOffsets();
  await done(cluster.refresh());
});

/** Records are stamped with ten times their offset. */
function answerOffsets(): void {
  wire.cluster.on(requests.listOffsets, ({ node }, _replica, _isolation, topics) => ({
    throttleTimeMs: 0,
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, timestamp }) => {
        const { start, end, leader } = wire.cluster.partition(name, partitionIndex);
        const at = Math.max(start, Math.ceil(Number(timestamp) / 10));
        const found = timestamp === EARLIEST ? start : timestamp === LATEST ? end : at < end ? at : -1;
        const errorCode = node.host === `broker-${leader}` ? 0 : NOT_LEADER;
        return { partitionIndex, errorCode, timestamp, offset: BigInt(found), leaderEpoch: 0 };
      }),
    })),
  }));
}

async function done<T>(promise: Promise<T>, limitMs = 60_000): Promise<T> {
  let isOver = false;
  const over = (): void => void (isOver = true);
  promise.then(over, over);
  await clock.until(() => isOver, limitMs);
  return promise;
}

const place = (partition: number) => ({ topic: 'a', partition, topicId: 'id of a' });
const append = (partition: number, ...values: (string | Uint8Array)[]): void =>
  wire.cluster.append('a', partition, values);
const read = (partition: number, from: number, maxBytes = 256 * KIB): Promise<Read> =>
  reads.read(place(partition), from, maxBytes);

describe('single reads', () => {
  test('from anywhere bring what is there, and wait a little for what is not', async () => {
    append(0, 'a', 'b', 'c');
    expect(textsOf(await done(read(0, 1)))).toEqual(['b', 'c']);
    const before = clock.monotonic();
    expect(await done(read(0, 3))).toMatchObject({ records: [], next: 3 });
    expect(clock.monotonic() - before).toBeLessThan(200);
  });

  test('of one turn share a request to each node', async () => {
    append(0, 'of 0');
    append(1, 'of 1');
    append(4, 'of 4');
    const all = await done(Promise.all([read(0, 0), read(1, 0), read(4, 0)]));
    expect(all.flatMap(textsOf)).toEqual(['of 0', 'of 1', 'of 4']);
    expect(wire.of('fetch').map((call) => [...fetched(call).keys()])).toEqual([[0, 1], [4]]);
  });

  test('of one partition from several places follow one another', async () => {
    append(0, 'a', 'b', 'c');
    const all = await done(Promise.all([read(0, 2), read(0, 0), read(0, 1)]));
    expect(all.map(textsOf)).toEqual([['c'], ['a', 'b', 'c'], ['b', 'c']]);
  });

  test('that are asked for while a request is under way share the next', async () => {
    for (const partition of [0, 1, 2]) append(partition, `of ${partition}`);
    wire.latencyMs = 50;
    const first = read(0, 0);
    await clock.advance(20);
    const others = [read(1, 0), read(2, 0)];
    await done(Promise.all([first, ...others]));
    expect(wire.of('fetch').map((call) => [...fetched(call).keys()])).toEqual([[0], [1, 2]]);
  });

  test('of large partitions bring something each: what found no room in the answer is there with the next', async () => {
    for (const partition of [0, 1, 2, 3]) for (let i = 0; i < 30; i++) append(partition, big(`${i}`));
    const all = await done(Promise.all([0, 1, 2, 3].map((partition) => read(partition, 0, 512 * KIB))));
    for (const { records } of all) expect(records.length).toBeGreaterThan(0);
  });

  test('of what is not there are answered soon, though others have more and more to read', async () => {
    for (let i = 0; i < 300; i++) append(1, big(`${i}`));
    const before = clock.monotonic();
    let waited = Infinity;
    void read(0, 0).then(() => (waited = clock.monotonic() - before));
    for (let next = 0; next < 300;) next = (await done(read(1, next))).next;
    expect(waited).toBeLessThanOrEqual(5);
  });

  test('of an offset that is not there fail, and only they', async () => {
    append(0, 'a');
    append(1, 'b');
    const [gone, there] = [read(0, 7), read(1, 0)];
    await expect(done(gone)).rejects.toBeInstanceOf(OffsetOutOfRange);
    expect(textsOf(await done(there))).toEqual(['b']);
  });

  test('fail when the leader is another, and find it the next time', async () => {
    append(0, 'a');
    wire.cluster.partition('a', 0).leader = 2;
    await expect(done(read(0, 0))).rejects.toThrow(/a:0.*NOT_LEADER/);
    await clock.advance(10);
    expect(textsOf(await done(read(0, 0)))).toEqual(['a']);
  });

  test('fail while there is no leader, or no such topic', async () => {
    wire.cluster.partition('a', 0).leader = -1;
    await done(cluster.refresh());
    await expect(done(read(0, 0))).rejects.toThrow(/no leader/);
    await expect(done(reads.read({ topic: 'b', partition: 0 }, 0, 1))).rejects.toThrow(/no leader/);
    await expect(done(reads.read({ ...place(1), topicId: 'another' }, 0, 1))).rejects.toThrow(
      /UNKNOWN_TOPIC/,
    );
  });

  test('fail when the node does not answer, which holds up nobody at another', async () => {
    append(0, 'a');
    append(4, 'b');
    wire.hangs = ({ node, request }) => node.host === 'broker-1' && request === 'fetch';
    const hanging = read(0, 0);
    hanging.catch(() => undefined);
    await clock.advance(10);
    const before = clock.monotonic();
    expect(textsOf(await done(read(4, 0)))).toEqual(['b']);
    expect(clock.monotonic() - before).toBeLessThan(10);
    await expect(done(hanging)).rejects.toThrow(/timed out/);
    wire.hangs = () => false;
    expect(textsOf(await done(read(0, 0)))).toEqual(['a']);
  });
});

describe('offsets', () => {
  test('of one turn share their requests, and each gets its own answer', async () => {
    for (const partition of [0, 1, 2, 3, 4])
      append(partition, ...Array.from({ length: partition + 1 }, () => 'v'));
    wire.cluster.partition('a', 3).start = 2;
    const bounds = await done(
      Promise.all([0, 1, 2, 3, 4, 0].map((partition) => offsets.bounds(place(partition)))),
    );
    expect(bounds.map(({ start, end }) => `${start}-${end}`)).toEqual([
      '0-1',
      '0-2',
      '0-3',
      '2-4',
      '0-5',
      '0-1',
    ]);
    // To each of two nodes one for the starts and one for the ends.
    expect(wire.of('listOffsets')).toHaveLength(4);
  });

  test('at a time are those of the first record from then on', async () => {
    append(0, 'a', 'b', 'c');
    const at = (time: number) => offsets.at(place(0), time);
    expect(await done(Promise.all([at(0), at(10), at(11), at(20), at(21), at(-5)]))).toEqual([
      0,
      1,
      2,
      2,
      undefined,
      0,
    ]);
  });

  test('are asked for again while there is no leader, or it is another', async () => {
    append(0, 'a');
    wire.cluster.partition('a', 0).leader = 2;
    expect(await done(offsets.bounds(place(0)))).toEqual({ start: 0, end: 1 });
    wire.cluster.partition('a', 0).leader = -1;
    await done(cluster.refresh());
    const asking = offsets.bounds(place(0));
    await clock.advance(4_000);
    wire.cluster.partition('a', 0).leader = 1;
    expect(await done(asking)).toEqual({ start: 0, end: 1 });
  });

  test('that cannot be had fail in the end, with why, and hold up no others', async () => {
    append(1, 'a');
    wire.cluster.partition('a', 0).leader = -1;
    await done(cluster.refresh());
    const [lost, there] = [offsets.start(place(0)), offsets.start(place(1))];
    lost.catch(() => undefined);
    const before = clock.monotonic();
    expect(await done(there)).toBe(0);
    expect(clock.monotonic() - before).toBeLessThan(100);
    await expect(done(lost)).rejects.toThrow(/no leader/);
  });
});

describe('looking for events', () => {
  const event = (eventId: string, more: object = {}): string => JSON.stringify({ eventId, ...more });
  const partitions = [0, 1, 2, 3, 4].map(place);
  const search = (by: Parameters<typeof find>[2], limit = 10) =>
    done(find({ reads, offsets }, partitions, by, limit));
  const texts = (found: Awaited<ReturnType<typeof find>>) =>
    found.map(({ record }) => Buffer.from(record.value!).toString());

  test('finds them by what they say, and not by what only mentions them', async () => {
    append(0, event('1'), event('2', { correlationId: 'c' }), 'no JSON: "1"', JSON.stringify('1'), 'null');
    append(4, event('3', { correlationId: 'c', related: { eventId: '1' } }), event('1'));
    expect(texts(await search({ eventId: '1' }))).toEqual([event('1'), event('1')]);
    expect(
      (await search({ correlationId: 'c' })).map(({ partition, record }) => [
        partition.partition,
        record.offset,
      ]),
    ).toEqual([
      [0, 1],
      [4, 0],
    ]);
    expect(await search({ eventId: 'nobody' })).toEqual([]);
    expect(await search({ eventId: '1' }, 1)).toHaveLength(1);
  });

  test('finds them by their headers first', async () => {
    append(0, event('in the value'), event('1'));
    const { records } = wire.cluster.partition('a', 0).batches[0]!;
    records[0]!.headers = [[Buffer.from('eventId'), Buffer.from('in the header')]];
    expect(await search({ eventId: 'in the header' })).toHaveLength(1);
    expect(await search({ eventId: 'in the value' })).toEqual([]);
  });

  test('finds those with characters that JSON may write in two ways', async () => {
    append(0, '{"eventId":"d\\u00fc\\u002f1"}', event('dü/1'));
    expect(await search({ eventId: 'dü/1' })).toHaveLength(2);
  });

  test('finds them wherever they are in large partitions, however many of them there are', async () => {
    for (const partition of [0, 1, 2, 3]) {
      for (let i = 0; i < 30; i++) append(partition, big(`${i}`));
      append(partition, event('last'));
    }
    expect(await search({ eventId: 'last' })).toHaveLength(4);
  });

  test('passes what holds no records, as markers of transactions', async () => {
    for (let i = 0; i < 3; i++) append(0, 'x');
    for (const batch of wire.cluster.partition('a', 0).batches) Object.assign(batch, { attributes: 1 << 5 });
    append(0, event('1'));
    expect(await search({ eventId: '1' })).toHaveLength(1);
  });
});
