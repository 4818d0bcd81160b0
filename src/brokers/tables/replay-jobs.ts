import type { Logger } from '../../logger.ts';
import type { ReplayJob, ReplayJobs } from '../log/log.ts';
import type { CompactedTopic, Table } from './compacted-topic.ts';
import type { KeyedRecord } from './topic-access.ts';

export type ReplayJobListener = (change: ReplayJob | { readonly removed: string }) => void;

const PREFIX = 'replay:';

/** Jobs of replays, one record each with the key `replay:{job id}`, known to every replica. */
export class TopicReplayJobs implements ReplayJobs, Table {
  readonly #topic: CompactedTopic;
  readonly #logger: Logger;
  readonly #jobs = new Map<string, ReplayJob>();
  readonly #listeners: ReplayJobListener[] = [];

  constructor(topic: CompactedTopic, logger: Logger) {
    this.#topic = topic;
    this.#logger = logger;
    topic.keep(PREFIX, this);
  }

  async save(job: ReplayJob): Promise<void> {
    await this.#topic.put(PREFIX + job.id, encode(job));
  }

  /** Complete once the topic has started. */
  async load(): Promise<ReplayJob[]> {
    return [...this.#jobs.values()];
  }

  async remove(id: string): Promise<void> {
    await this.#topic.put(PREFIX + id, null);
  }

  /**
   * Tells of every job that is saved or removed from now on, by whichever replica, this one too. The same may be told
   * more than once. Watch first and load then, so that none falls between. The listener must not throw.
   */
  watch(listener: ReplayJobListener): void {
    this.#listeners.push(listener);
  }

  changed(id: string, { value }: KeyedRecord): void {
    if (value) {
      const job = this.#decode(id, value);
      if (!job) return;
      this.#jobs.set(id, job);
      this.#tell(job);
    } else if (this.#jobs.delete(id)) this.#tell({ removed: id });
  }

  startedOver(_partition: number, present: ReadonlySet<string>): void {
    const lost = [...this.#jobs.values()].filter(({ id }) => !present.has(id));
    this.#topic.writeBack(lost.map((job) => [PREFIX + job.id, encode(job)]));
  }

  #tell(change: ReplayJob | { readonly removed: string }): void {
    for (const listener of this.#listeners) listener(change);
  }

  #decode(id: string, value: Uint8Array): ReplayJob | undefined {
    try {
      return JSON.parse(Buffer.from(value).toString()) as ReplayJob;
    } catch (error) {
      this.#logger.error({ job: id, reason: String(error) }, 'replay-job.unreadable');
      return undefined;
    }
  }
}

function encode(job: ReplayJob): Uint8Array {
  return Buffer.from(JSON.stringify(job));
}
