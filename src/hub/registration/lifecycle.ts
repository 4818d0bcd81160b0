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
 *
 * Where replicas share the registry, each of them feeds what lives in it, and lets go of what is pending before the
 * feed is detached. Between steps another replica may have been at work: each step that gives life holds only for the
 * version that it was decided on, the one that ends it holds always. So an end is final.
 *
 * Work on one id is done in turn, what is heard of it (`follow`) as well as what is done to it here. Nothing in a turn
 * waits for another turn, so none can wait forever for itself.
 */
import type { Logger } from '../../logger.ts';
import type { RegistryStore, Subscription, SubscriptionState } from '../../registry/store.ts';
import type { Query } from '../../tmf/query/query.ts';
import { sleep, type Clock } from '../../time.ts';
import type { Feeds } from './feeds.ts';
import { Following } from './following.ts';
import { createTurns } from './in-turn.ts';
import { Janitor } from './janitor.ts';
import { Roster } from './roster.ts';
import type { Understand } from './understanding.ts';
import { isEnding, Unfinished } from './unfinished.ts';

export type Created =
  | { readonly outcome: 'created' | 'existing'; readonly subscription: Subscription }
  /** Another replica is at work on the same subscription. */
  | { readonly outcome: 'busy' }
  /** The topic that it was to belong to is removed. */
  | { readonly outcome: 'topicless' }
  | { readonly outcome: 'failed' };

/** How often a creation looks whether another replica is done with the same subscription. */
const LOOK_AGAIN_MS = 100;

export interface LifecycleDependencies {
  readonly store: RegistryStore;
  readonly feeds: Feeds;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly understand: Understand;
}

export class SubscriptionLifecycle {
  readonly #store: RegistryStore;
  readonly #feeds: Feeds;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #inTurn = createTurns();
  readonly #roster: Roster;
  readonly #unfinished: Unfinished;
  readonly #janitor: Janitor;
  readonly #following: Following;

