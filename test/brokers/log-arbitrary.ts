import fc from 'fast-check';

export type Step =
  | { do: 'publish'; count: number; to: number | undefined }
  | { do: 'attach'; room: number }
  | { do: 'detach' | 'replay'; which: number }
  | { do: 'give'; which: number; room: number }
  | { do: 'settle' | 'attempt' | 'evict'; which: number; part: number }
  | { do: 'fail'; commits: boolean }
  | { do: 'pass'; ms: number }
  | { do: 'crash' };

const which = fc.nat(4);
const part = fc.integer({ min: 1, max: 4 });
const room = fc.constantFrom(0, 1, 3, 10, 100);
const just = <T extends string>(value: T): fc.Arbitrary<T> => fc.constant(value);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: just('publish'),
      count: fc.integer({ min: 1, max: 30 }),
      to: fc.option(which, { nil: undefined }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: just('attach'), room }) },
  { weight: 1, arbitrary: fc.record({ do: just('detach'), which }) },
  { weight: 1, arbitrary: fc.record({ do: just('replay'), which }) },
  { weight: 5, arbitrary: fc.record({ do: just('give'), which, room }) },
  { weight: 5, arbitrary: fc.record({ do: just('settle'), which, part }) },
  { weight: 2, arbitrary: fc.record({ do: just('attempt'), which, part }) },
  { weight: 2, arbitrary: fc.record({ do: just('evict'), which, part }) },
  { weight: 1, arbitrary: fc.record({ do: just('fail'), commits: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ do: just('pass'), ms: fc.constantFrom(0, 1, 10, 300, 3_000) }) },
  { weight: 2, arbitrary: fc.constant({ do: 'crash' as const }) },
);

export interface LogHistory {
  readonly steps: readonly Step[];
  readonly partitions: number;
  readonly capacity: number;
  /** Those without room take it from others. */
  readonly evictions: boolean;
  readonly latencies: readonly number[];
}

/** What may happen to the engine, whatever the delivery side does with its events. */
export const logHistory: fc.Arbitrary<LogHistory> = fc.record({
  steps: fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }),
  partitions: fc.integer({ min: 1, max: 2 }),
  capacity: fc.constantFrom(Infinity, 100),
  evictions: fc.boolean(),
  latencies: fc.array(fc.nat(5), { minLength: 1, maxLength: 7 }),
});
