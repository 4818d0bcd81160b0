import fc from 'fast-check';
import { BatchSite, type Fate, type Letter } from './batch-site.ts';

interface History {
  readonly arrivals: readonly { after: number; key: string; bytes: number; poison: boolean }[];
  /** One for each batch, in turn: what happens to it, and how long its request takes. */
  readonly meetings: readonly { fate: Fate; delay: number }[];
  /** A partition that has no leader for a while. */
  readonly outage: { partition: number; from: number; to: number };
}

const history: fc.Arbitrary<History> = fc.record({
  arrivals: fc.array(
    fc.record({
      after: fc.constantFrom(0, 0, 0, 1, 2, 50, 3_000),
      key: fc.constantFrom('0', '1', '2', '3', '4'),
      bytes: fc.constantFrom(10, 30, 200, 1_500),
      poison: fc.oneof(
        { weight: 9, arbitrary: fc.constant(false) },
        { weight: 1, arbitrary: fc.constant(true) },
      ),
    }),
    { minLength: 1, maxLength: 60, size: 'max' },
  ),
  meetings: fc.array(
    fc.record({
      fate: fc.constantFrom<Fate>('written', 'written', 'written', 'lost', 'not written', 'refused'),
      delay: fc.constantFrom(0, 1, 1, 2, 100, 6_000),
    }),
    { minLength: 1, maxLength: 20 },
  ),
  outage: fc.record({ partition: fc.nat(3), from: fc.nat(5_000), to: fc.nat(20_000) }),
});

const QUEUE_BYTES = 4_000;
const WAIT_MS = 8_000;

/** Plays it to its end and says what broke. */
async function play({ arrivals, meetings, outage }: History): Promise<string[]> {
  const site = new BatchSite({ queueBytes: QUEUE_BYTES, batchRecords: 5, waitMs: WAIT_MS });
  const broken: string[] = [];
  const inFlight = new Set<unknown>();
  let met = 0;
  site.onRequest = async (request) => {
    const taken = [request.to, ...request.batches.map(({ partition }) => partition)];
    for (const one of taken) if (inFlight.has(one)) broken.push('two at a time to one broker or partition');
    for (const batch of request.batches)
      if (site.abandoned.includes(batch)) broken.push('sent after it was given up');
    for (const one of taken) inFlight.add(one);
    const records = request.batches.flatMap((batch) => batch.records);
    const bytes = records.reduce((sum, letter) => sum + letter.bytes, 0);
    if (request.batches.length > 1 && (records.length > 5 || bytes > 1_000))
      broken.push('a request over the limits');
    const meeting = request.batches.map(() => meetings[met++ % meetings.length]!);
    await site.pause(meeting[0]!.delay);
    for (const one of taken) inFlight.delete(one);
    request.answer(meeting.map(({ fate }) => fate));
  };
  site.clock.after(outage.from, () => site.leaderless.add(outage.partition));
  site.clock.after(Math.max(outage.from, outage.to), () => site.leaderless.clear());
  let waiting = 0;
  const ends: Promise<void>[] = [];
  for (const [n, { after, ...letter }] of arrivals.entries()) {
    if (after > 0) await site.clock.advance(after);
    const sent: Letter = { topic: 't', n, ...letter };
    const added = site.clock.monotonic();
    const room = waiting + sent.bytes <= QUEUE_BYTES;
    if (room) waiting += sent.bytes;
    let settled = 0;
    const end = (refused: boolean): void => {
      if (room) waiting -= sent.bytes;
      const took = site.clock.monotonic() - added;
      if (++settled > 1) broken.push(`${n} settled twice`);
      if (took > WAIT_MS + 250) broken.push(`${n} waited for ${took} ms`);
      if (!room && !refused) broken.push(`${n} had no room`);
    };
    const appended = ({ partition, offset }: { partition: number; offset: number }): void => {
      if (site.log.get(`t:${partition}`)?.[offset] !== sent)
        broken.push(`${n} is not where it was said to be`);
      end(false);
    };
    ends.push(site.batcher.add(sent).then(appended, () => end(true)));
    // A refusal at once is heard now.
    await Promise.resolve();
  }
  await site.clock.until(() => site.batcher.idle, 60_000);
  await Promise.all(ends);
  for (const letters of site.log.values()) {
    const order = letters.map(({ n }) => n);
    if (order.some((n, i) => i > 0 && n <= order[i - 1]!)) broken.push(`written as ${order.join(' ')}`);
  }
  return broken;
}

test('whatever the brokers do: each promise settles once and in time, in order, at the true offset, within the bytes', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (given) => {
      expect(await play(given)).toEqual([]);
    }),
    { numRuns: Number(process.env['BATCH_HISTORIES'] ?? 300) },
  );
}, 120_000);
