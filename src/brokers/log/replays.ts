import type { ReplayRange, SourceRecord } from '../broker.ts';
import type { Log, Partition, ReplayJob } from './log.ts';

/**
 * Replays are durable jobs with cursors of their own beside the live ones (RULES 14), whose positions are committed
 * like any: a restart, and another replica, goes on where the replay stood.
 */
export class Replays {
  readonly #log: Log;
  readonly #newId: () => string;
  readonly #jobs = new Map<string, ReplayJob>();
  /** Ids of jobs that have ended, while their positions are still to be dropped. */
  readonly #ended = new Set<string>();

  constructor(log: Log, newId: () => string) {
    this.#log = log;
    this.#newId = newId;
  }

  /** `changed` is called for each job that another process began or ended. */
  async load(changed: (job: ReplayJob) => void): Promise<void> {
    for (const job of await this.#log.replayJobs.load()) this.#jobs.set(job.id, job);
    this.#log.replayJobs.watch((news) => {
      const known = this.#jobs.get('removed' in news ? news.removed : news.id);
      if ('removed' in news) this.#jobs.delete(news.removed);
      else this.#jobs.set(news.id, news);
      const job = 'removed' in news ? known : news;
      if (job && ('removed' in news || !known)) changed(job);
    });
  }

  has(jobId: string): boolean {
    return this.#jobs.has(jobId);
  }

  of(subscriptionId: string): ReplayJob[] {
    return [...this.#jobs.values()].filter((job) => job.subscriptionId === subscriptionId);
  }

  async create(subscriptionId: string, range: ReplayRange): Promise<ReplayJob> {
    const id = `${prefixOf(subscriptionId)}${this.#newId()}`;
    const topicIds: Record<string, string> = {};
    const starts: Record<string, number> = {};
    const ends: Record<string, number> = {};
    for (const [partition, [start, end]] of await this.#limits(range)) {
      if (start >= end) continue;
      topicIds[keyOf(partition)] = partition.topicId;
      starts[keyOf(partition)] = start;
      ends[keyOf(partition)] = end;
    }
    const { correlationId } = range;
    const job = {
      id,
      subscriptionId,
      topicIds,
      starts,
      ends,
      ...(correlationId === undefined ? {} : { correlationId }),
    };
    if (Object.keys(ends).length === 0) return job;
    await this.#log.replayJobs.save(job);
    this.#jobs.set(id, job);
    return job;
  }

  /**
   * A partition of the job is done and its position committed. When all are, whoever reads them, the job ends and is
   * forgotten; two that find it out at once do the same.
   */
  async partitionDone(jobId: string): Promise<void> {
    const job = this.#jobs.get(jobId);
    const isOver = job ? await this.#isDone(job) : this.#ended.has(jobId);
    if (isOver) await this.#end(jobId);
  }

  async #isDone(job: ReplayJob): Promise<boolean> {
    const partitions = new Map((await this.#log.partitions()).map((one) => [keyOf(one), one]));
    const positions = new Map(
      (await this.#log.loadPositions([job.id], [...partitions.values()])).map((one) => [keyOf(one), one]),
    );
    const isDone = ([key, end]: [string, number]): boolean => {
      const partition = partitions.get(key);
      // A topic that is not there may be there again; one that was made anew has nothing to wait for.
      if (!partition || partition.topicId !== job.topicIds[key]) return partition !== undefined;
      const position = positions.get(key);
      return position?.holes === '' && position.offset >= end;
    };
    return Object.entries(job.ends).every(isDone);
  }

  async dropAllOf(subscriptionId: string): Promise<void> {
    const ended = [...this.#ended].filter((id) => id.startsWith(prefixOf(subscriptionId)));
    for (const id of new Set([...this.of(subscriptionId).map((job) => job.id), ...ended]))
      await this.#end(id);
  }

  /** What fails is tried again with the next call for the same job. */
  async #end(jobId: string): Promise<void> {
    this.#ended.add(jobId);
    await this.#log.replayJobs.remove(jobId);
    this.#jobs.delete(jobId);
    await this.#log.dropPositions(jobId);
    this.#ended.delete(jobId);
  }

  async #limits(range: ReplayRange): Promise<[Partition, [start: number, end: number]][]> {
    const found = 'eventId' in range.from ? await this.#log.find({ eventId: range.from.eventId }, 1) : [];
    return Promise.all(
      (await this.#log.partitions()).map(async (partition) => {
        const bounds = await this.#log.bounds(partition);
        const to =
          range.to === undefined ? bounds.end : await this.#log.offsetAt(partition, Date.parse(range.to));
        const start = await this.#start(partition, range.from, bounds.end, found[0]);
        return [partition, [Math.max(start, bounds.start), Math.min(to, bounds.end)]] as [
          Partition,
          [number, number],
        ];
      }),
    );
  }

  async #start(
    partition: Partition,
    from: ReplayRange['from'],
    end: number,
    found: SourceRecord | undefined,
  ): Promise<number> {
    if ('offsets' in from) return from.offsets[keyOf(partition)] ?? end;
    if ('time' in from) return this.#log.offsetAt(partition, Date.parse(from.time));
    if (!found) return end;
    const { topic, partition: number, offset } = found.source;
    if (topic === partition.topic && number === partition.partition && offset !== undefined) return offset;
    return this.#log.offsetAt(partition, found.timestamp);
  }
}

function prefixOf(subscriptionId: string): string {
  return `${subscriptionId}.replay.`;
}

export function keyOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic}:${partition}`;
}