  /** From here on it hears what the registry tells, and heeds it once it is started. */
  constructor(dependencies: LifecycleDependencies) {
    const { store, feeds, clock, logger, understand } = dependencies;
    this.#store = store;
    this.#feeds = feeds;
    this.#clock = clock;
    this.#logger = logger;
    this.#roster = new Roster(feeds, understand);
    const heed = (now: Subscription) => this.#following.heed(now);
    const ended = (id: string) => this.#janitor.ended(id);
    this.#unfinished = new Unfinished({ ...dependencies, heed, ended });
    const parts = { roster: this.#roster, unfinished: this.#unfinished, inTurn: this.#inTurn };
    this.#janitor = new Janitor({ ...dependencies, ...parts });
    this.#following = new Following({ ...dependencies, ...parts, ended });
    store.follow((entry) => this.#following.told(entry));
  }

  all(): Subscription[] {
    return this.#roster.all();
  }

  /**
   * One that is not known here may be another replica's that was not told yet. Also one whose removal is decided but
   * not complete: it is pending. Rejects when the registry cannot be had.
   */
  async find(id: string): Promise<Subscription | undefined> {
    const here = this.#roster.get(id) ?? this.#unfinished.decided(id);
    if (here !== undefined || !this.#store.isShared) return here;
    const there = await this.#store.find(id);
    return there === undefined || isBeingMade(there) ? undefined : there;
  }

  /** What the registry has when this process starts. One that is pending is undone, if nobody can be at work on it. */
  bringBack(subscription: Subscription): Promise<void> {
    const { id } = subscription;
    return this.#inTurn(id, async () => {
      await this.#following.heed(subscription);
      if (this.#unfinished.isAbandoned(id)) await this.#unfinished.undo(id);
    });
  }

  /** All that the registry had is brought back. Resolves when what it told meanwhile is heeded too. */
  async start(): Promise<void> {
    this.#janitor.start();
    await this.#following.start();
  }

  stop(): void {
    this.#following.stop();
    this.#janitor.stop();
  }

  /**
   * `fresh` is pending. When it fails, nothing stays that a restart, the janitor or the next call would not clear away.
   * Until `patience`, on the monotonic clock, it waits for another replica that is at work on the same.
   */
  async create(
    fresh: Subscription,
    query: Query,
    uniqueKey: string | null,
    patience: number,
  ): Promise<Created> {
    if (this.#unfinished.isFull()) return { outcome: 'failed' };
    try {
      for (;;) {
        const made = await this.#inTurn(fresh.id, () => this.#make(fresh, query, uniqueKey));
        if (made.outcome !== 'existing') return made;
        const { id } = made.subscription;
        const existing = await this.#inTurn(id, () => this.#catchUp(id));
        if (typeof existing === 'object') return { outcome: 'existing', subscription: existing };
        if (this.#clock.monotonic() >= patience) return { outcome: 'busy' };
        if (existing === 'pending') await sleep(this.#clock, LOOK_AGAIN_MS);
      }
    } catch (error) {
      this.#logger.error({ err: error, subscriptionId: fresh.id }, 'registration.failed');
      return { outcome: 'failed' };
    }
  }

  /**
   * One that the configuration declares, under an id that every replica gives it. It is never pending: a crash between
   * the two steps is mended by doing both again, and undoing the first would take the positions that another replica
   * delivers from. Rejects when a broker or the registry cannot be had, and while it is being removed.
   */
  declare(declared: Subscription, query: Query, uniqueKey: string | null): Promise<Subscription> {
    const { id, callback } = declared;
    return this.#inTurn(id, async () => {
      const known = this.#roster.get(id);
      if (known !== undefined) return known;
      try {
        await this.#feeds.attach(declared, query, 'new');
        const { subscription } = await this.#store.insert(declared, uniqueKey);
        if (subscription.id !== id) {
          await this.#feeds.detach(id);
          throw new Error(`it is the same as the subscription ${subscription.id}`);
        }
        if (subscription.state === 'pending') throw new Error('it is being removed');
        this.#roster.add(subscription);
        this.#unfinished.forget(id);
        this.#logger.info({ subscriptionId: id, callback }, 'subscription.declared');
        return subscription;
      } catch (error) {
        await this.#feeds.leave(id).catch(() => undefined);
        throw error;
      }
    });
  }

  /** Undefined when there is none (any more). Rejects when the registry cannot keep it: then nothing changed. */
  changeState(
    id: string,
    state: SubscriptionState,
    stateReason: string | null,
  ): Promise<Subscription | undefined> {
    return this.#inTurn(id, async () => {
      let before = this.#roster.get(id) ?? (await this.find(id));
      while (before !== undefined && before.state !== 'pending') {
        if (before.state === state && before.stateReason === stateReason) return before;
        const after = await this.#store.update(id, { state, stateReason }, before.version);
        if (after !== undefined) {
          const fields = { subscriptionId: id, from: before.state, to: state, reason: stateReason };
          this.#logger.info(fields, 'subscription.state');
          // Where it is not known yet, it will be told.
          if (this.#roster.get(id) === undefined) return after;
          await this.#roster.bringIn(after);
          return this.#roster.get(id);
        }
        // It stands otherwise meanwhile, which was not told yet: another replica may be about to remove it.
        before = await this.#store.find(id);
        if (before !== undefined && this.#roster.get(id) !== undefined) await this.#following.heed(before);
      }
      return undefined;
    });
  }

  /** `unfinished`: decided, but not complete; the same call again goes on. Rejects when it could not be decided. */
  remove(id: string): Promise<'removed' | 'unfinished' | 'unknown'> {
    return this.#inTurn(id, async () => {
      if (this.#unfinished.decided(id) === undefined) {
        const living = await this.find(id);
        if (living === undefined) return 'unknown';
        await this.#unfinished.decide(living);
        this.#roster.forget(id);
        await this.#unfinished.letGo(id);
      }
      if (!(await this.#unfinished.undo(id))) return 'unfinished';
      this.#logger.info({ subscriptionId: id }, 'subscription.removed');
      return 'removed';
    });
  }

  async #make(fresh: Subscription, query: Query, uniqueKey: string | null): Promise<Created> {
    const { created, subscription } = await this.#store.insert(fresh, uniqueKey).catch((error: unknown) => {
      // It may be kept all the same, and then nobody else is at work on it.
      if (this.#store.isShared) this.#unfinished.noteOurs(fresh);
      throw error;
    });
    return created ? this.#activate(subscription, query) : { outcome: 'existing', subscription };
  }

  /** What the registry has under the id, fed here if it lives. */
  async #catchUp(id: string): Promise<Subscription | 'pending' | 'gone'> {
    const now = await this.#store.find(id);
    if (now === undefined) return 'gone';
    await this.#following.heed(now);
    const living = this.#roster.get(id);
    if (living !== undefined) return living;
    return this.#unfinished.isAbandoned(id) && (await this.#unfinished.undo(id)) ? 'gone' : 'pending';
  }

  async #activate(pending: Subscription, query: Query): Promise<Created> {
    const {
      id,
      scope: { topic },
    } = pending;
    try {
      if (topic !== undefined && !(await this.#store.topics.hold(topic.id))) {
        this.#unfinished.noteOurs(pending);
        await this.#unfinished.undo(id);
        return { outcome: 'topicless' };
      }
      await this.#feeds.attach(pending, query, 'new');
      const active = await this.#store.update(id, { state: 'active' }, pending.version);
      if (active === undefined) throw new Error('it was removed while it was being registered');
      this.#roster.add(active);
      const { scope, callback } = active;
      const fields = { subscriptionId: id, scope: scope.basePath, callback, query: active.query };
      this.#logger.info(fields, 'subscription.created');
      // What this subscription needed works again: others may have been left while it did not.
      if (this.#unfinished.abandoned().length > 0) void this.#janitor.sweep();
      return { outcome: 'created', subscription: active };
    } catch (error) {
      this.#logger.error({ err: error, subscriptionId: id }, 'registration.failed');
      this.#unfinished.noteOurs(pending);
      await this.#unfinished.undo(id);
      // The registry may have it as active, and have failed to say so.
      const living = this.#roster.get(id);
      return living === undefined ? { outcome: 'failed' } : { outcome: 'created', subscription: living };
    }
  }
}

/** Nobody was answered yet that it exists. */
function isBeingMade(subscription: Subscription): boolean {
  return subscription.state === 'pending' && !isEnding(subscription);
}
