import { Expiry, type Expiring } from '../../src/callbacks/expiry.ts';
import { createFakeClock } from './fake-clock.ts';

interface Item extends Expiring {
  readonly name: string;
}

const item = (name: string): Item => ({ name, dueAt: 0, slot: -1 });

function setUp(onExpire: (expired: Item) => void = () => undefined) {
  const clock = createFakeClock();
  const expired: string[] = [];
  const expiry = new Expiry<Item>(clock, 100, (each) => {
    expired.push(`${each.name}@${clock.monotonic()}`);
    onExpire(each);
  });
  const add = (each: Item) => expiry.add(each, clock.monotonic());
  return { clock, expired, expiry, add };
}

test('each item expires at its own time, to the millisecond', () => {
  const { clock, expired, add } = setUp();
  add(item('a'));
  clock.advance(30);
  add(item('b'));
  clock.advance(1);
  add(item('c'));
  clock.advance(500);
  expect(expired).toEqual(['a@100', 'b@130', 'c@131']);
  expect(clock.pending).toBe(0);
});

test('what is deleted in time does not expire, and the others keep their time', () => {
  const { clock, expired, expiry, add } = setUp();
  const [a, b, c] = [item('a'), item('b'), item('c')];
  [a, b, c].forEach(add);
  expiry.delete(a);
  expiry.delete(a);
  expect(expiry.size).toBe(2);
  clock.advance(50);
  add(a);
  expiry.delete(c);
  clock.advance(500);
  expect(expired).toEqual(['b@100', 'a@150']);
});

test('one timer serves any number of items', () => {
  const { clock, expiry, add } = setUp();
  for (let i = 0; i < 1000; i++) {
    const passing = item(`${i}`);
    add(passing);
    clock.advance(1);
    expiry.delete(passing);
    expect(clock.pending).toBeLessThanOrEqual(1);
  }
});

test('expiring one item may delete and add others', () => {
  const [a, b, c] = [item('a'), item('b'), item('c')];
  const { clock, expired, expiry, add } = setUp((each) => {
    if (each !== a) return;
    expiry.delete(b);
    add(c);
  });
  [a, b].forEach(add);
  clock.advance(500);
  expect(expired).toEqual(['a@100', 'c@200']);
});

test('the oldest is the one that expires next; clear forgets all and the timer', () => {
  const { clock, expired, expiry, add } = setUp();
  const [a, b, c] = [item('a'), item('b'), item('c')];
  for (const each of [a, b, c]) {
    add(each);
    clock.advance(1);
  }
  expiry.delete(a);
  add(a);
  expect(expiry.oldest()).toBe(b);
  expect(expiry.clear()).toHaveLength(3);
  expect(expiry.oldest()).toBeUndefined();
  expect(clock.pending).toBe(0);
  expiry.delete(b);
  add(c);
  clock.advance(100);
  expect(expired).toEqual(['c@103']);
});

test('after the process stood still nothing expires before it had a moment to hear what happened meanwhile', () => {
  const { clock, expired, expiry, add } = setUp();
  const [answered, silent] = [item('answered'), item('silent')];
  [answered, silent].forEach(add);
  clock.standStill(10_000);
  clock.advance(0);
  expect(expired).toEqual([]);
  expiry.delete(answered);
  clock.advance(50);
  expect(expired).toEqual(['silent@10050']);
});
