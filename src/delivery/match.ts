import type { TmfEvent } from '../tmf/event.ts';
import { canonicalEventType } from '../tmf/event-names.ts';
import type { Interest } from './interest.ts';
import { Bucket } from './match-bucket.ts';

export interface Match {
  /** Each once. */
  readonly subscriptionIds: readonly string[];
  /** Subscriptions whose topic, API and type fit, and whose other conditions said no. */
  readonly filtered: number;
}

/** Stands for every API and every event type. */
const ANY = null;

/** Interests by API, then by canonical event type. */
type Shelf = Map<string | typeof ANY, Map<string | typeof ANY, Bucket>>;

/**
 * The index (topic, API, event type, one value) -> subscriptions: an event is asked only of those that may want it, so
 * that a subscription to something else costs nothing (promise 6).
 */
export class MatchIndex {
  readonly #interests = new Map<string, Interest>();
  /** For events that were posted to no topic. */
  readonly #open: Shelf = new Map();
  /** For events that were posted to one, which reach its hubs alone. */
  readonly #topics = new Map<string, Shelf>();
  #epoch = 0;

  /** Changes whenever `match` could answer differently. */
  get epoch(): number {
    return this.#epoch;
  }

  add(interest: Interest): void {
    this.remove(interest.subscriptionId);
    this.#interests.set(interest.subscriptionId, interest);
    for (const [shelf, api] of this.#shelvesOf(interest)) put(shelf, api, interest);
    this.#epoch++;
  }

  remove(subscriptionId: string): void {
    const interest = this.#interests.get(subscriptionId);
    if (!interest) return;
    this.#interests.delete(subscriptionId);
    for (const [shelf, api] of this.#shelvesOf(interest)) take(shelf, api, interest);
    const { topic } = interest;
    if (topic !== null && this.#topics.get(topic)?.size === 0) this.#topics.delete(topic);
    this.#epoch++;
  }

  interestOf(subscriptionId: string): Interest | undefined {
    return this.#interests.get(subscriptionId);
  }

  /** Who wants the event. */
  match({ topic, apis, type }: TmfEvent, document: unknown): Match {
    const shelf = topic === undefined ? this.#open : this.#topics.get(topic);
    const subscriptionIds: string[] = [];
    let fitting = 0;
    if (shelf) {
      const canonical = canonicalEventType(type);
      // An interest has one API or all, and one bucket for each of its types or for all: no two buckets share it.
      for (const api of new Set([...apis, ANY])) {
        const byType = shelf.get(api);
        for (const bucket of [byType?.get(canonical), byType?.get(ANY)]) {
          fitting += bucket?.size ?? 0;
          bucket?.collect(document, subscriptionIds);
        }
      }
    }
    return { subscriptionIds, filtered: fitting - subscriptionIds.length };
  }

  #shelvesOf({ topic, api }: Interest): readonly (readonly [Shelf, string | typeof ANY])[] {
    if (topic === null) return [[this.#open, api]];
    let shelf = this.#topics.get(topic);
    if (!shelf) {
      shelf = new Map();
      this.#topics.set(topic, shelf);
    }
    return [
      [this.#open, ANY],
      [shelf, ANY],
    ];
  }
}

function put(shelf: Shelf, api: string | typeof ANY, interest: Interest): void {
  let byType = shelf.get(api);
  if (!byType) {
    byType = new Map();
    shelf.set(api, byType);
  }
  for (const type of interest.eventTypes ?? [ANY]) {
    let bucket = byType.get(type);
    if (!bucket) byType.set(type, (bucket = new Bucket()));
    bucket.add(interest);
  }
}

function take(shelf: Shelf, api: string | typeof ANY, interest: Interest): void {
  const byType = shelf.get(api);
  for (const type of interest.eventTypes ?? [ANY]) {
    const bucket = byType?.get(type);
    bucket?.remove(interest);
    if (bucket?.size === 0) byType?.delete(type);
  }
  if (byType?.size === 0) shelf.delete(api);
}
