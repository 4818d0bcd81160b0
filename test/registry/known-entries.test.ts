import { KnownEntries } from '../../src/registry/redis/known.ts';
import { digestOf, fieldsOf, rowOf, type RawRow } from '../../src/registry/redis/row.ts';
import type { RegistryEntry } from '../../src/registry/store.ts';
import { subscription } from '../contracts/registry.ts';

function entry(id: string, version: number, uniqueKey: string | null = null): RegistryEntry {
  return { id, version, uniqueKey, subscription: { ...subscription(id), version } };
}
const ended = (id: string, version: number): RegistryEntry => ({
  ...{ id, version, uniqueKey: null, subscription: null },
});

describe('what is known', () => {
  let known: KnownEntries;
  beforeEach(() => void (known = new KnownEntries()));

  test('RULES 19: is only ever replaced by a higher version', () => {
    expect(known.learn({ entry: entry('a', 2), seq: 1 })).toBe(true);
    for (const version of [1, 2]) expect(known.learn({ entry: ended('a', version), seq: 1 })).toBe(false);
    expect(known.living()).toMatchObject([{ id: 'a', version: 2 }]);
    expect(known.learn({ entry: ended('a', 3), seq: 1 })).toBe(true);
    expect(known.learn({ entry: entry('a', 2), seq: 1 })).toBe(false);
    expect(known.living()).toEqual([]);
  });

  test('is ordered by place, then by when it was made; a place comes later for what a copy brought', () => {
    const made = (id: string, day: number): RegistryEntry => ({
      ...entry(id, 1),
      subscription: { ...subscription(id), createdAt: `2026-01-0${day}T00:00:00.000Z` },
    });
    known.learn({ entry: made('late', 2), seq: undefined });
    known.learn({ entry: made('early', 1), seq: undefined });
    known.learn({ entry: made('second', 9), seq: 2 });
    known.learn({ entry: made('first', 9), seq: 1 });
    const ids = () => known.living().map(({ id }) => id);
    expect(ids()).toEqual(['first', 'second', 'early', 'late']);
    known.place('early', 4);
    known.place('late', 3);
    known.place('late', 9);
    expect(ids()).toEqual(['first', 'second', 'late', 'early']);
  });

  test('knows who holds a unique key', () => {
    known.learn({ entry: entry('a', 1, 'k'), seq: 1 });
    expect(known.holderOf('k')?.id).toBe('a');
    known.learn({ entry: entry('b', 1, 'k'), seq: 2 });
    known.learn({ entry: ended('a', 2), seq: 1 });
    expect(known.holderOf('k')?.id).toBe('b');
    known.learn({ entry: ended('b', 2), seq: 2 });
    expect(known.holderOf('k')).toBeUndefined();
  });
});

describe('a row', () => {
  test('is read as it was written, with large versions and texts of all kinds', () => {
    const large = { ...entry('a', 1_767_225_600_123, 'k'), version: 1_767_225_600_123 };
    for (const one of [large, ended('b', 7)]) {
      const raw = [...fieldsOf(one), '12'] as unknown as RawRow;
      expect(rowOf(raw)).toEqual({ entry: one, seq: 12 });
    }
  });

  test('has the same digest however its members are ordered, and another for another content', () => {
    const one = entry('a', 1);
    const turned = Object.fromEntries(Object.entries(one.subscription ?? {}).reverse());
    const scope = Object.fromEntries(Object.entries(one.subscription?.scope ?? {}).reverse());
    const same = { ...one, subscription: { ...turned, scope } } as unknown as RegistryEntry;
    expect(digestOf(same)).toBe(digestOf(one));
    const other = { ...one, subscription: { ...subscription('a'), state: 'active' } } as RegistryEntry;
    expect(digestOf(other)).not.toBe(digestOf(one));
    expect(digestOf(ended('a', 1))).not.toBe(digestOf(one));
  });
});
