import fc from 'fast-check';
import type { Routed } from '../../src/brokers/broker.ts';
import { Window, offsetOf } from '../../src/brokers/log/window.ts';

function routed(offset: number, bytes = 1): Routed {
  const record = { source: { offset }, value: new Uint8Array(bytes) };
  return { record, subscriptionIds: [] } as unknown as Routed;
}

const offsets = (list: readonly Routed[] | undefined): unknown => list?.map(offsetOf);

/** A stretch of some length, with records of some sizes at some of its offsets. */
const stretch = fc.array(fc.option(fc.integer({ min: 1, max: 40 }), { freq: 4 }), {
  minLength: 1,
  maxLength: 12,
});
const MAX = 100;

test('it answers a suffix of what was added, whole and within its bound, or nothing', () => {
  const addition = fc.record({ jump: fc.constantFrom(0, 0, 0, 0, 5, -8), stretch });
  fc.assert(
    fc.property(fc.array(addition, { maxLength: 15 }), (additions) => {
      const window = new Window(MAX);
      let added: { offset: number; bytes: number }[] = [];
      let to = 0;
      for (const { jump, stretch: sizes } of additions) {
        const from = Math.max(0, to + jump);
        if (from !== to) added = [];
        const records = sizes.flatMap((bytes, i) => (bytes === null ? [] : [{ offset: from + i, bytes }]));
        added.push(...records);
        to = from + sizes.length;
        window.add({ from, to, epoch: 3, routed: records.map(({ offset, bytes }) => routed(offset, bytes)) });

        const first = records[0]?.offset ?? to;
        let bytes = 0;
        // What was just added is there whatever its size.
        for (let offset = first; offset < to; offset++) {
          expect(window.from(offset)).toMatchObject({ from: offset, to, epoch: 3 });
        }
        for (let offset = 0; offset < to + 3; offset++) {
          const found = window.from(offset);
          if (!found) continue;
          expect(offset).toBeLessThan(to);
          const expected = added.filter((one) => one.offset >= offset);
          expect(offsets(found.routed)).toEqual(expected.map((one) => one.offset));
          bytes ||= expected.reduce((sum, one) => sum + one.bytes, 0);
        }
        const latest = records.reduce((sum, one) => sum + one.bytes, 0);
        expect(bytes).toBeLessThanOrEqual(Math.max(MAX, latest));
      }
    }),
    { numRuns: 300 },
  );
});

test('empty and cleared it answers nothing', () => {
  const window = new Window(MAX);
  expect(window.from(0)).toBeUndefined();
  window.add({ from: 0, to: 2, epoch: 1, routed: [routed(0), routed(1)] });
  expect(offsets(window.from(1)?.routed)).toEqual([1]);
  window.clear();
  expect(window.from(0)).toBeUndefined();
  expect(window.from(1)).toBeUndefined();
});

test('records in between that could not be read are passed', () => {
  const window = new Window(MAX);
  window.add({ from: 0, to: 10, epoch: 1, routed: [routed(2), routed(7)] });
  expect(offsets(window.from(0)?.routed)).toEqual([2, 7]);
  expect(offsets(window.from(3)?.routed)).toEqual([7]);
  expect(window.from(8)).toMatchObject({ from: 8, to: 10, routed: [] });
  expect(window.from(10)).toBeUndefined();
});
