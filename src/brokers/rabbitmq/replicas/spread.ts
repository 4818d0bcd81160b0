import type { Clock, Timer } from '../../../time.ts';
import { placement } from './placement.ts';

export interface SpreadOptions {
  /** Of this replica. */
  readonly id: string;
  readonly clock: Clock;
  /** Sorted, with this one. */
  readonly replicas: () => readonly string[];
  /** All of them, fed here or not: replicas that know different ones place them differently. */
  readonly subscriptions: () => readonly string[];
  /** Does RabbitMQ hand the messages of this one to this replica? */
  readonly isActive: (subscriptionId: string) => boolean;
  /** Lets go of the queue and stands behind the others for it. */
  readonly yieldQueue: (subscriptionId: string) => void;
  /** Others are to be served by this replica than before. */
  readonly changed: () => void;
}

/** Registrations come in bursts, and a replica that comes has consumers before it is heard of. */
const SETTLE_MS = 500;
const LOOK_MS = 5_000;
/** Where the replica whose turn it is does not consume, the others must not hand the queue around. */
const YIELD_AGAIN_MS = 60_000;

/**
 * Spreads the queues evenly over the replicas. Each replica is a consumer of each queue, and RabbitMQ lets the one that
 * came first have the messages. So whoever is not the one that the placement names goes to the end of the row when
 * the placement changes; and whoever finds itself with messages out of turn, too.
 */
export class Spread {
  readonly #options: SpreadOptions;
  #places: ReadonlyMap<string, string> = new Map();
  readonly #yielded = new Map<string, number>();
  /** Those whose place is another's since the last look. */
  readonly #moving = new Set<string>();
  readonly #timers: (Timer | undefined)[] = [];
  #stopped = false;

  constructor(options: SpreadOptions) {
    this.#options = options;
  }

  start(): void {
    this.#places = this.#place();
    this.#lookLater();
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) timer?.cancel();
  }

  /** Is it this replica's to look after what belongs to the subscription, beside its queue? */
  serves(subscriptionId: string): boolean {
    const place = this.#places.get(subscriptionId);
    return place === undefined ? this.#options.replicas().length === 1 : place === this.#options.id;
  }

  /** Replicas or subscriptions have come or gone. Cheap. */
  moved(): void {
    if (this.#timers[1] || this.#stopped) return;
    this.#timers[1] = this.#options.clock.after(SETTLE_MS, () => {
      this.#timers[1] = undefined;
      this.#replace();
    });
  }

  #replace(): void {
    const { id, yieldQueue, changed } = this.#options;
    const before = this.#places;
    this.#places = this.#place();
    for (const [subscription, place] of this.#places) {
      const was = before.get(subscription);
      if (place === id || was === place) continue;
      this.#moving.add(subscription);
      if (was !== undefined) yieldQueue(subscription);
    }
    changed();
  }

  #place(): ReadonlyMap<string, string> {
    return placement(this.#options.replicas(), this.#options.subscriptions());
  }

  #lookLater(): void {
    this.#timers[0] = this.#options.clock.after(LOOK_MS, () => {
      if (this.#stopped) return;
      this.#yieldOutOfTurn();
      this.#lookLater();
    });
  }

  #yieldOutOfTurn(): void {
    const { id, clock, isActive, yieldQueue } = this.#options;
    const now = clock.monotonic();
    for (const [subscription, place] of this.#places) {
      // Where no message comes, nobody knows that it is its turn: then all that are not to have it let go once.
      if (place === id || !(isActive(subscription) || this.#moving.delete(subscription))) continue;
      if (now - (this.#yielded.get(subscription) ?? -Infinity) < YIELD_AGAIN_MS) continue;
      this.#yielded.set(subscription, now);
      yieldQueue(subscription);
    }
    for (const subscription of this.#yielded.keys())
      if (!this.#places.has(subscription)) this.#yielded.delete(subscription);
    this.#moving.clear();
  }
}
