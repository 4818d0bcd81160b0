import fc from 'fast-check';
import { answered, failed, Scene, type Reply } from './scene.ts';

const KINDS = ['connect', 'timeout', 'hangs', 500, 404, 400, 410, 503] as const;

/** Promise 3: what the listeners that are not healthy do must not show in what the healthy ones get, nor when. */
interface Load {
  readonly healthy: number;
  readonly dead: readonly (typeof KINDS)[number][];
  readonly slow: number;
  readonly partitions: number;
  readonly keys: number;
  /** Milliseconds before each event. */
  readonly pauses: readonly number[];
  readonly answerMs: number;
}

const load: fc.Arbitrary<Load> = fc.record({
  healthy: fc.integer({ min: 1, max: 6 }),
  dead: fc.array(fc.constantFrom(...KINDS), {
    minLength: 1,
    maxLength: 4,
  }),
  slow: fc.nat(2),
  partitions: fc.integer({ min: 1, max: 3 }),
  keys: fc.constantFrom(1, 4, 50),
  pauses: fc.array(fc.constantFrom(0, 0, 1, 5, 50, 700, 4_000), { minLength: 10, maxLength: 150 }),
  answerMs: fc.constantFrom(1, 7, 40),
});

function dead(kind: Load['dead'][number]): Reply {
  if (kind === 'connect') return failed('connect');
  if (kind === 'timeout') return failed('timeout', 10_000);
  if (kind === 'hangs') return { answer: answered(204, {}, 9_999), after: 9_999 };
  return kind;
}

async function play(given: Load, withOthers: boolean): Promise<string[][]> {
  const scene = await Scene.with({}, { partitions: given.partitions, answerMs: given.answerMs });
  for (let i = 0; i < given.healthy; i++) await scene.subscribe(`healthy${i}`, () => 204);
  if (withOthers) {
    for (const [i, kind] of given.dead.entries()) await scene.subscribe(`dead${i}`, () => dead(kind));
    for (let i = 0; i < given.slow; i++)
      await scene.subscribe(`slow${i}`, () => ({ answer: answered(204, {}, 2_500), after: 2_500 }));
  }
  for (const [i, pause] of given.pauses.entries()) {
    await scene.clock.advance(pause);
    await scene.publish(`k${i % given.keys}`, `e${i}`);
  }
  await scene.clock.advance(30_000);
  return Array.from({ length: given.healthy }, (_, i) =>
    scene.to(`healthy${i}`).map(({ at, eventId }) => `${eventId} at ${at}`),
  );
}

test('PITFALLS 14: dead and slow listeners do not move a single delivery of the healthy ones by a millisecond', async () => {
  await fc.assert(
    fc.asyncProperty(load, async (given) => {
      expect(await play(given, true)).toEqual(await play(given, false));
    }),
    { numRuns: 100 },
  );
}, 120_000);

test('PITFALLS 14: 1 dead and 1 slow among 100: every event reaches the other 98 at the moment it did without them', async () => {
  const given: Load = {
    healthy: 98,
    dead: ['timeout'],
    slow: 1,
    partitions: 2,
    keys: 20,
    pauses: Array.from({ length: 300 }, (_, i) => i % 3),
    answerMs: 5,
  };
  const alone = await play(given, false);
  expect(alone.map(({ length }) => length)).toEqual(Array.from({ length: 98 }, () => 300));
  expect(await play(given, true)).toEqual(alone);
}, 60_000);
