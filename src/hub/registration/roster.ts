import type { Subscription } from '../../registry/store.ts';
import type { Feeds } from './feeds.ts';
import type { Understand } from './understanding.ts';

/**
 * The subscriptions that somebody may rely on, as far as this replica has heard of them: each of them is fed here, and
 * nothing else is. What is done to one is done in its turn.
 */
export class Roster {
  readonly #feeds: Feeds;
  readonly #understand: Understand;
  readonly #known = new Map<string, Subscription>();
  #inOrder: readonly Subscription[] | undefined;

  constructor(feeds: Feeds, understand: Understand) {
    this.#feeds = feeds;
    this.#understand = understand;
  }

  get(id: string): Subscription | undefined {
    return this.#known.get(id);
  }

  /** In the order of creation. That they came to be known in another one shall not show in lists and their pages. */
  all(): Subscription[] {
    this.#inOrder ??= [...this.#known.values()].sort(byCreation);
    return [...this.#inOrder];
  }

  /** One that is attached already, in the state it has now. */
  add(subscription: Subscription): void {
    this.#set(subscription);
    this.#feeds.changed(subscription);
  }

  /**
   * Feeds it as the registry has it. Its start position was made durable by the one that registered it. Rejects when a
   * broker cannot be had; then the same call may be made again.
   */
  async bringIn(subscription: Subscription): Promise<void> {
    const known = this.#known.get(subscription.id);
    const isSame = known?.createdAt === subscription.createdAt;
    if (isSame && known.version >= subscription.version) return;
    // Another one under the same id has positions of its own.
    if (!isSame) await this.leave(subscription.id);
    const understood = await this.#understand(subscription);
    if (isSame) return this.add(understood.subscription);
    await this.#feeds.attach(understood.subscription, understood.query, 'known');
    this.#set(understood.subscription);
  }

  /** Another replica ended it, or is about to: its positions are no more ours to touch. */
  async leave(id: string): Promise<void> {
    if (!this.#known.has(id)) return;
    await this.#feeds.leave(id);
    this.forget(id);
  }

  /** It is not fed any more, or its feed is about to be ended. */
  forget(id: string): void {
    if (this.#known.delete(id)) this.#inOrder = undefined;
  }

  #set(subscription: Subscription): void {
    this.#known.set(subscription.id, subscription);
    this.#inOrder = undefined;
  }
}

function byCreation(a: Subscription, b: Subscription): number {
  if (a.createdAt === b.createdAt) return 0;
  return a.createdAt < b.createdAt ? -1 : 1;
}
