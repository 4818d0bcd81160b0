import { Turns, type TurnEnd } from '../../src/brokers/rabbitmq/replays/turns.ts';
import { SimClock } from '../support/sim-clock.ts';

interface Taken {
  readonly id: string;
  readonly end: (how: TurnEnd) => void;
}

function play(most = 2) {
  const clock = new SimClock();
  const taken: Taken[] = [];
  const turns = new Turns({
    ...{ most, clock, pauseMs: 100 },
    take: (id) => new Promise((end) => taken.push({ id, end })),
  });
  return { clock, taken, turns, ids: () => taken.map(({ id }) => id) };
}

test('a few at one time, and all in turn', async () => {
  const { clock, taken, turns, ids } = play();
  for (const id of ['a', 'b', 'c']) turns.wake(id);
  await clock.advance(0);
  expect(ids()).toEqual(['a', 'b']);
  taken[0]!.end('again');
  await clock.advance(0);
  expect(ids()).toEqual(['a', 'b', 'c']);
  taken[1]!.end('again');
  await clock.advance(0);
  expect(ids()).toEqual(['a', 'b', 'c', 'a']);
});

test('nothing begins before whoever wakes has returned', async () => {
  const { clock, turns, ids } = play();
  turns.wake('a');
  expect(ids()).toEqual([]);
  await clock.advance(0);
  expect(ids()).toEqual(['a']);
});

test('never two turns of one, and a wake during a turn is not lost', async () => {
  const { clock, taken, turns, ids } = play();
  turns.wake('a');
  await clock.advance(0);
  turns.wake('a');
  turns.wake('a');
  await clock.advance(0);
  expect(ids()).toEqual(['a']);
  taken[0]!.end('idle');
  await clock.advance(0);
  expect(ids()).toEqual(['a', 'a']);
  taken[1]!.end('idle');
  await clock.advance(1_000);
  expect(ids()).toEqual(['a', 'a']);
});

test('later is after the pause, unless it is woken before', async () => {
  const { clock, taken, turns, ids } = play();
  turns.wake('a');
  await clock.advance(0);
  taken[0]!.end('later');
  await clock.advance(99);
  expect(ids()).toEqual(['a']);
  await clock.advance(1);
  expect(ids()).toEqual(['a', 'a']);
  taken[1]!.end('later');
  await clock.advance(50);
  turns.wake('a');
  await clock.advance(0);
  expect(ids()).toEqual(['a', 'a', 'a']);
});

test('begins nothing once it is stopped', async () => {
  const { clock, taken, turns, ids } = play(1);
  turns.wake('a');
  turns.wake('b');
  await clock.advance(0);
  turns.stop();
  taken[0]!.end('later');
  await clock.advance(1_000);
  turns.wake('c');
  await clock.advance(0);
  expect(ids()).toEqual(['a']);
});
