import fc from 'fast-check';
import { logHistory } from './log-arbitrary.ts';
import { LogPlay } from './log-history.ts';

const RUNS = Number(process.env['LOG_HISTORIES'] ?? 300);

test('promises 1 to 4 hold in the engine for any listeners: nothing lost, in order, nobody held up, few duplicates', async () => {
  await fc.assert(
    fc.asyncProperty(logHistory, async (given) => {
      expect(await new LogPlay(given).run()).toEqual([]);
    }),
    { numRuns: RUNS },
  );
}, 600_000);
