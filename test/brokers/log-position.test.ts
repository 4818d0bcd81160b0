import fc from 'fast-check';
import { decodeHoles, encodeHoles, type Holes } from '../../src/brokers/log/position.ts';

/** Holes as a ledger can have them, with gaps and attempts small and large. */
const holes: fc.Arbitrary<Holes> = fc
  .record({
    start: fc.oneof(fc.nat(1_000), fc.integer({ min: 0, max: 2 ** 52 })),
    steps: fc.array(
      fc.tuple(
        fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, fc.integer({ min: 1, max: 2 ** 22 })),
        fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(200)),
      ),
      { maxLength: 80 },
    ),
    beyond: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 2 ** 40 })),
  })
  .map(({ start, steps, beyond }) => {
    let offset = start;
    const list = steps.map(([gap, attempts], i): [number, number] => [
      (offset += i === 0 ? 0 : gap),
      attempts,
    ]);
    return { next: offset + (list.length === 0 ? 0 : beyond), holes: list };
  });

const offsetOf = ({ next, holes: list }: Holes): number => list[0]?.[0] ?? next;

test('what was encoded is what is decoded', () => {
  fc.assert(
    fc.property(holes, (given) => {
      expect(decodeHoles(offsetOf(given), encodeHoles(given))).toEqual(given);
    }),
    { numRuns: 2_000 },
  );
});

test('no holes are no text', () => {
  expect(encodeHoles({ next: 7, holes: [] })).toBe('');
  expect(decodeHoles(7, '')).toEqual({ next: 7, holes: [] });
});

test('RULES 7: thousands of adjacent holes are a few characters', () => {
  const many = Array.from({ length: 5_000 }, (_, i): [number, number] => [i, i < 2_500 ? 0 : 3]);
  expect(encodeHoles({ next: 5_000, holes: many }).length).toBeLessThan(16);
});

test('text that was not written by it is a RangeError, quickly, and never something else', () => {
  const text = fc.oneof(
    fc.string(),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
  );
  fc.assert(
    fc.property(fc.nat(), text, (offset, given) => {
      let decoded: Holes;
      try {
        decoded = decodeHoles(offset, given);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
        return;
      }
      expect(encodeHoles(decoded)).toBe(given);
      expect(offsetOf(decoded)).toBe(offset);
    }),
    { numRuns: 2_000 },
  );
});

test('text with something added is a RangeError', () => {
  const text = encodeHoles({ next: 900, holes: Array.from({ length: 40 }, (_, i) => [i * 20, i]) });
  expect(() => decodeHoles(0, `${text}!`)).toThrow(RangeError);
  expect(() => decodeHoles(0, `${text}AA`)).toThrow(RangeError);
});

test('a run that would fill the memory is a RangeError', () => {
  // next = offset + 2^52, one run of 2^40 holes.
  const bytes = (value: number): number[] => {
    const rest: number[] = [];
    for (let left = value; left > 127; left = Math.floor(left / 128)) rest.push((left % 128) + 128);
    return [...rest, Math.floor(value / 128 ** rest.length)];
  };
  const text = Buffer.from([...bytes(2 ** 52), 0, ...bytes(2 ** 40), 0]).toString('base64url');
  expect(() => decodeHoles(0, text)).toThrow(new RangeError('there are too many holes'));
});
