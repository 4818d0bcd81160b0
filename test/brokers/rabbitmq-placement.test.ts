import fc from 'fast-check';
import { placement } from '../../src/brokers/rabbitmq/replicas/placement.ts';

const replicas = fc.uniqueArray(fc.string({ unit: 'grapheme', maxLength: 12 }), {
  minLength: 1,
  maxLength: 12,
});
const queues = fc.uniqueArray(fc.string({ unit: 'grapheme', maxLength: 12 }), { maxLength: 60 });

const names = (what: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${what}-${at}`);

/** Queues of `before` that stand elsewhere in `after`. */
function moved(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...before]
    .filter(([queue, place]) => after.has(queue) && after.get(queue) !== place)
    .map(([q]) => q);
}

describe('every replica', () => {
  test('gives each queue exactly one place, among the replicas there are', () => {
    fc.assert(
      fc.property(replicas, queues, (ids, all) => {
        const places = placement(ids, all);
        expect([...places.keys()].toSorted()).toEqual(all.toSorted());
        for (const place of places.values()) expect(ids).toContain(place);
      }),
    );
  });

  test('gives all the same number of queues, or one more', () => {
    fc.assert(
      fc.property(replicas, queues, (ids, all) => {
        const places = [...placement(ids, all).values()];
        const sizes = ids.map((id) => places.filter((place) => place === id).length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 500 },
    );
  });

  test('comes to the same whatever the order in which it heard of replicas and queues', () => {
    const inAnyOrder = fc
      .tuple(replicas, queues)
      .chain(([ids, all]) =>
        fc.tuple(
          ...[ids, all].map((list) => fc.constant(list)),
          ...[ids, all].map((list) => fc.shuffledSubarray(list, { minLength: list.length })),
        ),
      );
    fc.assert(
      fc.property(inAnyOrder, ([ids = [], all = [], otherIds = [], otherAll = []]) => {
        expect(new Map(placement(otherIds, otherAll))).toEqual(new Map(placement(ids, all)));
      }),
    );
  });
});

test('no queue has a place where there is no replica', () => {
  expect(placement([], ['a', 'b']).size).toBe(0);
});

describe('places are kept', () => {
  const counts = [
    [1, 200],
    [2, 200],
    [3, 200],
    [4, 200],
    [3, 1_000],
  ] as const;

  test.each(counts)('when one replica comes to %i, with %i queues', (count, size) => {
    const all = names('subscription', size);
    const places = [...names('replica', count), 'one more'];
    const change = moved(placement(places.slice(0, -1), all), placement(places, all));
    // So many it has to get; a few more change places among the others, for the sake of equal numbers.
    const needed = Math.floor(size / (count + 1));
    expect(change.length).toBeGreaterThanOrEqual(needed);
    expect(change.length).toBeLessThanOrEqual(needed * 1.3);
  });

  test.each(counts)('when one replica leaves %i others, with %i queues', (count, size) => {
    const all = names('subscription', size);
    const before = placement([...names('replica', count), 'one more'], all);
    const change = moved(before, placement(names('replica', count), all));
    const orphans = [...before].filter(([, place]) => place === 'one more').map(([queue]) => queue);
    expect(change).toEqual(expect.arrayContaining(orphans));
    expect(change.length).toBeLessThanOrEqual(orphans.length * 1.3);
  });

  test.each([2, 3, 4])('when a queue comes or goes, with %i replicas', (count) => {
    const size = 120;
    const ids = names('replica', count);
    const all = names('subscription', size);
    const changes = all.map((gone) => {
      const without = all.filter((queue) => queue !== gone);
      return moved(placement(ids, without), placement(ids, all)).length;
    });
    const mean = changes.reduce((sum, one) => sum + one, 0) / size;
    expect(mean).toBeLessThanOrEqual(3);
  });
});
