import { Recent } from '../../src/schemas/recent.ts';

const made = (weight: number) => () => ({ weight });

test('keeps what was used last, up to the weight', () => {
  const recent = new Recent<string, { weight: number }>(10);
  const a = recent.get('a', made(4));
  recent.get('b', made(4));
  expect(recent.get('a', made(99))).toBe(a);
  recent.get('c', made(4));
  expect([recent.size, recent.weight]).toEqual([2, 8]);
  expect(recent.get('a', made(99))).toBe(a);
  expect(recent.get('b', made(5)).weight).toBe(5);
  expect([recent.size, recent.weight]).toEqual([2, 9]);
});

test('one that is too heavy alone is kept alone', () => {
  const recent = new Recent<string, { weight: number }>(10);
  recent.get('a', made(4));
  const heavy = recent.get('b', made(50));
  expect([recent.size, recent.weight]).toEqual([1, 50]);
  expect(recent.get('b', made(1))).toBe(heavy);
});

test('what could not be made leaves nothing behind', () => {
  const recent = new Recent<string, { weight: number }>(10);
  expect(() =>
    recent.get('a', () => {
      throw new Error('unreadable');
    }),
  ).toThrow('unreadable');
  expect([recent.size, recent.weight]).toEqual([0, 0]);
});
