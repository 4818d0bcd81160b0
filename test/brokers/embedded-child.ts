/**
 * A process of its own for the fault tests: appends without end to the log in the directory of its first argument, and
 * prints one JSON line for each answer: `{"n", "partition", "offset"}` once acknowledged, `{"n", "refused"}` else,
 * `{"healthy"}` with each change of health.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createEmbeddedLog } from '../../src/brokers/embedded/embedded-log.ts';
import { silentLogger } from '../../src/logger.ts';
import { systemClock } from '../../src/time.ts';

const CALLERS = 16;
const [dir = '', pauseMs = '0'] = process.argv.slice(2);

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const log = createEmbeddedLog({
  ...{ dir, name: 'embedded', topics: ['orders'], partitionsPerTopic: 3, retention: {} },
  ...{ clock: systemClock, logger: silentLogger },
});
await log
  .open()
  .then(() => log.start({ assigned: async () => undefined, revoked: async () => undefined }))
  .catch((error: unknown) => {
    say({ failed: String(error) });
    process.exit(1);
  });
say({ started: true });

let n = 0;
let healthy = true;

async function appendForEver(): Promise<never> {
  for (;;) {
    const id = ++n;
    const value = Buffer.from(`${id} `.padEnd(1_500, `${id}`));
    try {
      const { partition, offset } = await log.append({
        topic: 'orders',
        key: `k${id % 50}`,
        value,
        headers: { eventId: `e${id}` },
      });
      say({ n: id, partition, offset });
    } catch (error) {
      say({ n: id, refused: (error as Error).message });
      await sleep(20);
    }
    const { ok } = log.health();
    if (ok !== healthy) say({ healthy: ok });
    healthy = ok;
    if (pauseMs !== '0') await sleep(Number(pauseMs));
  }
}

await Promise.all(Array.from({ length: CALLERS }, appendForEver));
