import fc from 'fast-check';
import type { Routed, SourceRecord } from '../../src/brokers/broker.ts';
import type { Log } from '../../src/brokers/log/log.ts';
import { RoutedLog } from '../../src/brokers/log/routed-log.ts';
import { offsetOf, restOf, Stretches, type Shelf, type Stretch } from '../../src/brokers/log/stretches.ts';
import { Stage } from '../contracts/broker-stage.ts';
import { LogSite } from './log-site.ts';

function routed(offset: number, bytes = 1, ids = 0): Routed {
  const record = { source: { offset }, value: new Uint8Array(bytes) };
  return { record, subscriptionIds: Array<string>(ids).fill('s') } as unknown as Routed;
}

const offsets = (list: readonly Routed[] | undefined): unknown => list?.map(offsetOf);

const MAX = 100;

/** Of some length, with records of some sizes at some of its offsets. */
const stretches = fc
  .record({
    from: fc.integer({ min: 0, max: 60 }),
    sizes: fc.array(fc.option(fc.integer({ min: 1, max: 40 }), { freq: 4 }), { minLength: 1, maxLength: 12 }),
  })
  .map(({ from, sizes }): { stretch: Stretch; bytes: number } => {
    const records = sizes.flatMap((bytes, i) => (bytes === null ? [] : [routed(from + i, bytes)]));
    const bytes = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
    return { stretch: { from, to: from + sizes.length, epoch: 3, routed: records }, bytes };
  });

test('the rest of a stretch has what stands in it from there on', () => {
  fc.assert(
    fc.property(stretches, fc.integer({ min: 0, max: 80 }), ({ stretch }, offset) => {
      const rest = restOf(stretch, offset);
      if (offset < stretch.from || offset >= stretch.to) return expect(rest).toBeUndefined();
      expect(rest).toMatchObject({ from: offset, to: stretch.to, epoch: 3 });
      expect(offsets(rest?.routed)).toEqual(
        stretch.routed.map(offsetOf).filter((at) => (at as number) >= offset),
      );
    }),
  );
});

test('records in between that could not be read are passed', () => {
  const stretch = { from: 0, to: 10, epoch: 1, routed: [routed(2), routed(7)] };
  expect(offsets(restOf(stretch, 0)?.routed)).toEqual([2, 7]);
  expect(offsets(restOf(stretch, 3)?.routed)).toEqual([7]);
  expect(restOf(stretch, 8)).toMatchObject({ from: 8, to: 10, routed: [] });
  expect(restOf(stretch, 10)).toBeUndefined();
});

test('what was used last is kept, within the bound of all partitions, and found on its shelf alone', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('keep' as const), on: fc.nat(2), given: stretches }),
    fc.record({ do: fc.constant('from' as const), on: fc.nat(2), offset: fc.nat(75) }),
    fc.record({ do: fc.constant('clear' as const), on: fc.nat(2) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const kept = new Stretches(MAX);
      const shelves: Shelf[] = [new Set(), new Set(), new Set()];
      let model: { on: number; stretch: Stretch; bytes: number }[] = [];
      const sum = (): number => model.reduce((total, { bytes }) => total + bytes, 0);
      for (const one of steps) {
        const shelf = shelves[one.on]!;
        if (one.do === 'clear') {
          kept.clear(shelf);
          model = model.filter(({ on }) => on !== one.on);
        } else if (one.do === 'keep') {
          kept.keep(one.given.stretch, shelf);
          model.push({ on: one.on, ...one.given });
          while (sum() > MAX) model.shift();
        } else {
          const found = kept.from(one.offset, shelf);
          const candidates = model.filter(({ on, stretch }) => on === one.on && restOf(stretch, one.offset));
          const used = candidates.find(({ stretch }) => stretch.to === found?.to);
          if (!used) expect([found, candidates]).toEqual([undefined, []]);
          else {
            expect(offsets(found?.routed)).toEqual(offsets(restOf(used.stretch, one.offset)?.routed));
            // Of two that hold the place either may be the one: from here on only which was used last differs.
            if (candidates.length > 1) return;
            model = [...model.filter((other) => other !== used), used];
          }
        }
        expect(kept.bytes).toBe(sum());
        expect(shelves.map(({ size }) => size)).toEqual(
          [0, 1, 2].map((shelfNo) => model.filter(({ on }) => on === shelfNo).length),
        );
      }
    }),
    { numRuns: 500 },
  );
});

