import { CatchUpReads } from '../../src/brokers/kafka/reading/catch-up-reads.ts';
import { Cluster } from '../../src/brokers/kafka/wire/cluster.ts';
import { LogOffsets } from '../../src/brokers/kafka/wire/log-offsets.ts';
import type { Read } from '../../src/brokers/kafka/reading/head-stream.ts';
import type { KeyedRecord } from '../../src/brokers/tables/topic-access.ts';
import { Wire } from '../../src/brokers/kafka/wire/wire.ts';
import { silentLogger } from '../../src/logger.ts';
import { systemClock as clock } from '../../src/time.ts';

const READ_BYTES = 1 << 20;

/** Reads a real broker with the parts that the driver reads with. */
export class KafkaReader {
  readonly wire: Wire;
  readonly cluster: Cluster;
  readonly reads: CatchUpReads;
  readonly offsets: LogOffsets;

  constructor(brokers: readonly string[]) {
    this.wire = new Wire({ brokers, clientId: 'reader' }, clock);
    this.cluster = new Cluster(this.wire, clock, silentLogger);
    this.reads = new CatchUpReads(this.wire, this.cluster, 'catch-up');
    this.offsets = new LogOffsets(this.wire, this.cluster, clock);
  }

  async close(): Promise<void> {
    await this.wire.close();
  }

  async read(topic: string, from: number, { partition = 0, maxBytes = READ_BYTES } = {}): Promise<Read> {
    await this.#know(topic);
    return this.reads.read({ topic, partition }, from, maxBytes);
  }

  async bounds(topic: string, partition = 0): Promise<{ start: number; end: number }> {
    await this.#know(topic);
    return this.offsets.bounds({ topic, partition });
  }

  /** Everything up to the last stable offset, in small bites. */
  async readAll(
    topic: string,
    { from = 0, partition = 0, maxBytes = READ_BYTES } = {},
  ): Promise<KeyedRecord[]> {
    const { end } = await this.bounds(topic, partition);
    const records: KeyedRecord[] = [];
    for (let next = from; next < end;) {
      const read = await this.read(topic, next, { partition, maxBytes });
      if (read.next <= next) throw new Error(`nothing at ${next} of ${end}`);
      records.push(...read.records);
      next = read.next;
    }
    return records;
  }

  async #know(topic: string): Promise<void> {
    this.cluster.want([topic]);
    if (!this.cluster.topics.has(topic)) await this.cluster.refresh();
  }
}

export function textsOf(records: readonly KeyedRecord[]): string[] {
  return records.map(({ value }) => Buffer.from(value ?? []).toString());
}
