/**
 * A subscription comes and goes in two places, the registry and the brokers, and the process may die between them.
 *
 * It stands in the registry as `pending` whenever the brokers may know it while nobody relies on it: before its 201,
 * and after the decision to remove it. So what is pending after a crash is always undone, feed first, registry last
 * (RULES 18):
 *
 * - Creation: pending in the registry, feed attached (start position durable), active, 201. A crash before `active`
 *   leaves a pending row and a client without an answer.
 * - Removal: pending in the registry, feed detached, row removed, 204. Were the row removed first, a crash would
 *   leave a queue or consumer group that nobody owns; were the feed detached first, a subscription that comes to
 *   life again at the next start, with a gap. As it is, the first step decides and a restart finishes.
 */
import type { Logger } from '../logger.ts';
import type { RegistryStore, Subscription, SubscriptionState } from '../registry/store.ts';
import type { Query } from '../tmf/query.ts';
import type { Clock } from '../time.ts';

/** The delivery side of subscriptions. Implemented by the composition root. */
export interface Feeds {
  /**
   * Resolves when the position is durable at every broker: what they accept later is owed to the subscription.
   * `new`: from now on; `known`: from where it stood. Deliveries are made while the state is `active`; one that is
   * attached as `pending` only waits until `changed` says so.
   */
  attach(subscription: Subscription, query: Query, as: 'new' | 'known'): Promise<void>;
  /** Stops deliveries and forgets the positions. Resolves as well for an id that is not attached. */
  detach(id: string): Promise<void>;
  /** The state is another now. */
  changed(subscription: Subscription): void;
}

export type Created =
  | { readonly outcome: 'created' | 'existing'; readonly subscription: Subscription }
  /** Another replica is at work on the same subscription. */
  | { readonly outcome: 'busy' }
  | { readonly outcome: 'failed' };

/** A pending row younger than this may be another replica's work that goes on. */
const PENDING_LEASE_MS = 60_000;
/** Past this many unfinished removals nothing is created until some are done, so that failing cannot fill memory. */
const MOST_LEFT_OVER = 1_000;