test('the ids of subscriptions count: of many to one event they are the most of it', () => {
  const kept = new Stretches(MAX);
  const shelf: Shelf = new Set();
  kept.keep({ from: 0, to: 1, epoch: 1, routed: [routed(0, 20, 10)] }, shelf);
  expect(kept.bytes).toBe(100);
  kept.keep({ from: 1, to: 2, epoch: 1, routed: [routed(1, 1, 0)] }, shelf);
  expect([kept.bytes, kept.from(0, shelf), kept.from(1, shelf)?.to]).toEqual([1, undefined, 2]);
});

describe('subscriptions that stand apart in the log, none far behind another', () => {
  const EVENTS = 2_000;
  const site = new LogSite();
  const stage = new Stage(site);

  afterAll(() => stage.close());

  test('cost one decode of an event together', async () => {
    await stage.start();
    const rooms = [1_000, 500, 0];
    const outlets = await Promise.all(rooms.map((room, i) => stage.attach(`s${i}`, 'new', { room })));
    const ids = await stage.publishMany('e', EVENTS, { value: new Uint8Array(1_000) });
    await stage.until(() => outlets.every(({ offered }, i) => offered.length === rooms[i]));
    const before = stage.intake.routed;
    const read = new Set(outlets.flatMap(({ offered }) => offered.map(({ event }) => event.id))).size;
    expect(before).toBeLessThan(read + 200);
    for (let given = 0; given < EVENTS; given += 100) {
      for (const outlet of outlets) outlet.give(100);
      const expected = rooms.map((room) => Math.min(EVENTS, room + given + 100));
      await stage.until(() => outlets.every(({ offered }, i) => offered.length >= expected[i]!));
    }
    for (const outlet of outlets) expect(outlet.ids).toEqual(ids);
    // Each of the two that follow may begin in the middle of what another has read.
    expect(stage.intake.routed).toBeLessThan(EVENTS + 200);
  });
});

describe('of a partition', () => {
  const partition = { topic: 'topic', partition: 0, topicId: 'id' };
  const intake = { epoch: 1, route: (record: SourceRecord) => ({ ...routed(0), record }) as Routed };
  const log = {
    read: (_partition: unknown, from: number) =>
      Promise.resolve({ records: [routed(from, 10).record, routed(from + 1, 10).record], next: from + 2 }),
  };
  let earlier: Stretches;
  let routedLog: RoutedLog;

  beforeEach(async () => {
    earlier = new Stretches(MAX);
    routedLog = new RoutedLog(
      log as unknown as Log,
      partition,
      intake,
      earlier,
      new Promise(() => undefined),
    );
    for (const from of [0, 2, 4]) await routedLog.read(from, 'head', true);
    expect(earlier.bytes).toBe(40);
    expect(await routedLog.read(1, 'catchUp', false)).toMatchObject({ from: 1, to: 2 });
  });

  test('what was read is kept while somebody is behind, and no longer', async () => {
    await routedLog.read(100, 'catchUp', false);
    expect(earlier.bytes).toBe(40);
    await routedLog.read(6, 'head', false);
    expect(earlier.bytes).toBe(0);
  });

  test('what was matched for other subscriptions is not kept', async () => {
    intake.epoch++;
    expect(await routedLog.read(2, 'catchUp', false)).toMatchObject({ epoch: intake.epoch });
    expect(earlier.bytes).toBe(0);
  });

  test('nothing is kept once the partition is another’s, also of a read that was under way', async () => {
    const underWay = routedLog.read(6, 'head', true);
    routedLog.close();
    await underWay;
    await routedLog.read(8, 'head', true);
    expect(earlier.bytes).toBe(0);
  });
});
