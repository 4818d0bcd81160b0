import fc from 'fast-check';
import { replayHistory } from './rabbitmq-replays-arbitrary.ts';
import { ReplayPlay } from './rabbitmq-replays-history.ts';

const RUNS = Number(process.env['REPLAY_HISTORIES'] ?? 300);

test('replays offer all of their range until it is settled, in order and nothing else, whoever serves them', async () => {
  await fc.assert(
    fc.asyncProperty(replayHistory, async (given) => {
      expect(await new ReplayPlay(given).run()).toEqual([]);
    }),
    { numRuns: RUNS },
  );
}, 3_600_000);
