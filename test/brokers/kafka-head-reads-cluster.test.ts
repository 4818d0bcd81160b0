import fc from 'fast-check';
import { OffsetOutOfRange } from '../../src/brokers/log/log.ts';
import type { FakePartition } from '../support/fake-partition.ts';
import { HeadSite, place, textsOf } from './kafka-head-site.ts';

let site: HeadSite;

beforeEach(async () => void (site = await HeadSite.open()));
afterEach(() => site.close());

describe('when the cluster changes', () => {
  test('reads on from the new leader', async () => {
    site.append(0, 'a');
    await site.read(0, 0);
    site.partition(0).leader = 2;
    const before = site.clock.monotonic();
    site.append(0, 'b');
    expect(await site.readAll(0, 1)).toEqual(['b']);
    expect(site.wire.of('fetch').at(-1)?.node.host).toBe('broker-2');
    expect(site.clock.monotonic() - before).toBeLessThan(3_000);
    expect([...site.reads.problems]).toEqual([]);
  });

  test('waits for a leader, and reads on when there is one', async () => {
    site.append(0, 'a');
    await site.read(0, 0);
    site.partition(0).leader = -1;
    await site.refresh();
    expect(await site.read(0, 1)).toEqual({ records: [], next: 1 });
    site.partition(0).leader = 1;
    site.append(0, 'b');
    expect(await site.readAll(0, 1)).toEqual(['b']);
  });

  test('a node that is away is said to be a problem until it answers, and is not asked without a pause', async () => {
    site.append(0, 'a');
    const [node] = site.wire.cluster.nodes.values();
    site.wire.away.add(node!);
    const { length } = site.wire.of('fetch');
    expect(await site.read(0, 0)).toEqual({ records: [], next: 0 });
    expect(site.wire.of('fetch').length - length).toBeLessThanOrEqual(6);
    expect([...site.reads.problems.keys()]).toEqual(['broker-1:9092']);
    site.wire.away.clear();
    expect(await site.readAll(0)).toEqual(['a']);
    expect([...site.reads.problems]).toEqual([]);
  });

  test('a problem of a node that leads nothing any more is no problem', async () => {
    const [node] = site.wire.cluster.nodes.values();
    site.wire.away.add(node!);
    await site.read(0, 0);
    expect([...site.reads.problems.keys()]).toEqual(['broker-1:9092']);
    for (const partition of [0, 1]) site.partition(partition).leader = 2;
    site.wire.cluster.nodes.delete(1);
    site.wire.cluster.nodes.set(2, { host: 'broker-2', port: 9092 });
    site.append(0, 'a');
    expect(await site.readAll(0)).toEqual(['a']);
    expect([...site.reads.problems]).toEqual([]);
  });

  test('a node that answers nothing holds up nobody who reads from another', async () => {
    site = await HeadSite.open([1, 2]);
    site.wire.hangs = ({ node, request }) => node.host === 'broker-1' && request === 'fetch';
    void site.reads.read(place(0), 0);
    await site.clock.advance(2_000);
    for (let i = 0; i < 5; i++) {
      site.append(1, `${i}`);
      const before = site.clock.monotonic();
      expect(textsOf(await site.read(1, i))).toEqual([`${i}`]);
      expect(site.clock.monotonic() - before).toBeLessThanOrEqual(5);
      await site.clock.advance(2_000);
    }
  });

  test('a look at the cluster that finds nothing new changes nothing: one request at a time', async () => {
    let underWay = 0;
    let most = 0;
    site.wire.before = ({ request }) => {
      if (request === 'fetch') most = Math.max(most, ++underWay);
    };
    site.wire.after = ({ request }) => {
      if (request === 'fetch') underWay--;
    };
    for (let i = 0; i < 10; i++) {
      const reading = site.reads.read(place(0), i);
      await site.clock.advance(20);
      await site.refresh();
      void site.reads.read(place(1), 0);
      await site.clock.advance(20);
      site.append(0, `${i}`);
      expect(textsOf(await site.done(reading))).toEqual([`${i}`]);
    }
    expect(most).toBe(1);
  });

  test('an answer that is lost costs nothing but time', async () => {
    site.append(0, 'a', 'b');
    let lost = 0;
    site.wire.after = ({ request }) => {
      if (request === 'fetch' && lost++ < 2) throw new Error('connection reset');
    };
    expect(await site.readAll(0)).toEqual(['a', 'b']);
  });
});

