import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEmbeddedLog, type EmbeddedLog } from '../../src/brokers/embedded/embedded-log.ts';
import { LogBroker } from '../../src/brokers/log/log-broker.ts';
import { silentLogger } from '../../src/logger.ts';
import { brokerContract, type BrokerSetting } from '../contracts/broker.ts';
import { until } from '../sqlite/until.ts';
import { SimClock } from '../support/sim-clock.ts';

const TOPIC = 'bss.ordering.events';
const RETENTION_MS = 600_000;

/** Several processes one after the other, each in a directory of its own in `root`. */
class Processes {
  readonly clock = new SimClock();
  readonly #root = mkdtempSync(join(tmpdir(), 'contract-'));
  readonly #started: { dir: string; log: EmbeddedLog; broker: LogBroker }[] = [];
  #ids = 0;

  start(): LogBroker {
    const { clock } = this;
    const dir = join(this.#root, String(this.#started.length));
    mkdirSync(dir);
    this.#copyWhatTheLastOneLeft(dir);
    const log = createEmbeddedLog({
      ...{ dir, name: 'embedded', topics: [TOPIC], partitionsPerTopic: 3 },
      ...{ retention: { ageMs: RETENTION_MS }, clock, logger: silentLogger },
    });
    const broker = new LogBroker(log, {
      capabilities: { sharedLog: true, replicas: false, indexed: true },
      commits: { minIntervalMs: 5, perSecond: 20_000 },
      ...{ clock, logger: silentLogger, newId: () => String(++this.#ids) },
    });
    this.#started.push({ dir, log, broker });
    return broker;
  }

  async retire(): Promise<void> {
    await this.clock.advance(RETENTION_MS);
    const { log } = this.#started.at(-1)!;
    const isEmpty = async (): Promise<boolean> => {
      const bounds = await Promise.all((await log.partitions()).map((partition) => log.bounds(partition)));
      return bounds.every(({ start, end }) => start === end);
    };
    await until(isEmpty, this.clock);
  }

  async remove(): Promise<void> {
    await Promise.all(this.#started.map(({ broker }) => broker.stop()));
    rmSync(this.#root, { recursive: true });
  }

  /** What is on its disk at this moment is all that kill -9 would have left. */
  #copyWhatTheLastOneLeft(dir: string): void {
    const last = this.#started.at(-1);
    if (!last) return;
    for (const file of readdirSync(last.dir)) copyFileSync(join(last.dir, file), join(dir, file));
  }
}

async function make(): Promise<BrokerSetting> {
  const processes = new Processes();
  return {
    broker: processes.start(),
    topic: TOPIC,
    newTopic: 'bss.later.events',
    clock: processes.clock,
    reopen: async () => processes.start(),
    retire: () => processes.retire(),
    cleanup: () => processes.remove(),
  };
}

brokerContract('on the embedded log', make);