export interface LifecycleDependencies {
  readonly store: RegistryStore;
  readonly feeds: Feeds;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class SubscriptionLifecycle {
  readonly #store: RegistryStore;
  readonly #feeds: Feeds;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Those that somebody may rely on, in the order of creation. */
  readonly #known = new Map<string, Subscription>();
  /** Pending ones that nothing is at work on any more. */
  readonly #leftOver = new Map<string, Subscription>();

  constructor({ store, feeds, clock, logger }: LifecycleDependencies) {
    this.#store = store;
    this.#feeds = feeds;
    this.#clock = clock;
    this.#logger = logger;
  }

  get(id: string): Subscription | undefined {
    return this.#known.get(id);
  }

  all(): Subscription[] {
    return [...this.#known.values()];
  }

  /** One whose removal is decided but not complete. */
  unfinished(id: string): Subscription | undefined {
    return this.#leftOver.get(id);
  }

  /** Feeds again what the registry knew before this process, or undoes it when it is pending. */
  async bringBack(subscription: Subscription, query: Query): Promise<void> {
    if (subscription.state === 'pending') {
      await this.#undo(subscription);
      return;
    }
    this.#known.set(subscription.id, subscription);
    await this.#feeds.attach(subscription, query, 'known');
  }

  /** `fresh` is pending. When it fails, nothing stays that a restart or the next call would not clear away. */
  async create(fresh: Subscription, query: Query, uniqueKey: string | null): Promise<Created> {
    if (this.#leftOver.size >= MOST_LEFT_OVER) {
      await this.sweep();
      if (this.#leftOver.size >= MOST_LEFT_OVER) return { outcome: 'failed' };
    }
    try {
      const { created, subscription } = await this.#insert(fresh, uniqueKey);
      if (created) return await this.#activate(subscription, query);
      return subscription.state === 'pending' ? { outcome: 'busy' } : { outcome: 'existing', subscription };
    } catch (error) {
      this.#logger.error({ err: error, subscriptionId: fresh.id }, 'registration.failed');
      return { outcome: 'failed' };
    }
  }

  /**
   * One that the configuration declares, under an id that every replica gives it. It is never pending: a crash between
   * the two steps is mended by doing both again, and undoing the first would take the positions that another replica
   * delivers from. Rejects when a broker or the registry cannot be had.
   */
  async declare(declared: Subscription, query: Query, uniqueKey: string | null): Promise<Subscription> {
    const { id } = declared;
    await this.#feeds.attach(declared, query, 'new');
    const { created, subscription } = await this.#store.insert(declared, uniqueKey);
    if (!created && subscription.id !== id)
      throw new Error(`it is the same as the subscription ${subscription.id}`);
    this.#known.set(id, subscription);
    this.#logger.info({ subscriptionId: id, callback: declared.callback }, 'subscription.declared');
    return subscription;
  }

  /** Undefined when there is none (any more). Rejects when the registry cannot keep it: then nothing changed. */
  async changeState(
    id: string,
    state: SubscriptionState,
    stateReason: string | null,
  ): Promise<Subscription | undefined> {
    const before = this.#known.get(id);
    if (before === undefined || (before.state === state && before.stateReason === stateReason)) return before;
    const after = await this.#store.update(id, { state, stateReason });
    if (after === undefined) return undefined;
    this.#known.set(id, after);
    this.#feeds.changed(after);
    const fields = { subscriptionId: id, from: before.state, to: state, reason: stateReason };
    this.#logger.info(fields, 'subscription.state');
    return after;
  }

  /** `unfinished`: decided, but not complete; the same call again goes on. Rejects when it could not be decided. */
  async remove(id: string): Promise<'removed' | 'unfinished' | 'unknown'> {
    const known = this.#known.get(id);
    if (known !== undefined) {
      const marked = await this.#store.update(id, { state: 'pending', stateReason: 'being removed' });
      this.#known.delete(id);
      this.#leftOver.set(id, marked ?? known);
    }
    const pending = this.#leftOver.get(id);
    if (pending === undefined) return 'unknown';
    if (!(await this.#undo(pending))) return 'unfinished';
    this.#logger.info({ subscriptionId: id }, 'subscription.removed');
    return 'removed';
  }

  /** Tries again to clear away what failures left. */
  async sweep(): Promise<void> {
    for (const pending of [...this.#leftOver.values()]) await this.#undo(pending);
  }

  async #insert(fresh: Subscription, uniqueKey: string | null) {
    const first = await this.#store.insert(fresh, uniqueKey);
    if (first.created || first.subscription.state !== 'pending') return first;
    if (!this.#isAbandoned(first.subscription) || !(await this.#undo(first.subscription))) return first;
    return this.#store.insert(fresh, uniqueKey);
  }

  /** Nothing here is at work on it (that would have had its turn); is another replica? */
  #isAbandoned({ id, createdAt }: Subscription): boolean {
    // Known and yet pending: the registry kept our decision to remove it and failed to say so.
    const ours = this.#leftOver.has(id) || this.#known.has(id);
    return ours || this.#clock.now() - Date.parse(createdAt) > PENDING_LEASE_MS;
  }

  async #activate(pending: Subscription, query: Query): Promise<Created> {
    try {
      await this.#feeds.attach(pending, query, 'new');
      const active = await this.#store.update(pending.id, { state: 'active' });
      if (active === undefined) throw new Error('it was removed while it was being registered');
      this.#known.set(active.id, active);
      this.#feeds.changed(active);
      const { id, scope, callback } = active;
      const fields = { subscriptionId: id, scope: scope.basePath, callback, query: active.query };
      this.#logger.info(fields, 'subscription.created');
      // What this subscription needed works again: others may have been left while it did not.
      if (this.#leftOver.size > 0) void this.sweep();
      return { outcome: 'created', subscription: active };
    } catch (error) {
      this.#logger.error({ err: error, subscriptionId: pending.id }, 'registration.failed');
      await this.#undo(pending);
      return { outcome: 'failed' };
    }
  }

  /** Feed first, registry last: as long as the row is there, somebody knows that there is something to undo. */
  async #undo(pending: Subscription): Promise<boolean> {
    this.#known.delete(pending.id);
    this.#leftOver.set(pending.id, pending);
    try {
      await this.#feeds.detach(pending.id);
      await this.#store.remove(pending.id);
      this.#leftOver.delete(pending.id);
      return true;
    } catch (error) {
      this.#logger.warn({ err: error, subscriptionId: pending.id }, 'subscription.undo.failed');
      return false;
    }
  }
}
