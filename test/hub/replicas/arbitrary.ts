import fc from 'fast-check';

export type Action =
  /** All at replicas and subscriptions that are chosen by number. */
  | { readonly do: 'register'; readonly at: number; readonly callback: number }
  | { readonly do: 'remove'; readonly at: number; readonly which: number }
  | { readonly do: 'look'; readonly at: number; readonly which: number }
  | { readonly do: 'pause' | 'resume'; readonly at: number; readonly which: number }
  | { readonly do: 'crash'; readonly at: number; readonly steps: number }
  | { readonly do: 'freeze'; readonly at: number; readonly steps: number; readonly ms: number }
  | { readonly do: 'restart' }
  | { readonly do: 'pass'; readonly ms: number };

export interface History {
  readonly seed: number;
  readonly replicas: number;
  readonly actions: readonly Action[];
  /** What is written is told at most so late, milliseconds. */
  readonly lateMs: number;
  /** 0..1: how many calls of registry and brokers fail. */
  readonly failing: number;
}

const at = fc.nat(2);
const which = fc.nat(5);
const steps = fc.nat(8);
const constant = <T extends string>(name: T) => fc.constant(name);

const request: fc.Arbitrary<Action> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: constant('register'), at, callback: fc.nat(2) }) },
  { weight: 4, arbitrary: fc.record({ do: constant('remove'), at, which }) },
  { weight: 1, arbitrary: fc.record({ do: constant('look'), at, which }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('pause' as const, 'resume' as const), at, which }),
  },
);
const pass: fc.Arbitrary<Action> = fc.record({
  do: constant('pass'),
  ms: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 100, max: 3_000 })),
});
const trouble: fc.Arbitrary<Action> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: constant('crash'), at, steps }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: constant('freeze'),
      at,
      steps,
      ms: fc.constantFrom(500, 3_000, 61_000, 72_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: constant('restart') }) },
  { weight: 1, arbitrary: fc.constant({ do: 'pass', ms: 60_000 } as const) },
);

const calm = fc.oneof({ weight: 3, arbitrary: request }, { weight: 2, arbitrary: pass });
const troubled = fc.oneof({ weight: 5, arbitrary: calm }, { weight: 2, arbitrary: trouble });

/** What replicas may be asked for and what may happen to them. Some histories have no trouble: there more is promised. */
export const history: fc.Arbitrary<History> = fc.record({
  seed: fc.integer({ min: 1, max: 2 ** 30 }),
  replicas: fc.integer({ min: 2, max: 3 }),
  actions: fc.oneof(
    fc.array(calm, { minLength: 2, maxLength: 20, size: 'max' }),
    fc.array(troubled, { minLength: 3, maxLength: 40, size: 'max' }),
  ),
  lateMs: fc.constantFrom(0, 900, 900, 5_000),
  failing: fc.constantFrom(0, 0, 0, 0.05),
});
