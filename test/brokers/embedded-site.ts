import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NewRecord, SourceRecord } from '../../src/brokers/broker.ts';
import {
  createEmbeddedLog,
  type EmbeddedLog,
  type EmbeddedLogOptions,
} from '../../src/brokers/embedded/embedded-log.ts';
import type { Log, Partition } from '../../src/brokers/log/log.ts';
import { silentLogger } from '../../src/logger.ts';
import { SimClock } from '../support/sim-clock.ts';

/** A data directory, and the logs that a test opens on it one after the other. */
export class Site {
  readonly dir = mkdtempSync(join(tmpdir(), 'embedded-'));
  readonly clock = new SimClock();
  /** What the owner was told, in order. */
  readonly assigned: Partition[][] = [];
  readonly #logs = new Set<EmbeddedLog>();

  async open(options: Partial<EmbeddedLogOptions> = {}): Promise<EmbeddedLog> {
    const log = createEmbeddedLog({
      ...{ dir: this.dir, name: 'embedded', topics: ['orders'], partitionsPerTopic: 1, retention: {} },
      ...{ clock: this.clock, logger: silentLogger },
      ...options,
    });
    this.#logs.add(log);
    await log.open();
    await log.start({
      assigned: async (partitions) => void this.assigned.push([...partitions]),
      revoked: async () => undefined,
    });
    return log;
  }

  async reopen(log: EmbeddedLog, options: Partial<EmbeddedLogOptions> = {}): Promise<EmbeddedLog> {
    await log.stop();
    return this.open(options);
  }

  async remove(): Promise<void> {
    await Promise.all([...this.#logs].map((log) => log.stop()));
    rmSync(this.dir, { recursive: true });
  }
}

export function record(value: string | Uint8Array, more: Partial<NewRecord> = {}): NewRecord {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return { topic: 'orders', key: 'order-1', value: bytes, headers: {}, ...more };
}

export async function partitionsOf(log: Log, topic = 'orders'): Promise<Partition[]> {
  return (await log.partitions()).filter((partition) => partition.topic === topic);
}

export async function onlyPartition(log: Log): Promise<Partition> {
  const [partition] = await partitionsOf(log);
  return partition!;
}

/** Everything from an offset (default: the start) to the end, read in batches of at most `maxBytes`. */
export async function readAll(log: Log, partition: Partition, from?: number, maxBytes = 1 << 20) {
  const { start, end } = await log.bounds(partition);
  const records: SourceRecord[] = [];
  for (let at = from ?? start; at < end;) {
    const batch = await log.read(partition, at, maxBytes, 'catchUp');
    records.push(...batch.records);
    at = batch.next;
  }
  return records;
}

export const textOf = ({ value }: SourceRecord) => Buffer.from(value).toString();
export const offsetOf = ({ source }: SourceRecord) => source.offset;
