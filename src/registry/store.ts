/**
 * The registry: which subscriptions exist. Every store keeps these promises (test/contracts/registry.ts):
 *
 * - What a resolved call wrote survives a crash.
 * - `insert` is atomic over replicas: of two with one `uniqueKey`, one creates and the other gets what exists.
 * - A subscription ends only by `remove`, which leaves a tombstone: absence is never deletion (RULES 19).
 * - `update` raises the version by one and never resurrects a removed subscription.
 * - Where several replicas share it, what one of them wrote is told to all others within a second (`follow`).
 */
import type { Health } from '../health.ts';

/** `pending`: not attached at the brokers yet, no 201 was answered (RULES 18). */
export type SubscriptionState = 'pending' | 'active' | 'paused' | 'gone' | 'suspended';

/** Which hub a subscription was made at. */
export interface HubScope {
  /** Base path without the server's prefix, e.g. `/tmf-api/productOrderingManagement/v4`; '' for the global hub. */
  readonly basePath: string;
  /** e.g. `TMF622`; null for the global hub. */
  readonly api: string | null;
  /** Major version of the API, e.g. 4; null for the global hub. */
  readonly major: number | null;
}

export interface Subscription {
  readonly id: string;
  readonly scope: HubScope;
  readonly callback: string;
  /** Exactly as sent; '' when absent. */
  readonly query: string;
  readonly ordering: 'key' | 'none';
  readonly state: SubscriptionState;
  /** Why it is paused, gone or suspended. */
  readonly stateReason: string | null;
  /** ISO time. */
  readonly createdAt: string;
  /** Raised by each change, from 1. */
  readonly version: number;
}

/** A row as replicas and copies exchange it. Of two entries with one id the higher version holds. */
export interface RegistryEntry {
  readonly id: string;
  readonly version: number;
  readonly uniqueKey: string | null;
  /** null: a tombstone. */
  readonly subscription: Subscription | null;
}

/** A second home of a shared registry, for the day when the first one is empty: a broker implements it (RULES 19). */
export interface RegistryCopy {
  /** All that was kept, tombstones too, and whose it is; undefined: nothing was kept ever. */
  load(): Promise<{ readonly registryId: string | undefined; readonly entries: readonly RegistryEntry[] }>;
  /** Durable when it resolves. A version that is not higher than what is kept changes nothing. */
  keep(registryId: string, entry: RegistryEntry): Promise<void>;
}

/** What the notes have of one subscription. */
export interface FeedNote {
  /** Attempts by the key of the message. */
  readonly attempts: ReadonlyMap<string, number>;
  /** All that was published before is settled, milliseconds since the epoch; undefined: nothing is known. */
  readonly settledUpTo: number | undefined;
}

/**
 * What a broker that keeps no record of attempts (RabbitMQ) writes down beside its queues. Written on the failure path
 * and once in a while only. Losing it costs duplicates and attempts, never an event.
 */
export interface FeedNotes {
  load(subscriptionId: string): Promise<FeedNote>;
  /** 0 forgets the message. Durable when it resolves. */
  attempted(subscriptionId: string, messageKey: string, attempts: number): Promise<void>;
  /** Never goes back. Durable when it resolves. */
  settledUpTo(subscriptionId: string, time: number): Promise<void>;
  /** The subscription ended. */
  forget(subscriptionId: string): Promise<void>;
}

export type SubscriptionChange = Partial<Pick<Subscription, 'state' | 'stateReason'>>;

export interface RegistryStore {
  /** Identity of this registry, made once and kept (RULES 1). */
  readonly registryId: string;
  /** Do several replicas work on it? Then a pending row may be another's work that goes on. */
  readonly isShared: boolean;
  readonly notes: FeedNotes;
  /**
   * Resolves once all of it is known, from its storage or, while that is away, from a copy. Rejects with a sentence for
   * an operator when it can never be had.
   */
  open(): Promise<void>;
  close(): Promise<void>;
  /** All that is not removed, in the order of creation. */
  load(): Promise<Subscription[]>;
  /** As it is now in the storage; undefined when there is none (any more). */
  find(id: string): Promise<Subscription | undefined>;
  /**
   * Tells of every entry that becomes known with a higher version than before, by whomever it was written, this
   * process too. Call it before `open`; what `open` found is not told.
   */
  follow(changed: (entry: RegistryEntry) => void): void;
  /**
   * `uniqueKey` null = always creates. Rejects for an id that is taken, or that was removed in the same or a later
   * version.
   */
  insert(
    subscription: Subscription,
    uniqueKey: string | null,
  ): Promise<{ created: boolean; subscription: Subscription }>;
  /** With `ifVersion` only while it has that version; undefined then as well. */
  update(id: string, change: SubscriptionChange, ifVersion?: number): Promise<Subscription | undefined>;
  /** False when there was none. Frees the unique key. */
  remove(id: string): Promise<boolean>;
  health(): Health;
}
