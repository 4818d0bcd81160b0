import type { Logger } from '../../../logger.ts';
import { decodeHoles } from '../../log/position.ts';
import type { CompactedTopic, Table } from '../../tables/compacted-topic.ts';
import type { KeyedRecord } from '../../tables/topic-access.ts';

/** Everything below `offset` is settled; of what stands from there on, what `holes` says (see `encodeHoles`). */
export interface ReplayPosition {
  readonly offset: number;
  readonly holes: string;
}

/** Where the replays stand; durable when a call resolves. */
export interface ReplayPositions {
  /** The last that was saved, by whichever replica. Undefined: none was. */
  load(jobId: string): Promise<ReplayPosition | undefined>;
  save(jobId: string, position: ReplayPosition): Promise<void>;
  /** Resolves as well where there is none. */
  remove(jobId: string): Promise<void>;
  /** As far as this process has heard. */
  has(jobId: string): boolean;
  /** Jobs that a position is known of. */
  jobIds(): readonly string[];
}

const PREFIX = 'replay-position:';

/**
 * Positions of replays in the topic that has the jobs too, one record each with the key `replay-position:{job id}`. Only
 * so a position without a job is known to be one whose job has ended.
 */
export class TopicReplayPositions implements ReplayPositions, Table {
  readonly #topic: CompactedTopic;
  readonly #logger: Logger;
  readonly #positions = new Map<string, ReplayPosition>();

  constructor(topic: CompactedTopic, logger: Logger) {
    this.#topic = topic;
    this.#logger = logger;
    topic.keep(PREFIX, this);
  }

  async load(jobId: string): Promise<ReplayPosition | undefined> {
    await this.#topic.upToDate();
    return this.#positions.get(jobId);
  }

  async save(jobId: string, position: ReplayPosition): Promise<void> {
    await this.#topic.put(PREFIX + jobId, encode(position));
  }

  async remove(jobId: string): Promise<void> {
    await this.#topic.put(PREFIX + jobId, null);
  }

  has(jobId: string): boolean {
    return this.#positions.has(jobId);
  }

  jobIds(): readonly string[] {
    return [...this.#positions.keys()];
  }

  changed(jobId: string, { value }: KeyedRecord): void {
    if (value) this.#positions.set(jobId, this.#decode(jobId, value));
    else this.#positions.delete(jobId);
  }

  startedOver(_partition: number, present: ReadonlySet<string>): void {
    const lost = [...this.#positions].filter(([id]) => !present.has(id));
    this.#topic.writeBack(lost.map(([id, position]) => [PREFIX + id, encode(position)]));
  }

  /** Of one that cannot be read as much counts as is certain: what comes again is better than what is left out. */
  #decode(jobId: string, value: Uint8Array): ReplayPosition {
    let offset = 0;
    try {
      const stored = JSON.parse(Buffer.from(value).toString()) as Partial<ReplayPosition>;
      if (!Number.isSafeInteger(stored.offset)) throw new TypeError('it has no offset');
      offset = stored.offset as number;
      const { holes = '' } = stored;
      decodeHoles(offset, holes);
      return { offset, holes };
    } catch (error) {
      this.#logger.error({ jobId, from: offset, reason: String(error) }, 'replay-position.unreadable');
      return { offset, holes: '' };
    }
  }
}

function encode({ offset, holes }: ReplayPosition): Uint8Array {
  return Buffer.from(JSON.stringify({ offset, holes }));
}
