import type { SourceRecord } from '../../src/brokers/broker.ts';
import { Tail, TailBudget } from '../../src/brokers/embedded/tail.ts';
import { offsetOf } from './embedded-site.ts';

const KIB = 1_024;

/** With what the tail counts for a record beside its value, this one takes a KiB. */
function push(tail: Tail, offset: number, bytes = 512): void {
  const source = { broker: 'embedded', topic: 'orders', partition: 0, offset };
  const record: SourceRecord = { source, key: 'k', value: new Uint8Array(bytes), headers: {}, timestamp: 0 };
  tail.push(offset, record);
}

function offsetsFrom(tail: Tail, from: number, maxBytes = 1 << 30) {
  return tail.read(from, maxBytes)?.map(offsetOf);
}

describe('the tail of a partition', () => {
  test('keeps the latest records that fit, whatever passes through', () => {
    const tail = new Tail(10 * KIB, new TailBudget(1 << 20));
    for (let offset = 0; offset < 10_000; offset++) push(tail, offset);
    expect(offsetsFrom(tail, 9_989)).toBeUndefined();
    expect(offsetsFrom(tail, 9_990)).toEqual(Array.from({ length: 10 }, (_, i) => 9_990 + i));
    expect(offsetsFrom(tail, 9_999)).toEqual([9_999]);
    expect(offsetsFrom(tail, 10_000)).toBeUndefined();
  });

  test('answers at least one record, and no more bytes than asked for', () => {
    const tail = new Tail(10 * KIB, new TailBudget(1 << 20));
    for (let offset = 0; offset < 5; offset++) push(tail, offset);
    expect(offsetsFrom(tail, 1, 2 * KIB)).toEqual([1, 2]);
    expect(offsetsFrom(tail, 1, 1)).toEqual([1]);
  });

  test('does not keep a record that is larger than all it may hold, and goes on after it', () => {
    const tail = new Tail(10 * KIB, new TailBudget(1 << 20));
    push(tail, 0);
    push(tail, 1, 20 * KIB);
    expect(offsetsFrom(tail, 0)).toBeUndefined();
    expect(offsetsFrom(tail, 1)).toBeUndefined();
    push(tail, 2);
    expect(offsetsFrom(tail, 2)).toEqual([2]);
  });

  test('never answers across a gap', () => {
    const tail = new Tail(10 * KIB, new TailBudget(1 << 20));
    push(tail, 0);
    push(tail, 7);
    push(tail, 8);
    expect(offsetsFrom(tail, 0)).toBeUndefined();
    expect(offsetsFrom(tail, 7)).toEqual([7, 8]);
  });

  test('shares a budget with the others: the one that was idle longest gives way', () => {
    const budget = new TailBudget(20 * KIB);
    const [idle, quiet, busy] = [
      new Tail(10 * KIB, budget),
      new Tail(10 * KIB, budget),
      new Tail(10 * KIB, budget),
    ];
    for (let offset = 0; offset < 8; offset++) push(idle, offset);
    for (let offset = 0; offset < 8; offset++) push(quiet, offset);
    for (let offset = 0; offset < 100; offset++) push(busy, offset);
    expect(offsetsFrom(idle, 5)).toBeUndefined();
    expect(offsetsFrom(idle, 6)).toEqual([6, 7]);
    expect(offsetsFrom(quiet, 0)).toHaveLength(8);
    expect(offsetsFrom(busy, 90)).toHaveLength(10);
    push(idle, 8);
    expect(offsetsFrom(idle, 8)).toEqual([8]);
  });
});
