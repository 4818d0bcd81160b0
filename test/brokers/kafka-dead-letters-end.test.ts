import { ALL, HOUR, idsOf, letter, LettersSite, TOPIC } from './kafka-letters-site.ts';

let site: LettersSite;

beforeEach(() => {
  site = new LettersSite();
});

afterEach(() => site.close());

describe('the end of a dead letter', () => {
  test('what was replayed or discarded can be looked at for a day, then a tombstone ends it; open ones stay', async () => {
    const { letters } = await site.started();
    for (const id of ['l1', 'l2', 'l3']) await letters.put(letter(id));
    await site.clock.advance(HOUR);
    await letters.put(letter('l1', { state: 'replayed' }));
    await letters.put(letter('l2', { state: 'discarded' }));
    await site.clock.advance(24 * HOUR - 1);
    expect((await letters.list({}, ALL)).total).toBe(3);
    await site.clock.advance(HOUR);
    expect(idsOf(await letters.list({}, ALL))).toEqual(['l3']);
    site.topics.compact(TOPIC, { all: true });
    expect(site.topics.content(TOPIC).map(({ key }) => key)).toEqual(['l3']);
  });

  test('it comes after restarts too, counted from the change', async () => {
    const { letters } = await site.started();
    await letters.put(letter('l1', { state: 'replayed' }));
    letters.stop();
    await site.clock.advance(20 * HOUR);
    const again = await site.started();
    expect((await again.letters.list({}, ALL)).total).toBe(1);
    await site.clock.advance(5 * HOUR);
    expect((await again.letters.list({}, ALL)).total).toBe(0);
  });

  test('a failed tombstone is written later', async () => {
    const { letters, access, said } = await site.started();
    await letters.put(letter('l1', { state: 'replayed' }));
    access.before = (call) => {
      if (call === 'append') throw new Error('broker away');
    };
    await site.clock.advance(30 * HOUR);
    expect(said).toContain('dead-letters.sweep-failed');
    access.before = () => undefined;
    await site.clock.advance(HOUR);
    expect((await letters.list({}, ALL)).total).toBe(0);
  });

  test('PITFALLS 1: a letter that is written again just before its tombstone stays, for all, for ever', async () => {
    const one = await site.started();
    // The two do not sweep at the same moment; the one is the first after the letter's time is over.
    await site.clock.advance(HOUR / 12);
    const other = await site.started();
    await site.clock.advance(HOUR / 30);
    await one.letters.put(letter('l1', { state: 'replayed' }));
    let overtaken = false;
    const dieAgain = async (call: string): Promise<void> => {
      if (call !== 'append' || overtaken) return;
      overtaken = true;
      await other.letters.put(letter('l1', { deadAt: '2026-01-02T00:00:00.000Z' }));
    };
    await site.clock.advance(23 * HOUR);
    one.access.before = dieAgain;
    await site.clock.until(() => overtaken, 3 * HOUR);
    await site.clock.advance(1_000);
    expect(site.topics.content(TOPIC).at(-1)).toMatchObject({ key: 'l1', value: null });
    const between = await site.started();
    for (const { letters } of [one, other, between])
      expect(await letters.get('l1')).toMatchObject({ state: 'open' });
    await site.clock.advance(HOUR);
    site.topics.compact(TOPIC, { all: true });
    for (const { letters } of [one, other, await site.started()])
      expect(await letters.get('l1')).toMatchObject({ state: 'open', deadAt: '2026-01-02T00:00:00.000Z' });
    const writes = one.access.calls.append + other.access.calls.append + between.access.calls.append;
    await site.clock.advance(48 * HOUR);
    expect(one.access.calls.append + other.access.calls.append + between.access.calls.append).toBe(writes);
  });

  test("an operator's tombstone ends a letter whatever its state", async () => {
    const { letters } = await site.started();
    await letters.put(letter('l1'));
    site.topics.append(TOPIC, 'l1', null);
    await site.clock.advance(2_000);
    expect(await letters.get('l1')).toBeUndefined();
  });
});
