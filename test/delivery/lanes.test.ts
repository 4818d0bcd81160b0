import fc from 'fast-check';
import type { Delivery } from '../../src/brokers/broker.ts';
import { Lanes, type Lane } from '../../src/delivery/lanes.ts';

let count = 0;
const delivery = (orderingKey: string): Delivery =>
  ({ event: { orderingKey, id: `e${count++}` } }) as unknown as Delivery;
const timer = () => ({ cancel: () => undefined });
const idOf = ({ event }: Delivery): string => event.id;

describe('lanes', () => {
  test('one delivery of a key at a time; the keys take turns', () => {
    const lanes = new Lanes(true);
    for (const key of ['a', 'a', 'b', 'a', 'b']) lanes.add(delivery(key));
    const first = lanes.take() as Lane;
    const second = lanes.take() as Lane;
    expect([first.key, second.key, lanes.take()]).toEqual(['a', 'b', undefined]);
    lanes.settled(second);
    lanes.settled(first);
    expect([lanes.take()?.key, lanes.take()?.key]).toEqual(['b', 'a']);
  });

  test('without ordering every delivery is free', () => {
    const lanes = new Lanes(false);
    for (const key of ['a', 'a', 'a']) lanes.add(delivery(key));
    expect([lanes.take(), lanes.take(), lanes.take()].filter(Boolean)).toHaveLength(3);
    expect(lanes.take()).toBeUndefined();
  });

  test('RULES 16: what was evicted is held by nobody, the lists of the lanes included', () => {
    const lanes = new Lanes(true);
    for (const key of ['a', 'a', 'b', 'c', 'c']) lanes.add(delivery(key));
    const [a, b, c] = [lanes.take(), lanes.take(), lanes.take()] as [Lane, Lane, Lane];
    lanes.giveBack(b);
    lanes.wait(c, timer());
    expect(lanes.evict().map((one) => one.event.orderingKey)).toEqual(['a', 'b', 'c', 'c']);
    expect([a, b, c].map(({ queue }) => queue.length)).toEqual([1, 0, 0]);
    expect(lanes.held).toBe(1);
  });

  test('eviction stops the timer of a waiting lane', () => {
    const lanes = new Lanes(true);
    lanes.add(delivery('a'));
    let cancelled = false;
    lanes.wait(lanes.take() as Lane, { cancel: () => (cancelled = true) });
    lanes.evict();
    expect(cancelled).toBe(true);
  });

  test('clear lets go of what is being attempted as well', () => {
    const lanes = new Lanes(true);
    for (const key of ['a', 'a', 'b']) lanes.add(delivery(key));
    lanes.take();
    expect(lanes.clear()).toHaveLength(3);
  });
});

type Step =
  | { do: 'add'; key: string }
  | { do: 'take' | 'settle' | 'giveBack' | 'putBack' | 'wait' | 'waited'; nth: number }
  | { do: 'evict' };

const nth = fc.nat(5);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('add' as const), key: fc.constantFrom('a', 'b', 'c', 'd') }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('take' as const, 'settle' as const), nth }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constantFrom('giveBack' as const, 'putBack' as const, 'wait' as const, 'waited' as const),
        nth,
      }),
    },
    { weight: 1, arbitrary: fc.constant({ do: 'evict' as const }) },
  ),
  { maxLength: 60 },
);

test('in any history the order of a key holds, at most one of it is out, and the counts are right', () => {
  fc.assert(
    fc.property(steps, fc.boolean(), (history, ordered) => {
      const lanes = new Lanes(ordered);
      const busy: Lane[] = [];
      const waiting: Lane[] = [];
      const queued = new Map<string, string[]>();
      const out = (list: Lane[], at: number) => list.splice(at % Math.max(1, list.length), 1)[0];
      for (const step of history) {
        if (step.do === 'add') {
          const added = delivery(step.key);
          queued.set(step.key, [...(queued.get(step.key) ?? []), idOf(added)]);
          lanes.add(added);
        } else if (step.do === 'take') {
          const lane = lanes.take();
          if (lane) busy.push(lane);
        } else if (step.do === 'evict') {
          for (const evicted of lanes.evict()) forget(queued, evicted);
          waiting.length = 0;
        } else {
          const lane = out(step.do === 'waited' ? waiting : busy, step.nth);
          if (!lane) continue;
          if (step.do === 'settle') {
            const settled = lane.queue[0] as Delivery;
            if (ordered) expect(queued.get(settled.event.orderingKey)?.[0]).toBe(idOf(settled));
            forget(queued, settled);
            lanes.settled(lane);
          } else if (step.do === 'giveBack') lanes.giveBack(lane);
          else if (step.do === 'putBack') lanes.putBack(lane);
          else if (step.do === 'wait') {
            lanes.wait(lane, timer());
            waiting.push(lane);
          } else lanes.waited(lane);
        }
        const held = [...queued.values()].reduce((sum, ids) => sum + ids.length, 0);
        const lanesOut = new Set([...busy, ...waiting].map(({ key }) => key));
        expect(lanesOut.size).toBe(busy.length + waiting.length);
        expect(lanes.held).toBe(held);
        expect(lanes.blocked).toBe(waiting.reduce((sum, { queue }) => sum + queue.length, 0));
        const all = ordered ? [...queued.values()].filter((ids) => ids.length > 0).length : held;
        expect(lanes.ready).toBe(all - busy.length - waiting.length);
      }
    }),
    { numRuns: 500 },
  );
});

function forget(queued: Map<string, string[]>, { event }: Delivery): void {
  const rest = queued.get(event.orderingKey)?.filter((id) => id !== event.id) ?? [];
  queued.set(event.orderingKey, rest);
}
