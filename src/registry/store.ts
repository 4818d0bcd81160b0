/**
 * The registry: which subscriptions and topics exist. Every store keeps these promises (test/contracts/registry.ts):
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
  /** Of a hub below a topic, whose filters hold beside the hub's own query; absent: it is no such hub. */
  readonly topic?: { readonly id: string; readonly headerQuery: string; readonly contentQuery: string };
}

/** What a registration asked for beside what TMF knows (HUB-CONTRACT 6); what is absent is as it is for everybody. */
export interface Extensions {
  readonly profile?: string;
  /** Sent with every event. Never shown: they may be credentials. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Keys of the signatures, `whsec_...`, separated by blanks. Never shown. */
  readonly secret?: string;
  readonly retry?: {
    /** Durations as they were written: `500ms`, `1h`. */
    readonly delays?: readonly string[];
    readonly rejectStatuses?: readonly number[];
  };
}

export interface Subscription {
  readonly id: string;
  readonly scope: HubScope;
  readonly callback: string;
  /** Exactly as sent; '' when absent. */
  readonly query: string;
  readonly ordering: 'key' | 'none';
  /** Absent: none. */
  readonly extensions?: Extensions;
  readonly state: SubscriptionState;
  /** Why it is paused, gone or suspended. */
  readonly stateReason: string | null;
  /** ISO time. */
  readonly createdAt: string;
  /** Raised by each change, from 1. */
  readonly version: number;
}

/** A topic (TMF688): hubs may be made below it. It never changes. */
export interface Topic {
  /** Tells it from a subscription, which has no such member. */
  readonly kind: 'topic';
  readonly id: string;
  /** Of the API that it was made at, without the server's prefix. */
  readonly basePath: string;
  /** What the client wrote: `name`, `headerQuery`, `contentQuery`, `@type` and the like, each if it was sent. */
  readonly members: Readonly<Record<string, string>>;
  /** ISO time. */
  readonly createdAt: string;
  /** Raised by each `hold`, from 1. */
  readonly version: number;
}

export type Kept = Subscription | Topic;

/** A row as replicas and copies exchange it. Of two entries with one id the higher version holds. */
export interface RegistryEntry<Document = Subscription> {
  readonly id: string;
  readonly version: number;
  readonly uniqueKey: string | null;
  /** null: a tombstone, which does not tell what it was. The name is older than topics. */
  readonly subscription: Document | null;
}

/** A second home of a shared registry, for the day when the first one is empty: a broker implements it (RULES 19). */
export interface RegistryCopy {
  /** All that was kept, tombstones too, and whose it is; undefined: nothing was kept ever. */
  load(): Promise<{
    readonly registryId: string | undefined;
    readonly entries: readonly RegistryEntry<Kept>[];
  }>;
  /** Durable when it resolves. A version that is not higher than what is kept changes nothing. */
  keep(registryId: string, entry: RegistryEntry<Kept>): Promise<void>;
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

/** Rows of one kind, or of all kinds, and what may be done with them. */
export interface DocumentStore<Document> {
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
  load(): Promise<Document[]>;
  /**
   * As it is now in the storage; undefined when there is none (any more). While the storage is away, as it is known
   * here; rejects when it is not.
   */
  find(id: string): Promise<Document | undefined>;
  /**
   * Tells of every entry that becomes known with a higher version than before, by whomever it was written, this
   * process too. Call it before `open`; what `open` found is not told.
   */
  follow(changed: (entry: RegistryEntry<Document>) => void): void;
  /**
   * `uniqueKey` null = always creates. Rejects for an id that is taken, or that was removed in the same or a later
   * version.
   */
  insert(document: Document, uniqueKey: string | null): Promise<{ created: boolean; subscription: Document }>;
  /** With `ifVersion` only while it has that version; undefined then as well. */
  update(id: string, change: SubscriptionChange, ifVersion?: number): Promise<Document | undefined>;
  /** False when there was none, or not in that version. Frees the unique key. */
  remove(id: string, ifVersion?: number): Promise<boolean>;
  /**
   * When it resolves, `load` answers all that anybody had written when it was called. Rejects while the storage is away.
   */
  catchUp(): Promise<void>;
  health(): Health;
}

/** Topics, which are kept as subscriptions are. */
export interface TopicStore {
  load(): Promise<Topic[]>;
  find(id: string): Promise<Topic | undefined>;
  /** As `DocumentStore.follow`; undefined: there is no topic with this id (any more). */
  follow(changed: (id: string, topic: Topic | undefined) => void): void;
  insert(topic: Topic): Promise<void>;
  /**
   * For a subscription of the topic that was inserted and is not answered yet: when it resolves with true, the topic
   * stays as long as the subscription does. False when the topic is removed.
   */
  hold(id: string): Promise<boolean>;
  /** Not while there are subscriptions of it, pending or not, at whatever replica: then their number. */
  remove(id: string): Promise<'removed' | 'unknown' | number>;
}

export interface RegistryStore extends DocumentStore<Subscription> {
  readonly topics: TopicStore;
}
