import fc from 'fast-check';
import { NO_TROUBLES, type Troubles } from './log-replica-wire.ts';

export type ReplicaStep =
  | { do: 'publish'; count: number; to: number | undefined }
  | { do: 'attach'; which: number; room: number }
  | { do: 'pass'; ms: number }
  | { do: 'rebalance'; which: number }
  | { do: 'stop' | 'kill' | 'cut' | 'freeze'; which: number; ms: number }
  | { do: 'trouble'; what: keyof Troubles; rate: number }
  | { do: 'mend' | 'makeAnew' | 'grow' }
  | { do: 'mark'; partition: number }
  | { do: 'retain' | 'shorten'; partition: number; part: number }
  | { do: 'reset'; subscription: number; partition: number; part: number }
  | { do: 'vanish'; subscription: number; partition: number }
  | { do: 'replay'; subscription: number; which: number; part: number }
  | { do: 'room'; subscription: number; which: number; room: number }
  | { do: 'evict'; subscription: number; which: number };

export interface ReplicaHistory {
  readonly seed: number;
  readonly steps: readonly ReplicaStep[];
  readonly replicas: number;
  readonly partitions: number;
  readonly capacity: number;
  /** Nothing goes wrong: partitions change hands as planned. */
  readonly calm: boolean;
  /** Every process registers each subscription itself, as those of the configuration. */
  readonly declared: boolean;
  readonly evictions: boolean;
}

const which = fc.nat(2);
const partition = fc.nat(2);
const subscription = fc.nat(3);
const room = fc.constantFrom(0, 1, 3, 10, 100);
/** How much of what there is. */
const part = fc.constantFrom(0, 0.3, 0.7, 1);
const just = <T extends string>(value: T): fc.Arbitrary<T> => fc.constant(value);

const usual: fc.WeightedArbitrary<ReplicaStep>[] = [
  {
    weight: 8,
    arbitrary: fc.record({
      do: just('publish'),
      count: fc.integer({ min: 1, max: 15 }),
      to: fc.option(subscription, { nil: undefined, freq: 3 }),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: just('pass'), ms: fc.constantFrom(1, 20, 300, 2_000, 8_000) }) },
  { weight: 2, arbitrary: fc.record({ do: just('attach'), which, room }) },
  { weight: 3, arbitrary: fc.record({ do: just('rebalance'), which }) },
  { weight: 2, arbitrary: fc.record({ do: just('stop'), which, ms: fc.constantFrom(0, 500, 5_000) }) },
  { weight: 3, arbitrary: fc.record({ do: just('room'), subscription, which, room }) },
  { weight: 2, arbitrary: fc.record({ do: just('evict'), subscription, which }) },
  { weight: 1, arbitrary: fc.record({ do: just('replay'), subscription, which, part }) },
  { weight: 1, arbitrary: fc.record({ do: just('mark'), partition }) },
  { weight: 1, arbitrary: fc.record({ do: just('retain'), partition, part }) },
  { weight: 1, arbitrary: fc.constant({ do: 'grow' as const }) },
];

const faults: fc.WeightedArbitrary<ReplicaStep>[] = [
  {
    weight: 3,
    arbitrary: fc.record({ do: just('kill'), which, ms: fc.constantFrom(0, 1_000, 12_000) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('cut' as const, 'freeze' as const),
      which,
      ms: fc.constantFrom(2_000, 8_000, 15_000, 30_000),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: just('trouble'),
      what: fc.constantFrom(...(Object.keys(NO_TROUBLES) as (keyof Troubles)[])),
      rate: fc.constantFrom(0.1, 0.5, 1),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ do: 'mend' as const }) },
  { weight: 1, arbitrary: fc.record({ do: just('reset'), subscription, partition, part }) },
  { weight: 1, arbitrary: fc.record({ do: just('vanish'), subscription, partition }) },
  { weight: 1, arbitrary: fc.record({ do: just('shorten'), partition, part }) },
  { weight: 1, arbitrary: fc.constant({ do: 'makeAnew' as const }) },
];

function steps(...kinds: fc.WeightedArbitrary<ReplicaStep>[]): fc.Arbitrary<ReplicaStep[]> {
  return fc.array(fc.oneof(...kinds), { minLength: 5, maxLength: 40, size: 'max' });
}

/** What may happen to replicas that share a log. */
export const replicaHistory: fc.Arbitrary<ReplicaHistory> = fc
  .constantFrom(true, false, false, false)
  .chain((calm) =>
    fc.record({
      seed: fc.integer({ min: 1, max: 2 ** 30 }),
      steps: calm ? steps(...usual) : steps(...usual, ...faults),
      replicas: fc.integer({ min: 1, max: 3 }),
      partitions: fc.integer({ min: 1, max: 2 }),
      capacity: fc.constantFrom(Infinity, 100),
      calm: fc.constant(calm),
      declared: fc.boolean(),
      evictions: fc.boolean(),
    }),
  );
