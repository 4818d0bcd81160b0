import type { RegistrySetting } from './registry.ts';

/** What the notes of every store promise. */
export function notesContract(setting: () => RegistrySetting): void {
  const notes = () => setting().store.notes;
  const attempts = async (id: string) => Object.fromEntries((await notes().load(id)).attempts);

  test('notes begin empty', async () => {
    expect(await notes().load('a')).toEqual({ attempts: new Map(), settledUpTo: undefined });
  });

  test('attempts are noted by message and subscription, survive a restart, and 0 forgets them', async () => {
    await Promise.all([
      notes().attempted('a', 'm1', 1),
      notes().attempted('a', 'settledUpTo', 2),
      notes().attempted('b', 'm1', 7),
    ]);
    await notes().attempted('a', 'm1', 3);
    const after = (await setting().reopen()).notes;
    expect(await after.load('a')).toEqual({
      attempts: new Map([
        ['m1', 3],
        ['settledUpTo', 2],
      ]),
      settledUpTo: undefined,
    });
    await after.attempted('a', 'm1', 0);
    await after.attempted('a', 'never', 0);
    expect(Object.fromEntries((await after.load('a')).attempts)).toEqual({ settledUpTo: 2 });
    expect((await after.load('b')).attempts.get('m1')).toBe(7);
  });

  test('many attempts noted at once are all kept, each as it was last', async () => {
    const writes = Array.from({ length: 500 }, (_, i) => notes().attempted('a', `m${i % 100}`, i));
    await Promise.all(writes);
    expect(await attempts('a')).toEqual(
      Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`m${i}`, 400 + i])),
    );
  });

  test('the time up to which all is settled never goes back', async () => {
    const time = Date.UTC(2026, 0, 1);
    await notes().settledUpTo('a', time);
    await notes().settledUpTo('a', time - 1);
    expect((await notes().load('a')).settledUpTo).toBe(time);
    await notes().settledUpTo('a', time + 1);
    expect((await (await setting().reopen()).notes.load('a')).settledUpTo).toBe(time + 1);
  });

  test('one that ended is forgotten, the others are not', async () => {
    for (const id of ['a', 'b']) {
      await notes().attempted(id, 'm1', 1);
      await notes().settledUpTo(id, 5);
    }
    await notes().forget('a');
    expect(await notes().load('a')).toEqual({ attempts: new Map(), settledUpTo: undefined });
    expect(await notes().load('b')).toEqual({ attempts: new Map([['m1', 1]]), settledUpTo: 5 });
  });
}
