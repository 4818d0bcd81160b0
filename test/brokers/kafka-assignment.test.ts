import fc from 'fast-check';
import {
  assign,
  decodeAssignment,
  decodeMember,
  encodeAssignment,
  encodeMember,
  type Member,
} from '../../src/brokers/kafka/group/assignment.ts';
import type { Place } from '../../src/brokers/kafka/reading/fetch.ts';

const keyOf = ({ topic, partition }: Place): string => `${topic}:${partition}`;
const keysOf = (places: Iterable<Place>): string[] => [...places].map(keyOf);
const idOf = (i: number): string => `member-${String(i).padStart(3, '0')}`;

const topic = fc.constantFrom('bss.ordering.events', 'bss.party.events', 'tmf.events', 'ünïcode');
const place: fc.Arbitrary<Place> = fc.record({ topic, partition: fc.nat(30) });
const places = fc.uniqueArray(place, { selector: keyOf, maxLength: 60 });

/** Members that claim what they like: partitions that are gone, those of others, the same one twice. */
const members: fc.Arbitrary<Member[]> = fc
  .array(fc.array(place, { maxLength: 20 }), { minLength: 1, maxLength: 9 })
  .map((claims) => claims.map((owned, i) => ({ id: idOf(i), owned, registry: 'one' })));

/** A group as the last assignment left it: everything has one owner, evenly. */
const settled = fc
  .record({ count: fc.integer({ min: 1, max: 9 }), partitions: places })
  .map(({ count, partitions }) => {
    const none = Array.from({ length: count }, (_, i): Member => ({
      id: idOf(i),
      owned: [],
      registry: 'one',
    }));
    return { group: owning(assign(none, partitions)), partitions };
  });

function owning(assigned: ReadonlyMap<string, readonly Place[]>): Member[] {
  return [...assigned].map(([id, owned]) => ({ id, owned, registry: 'one' }));
}

function stayed(before: readonly Member[], after: ReadonlyMap<string, readonly Place[]>): number {
  return before.reduce((sum, { id, owned }) => {
    const now = new Set(keysOf(after.get(id) ?? []));
    return sum + new Set(keysOf(owned).filter((key) => now.has(key))).size;
  }, 0);
}

const asText = (assigned: ReadonlyMap<string, readonly Place[]>): Record<string, string[]> =>
  Object.fromEntries([...assigned].map(([id, own]) => [id, keysOf(own).toSorted()]));

