import fc from 'fast-check';
import { replicaHistory } from './log-replica-arbitrary.ts';
import { ReplicaPlay } from './log-replica-history.ts';

const RUNS = Number(process.env['LOG_HISTORIES'] ?? 200);

test('replicas that share a log lose nothing, keep the order and repeat what they must, whatever fails among them', async () => {
  await fc.assert(
    fc.asyncProperty(replicaHistory, async (given) => {
      expect(await new ReplicaPlay(given).run()).toEqual([]);
    }),
    { numRuns: RUNS },
  );
}, 3_600_000);
