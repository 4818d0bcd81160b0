import type { Received } from '../listener.ts';
import type { Step } from '../journey.ts';
import { REGISTRATIONS, type ListenerName, type Registration } from './listeners.ts';

/** What is held against one listener; all but the first two must be 0 at the end. */
export interface Account {
  readonly listener: ListenerName;
  /** Events that its registrations asked for. */
  readonly owed: number;
  /** Of these, accepted at least once. */
  readonly delivered: number;
  /** Requests that it answered with an error: each made the gateway try again. */
  readonly refused: number;
  readonly duplicates: number;
  /** First deliveries of an event after a later event of the same resource; replays do not count. */
  readonly outOfOrder: number;
  readonly unexpected: number;
  readonly lost: number;
}

interface Arrival {
  readonly registration: Registration | undefined;
  readonly listener: ListenerName;
  readonly eventId: string;
  readonly replay: boolean;
}

/** Keeps the books of the play: what was published, what each listener accepted, in which order. */
export class Ledger {
  readonly #published = new Map<string, { step: Step; position: number }>();
  readonly #arrivals: Arrival[] = [];
  readonly #refused = new Map<ListenerName, number>();

  published(eventId: string, step: Step): void {
    this.#published.set(eventId, { step, position: this.#published.size });
  }

  get publishedCount(): number {
    return this.#published.size;
  }

  arrived(listener: ListenerName, { path, eventId = '', headers }: Received, status: number): void {
    if (status >= 300) {
      this.#refused.set(listener, (this.#refused.get(listener) ?? 0) + 1);
      return;
    }
    const registration = REGISTRATIONS.find((entry) => entry.listener === listener && entry.path === path);
    this.#arrivals.push({ registration, listener, eventId, replay: isReplay(headers) });
  }

  /** Events owed to a listener that it has not accepted yet. */
  missing(listener: ListenerName): number {
    const { owed, delivered } = this.account(listener);
    return owed - delivered;
  }

  account(listener: ListenerName): Account {
    const parts = REGISTRATIONS.filter((entry) => entry.listener === listener).map((entry) =>
      this.#audit(entry),
    );
    const sum = (pick: (part: (typeof parts)[number]) => number) =>
      parts.reduce((total, part) => total + pick(part), 0);
    const strays = this.#arrivals.filter(
      (entry) => entry.listener === listener && entry.registration === undefined,
    );
    const owed = sum((part) => part.owed);
    const delivered = sum((part) => part.delivered);
    return {
      listener,
      owed,
      delivered,
      refused: this.#refused.get(listener) ?? 0,
      duplicates: sum((part) => part.duplicates),
      outOfOrder: sum((part) => part.outOfOrder),
      unexpected: strays.length + sum((part) => part.unexpected),
      lost: owed - delivered,
    };
  }

  #audit(registration: Registration) {
    const owed = new Set(
      [...this.#published].filter(([, { step }]) => registration.wants(step)).map(([eventId]) => eventId),
    );
    const accepted = new Set<string>();
    const furthest = new Map<string, number>();
    const found = { duplicates: 0, outOfOrder: 0, unexpected: 0 };
    for (const { eventId, replay } of this.#arrivals.filter((entry) => entry.registration === registration)) {
      const origin = this.#published.get(eventId);
      if (origin === undefined || !owed.has(eventId)) {
        found.unexpected += 1;
      } else if (accepted.has(eventId)) {
        found.duplicates += 1;
      } else {
        accepted.add(eventId);
        const key = origin.step.resource.id;
        const before = furthest.get(key) ?? -1;
        // A dead letter was overtaken before it was replayed: that is what a dead letter means.
        if (origin.position < before && !replay) found.outOfOrder += 1;
        furthest.set(key, Math.max(before, origin.position));
      }
    }
    return { owed: owed.size, delivered: accepted.size, ...found };
  }
}

function isReplay(headers: Received['headers']): boolean {
  return headers['x-tmf-hub-replay'] === 'true';
}