describe('who reads what', () => {
  test('every partition has exactly one member, whatever the members claim', () => {
    fc.assert(
      fc.property(members, places, (group, partitions) => {
        const assigned = assign(group, partitions);
        expect([...assigned.keys()].toSorted()).toEqual(group.map(({ id }) => id));
        expect(keysOf([...assigned.values()].flat()).toSorted()).toEqual(keysOf(partitions).toSorted());
      }),
    );
  });

  test('no member has two more than another', () => {
    fc.assert(
      fc.property(members, places, (group, partitions) => {
        const counts = [...assign(group, partitions).values()].map(({ length }) => length);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('the order of members and partitions changes nothing', () => {
    const shuffled = <T>(list: readonly T[]) => fc.shuffledSubarray([...list], { minLength: list.length });
    const questions = fc.tuple(members, places).chain(([group, partitions]) =>
      fc.record({
        ...{ group: fc.constant(group), partitions: fc.constant(partitions) },
        ...{ shuffledGroup: shuffled(group), shuffledPartitions: shuffled(partitions) },
      }),
    );
    fc.assert(
      fc.property(questions, ({ group, partitions, shuffledGroup, shuffledPartitions }) => {
        expect(asText(assign(shuffledGroup, shuffledPartitions))).toEqual(asText(assign(group, partitions)));
      }),
    );
  });

  test('as many partitions stay as an even share allows', () => {
    fc.assert(
      fc.property(members, places, (group, partitions) => {
        const there = new Set(keysOf(partitions));
        const taken = new Set<string>();
        // Each partition counts for the first who claims it, and nobody keeps more than the share.
        const own = group.map(({ owned }) => {
          const valid = keysOf(owned).filter((key) => there.has(key) && !taken.has(key));
          for (const key of valid) taken.add(key);
          return new Set(valid).size;
        });
        const share = Math.floor(partitions.length / group.length);
        const over = own.filter((count) => count > share).length;
        const most =
          own.reduce((sum, count) => sum + Math.min(count, share), 0) +
          Math.min(over, partitions.length % group.length);
        expect(stayed(group, assign(group, partitions))).toBeGreaterThanOrEqual(most);
      }),
    );
  });

  test('nothing moves while nothing changes', () => {
    fc.assert(
      fc.property(settled, ({ group, partitions }) => {
        expect(stayed(group, assign(group, partitions))).toBe(partitions.length);
      }),
    );
  });

  test('who joins takes its share, and nothing else moves', () => {
    fc.assert(
      fc.property(settled, fc.integer({ min: -1, max: 99 }), ({ group, partitions }, at) => {
        const newcomer = { id: `member-${at}-new`, owned: [], registry: 'one' };
        const assigned = assign([...group, newcomer], partitions);
        const moved = partitions.length - stayed(group, assigned);
        expect(moved).toBe(assigned.get(newcomer.id)?.length);
        expect(moved).toBeLessThanOrEqual(Math.ceil(partitions.length / (group.length + 1)));
      }),
    );
  });

  test('who leaves gives up its own, and nothing else moves', () => {
    const left = settled.filter(({ group }) => group.length > 1);
    fc.assert(
      fc.property(left, fc.nat(), ({ group, partitions }, pick) => {
        const leaver = group[pick % group.length]!;
        const rest = group.filter((member) => member !== leaver);
        const assigned = assign(rest, partitions);
        expect(stayed(rest, assigned)).toBe(partitions.length - leaver.owned.length);
      }),
    );
  });
});

describe('what members say', () => {
  test('is read as it was written', () => {
    const topics = fc.array(topic);
    fc.assert(
      fc.property(topics, places, fc.string(), (names, owned, registry) => {
        const bytes = encodeMember(names, { owned, registry });
        expect(decodeMember('a', bytes)).toEqual({ id: 'a', owned, registry });
      }),
    );
  });

  test('of one that is not of our kind is a member that has nothing', () => {
    const said = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.json().map((json) => withUserData(Buffer.from(json))),
      fc.uint8Array().map((bytes) => withUserData(Buffer.from(bytes))),
      places.map((owned) => encodeMember(['a'], { owned, registry: 'one' }).subarray(0, 20)),
    );
    const partitions = [{ topic: 'a', partition: 0 }];
    fc.assert(
      fc.property(said, (bytes) => {
        const foreign = decodeMember('foreign', bytes);
        expect(foreign).toEqual({ id: 'foreign', owned: [], registry: 'unknown' });
        expect(keysOf(assign([foreign], partitions).get('foreign') ?? [])).toEqual(['a:0']);
      }),
    );
  });

  test('an assignment is read as it was written', () => {
    fc.assert(
      fc.property(places, fc.array(fc.string()), fc.nat(100), (partitions, registries, count) => {
        const read = decodeAssignment(
          encodeAssignment({ partitions, registries, members: count, sources: 'all' }),
        );
        expect({ ...read, partitions: keysOf(read.partitions).toSorted() }).toEqual({
          ...{ registries, members: count, sources: 'all' },
          partitions: keysOf(partitions).toSorted(),
        });
      }),
    );
  });

  test('whom the leader left out has nothing', () => {
    const nothing = { partitions: [], registries: [], members: 0, sources: '' };
    expect(decodeAssignment(Buffer.alloc(0))).toEqual(nothing);
  });
});

/** The consumer protocol's subscription, version 0, to no topic. */
function withUserData(data: Buffer): Buffer {
  const head = Buffer.alloc(2 + 4 + 4);
  head.writeInt32BE(data.length, 6);
  return Buffer.concat([head, data]);
}
