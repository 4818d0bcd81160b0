import fc from 'fast-check';

export type Action =
  | { do: 'publish'; count: number }
  | { do: 'pass'; ms: number }
  | { do: 'subscribe' }
  | { do: 'unsubscribe'; which: number }
  | { do: 'outage'; which: number; ms: number; status: number }
  | { do: 'slow'; which: number; ms: number }
  | { do: 'crash' }
  | { do: 'revoke'; partition: number; how: 'planned' | 'lost' }
  | { do: 'assign' }
  | { do: 'pause'; which: number; ms: number };

export interface History {
  readonly seed: number;
  readonly actions: readonly Action[];
  readonly partitions: number;
  readonly keys: number;
  readonly ordering: 'key' | 'none';
  /** 0..1: how many events fail once or twice, how many are poison. */
  readonly flaky: number;
  readonly poison: number;
  readonly faulty: boolean;
  readonly memory: number;
  readonly maxWaiting: number;
}

const which = fc.nat(4);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('publish' as const), count: fc.integer({ min: 1, max: 30 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 3000 }) }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'subscribe' as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unsubscribe' as const), which }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('outage' as const),
      which,
      ms: fc.integer({ min: 10, max: 100_000 }),
      status: fc.constantFrom(0, 503, 500, 429, 404, 400),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('slow' as const),
      which,
      ms: fc.integer({ min: 10, max: 20_000 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('pause' as const), which, ms: fc.integer({ min: 1, max: 5000 }) }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'crash' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('revoke' as const),
      partition: fc.nat(2),
      how: fc.constantFrom('planned' as const, 'planned' as const, 'lost' as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'assign' as const }) },
);

/** What may happen to a gateway: the weights make most histories busy ones. */
export const history: fc.Arbitrary<History> = fc.record({
  seed: fc.integer({ min: 1, max: 2 ** 30 }),
  actions: fc.array(action, { minLength: 3, maxLength: 25 }),
  partitions: fc.integer({ min: 1, max: 3 }),
  keys: fc.constantFrom(1, 3, 20),
  ordering: fc.constantFrom('key', 'key', 'key', 'none'),
  flaky: fc.constantFrom(0, 0.1, 0.4),
  poison: fc.constantFrom(0, 0, 0.05),
  faulty: fc.boolean(),
  memory: fc.constantFrom(256 << 20, 4000, 500),
  maxWaiting: fc.constantFrom(1000, 5),
});
