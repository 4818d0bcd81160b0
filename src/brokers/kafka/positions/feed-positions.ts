import type { Partition, Position } from '../../log/log.ts';
import type { LogOffsets } from '../wire/log-offsets.ts';
import type { Positions } from './positions.ts';
import { resumeAt, type SubscriptionStart, type SubscriptionStarts } from '../tables/subscription-starts.ts';

/** Where feeds stand: their committed positions, and behind those where each of them began. */
export class FeedPositions {
  readonly #positions: Positions;
  readonly #starts: SubscriptionStarts;
  readonly #offsets: LogOffsets;

  constructor(positions: Positions, starts: SubscriptionStarts, offsets: LogOffsets) {
    this.#positions = positions;
    this.#starts = starts;
    this.#offsets = offsets;
  }

  /** Of replicas that register one subscription at once, the first one's `starts` count for all. */
  async register(subscriptionId: string, starts: readonly Position[]): Promise<'new' | 'known'> {
    const { isNew } = await this.#starts.register(subscriptionId, starts);
    if (!isNew) return 'known';
    await this.#positions.commitAll(starts);
    return 'new';
  }

  /** RULES 5: where a known partition has no position any more, it is where the subscription began. */
  async load(ids: readonly string[], partitions: readonly Partition[]): Promise<Position[]> {
    const positions = await this.#positions.load(ids, partitions);
    const found = new Set(positions.map((position) => `${position.subscriptionId} ${keyOf(position)}`));
    const missing: Promise<Position>[] = [];
    for (const subscriptionId of ids) {
      const start = this.#starts.startsOf(subscriptionId);
      if (!start) continue;
      for (const partition of partitions) {
        const key = keyOf(partition);
        if (key in start.starts && !found.has(`${subscriptionId} ${key}`)) {
          missing.push(this.#begin(subscriptionId, partition, start));
        }
      }
    }
    return [...positions, ...(await Promise.all(missing))];
  }

  commit(positions: readonly Position[]): Promise<readonly Position[]> {
    return this.#positions.commit(positions);
  }

  /** The start first: what is left of the positions then is nobody's. */
  async drop(subscriptionId: string): Promise<void> {
    await this.#starts.forget(subscriptionId);
    await this.#positions.drop(subscriptionId);
  }

  async #begin(subscriptionId: string, partition: Partition, start: SubscriptionStart): Promise<Position> {
    const { topic, partition: number, topicId } = partition;
    const offset = resumeAt(start, partition, await this.#offsets.start(partition));
    return { subscriptionId, topic, partition: number, topicId, offset, holes: '', lost: true };
  }
}

function keyOf({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic}:${partition}`;
}
