import fc from 'fast-check';
import { history } from './arbitrary.ts';
import { Play } from './play.ts';

const RUNS = Number(process.env['HISTORIES'] ?? 500);

test('RULES 17 to 19: replicas of one registry agree on what there is, whatever fails among them', async () => {
  await fc.assert(
    fc.asyncProperty(history, async (given) => {
      expect(await new Play(given).run()).toEqual([]);
    }),
    { numRuns: RUNS },
  );
}, 600_000);
