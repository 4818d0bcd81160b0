import { Cluster } from '../../src/brokers/kafka/wire/cluster.ts';
import { HeadReads } from '../../src/brokers/kafka/reading/head-reads.ts';
import type { Read } from '../../src/brokers/kafka/reading/head-stream.ts';
import { silentLogger } from '../../src/logger.ts';
import type { FakeValue } from '../support/fake-partition.ts';
import { FakeWire, type WireCall } from '../support/fake-wire.ts';
import { SimClock } from '../support/sim-clock.ts';

/** As much as is fetched ahead of a reader. */
export const AHEAD_BYTES = 512 << 10;
export const KIB = 1 << 10;

export const place = (partition: number, topicId = 'id of a') => ({ topic: 'a', partition, topicId });

/** A large value that begins with the text. */
export const big = (text: string): Uint8Array => Buffer.from(text.padEnd(100 * KIB));

export function textsOf({ records }: Read): string[] {
  return records.map(({ value }) =>
    Buffer.from(value ?? [])
      .toString()
      .trimEnd(),
  );
}

/** The offset that a fetch asks for, per partition. */
export function fetched({ args }: WireCall): Map<number, number> {
  const topics = args[6] as readonly { partitions: readonly { partition: number; fetchOffset: bigint }[] }[];
  return new Map(
    topics.flatMap(({ partitions }) => partitions.map((one) => [one.partition, Number(one.fetchOffset)])),
  );
}

/** The shared reads of the topic `a` on a fake cluster. */
export class HeadSite {
  readonly clock = new SimClock();
  readonly wire = new FakeWire(this.clock, { nodes: 2 });
  readonly cluster = new Cluster(this.wire, this.clock, silentLogger);
  readonly reads = new HeadReads(this.wire, this.cluster, this.clock, 'head');

  private constructor(leaders: readonly number[]) {
    this.wire.cluster.makeTopic('a', leaders);
    this.cluster.want(['a']);
  }

  /** `leaders`: the node of each partition. */
  static async open(leaders: readonly number[] = [1, 1]): Promise<HeadSite> {
    const site = new HeadSite(leaders);
    await site.refresh();
    return site;
  }

  async close(): Promise<void> {
    this.reads.stop();
    await this.clock.advance(10_000);
  }

  async done<T>(promise: Promise<T>, limitMs = 60_000): Promise<T> {
    let isOver = false;
    const over = (): void => void (isOver = true);
    promise.then(over, over);
    await this.clock.until(() => isOver, limitMs);
    return promise;
  }

  refresh(): Promise<void> {
    return this.done(this.cluster.refresh());
  }

  partition(partition: number) {
    return this.wire.cluster.partition('a', partition);
  }

  append(partition: number, ...values: FakeValue[]): void {
    this.wire.cluster.append('a', partition, values);
  }

  read(partition: number, from: number): Promise<Read> {
    return this.done(this.reads.read(place(partition), from));
  }

  /** Reads on until there is nothing. */
  async readAll(partition: number, from = 0): Promise<string[]> {
    const texts: string[] = [];
    for (let next = from; ;) {
      const got = await this.read(partition, next);
      if (got.records.length === 0 && got.next === next) return texts;
      texts.push(...textsOf(got));
      next = got.next;
    }
  }

  /** The furthest offset that was fetched from. */
  furthest(partition: number): number {
    return Math.max(...this.wire.of('fetch').map((call) => fetched(call).get(partition) ?? 0));
  }
}
