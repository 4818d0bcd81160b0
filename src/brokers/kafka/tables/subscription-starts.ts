import type { Clock } from '../../../time.ts';
import type { Partition } from '../../log/log.ts';
import { Claims, type ClaimsOptions } from '../../tables/claims.ts';
import type { CompactedTopic } from '../../tables/compacted-topic.ts';

/** Of the topic `{name}.subscriptions`, which this table shares with others. */
export const SUBSCRIPTIONS_TOPIC = {
  partitions: 1,
  exactly: true,
  configs: { 'min.compaction.lag.ms': '3600000' },
} as const;

/** Where a subscription began: what was in the log before is not its business. */
export interface SubscriptionStart {
  /** The first offset that is the subscription's, per `topic:partition`. */
  readonly starts: Readonly<Record<string, number>>;
  /** Which topic that was, per name: the offsets of another one of that name mean nothing (RULES 4). */
  readonly topicIds: Readonly<Record<string, string>>;
  /** ISO time. */
  readonly registeredAt: string;
}

/**
 * The start of every subscription, beside its positions: those may expire or be deleted, and then tell "lost" from
 * "never read" no more (RULES 5). Of replicas that register one subscription at the same moment all get the same
 * start. Keys `subscription:{id}#{claim}`.
 */
export class SubscriptionStarts {
  readonly #claims: Claims<SubscriptionStart>;
  readonly #clock: Clock;

  constructor(
    topic: CompactedTopic,
    { clock, ...options }: Omit<ClaimsOptions, 'prefix'> & { clock: Clock },
  ) {
    this.#claims = new Claims(topic, { ...options, prefix: 'subscription:' });
    this.#clock = clock;
  }

  /**
   * `ends`: where the partitions of its sources end now. Durable when it resolves. `isNew` is false where another
   * start stands already; that one counts.
   */
  async register(
    id: string,
    ends: readonly (Partition & { readonly offset: number })[],
  ): Promise<SubscriptionStart & { isNew: boolean }> {
    const starts = Object.fromEntries(ends.map((end) => [keyOf(end), end.offset]));
    const topicIds = Object.fromEntries(ends.map(({ topic, topicId }) => [topic, topicId]));
    const registeredAt = new Date(this.#clock.now()).toISOString();
    const { value, isOwn } = await this.#claims.claim(id, { starts, topicIds, registeredAt });
    return { ...value, isNew: isOwn };
  }

  startsOf(id: string): SubscriptionStart | undefined {
    return this.#claims.standing(id);
  }

  /** Durable when it resolves. */
  forget(id: string): Promise<void> {
    return this.#claims.release(id);
  }

  ids(): string[] {
    return this.#claims.names();
  }
}

/**
 * Where a subscription without a position goes on in a partition whose log begins at `logStart`. A partition that its
 * start does not name, or a topic that was made anew, is younger than the subscription: all of it is the subscription's.
 */
export function resumeAt(
  start: SubscriptionStart | undefined,
  partition: Partition,
  logStart: number,
): number {
  const { topic, topicId } = partition;
  if ((start?.topicIds[topic] ?? topicId) !== topicId) return logStart;
  return Math.max(start?.starts[keyOf(partition)] ?? logStart, logStart);
}

function keyOf({ topic, partition }: Partition): string {
  return `${topic}:${partition}`;
}
