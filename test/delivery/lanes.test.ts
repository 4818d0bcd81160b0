import fc from 'fast-check';
import type { Delivery, Feed } from '../../src/brokers/broker.ts';
import { Lanes, type Lane } from '../../src/delivery/lanes.ts';

let count = 0;
const delivery = (orderingKey: string, feed?: Feed): Delivery =>
  ({ event: { orderingKey, id: `e${count++}` }, feed }) as unknown as Delivery;
const feeds = [{}, {}] as unknown as readonly [Feed, Feed];
const timer = () => ({ cancel: () => undefined });
const idOf = ({ event }: Delivery): string => event.id;

describe('lanes', () => {
  test('one delivery of a key at a time; the keys take turns', () => {
    const lanes = new Lanes(true);
    for (const key of ['a', 'a', 'b', 'a', 'b']) lanes.add(delivery(key));
    const first = lanes.take() as Lane;
    const second = lanes.take() as Lane;
    expect([first.key, second.key, lanes.take()]).toEqual(['a', 'b', undefined]);
    lanes.next(second);
    lanes.next(first);
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
    expect(lanes.letGo().map((one) => one.event.orderingKey)).toEqual(['a', 'b', 'c', 'c']);
    expect([a, b, c].map(({ queue }) => queue.length)).toEqual([1, 0, 0]);
    expect(lanes.held).toBe(1);
  });

  test('eviction stops the timer of a waiting lane', () => {
    const lanes = new Lanes(true);
    lanes.add(delivery('a'));
    let cancelled = false;
    lanes.wait(lanes.take() as Lane, { cancel: () => (cancelled = true) });
    lanes.letGo();
    expect(cancelled).toBe(true);
  });

  test('PITFALLS 21: of a lane with several feeds those of one go, the others keep their order', () => {
    const [p, q] = feeds;
    const lanes = new Lanes(true);
    for (const feed of [p, q, p, q]) lanes.add(delivery('ready', feed));
    for (const feed of [p, q, p]) lanes.add(delivery('busy', feed));
    lanes.add(delivery('gone', p));
    const [ready, busy, gone] = [lanes.take(), lanes.take(), lanes.take()] as [Lane, Lane, Lane];
    lanes.giveBack(gone);
    lanes.giveBack(ready);
    const kept = ready.queue.filter(({ feed }) => feed === q);
    expect(lanes.letGo(p)).toHaveLength(4);
    expect(ready.queue).toEqual(kept);
    expect(busy.queue.map(({ feed }) => feed)).toEqual([p, q]);
    expect(lanes.inWork(p)).toEqual([busy]);
    expect(lanes.inWork(q)).toEqual([]);
    expect([lanes.held, lanes.ready]).toEqual([4, 1]);
    expect([lanes.take(), lanes.take()]).toEqual([ready, undefined]);
  });

  test('PITFALLS 21: the wait of a lane ends with the delivery that waits, and with no other', () => {
    const [p, q] = feeds;
    const lanes = new Lanes(true);
    for (const feed of [p, q, p]) lanes.add(delivery('a', feed));
    let cancelled = false;
    lanes.wait(lanes.take() as Lane, { cancel: () => (cancelled = true) });
    expect(lanes.letGo(q)).toHaveLength(1);
    expect([cancelled, lanes.blocked, lanes.ready]).toEqual([false, 2, 0]);
    lanes.add(delivery('a', q));
    expect(lanes.letGo(p)).toHaveLength(2);
    expect([cancelled, lanes.blocked, lanes.ready]).toEqual([true, 0, 1]);
  });

  test('clear lets go of what is being attempted as well', () => {
    const lanes = new Lanes(true);
    for (const key of ['a', 'a', 'b']) lanes.add(delivery(key));
    lanes.take();
    expect(lanes.clear()).toHaveLength(3);
  });
});

type Step =
  | { do: 'add'; key: string; feed: number }
  | { do: 'take' | 'settle' | 'giveBack' | 'putBack' | 'wait' | 'waited'; nth: number }
  | { do: 'letGo'; feed: number };

const nth = fc.nat(5);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('add' as const),
        key: fc.constantFrom('a', 'b', 'c', 'd'),
        feed: fc.nat(1),
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('take' as const, 'settle' as const), nth }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constantFrom('giveBack' as const, 'putBack' as const, 'wait' as const, 'waited' as const),
        nth,
      }),
    },
    // The third is no feed: all are let go of.
    { weight: 1, arbitrary: fc.record({ do: fc.constant('letGo' as const), feed: fc.nat(2) }) },
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
          const added = delivery(step.key, feeds[step.feed]);
          queued.set(step.key, [...(queued.get(step.key) ?? []), idOf(added)]);
          lanes.add(added);
        } else if (step.do === 'take') {
          const lane = lanes.take();
          if (lane) busy.push(lane);
        } else if (step.do === 'letGo') {
          const firsts = waiting.map(({ queue }) => queue[0]);
          const gone = lanes.letGo(feeds[step.feed]);
          for (const one of gone) forget(queued, one);
          waiting.splice(
            0,
            Infinity,
            ...waiting.filter(({ queue }, i) => queue[0] && queue[0] === firsts[i]),
          );
          const kept = [...lanes.inWork(feeds[0]), ...lanes.inWork(feeds[1])].map(({ queue }) => queue[0]);
          expect(gone.some((one) => kept.includes(one))).toBe(false);
          expect(kept).toHaveLength(busy.length);
        } else {
          const lane = out(step.do === 'waited' ? waiting : busy, step.nth);
          if (!lane) continue;
          if (step.do === 'settle') {
            const settled = lane.queue[0] as Delivery;
            if (ordered) expect(queued.get(settled.event.orderingKey)?.[0]).toBe(idOf(settled));
            forget(queued, settled);
            lanes.next(lane);
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
