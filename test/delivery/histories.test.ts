import fc from 'fast-check';
import { history } from './arbitrary.ts';
import { Play } from './history.ts';

const RUNS = Number(process.env['HISTORIES'] ?? 1000);

test('promises 1, 2 and 4 hold in random histories of failures, outages, crashes and subscriptions coming and going', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (given) => {
      expect(await new Play(given).run()).toEqual([]);
    }),
    { numRuns: RUNS },
  );
}, 600_000);
