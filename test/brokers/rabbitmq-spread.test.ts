import fc from 'fast-check';
import { placement } from '../../src/brokers/rabbitmq/replicas/placement.ts';
import { SpreadSite, type SpreadSettings } from './rabbitmq-spread-site.ts';

const MINUTE = 60_000;
const named = (what: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${what}-${at}`);

/** One queue whose turn is the replica's that is named. */
function queueOf(place: string, replicas: readonly string[]): string {
  const queue = named('queue', 100).find((id) => placement(replicas, [id]).get(id) === place);
  if (queue === undefined) throw new Error(`no queue is at its best at ${place}`);
  return queue;
}

describe('replicas that share queues', () => {
  const histories = fc.record({
    queues: fc.nat(8).map((count) => named('queue', count)),
    leavingMs: fc.constantFrom(1, 50, 4_000),
    hearingMs: fc.constantFrom(0, 20, 1_000),
    messageMs: fc.constantFrom(10, 700, 4_000),
    starts: fc
      .tuple(
        fc.shuffledSubarray(['a', 'b', 'c', 'd'], { minLength: 2 }),
        fc.array(fc.nat(8_000), { minLength: 4, maxLength: 4 }),
      )
      .map(([ids, pauses]) => ids.map((id, at) => ({ id, pauseMs: pauses[at] ?? 0 }))),
    isOneStopped: fc.boolean(),
  });

  test('come to the even spread, whatever the order of their start, and stay there', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async ({ starts, isOneStopped, ...settings }) => {
        const site = await started(settings, starts);
        await site.clock.advance(3 * MINUTE);
        if (isOneStopped) {
          site.stop(starts[0]!.id);
          await site.clock.advance(3 * MINUTE);
        }
        const wanted = placement([...site.replicas.keys()], settings.queues);
        expect(site.active()).toEqual(Object.fromEntries(wanted));
        for (const [id, replica] of site.replicas)
          expect(replica.serves()).toEqual(settings.queues.filter((queue) => wanted.get(queue) === id));
        const moves = site.yields.length;
        await site.clock.advance(5 * MINUTE);
        expect(site.yields.length).toBe(moves);
      }),
      { numRuns: 30 },
    );
  });

  test('move at once where a replica comes, before anybody looks', async () => {
    const site = await started({ queues: named('queue', 9) }, [
      { id: 'a', pauseMs: 3_000 },
      { id: 'b', pauseMs: 3_000 },
      { id: 'c', pauseMs: 3_000 },
    ]);
    expect(site.active()).toEqual(Object.fromEntries(placement(['a', 'b', 'c'], named('queue', 9))));
  });

  async function started(
    settings: SpreadSettings,
    starts: readonly { id: string; pauseMs: number }[],
  ): Promise<SpreadSite> {
    const site = new SpreadSite(settings);
    for (const { id, pauseMs } of starts) {
      site.start(id);
      await site.clock.advance(pauseMs);
    }
    return site;
  }
});

describe('who lets go of a queue', () => {
  test('the one that had the turn, when another comes that is to have it', async () => {
    const queue = queueOf('b', ['a', 'b']);
    const site = new SpreadSite({ queues: [queue] });
    site.start('a');
    await site.clock.advance(2_000);
    site.start('b');
    await site.clock.advance(600);
    expect(site.yields).toEqual([{ replica: 'a', queue, at: 2_520 }]);
    expect(site.active()).toEqual({ [queue]: 'b' });
  });

  test('nobody, when the one that comes is to have nothing', async () => {
    const queue = queueOf('a', ['a', 'b']);
    const site = new SpreadSite({ queues: [queue] });
    site.start('a');
    site.start('b');
    await site.clock.advance(5 * MINUTE);
    expect(site.yields.filter(({ replica }) => replica === 'a')).toEqual([]);
    expect(site.active()).toEqual({ [queue]: 'a' });
  });

  test('whoever finds itself with messages out of turn, at its next look', async () => {
    const queue = queueOf('b', ['a', 'b']);
    const site = new SpreadSite({ queues: [queue] });
    site.start('a');
    site.start('b');
    await site.clock.advance(2 * MINUTE);
    // As after an error of the channel of the one whose turn it is.
    const shared = site.queues.get(queue)!;
    shared.leave('b');
    shared.enter('b');
    const before = site.yields.length;
    await site.clock.advance(MINUTE);
    expect(site.yields.slice(before).map(({ replica }) => replica)).toEqual(['a']);
    expect(site.active()).toEqual({ [queue]: 'b' });
  });

  test('once more at the next look, where no message tells whose turn it is: the other may have come late', async () => {
    const queue = queueOf('b', ['a', 'b']);
    const site = new SpreadSite({ queues: [queue], messageMs: 60 * MINUTE, absent: [`b ${queue}`] });
    site.start('a');
    site.start('b');
    await site.clock.advance(2_000);
    site.queues.get(queue)!.enter('b');
    await site.clock.advance(10_000);
    expect(site.active()).toEqual({ [queue]: 'b' });
    const moves = site.yields.length;
    await site.clock.advance(10 * MINUTE);
    expect(site.yields.length).toBe(moves);
  });

  test('the others once a minute, where the one whose turn it is does not consume', async () => {
    const ids = ['a', 'b', 'c'];
    const queue = queueOf('c', ids);
    const site = new SpreadSite({ queues: [queue], absent: [`c ${queue}`] });
    for (const id of ids) site.start(id);
    await site.clock.advance(MINUTE);
    const moves = site.yields.length;
    await site.clock.advance(10 * MINUTE);
    for (const id of ['a', 'b']) {
      const times = site.yields
        .filter(({ replica, at }) => replica === id && at > MINUTE)
        .map(({ at }) => at);
      expect(times.length).toBeGreaterThanOrEqual(8);
      for (const [at, time] of times.entries())
        if (at > 0) expect(time - times[at - 1]!).toBeGreaterThanOrEqual(MINUTE);
    }
    expect(site.yields.length - moves).toBeLessThanOrEqual(20);
    // It comes back in the end.
    site.queues.get(queue)!.enter('c');
    await site.clock.advance(2 * MINUTE);
    expect(site.active()).toEqual({ [queue]: 'c' });
  });
});

describe('what belongs to a subscription beside its queue', () => {
  test('is looked after by the only replica, known to the placement or not yet', async () => {
    const site = new SpreadSite({ queues: named('queue', 3) });
    const { spread } = site.start('a');
    expect(spread.serves('queue-0')).toBe(true);
    expect(spread.serves('just registered')).toBe(true);
  });

  test('is looked after by one of several, and by none before its place is found', async () => {
    const site = new SpreadSite({ queues: named('queue', 6) });
    const all = ['a', 'b', 'c'].map((id) => site.start(id));
    await site.clock.advance(1_000);
    expect(all.flatMap((replica) => replica.serves()).toSorted()).toEqual(named('queue', 6));
    for (const { spread } of all) expect(spread.serves('just registered')).toBe(false);
  });

  test('many changes at once are one', async () => {
    const site = new SpreadSite({ queues: named('queue', 3) });
    const replica = site.start('a');
    await site.clock.advance(1_000);
    const before = replica.changes;
    for (let at = 0; at < 20; at++) replica.spread.moved();
    await site.clock.advance(1_000);
    expect(replica.changes).toBe(before + 1);
  });

  test('nothing happens after the end, whether a change was known before it or comes later', async () => {
    const site = new SpreadSite({ queues: named('queue', 6) });
    const [a, b] = ['a', 'b'].map((id) => site.start(id));
    a?.spread.moved();
    a?.spread.stop();
    b?.spread.stop();
    b?.spread.moved();
    await site.clock.advance(5 * MINUTE);
    expect([a?.changes, b?.changes]).toEqual([0, 0]);
    expect(site.yields).toEqual([]);
  });
});
