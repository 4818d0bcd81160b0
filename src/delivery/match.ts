import type { TmfEvent } from '../tmf/event.ts';
import { canonicalEventType } from '../tmf/event-names.ts';

/** What the index needs of a subscription. */
export interface Interest {
  readonly subscriptionId: string;
  /** e.g. `TMF622`; null = every API (the global hub). */
  readonly api: string | null;
  /** Canonical event types; null = all. */
  readonly eventTypes: ReadonlySet<string> | null;
  /** What is left to ask once API and type fit; undefined = nothing. */
  readonly matches: ((document: unknown) => boolean) | undefined;
}

export interface Match {
  /** Each once. */
  readonly subscriptionIds: readonly string[];
  /** Subscriptions whose API and type fit, and whose other conditions said no. */
  readonly filtered: number;
}

interface Candidates {
  /** What matches by API and type alone. */
  readonly certain: Match;
  readonly conditional: readonly Interest[];
}

/** Stands for every API and every type; no name can be equal to it: APIs are upper case, canonical types lower. */
const ANY = 'Any';
/** Producers use a few hundred types; a flood of invented ones is not worth memory. */
const CACHE_LIMIT = 4096;

/**
 * The index (API, event type) -> subscriptions: an event is asked only of those that may want it, so that a
 * subscription to other types costs nothing (promise 6).
 */
export class MatchIndex {
  readonly #interests = new Map<string, Interest>();
  readonly #buckets = new Map<string, Set<Interest>>();
  /** By the event's APIs and type; forgotten when subscriptions change. */
  readonly #candidates = new Map<string, Candidates>();
  #epoch = 0;

  /** Changes whenever `match` could answer differently. */
  get epoch(): number {
    return this.#epoch;
  }

  add(interest: Interest): void {
    this.remove(interest.subscriptionId);
    this.#interests.set(interest.subscriptionId, interest);
    for (const key of bucketsOf(interest)) {
      const bucket = this.#buckets.get(key);
      if (bucket) bucket.add(interest);
      else this.#buckets.set(key, new Set([interest]));
    }
    this.#changed();
  }

  remove(subscriptionId: string): void {
    const interest = this.#interests.get(subscriptionId);
    if (!interest) return;
    this.#interests.delete(subscriptionId);
    for (const key of bucketsOf(interest)) {
      const bucket = this.#buckets.get(key);
      bucket?.delete(interest);
      if (bucket?.size === 0) this.#buckets.delete(key);
    }
    this.#changed();
  }

  interestOf(subscriptionId: string): Interest | undefined {
    return this.#interests.get(subscriptionId);
  }

  /** Who wants the event. The answer may be shared: do not change it. */
  match(event: TmfEvent, document: unknown): Match {
    const { certain, conditional } = this.#candidatesOf(event);
    if (conditional.length === 0) return certain;
    const matching = conditional.filter((interest) => interest.matches?.(document));
    const subscriptionIds = [
      ...certain.subscriptionIds,
      ...matching.map((interest) => interest.subscriptionId),
    ];
    return { subscriptionIds, filtered: conditional.length - matching.length };
  }

  #candidatesOf(event: TmfEvent): Candidates {
    const type = canonicalEventType(event.type);
    // A header may name an API with a comma in it: the count tells that from two APIs.
    const key = `${event.apis.length} ${event.apis.join()} ${type}`;
    const known = this.#candidates.get(key);
    if (known) return known;
    const interests = new Set<Interest>();
    for (const api of [...event.apis, ANY]) {
      for (const bucket of [`${api} ${type}`, `${api} ${ANY}`]) {
        for (const interest of this.#buckets.get(bucket) ?? []) interests.add(interest);
      }
    }
    const all = [...interests];
    const candidates = {
      certain: {
        subscriptionIds: all
          .filter((interest) => !interest.matches)
          .map((interest) => interest.subscriptionId),
        filtered: 0,
      },
      conditional: all.filter((interest) => interest.matches),
    };
    if (this.#candidates.size >= CACHE_LIMIT) this.#candidates.clear();
    this.#candidates.set(key, candidates);
    return candidates;
  }

  #changed(): void {
    this.#epoch++;
    this.#candidates.clear();
  }
}

function bucketsOf({ api, eventTypes }: Interest): string[] {
  return [...(eventTypes ?? [ANY])].map((type) => `${api ?? ANY} ${type}`);
}
