import type { Clock } from '../../../time.ts';
import type { ReplayRange } from '../../broker.ts';
import type { ReplayJob, ReplayJobs } from '../../log/log.ts';
import type { EventStream } from '../streams/event-stream.ts';
import { jobIdOf, jobOf, type Purpose } from './replay-job.ts';
import { rangeIn } from './replay-range.ts';

export interface ReplayBookOptions {
  readonly stream: EventStream;
  readonly jobs: ReplayJobs;
  readonly clock: Clock;
  readonly newId: () => string;
  /** A job was made, here or by another replica; not told of those that were there before. */
  readonly began: (job: ReplayJob) => void;
  /** A job was removed, here or by another replica. */
  readonly ended: (job: ReplayJob) => void;
}

interface Creation {
  readonly subscriptionId: string;
  /** The job was heard of while it was being saved, and may have ended since. */
  isHeardOf: boolean;
  isInVain: boolean;
}

/** The jobs of all replays, as every replica knows them. */
export class ReplayBook {
  readonly #options: ReplayBookOptions;
  readonly #jobs = new Map<string, ReplayJob>();
  /** Of each subscription, the one first that was served longest ago. */
  readonly #bySubscription = new Map<string, Map<string, ReplayJob>>();
  readonly #creations = new Map<string, Creation>();
  /** Removed while the book was being read. */
  #removedEarly: Set<string> | undefined;
  #loaded: Promise<void> | undefined;

  constructor(options: ReplayBookOptions) {
    this.#options = options;
  }

  load(): Promise<void> {
    this.#loaded ??= this.#load();
    return this.#loaded;
  }

  get(jobId: string): ReplayJob | undefined {
    return this.#jobs.get(jobId);
  }

  all(): readonly ReplayJob[] {
    return [...this.#jobs.values()];
  }

  of(subscriptionId: string): readonly ReplayJob[] {
    return [...(this.#bySubscription.get(subscriptionId)?.values() ?? [])];
  }

  /** The others of its subscription come before it from now on. */
  served(job: ReplayJob): void {
    const jobs = this.#bySubscription.get(job.subscriptionId);
    if (jobs?.delete(job.id) === true) jobs.set(job.id, job);
  }

  /** Durable when it resolves; a range of nothing makes no job. Rejects too when the subscription ends meanwhile. */
  async create(subscriptionId: string, range: ReplayRange, purpose: Purpose): Promise<ReplayJob> {
    const { stream, jobs, clock, newId } = this.#options;
    const id = jobIdOf(subscriptionId, purpose, newId());
    const creation = { subscriptionId, isHeardOf: false, isInVain: false };
    this.#creations.set(id, creation);
    try {
      const part = await rangeIn(stream, range, clock);
      const job = jobOf(stream, { id, subscriptionId }, part, range.correlationId);
      if (part.start >= part.end) return job;
      if (!creation.isInVain) await jobs.save(job);
      if (creation.isInVain) throw await this.#inVain(job);
      if (!creation.isHeardOf) this.#add(job);
      return job;
    } finally {
      this.#creations.delete(id);
    }
  }

  /** What is being created for it is to be removed again. */
  subscriptionEnded(subscriptionId: string): void {
    for (const creation of this.#creations.values())
      if (creation.subscriptionId === subscriptionId) creation.isInVain = true;
  }

  /** Durable when it resolves. Two that do it at once are fine. */
  async end(jobId: string): Promise<void> {
    await this.#options.jobs.remove(jobId);
    this.#remove(jobId);
  }

  async #inVain({ id, subscriptionId }: ReplayJob): Promise<Error> {
    await this.end(id);
    return new Error(`the subscription ${subscriptionId} ended`);
  }

  async #load(): Promise<void> {
    const { jobs } = this.#options;
    const removed = (this.#removedEarly = new Set());
    jobs.watch((news) => {
      if ('removed' in news) this.#heardOfEnd(news.removed);
      else this.#heardOf(news);
    });
    for (const job of await jobs.load()) if (!removed.has(job.id)) this.#put(job);
    this.#removedEarly = undefined;
  }

  #heardOf(job: ReplayJob): void {
    const creation = this.#creations.get(job.id);
    if (creation) creation.isHeardOf = true;
    this.#add(job);
  }

  #heardOfEnd(jobId: string): void {
    const creation = this.#creations.get(jobId);
    if (creation) creation.isHeardOf = true;
    this.#removedEarly?.add(jobId);
    this.#remove(jobId);
  }

  #add(job: ReplayJob): void {
    if (this.#put(job)) this.#options.began(job);
  }

  #put(job: ReplayJob): boolean {
    if (this.#jobs.has(job.id)) return false;
    this.#jobs.set(job.id, job);
    const jobs = this.#bySubscription.get(job.subscriptionId) ?? new Map<string, ReplayJob>();
    this.#bySubscription.set(job.subscriptionId, jobs.set(job.id, job));
    return true;
  }

  #remove(jobId: string): void {
    const job = this.#jobs.get(jobId);
    if (!job) return;
    this.#jobs.delete(jobId);
    const jobs = this.#bySubscription.get(job.subscriptionId);
    jobs?.delete(jobId);
    if (jobs?.size === 0) this.#bySubscription.delete(job.subscriptionId);
    this.#options.ended(job);
  }
}
