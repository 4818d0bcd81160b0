import { murmur2, partitionOf } from '../../src/brokers/log/murmur2.ts';

describe('the partition of a key', () => {
  test('is stable: a release that hashed otherwise would break the order of what is under way', () => {
    const expected: Readonly<Record<string, number>> = {
      '21': -973932308,
      foobar: -790332482,
      'a-little-bit-long-string': -985981536,
      abc: 479470107,
    };
    for (const [key, hash] of Object.entries(expected)) expect(murmur2(key) | 0).toBe(hash);
    expect(['order-1', 'order-2', 'Größe', ''].map((key) => partitionOf(key, 4))).toEqual([2, 3, 3, 1]);
  });

  test('spreads keys evenly', () => {
    const counts = [0, 0, 0, 0, 0, 0];
    for (let i = 0; i < 60_000; i++) counts[partitionOf(`order-${i}`, 6)]! += 1;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
});
