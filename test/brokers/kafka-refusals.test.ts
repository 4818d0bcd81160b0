import { Refusals } from '../../src/brokers/kafka/wire/refusals.ts';
import { SimClock } from '../support/sim-clock.ts';

/** When a place that has refused is tried again, and by how many. */

const PLACE = 'broker:9092';
const NO = 'it refuses the password';

let clock: SimClock;
let refusals: Refusals;

beforeEach(() => {
  clock = new SimClock();
  refusals = new Refusals(clock);
});

/** Milliseconds that an attempt has to wait from now. */
async function pause(): Promise<number> {
  const from = clock.monotonic();
  while (refusals.holding(PLACE) !== undefined) await clock.advance(100);
  return clock.monotonic() - from;
}

test('whoever was not refused is not held up', () => {
  expect([refusals.holding(PLACE), refusals.holding(PLACE)]).toEqual([undefined, undefined]);
  refusals.ended(PLACE);
  expect([refusals.holding(PLACE), refusals.has(PLACE)]).toEqual([undefined, false]);
});

test('pauses begin with half a second, double and are never longer than five', async () => {
  const pauses: number[] = [];
  for (let n = 1; n <= 7; n++) {
    refusals.refused(PLACE, NO);
    refusals.ended(PLACE);
    pauses.push(await pause());
  }
  expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000]);
});

test('while it pauses everybody is told the sentence, and nobody elsewhere', async () => {
  refusals.refused(PLACE, NO);
  await clock.advance(499);
  expect([refusals.holding(PLACE), refusals.holding(PLACE)]).toEqual([NO, NO]);
  expect(refusals.holding('broker:9093')).toBeUndefined();
});

test('then one tries, and the others go on waiting for what becomes of it', async () => {
  refusals.refused(PLACE, NO);
  await clock.advance(500);
  expect(refusals.holding(PLACE)).toBeUndefined();
  await clock.advance(60_000);
  expect([refusals.holding(PLACE), refusals.holding(PLACE)]).toEqual([NO, NO]);
});

test('it ends for all when one is let in, and is forgotten', async () => {
  for (let n = 1; n <= 3; n++) {
    refusals.refused(PLACE, NO);
    await pause();
  }
  expect(refusals.has(PLACE)).toBe(true);
  refusals.letIn(PLACE);
  refusals.ended(PLACE);
  expect(refusals.has(PLACE)).toBe(false);
  expect([refusals.holding(PLACE), refusals.holding(PLACE)]).toEqual([undefined, undefined]);
  refusals.refused(PLACE, NO);
  expect(await pause()).toBe(500);
});

test('it ends for all when an attempt comes to nothing, and its length is remembered', async () => {
  refusals.refused(PLACE, NO);
  await pause();
  refusals.ended(PLACE);
  expect([refusals.holding(PLACE), refusals.holding(PLACE)]).toEqual([undefined, undefined]);
  refusals.refused(PLACE, NO);
  expect(await pause()).toBe(1_000);
});

test('several that were refused at once pause as one', async () => {
  for (let n = 1; n <= 10; n++) {
    refusals.refused(PLACE, NO);
    refusals.ended(PLACE);
  }
  expect(await pause()).toBe(500);
});

test('another sentence begins anew', async () => {
  for (let n = 1; n <= 4; n++) {
    refusals.refused(PLACE, NO);
    await pause();
  }
  refusals.refused(PLACE, 'it shows a certificate that has expired');
  expect(refusals.holding(PLACE)).toBe('it shows a certificate that has expired');
  expect(await pause()).toBe(500);
});
