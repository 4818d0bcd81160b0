import {
  brokenOff,
  duplicatesAllowed,
  handedOver,
  judge,
  killedAt,
  longestGap,
  recoveredAfter,
} from './judge.ts';
import type { Sent } from './load.ts';
import type { Receipt } from './recorder.ts';

/** The judge of the fault tests itself: it must see what it is there for. */

/** `a1` is the first event of key a; offsets are in the order of the list. */
function sent(ids: string, partition = 0, topicAge = 0): Sent[] {
  return ids.split(' ').map((eventId, offset) => {
    const [key = '', sequence] = eventId;
    return { eventId, key, sequence: Number(sequence), topicAge, partition, offset, at: offset };
  });
}

function received(ids: string, every = 1): Receipt[] {
  return ids.split(' ').map((eventId, i) => {
    return {
      eventId,
      key: eventId[0]!,
      sequence: Number(eventId[1]),
      at: i * every,
      attempt: '1',
      replay: false,
      isTaken: true,
    };
  });
}

function judged(what: string, came: string, dead: string[] = []) {
  const { lost, overtaken, ...counts } = judge({
    sent: sent(what),
    receipts: received(came),
    dead: new Set(dead),
  });
  return {
    lost: lost.map(({ eventId }) => eventId),
    overtaken: overtaken.map(({ eventId }) => eventId),
    ...counts,
  };
}

const NOTHING = { lost: [], overtaken: [], duplicates: 0, strangers: 0 };

test.each([
  ['each key in order', 'a1 b1 a2 b2', 'b1 b2 a1 a2', {}],
  ['an event that never came', 'a1 a2', 'a1', { lost: ['a2'] }],
  ['an event that came too late', 'a1 a2 a3', 'a1 a3 a2', { overtaken: ['a2'] }],
  ['a run that is repeated after a crash', 'a1 a2 a3', 'a1 a2 a1 a2 a3', { duplicates: 2 }],
  [
    'a repetition that does not make up for the order',
    'a1 a2',
    'a2 a1 a2',
    { overtaken: ['a1'], duplicates: 1 },
  ],
  ['an event that nobody sent', 'a1', 'a1 x1', { strangers: 1 }],
])('%s', (_, what, came, expected) => {
  expect(judged(what, came)).toEqual({ ...NOTHING, ...expected });
});

test('a dead letter is not lost', () => {
  expect(judged('a1 a2', 'a2', ['a1'])).toEqual(NOTHING);
});

test('an event that was refused and is no dead letter is lost', () => {
  const receipts = received('a1').map((receipt) => ({ ...receipt, isTaken: false }));
  expect(judge({ sent: sent('a1'), receipts, dead: new Set() }).lost).toHaveLength(1);
  expect(judge({ sent: sent('a1'), receipts, dead: new Set(['a1']) }).lost).toHaveLength(0);
});

test('order counts within one partition of one topic only', () => {
  const both = [...sent('a1 a2'), ...sent('a3', 1), ...sent('a4', 0, 1)];
  expect(judge({ sent: both, receipts: received('a4 a3 a1 a2'), dead: new Set() }).overtaken).toEqual([]);
});

test('of one kill, what was in flight and what came in a commit interval before it may come twice', () => {
  const receipts = received('a1 a2 a3 a4 a5', 200);
  const again = { commitMs: 500, most: Infinity };
  expect(duplicatesAllowed(receipts, [], again)).toBe(0);
  expect(duplicatesAllowed(receipts, [killedAt(800)], again)).toBe(32 + 3);
  expect(duplicatesAllowed(receipts, [{ ...killedAt(400), to: 600 }], again)).toBe(32 + 4);
  expect(duplicatesAllowed(receipts, [killedAt(400), killedAt(800)], { ...again, most: 34 })).toBe(2 * 34);
  expect(duplicatesAllowed(receipts, [brokenOff(800)], again)).toBe(32);
  expect(duplicatesAllowed(receipts, [handedOver(800)], again)).toBe(0);
});

test('a pause counts from what was over, also when a straggler came after it', () => {
  const at = (times: number[]): Receipt[] => times.map((time) => ({ ...received('a1')[0]!, at: time }));
  const receipts = at([0, 100, 1_100, 9_000, 9_100]);
  expect(longestGap(receipts)).toBe(7_900);
  expect(recoveredAfter(receipts, 1_000)).toBe(8_000);
  expect(recoveredAfter(receipts, 9_050)).toBe(50);
});