type Step =
  | { readonly kind: 'append'; readonly partition: number; readonly count: number; readonly bytes: number }
  | { readonly kind: 'read'; readonly partition: number; readonly times: number }
  | { readonly kind: 'jump'; readonly partition: number; readonly share: number }
  | { readonly kind: 'move' | 'fail' | 'cutOff'; readonly partition: number }
  | { readonly kind: 'lose' | 'away' | 'hang' | 'drop' | 'pause'; readonly ms: number };

const partition = fc.nat(2);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('append'),
      partition,
      count: fc.integer({ min: 1, max: 9 }),
      bytes: fc.constantFrom(0, 10, 200_000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('read'), partition, times: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('jump'), partition, share: fc.nat(100) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('move', 'fail', 'cutOff'), partition }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('lose', 'away', 'hang', 'drop', 'pause'),
      ms: fc.nat(6_000),
    }),
  },
);

/** Readers of three partitions, each of which must get all there is from where it stands, and nothing else. */
class Readers {
  readonly #site: HeadSite;
  readonly #at = [0, 0, 0];

  constructor(site: HeadSite) {
    this.#site = site;
  }

  async go(what: Step): Promise<void> {
    const { wire, clock } = this.#site;
    if ('partition' in what) return this.#goAt(what.partition, what);
    if (what.kind === 'lose') wire.after = ({ request }) => (request === 'fetch' ? fail() : undefined);
    if (what.kind === 'away') wire.away.add([...wire.cluster.nodes.values()][0]!);
    if (what.kind === 'hang') wire.hangs = ({ node }) => node.host === 'broker-2';
    if (what.kind === 'drop') for (const number of [0, 1, 2]) this.#site.reads.drop(place(number));
    await clock.advance(what.ms);
    wire.after = () => undefined;
    wire.hangs = () => false;
    wire.away.clear();
  }

  /** Everything that is still to come to the reader comes. */
  async finish(): Promise<void> {
    for (const number of [0, 1, 2]) {
      this.#site.partition(number).errorCode = 0;
      const { end } = this.#site.partition(number);
      for (let turns = 0; this.#at[number]! < end; turns++) {
        if (turns > 100) throw new Error(`stuck at ${this.#at[number]} of ${end}`);
        await this.#read(number);
      }
    }
  }

  async #goAt(number: number, what: Step & { partition: number }): Promise<void> {
    const stored = this.#site.partition(number);
    if (what.kind === 'append') {
      const values = Array.from({ length: what.count }, (_, i) => `${stored.end + i}`.padEnd(what.bytes));
      this.#site.append(number, ...values);
    } else if (what.kind === 'read') for (let i = 0; i < what.times; i++) await this.#read(number);
    else if (what.kind === 'jump')
      this.#at[number] = stored.start + Math.floor(((stored.end - stored.start) * what.share) / 100);
    else if (what.kind === 'move') stored.leader = stored.leader === 1 ? 2 : 1;
    else if (what.kind === 'fail') stored.errorCode = stored.errorCode === 0 ? 56 : 0;
    else if (what.kind === 'cutOff') this.#cutOff(stored);
  }

  #cutOff(stored: FakePartition): void {
    const [first] = stored.batches.splice(0, 1);
    if (first) stored.start = Number(first.firstOffset) + first.lastOffsetDelta + 1;
  }

  async #read(number: number): Promise<void> {
    const from = this.#at[number]!;
    try {
      const { records, next } = await this.#site.read(number, from);
      expect(records.map(({ offset }) => offset)).toEqual(
        Array.from({ length: next - from }, (_, i) => from + i),
      );
      expect(textsOf({ records, next })).toEqual(records.map(({ offset }) => `${offset}`));
      this.#at[number] = next;
    } catch (error) {
      if (!(error instanceof OffsetOutOfRange)) throw error;
      this.#at[number] = Math.max(from, this.#site.partition(number).start);
    }
  }
}

function fail(): never {
  throw new Error('connection reset');
}

test('whatever happens, each reader gets all records from where it stands, in order, each once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      await site.close();
      site = await HeadSite.open([1, 1, 2]);
      const readers = new Readers(site);
      for (const one of steps) await readers.go(one);
      await readers.finish();
    }),
    { numRuns: 60 },
  );
}, 60_000);
