import type { Logger } from '../../../logger.ts';
import type { CompactedTopic, Table } from '../../tables/compacted-topic.ts';
import type { KeyedRecord } from '../../tables/topic-access.ts';
import { letsIn } from './routing-keys.ts';

/** What is to be known of a subscription's queue, and cannot be read off it. */
export interface FeedRecord {
  /** ISO time: what was published before is not the subscription's. */
  readonly registeredAt: string;
  /** The routing keys that it is bound by. */
  readonly bindings: readonly string[];
}

const PREFIX = 'feed:';
/** No subscription has this id: the least prefetch of all queues. */
const PREFETCH = 'prefetch';

/** The queues of the subscriptions, known to every replica. Keys `feed:{subscription}`. */
export class FeedTable implements Table {
  readonly #topic: CompactedTopic;
  readonly #logger: Logger;
  readonly #feeds = new Map<string, FeedRecord>();
  readonly #prefetch: PrefetchRecord;
  readonly #moved: () => void;

  /** `moved`: one has come or gone, at whichever replica. */
  constructor(topic: CompactedTopic, logger: Logger, moved: () => void) {
    this.#topic = topic;
    this.#logger = logger;
    this.#moved = moved;
    topic.keep(PREFIX, this);
    this.#prefetch = new PrefetchRecord(topic);
  }

  get(subscriptionId: string): FeedRecord | undefined {
    return this.#feeds.get(subscriptionId);
  }

  /** Do the bindings of its queue let this key in? Of one that is not known, nothing is kept out. */
  letsIn(subscriptionId: string, routingKey: string): boolean {
    const record = this.#feeds.get(subscriptionId);
    return record === undefined || letsIn(record.bindings, routingKey);
  }

  ids(): string[] {
    return [...this.#feeds.keys()];
  }

  /** Durable when it resolves. */
  async put(subscriptionId: string, record: FeedRecord): Promise<void> {
    await this.#topic.put(PREFIX + subscriptionId, encode(record));
  }

  async remove(subscriptionId: string): Promise<void> {
    await this.#topic.put(PREFIX + subscriptionId, null);
  }

  /**
   * The prefetch to consume with: what is wanted now, or the largest that was ever used. A smaller one would let later
   * messages overtake those that were given back (RULES 22).
   */
  prefetch(wanted: number): Promise<number> {
    return this.#prefetch.atLeast(wanted);
  }

  changed(subscriptionId: string, { value }: KeyedRecord): void {
    const wasThere = this.#feeds.has(subscriptionId);
    if (!value) {
      if (this.#feeds.delete(subscriptionId)) this.#moved();
      return;
    }
    try {
      this.#feeds.set(subscriptionId, JSON.parse(Buffer.from(value).toString()) as FeedRecord);
      if (!wasThere) this.#moved();
    } catch (error) {
      this.#logger.error({ subscriptionId, reason: String(error) }, 'feed-record.unreadable');
    }
  }

  startedOver(_partition: number, present: ReadonlySet<string>): void {
    const lost = [...this.#feeds].filter(([id]) => !present.has(id));
    this.#topic.writeBack(lost.map(([id, record]) => [PREFIX + id, encode(record)]));
  }
}

class PrefetchRecord implements Table {
  readonly #topic: CompactedTopic;
  #most = 0;

  constructor(topic: CompactedTopic) {
    this.#topic = topic;
    topic.keep(PREFETCH, this);
  }

  async atLeast(wanted: number): Promise<number> {
    if (wanted > this.#most) await this.#topic.put(PREFETCH, Buffer.from(`${wanted}`));
    return this.#most;
  }

  changed(_key: string, { value }: KeyedRecord): void {
    const seen = value ? Number(Buffer.from(value).toString()) : 0;
    if (seen > this.#most) this.#most = seen;
  }

  startedOver(_partition: number, present: ReadonlySet<string>): void {
    if (this.#most > 0 && !present.has('')) this.#topic.writeBack([[PREFETCH, Buffer.from(`${this.#most}`)]]);
  }
}

function encode(record: FeedRecord): Uint8Array {
  return Buffer.from(JSON.stringify(record));
}
