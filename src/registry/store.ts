/**
 * The registry: which subscriptions exist. Every store keeps these promises (test/contracts/registry.ts):
 *
 * - What a resolved call wrote survives a crash.
 * - `insert` is atomic over replicas: of two with one `uniqueKey`, one creates and the other gets what exists.
 * - A subscription ends only by `remove`, which leaves a tombstone: absence is never deletion (RULES 19).
 * - `update` raises the version by one and never resurrects a removed subscription.
 */
import type { Health } from '../brokers/broker.ts';

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

export type SubscriptionChange = Partial<Pick<Subscription, 'state' | 'stateReason'>>;

export interface RegistryStore {
  /** Identity of this registry, made once and kept (RULES 1). */
  readonly registryId: string;
  open(): Promise<void>;
  close(): Promise<void>;
  /** All that is not removed, in the order of creation. */
  load(): Promise<Subscription[]>;
  /**
   * `uniqueKey` null = always creates. Rejects for an id that is taken, or that was removed in the same or a later
   * version.
   */
  insert(
    subscription: Subscription,
    uniqueKey: string | null,
  ): Promise<{ created: boolean; subscription: Subscription }>;
  update(id: string, change: SubscriptionChange): Promise<Subscription | undefined>;
  /** False when there was none. Frees the unique key. */
  remove(id: string): Promise<boolean>;
  health(): Health;
}
