import fc from 'fast-check';

export type Step =
  | { do: 'publish'; count: number; to: number | undefined }
  | { do: 'replay'; which: number; at: number; from: number; to: number | undefined; recovery: boolean }
  | { do: 'flip' | 'detach'; which: number }
  | { do: 'room'; which: number; at: number; room: number }
  | { do: 'settle' | 'attempt' | 'evict'; which: number; at: number; part: number }
  | { do: 'fail'; at: number; what: 'nothing' | 'writes' | 'answers' | 'reads' }
  | { do: 'retire'; part: number }
  | { do: 'pass'; ms: number }
  | { do: 'stop' | 'crash'; at: number };

const which = fc.nat(2);
const at = fc.nat(1);
const part = fc.integer({ min: 1, max: 4 });
const just = <T extends string>(value: T): fc.Arbitrary<T> => fc.constant(value);
const share = fc.integer({ min: 0, max: 10 });

const calm: fc.WeightedArbitrary<Step>[] = [
  {
    weight: 5,
    arbitrary: fc.record({
      do: just('publish'),
      count: fc.integer({ min: 1, max: 30 }),
      to: fc.option(which, { nil: undefined }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      ...{ do: just('replay'), which, at, from: share },
      to: fc.option(share, { nil: undefined, freq: 3 }),
      recovery: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: just('flip'), which }) },
  { weight: 1, arbitrary: fc.record({ do: just('detach'), which }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: just('room'), which, at, room: fc.constantFrom(0, 1, 3, 10, 40) }),
  },
  { weight: 8, arbitrary: fc.record({ do: just('settle'), which, at, part }) },
  { weight: 2, arbitrary: fc.record({ do: just('attempt'), which, at, part }) },
  { weight: 3, arbitrary: fc.record({ do: just('evict'), which, at, part }) },
  { weight: 8, arbitrary: fc.record({ do: just('pass'), ms: fc.constantFrom(0, 5, 300, 1_100, 4_000) }) },
  { weight: 1, arbitrary: fc.record({ do: just('stop'), at }) },
];

const wild: fc.WeightedArbitrary<Step>[] = [
  ...calm,
  { weight: 2, arbitrary: fc.record({ do: just('crash'), at }) },
  { weight: 1, arbitrary: fc.record({ do: just('retire'), part }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: just('fail'),
      at,
      what: fc.constantFrom('nothing', 'writes', 'answers', 'reads'),
    }),
  },
];

export interface ReplayHistory {
  readonly steps: readonly Step[];
  /** Nobody dies, nothing is refused: nothing that was settled comes again. */
  readonly isCalm: boolean;
  /** Those without room take it from others. */
  readonly evictions: boolean;
  /** Milliseconds that calls take. */
  readonly latencies: readonly number[];
  /** Milliseconds until a replica hears who serves what. */
  readonly hearing: readonly number[];
  /** Milliseconds that what is in work takes to end. */
  readonly work: readonly number[];
}

function historyOf(isCalm: boolean): fc.Arbitrary<ReplayHistory> {
  return fc.record({
    steps: fc.array(fc.oneof(...(isCalm ? calm : wild)), { minLength: 5, maxLength: 60, size: 'max' }),
    isCalm: fc.constant(isCalm),
    evictions: fc.boolean(),
    latencies: fc.array(fc.nat(8), { minLength: 1, maxLength: 7 }),
    hearing: fc.array(fc.nat(isCalm ? 500 : 4_000), { minLength: 1, maxLength: 5 }),
    work: fc.array(fc.nat(1_500), { minLength: 1, maxLength: 5 }),
  });
}

export const replayHistory: fc.Arbitrary<ReplayHistory> = fc.oneof(historyOf(true), historyOf(false));
