import { OffsetOutOfRange } from '../../src/brokers/log/log.ts';
import { fetched, HeadSite, place, textsOf } from './kafka-head-site.ts';

let site: HeadSite;

beforeEach(async () => void (site = await HeadSite.open()));
afterEach(() => site.close());

describe('reading at the head', () => {
  test('brings all records in their order, and goes on with what comes', async () => {
    site.append(0, 'a', 'b');
    site.append(0, 'c');
    expect(await site.readAll(0)).toEqual(['a', 'b', 'c']);
    site.append(0, 'd');
    site.append(0, 'e', 'f');
    expect(await site.readAll(0, 3)).toEqual(['d', 'e', 'f']);
  });

  test('a record that comes while the reader waits is there at once', async () => {
    const reading = site.reads.read(place(0), 0);
    await site.clock.advance(300);
    site.append(0, 'a');
    const before = site.clock.monotonic();
    expect(textsOf(await site.done(reading))).toEqual(['a']);
    expect(site.clock.monotonic() - before).toBeLessThanOrEqual(5);
  });

  test('says within a second that nothing came', async () => {
    const before = site.clock.monotonic();
    expect(await site.read(0, 0)).toEqual({ records: [], next: 0 });
    expect(site.clock.monotonic() - before).toBe(1_000);
  });

  test('begins within a batch', async () => {
    site.append(0, 'a', 'b', 'c');
    expect(await site.readAll(0, 1)).toEqual(['b', 'c']);
  });

  test('asks for all partitions of a node in one request, one after another', async () => {
    site = await HeadSite.open([1, 1, 2, 2]);
    let underWay = 0;
    let most = 0;
    site.wire.before = ({ request, node }) => {
      if (request === 'fetch' && node.host === 'broker-1') most = Math.max(most, ++underWay);
    };
    site.wire.after = ({ request, node }) => {
      if (request === 'fetch' && node.host === 'broker-1') underWay--;
    };
    const all = [0, 1, 2, 3].map((partition) => site.reads.read(place(partition), 0));
    await site.clock.advance(100);
    for (let partition = 0; partition < 4; partition++) site.append(partition, `of ${partition}`);
    expect((await site.done(Promise.all(all))).flatMap(textsOf)).toEqual(['of 0', 'of 1', 'of 2', 'of 3']);
    const [first, second] = site.wire.of('fetch');
    expect([...fetched(first!).keys()]).toEqual([0, 1]);
    expect([...fetched(second!).keys()]).toEqual([2, 3]);
    expect(most).toBe(1);
  });

  test('tells the end of the log', async () => {
    expect(site.reads.knownEnd(place(0))).toBeUndefined();
    site.append(0, 'a', 'b', 'c');
    await site.read(0, 1);
    expect(site.reads.knownEnd(place(0))).toBe(3);
  });
});

describe('a reader that goes elsewhere', () => {
  test('gets what it had last again, whole or in part, without another request', async () => {
    site.append(0, 'a', 'b', 'c');
    await site.read(0, 0);
    await site.clock.advance(10);
    const { length } = site.wire.of('fetch');
    expect(textsOf(await site.read(0, 0))).toEqual(['a', 'b', 'c']);
    expect(textsOf(await site.read(0, 1))).toEqual(['b', 'c']);
    expect(site.wire.of('fetch')).toHaveLength(length);
    site.append(0, 'd');
    expect(textsOf(await site.read(0, 3))).toEqual(['d']);
  });

  test('is served from there, back or forth, while another fetch is under way', async () => {
    for (let i = 0; i < 10; i++) site.append(0, `${i}`);
    expect(await site.readAll(0, 5)).toEqual(['5', '6', '7', '8', '9']);
    expect(await site.readAll(0, 2)).toEqual(['2', '3', '4', '5', '6', '7', '8', '9']);
    expect(await site.readAll(0, 8)).toEqual(['8', '9']);
    expect(await site.readAll(0)).toHaveLength(10);
  });

  test('hears that the offset is not there, and only once for each time it asks', async () => {
    site.append(0, 'a', 'b');
    site.partition(0).start = 1;
    await expect(site.read(0, 0)).rejects.toBeInstanceOf(OffsetOutOfRange);
    await expect(site.read(0, 7)).rejects.toBeInstanceOf(OffsetOutOfRange);
    expect(await site.readAll(0, 1)).toEqual(['b']);
  });

  test('until it is told that an offset is not there, nobody asks the broker again and again', async () => {
    site.append(0, 'a');
    await site.read(0, 0);
    // The log was cut off while the reader is busy with what it got.
    Object.assign(site.partition(0), { end: 0, batches: [] });
    await site.clock.advance(1_000);
    const { length } = site.wire.of('fetch');
    await site.clock.advance(10_000);
    expect(site.wire.of('fetch').length - length).toBeLessThan(50);
    await expect(site.read(0, 1)).rejects.toBeInstanceOf(OffsetOutOfRange);
    site.append(0, 'anew');
    // Of the log as it was it has something from there too.
    expect(await site.readAll(0)).toEqual(['anew']);
  });

  test('of a topic that was made anew gets the new one only', async () => {
    site.append(0, 'old');
    await site.read(0, 0);
    site.wire.cluster.makeTopic('a', [1, 1], 'another id');
    site.append(0, 'new');
    await site.refresh();
    const stale = site.reads.read(place(0), 1);
    expect(await site.done(stale)).toEqual({ records: [], next: 1 });
    expect(textsOf(await site.done(site.reads.read(place(0, 'another id'), 0)))).toEqual(['new']);
  });
});

describe('a partition that goes away', () => {
  test('while a fetch for it is under way is not read, and its reader waits no longer', async () => {
    const reading = site.reads.read(place(0), 0);
    await site.clock.advance(10);
    const dropped = place(0);
    site.reads.drop(dropped);
    site.append(0, 'a');
    expect(await site.done(reading)).toEqual({ records: [], next: 0 });
    await site.clock.advance(1_000);
    expect(site.reads.knownEnd(dropped)).toBeUndefined();
    const { length } = site.wire.of('fetch');
    await site.clock.advance(5_000);
    expect(site.wire.of('fetch')).toHaveLength(length);
  });

  test('and comes back is read from where its reader says, not from what was under way', async () => {
    for (let i = 0; i < 4; i++) site.append(0, `${i}`);
    site.wire.latencyMs = 50;
    const before = site.reads.read(place(0), 0);
    await site.clock.advance(20);
    site.reads.drop(place(0));
    expect(textsOf(await site.read(0, 2))).toEqual(['2', '3']);
    expect(await site.done(before)).toEqual({ records: [], next: 0 });
  });

  test('takes what it had ahead with it', async () => {
    site.append(0, 'a');
    site.append(0, 'b');
    await site.read(0, 0);
    await site.clock.advance(10);
    site.reads.drop(place(0));
    site.partition(0).batches.splice(0);
    expect(await site.read(0, 1)).toEqual({ records: [], next: 1 });
  });

  test('after stop nothing is asked for', async () => {
    const reading = site.reads.read(place(0), 0);
    await site.clock.advance(10);
    site.reads.stop();
    expect(await site.done(reading)).toEqual({ records: [], next: 0 });
    await site.clock.advance(1_000);
    const { length } = site.wire.calls;
    await site.clock.advance(10_000);
    expect(site.wire.calls).toHaveLength(length);
  });
});
