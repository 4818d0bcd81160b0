import type { ReplayRange } from '../broker.ts';
import type { Log, Partition, Position, ReplayJob } from './log.ts';

/**
 * Replays are durable jobs with cursors of their own beside the live ones (RULES 14): the start is committed like
 * any position, so a restart goes on where the replay stood.
 */
export class Replays {
  readonly #log: Log;
  readonly #newId: () => string;
  readonly #jobs = new Map<string, ReplayJob>();
  readonly #open = new Map<string, Set<string>>();

  constructor(log: Log, newId: () => string) {
    this.#log = log;
    this.#newId = newId;
  }

  async load(): Promise<void> {
    for (const job of await this.#log.replayJobs.load()) this.#add(job);
  }

  of(subscriptionId: string): ReplayJob[] {
    return [...this.#jobs.values()].filter((job) => job.subscriptionId === subscriptionId);
  }

  async create(subscriptionId: string, range: ReplayRange): Promise<ReplayJob> {
    const id = `${subscriptionId}.replay.${this.#newId()}`;
    const ends: Record<string, number> = {};
    const positions: Position[] = [];
    for (const partition of await this.#log.partitions()) {
      const [start, end] = await this.#limits(partition, range);
      if (start >= end) continue;
      ends[keyOf(partition)] = end;
      positions.push({ subscriptionId: id, ...partition, offset: start, holes: '' });
    }
    const { correlationId } = range;
    const job = { id, subscriptionId, ends, ...(correlationId === undefined ? {} : { correlationId }) };
    if (positions.length === 0) return job;
    await this.#log.commitPositions(positions);
    await this.#log.replayJobs.save(job);
    this.#add(job);
    return job;
  }

  /** A partition of the job is done; with the last one the job ends and is forgotten. */
  async partitionDone(jobId: string, partition: Partition): Promise<void> {
    const open = this.#open.get(jobId);
    open?.delete(keyOf(partition));
    if (open?.size === 0) await this.#remove(jobId);
  }

  async dropAllOf(subscriptionId: string): Promise<void> {
    for (const job of this.of(subscriptionId)) await this.#remove(job.id);
  }

  #add(job: ReplayJob): void {
    this.#jobs.set(job.id, job);
    this.#open.set(job.id, new Set(Object.keys(job.ends)));
  }

  async #remove(jobId: string): Promise<void> {
    this.#jobs.delete(jobId);
    this.#open.delete(jobId);
    await this.#log.replayJobs.remove(jobId);
    await this.#log.dropPositions(jobId);
  }

  async #limits(partition: Partition, range: ReplayRange): Promise<[start: number, end: number]> {
    const bounds = await this.#log.bounds(partition);
    const to =
      range.to === undefined ? bounds.end : await this.#log.offsetAt(partition, Date.parse(range.to));
    const start = await this.#start(partition, range.from, bounds.end);
    return [Math.max(start, bounds.start), Math.min(to, bounds.end)];
  }

  async #start(partition: Partition, from: ReplayRange['from'], end: number): Promise<number> {
    if ('offsets' in from) return from.offsets[keyOf(partition)] ?? end;
    if ('time' in from) return this.#log.offsetAt(partition, Date.parse(from.time));
    const [record] = await this.#log.find({ eventId: from.eventId }, 1);
    if (!record) return end;
    const { topic, partition: number, offset } = record.source;
    if (topic === partition.topic && number === partition.partition && offset !== undefined) return offset;
    return this.#log.offsetAt(partition, record.timestamp);
  }
}

export function keyOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic}:${partition}`;
}
