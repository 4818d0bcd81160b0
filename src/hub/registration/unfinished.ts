import type { Logger } from '../../logger.ts';
import type { RegistryStore, Subscription } from '../../registry/store.ts';
import { sleep, type Clock } from '../../time.ts';
import type { Feeds } from './feeds.ts';

/**
 * How long a pending row of a shared registry has to stand still before it is nobody's work any more. Measured from
 * when this process saw it, on its monotonic clock: the wall clocks of replicas differ.
 */
const LEASE_MS = 60_000;
/** Others hear within a second that a subscription ends (`RegistryStore.follow`), and stop feeding it. */
const LETTING_GO_MS = 1_000;
/** Past this many nothing is created until some are done, so that failing cannot fill memory. */
const MOST_OF_OURS = 1_000;

const ENDING = { state: 'pending', stateReason: 'being removed' } as const;

/** Its end is decided. One that is pending without this was never answered with 201. */
export function isEnding({ state, stateReason }: Subscription): boolean {
  return state === ENDING.state && stateReason === ENDING.stateReason;
}

interface Row {
  /** Pending, as last heard of. */
  readonly subscription: Subscription;
  /** On the monotonic clock: since when it is known in this version. */
  readonly since: number;
  /** Nobody but this process is at work on it. */
  readonly isOurs: boolean;
}

export interface UnfinishedDependencies {
  readonly store: RegistryStore;
  readonly feeds: Feeds;
  readonly clock: Clock;
  readonly logger: Logger;
  /** It turned out to stand otherwise in the registry. */
  readonly heed: (now: Subscription) => Promise<void>;
  /** It is removed, and its feed with it. */
  readonly ended: (id: string) => void;
}

/**
 * What is neither there nor gone: pending in the registry. It ends by being undone, at once where this process left it
 * so, after a lease where another replica may be at work on it. What is done to one is done in its turn.
 */
export class Unfinished {
  readonly #dependencies: UnfinishedDependencies;
  readonly #rows = new Map<string, Row>();

  constructor(dependencies: UnfinishedDependencies) {
    this.#dependencies = dependencies;
  }

  /** Those that can be undone now. */
  abandoned(): string[] {
    return [...this.#rows.keys()].filter((id) => this.isAbandoned(id));
  }

  isAbandoned(id: string): boolean {
    const row = this.#rows.get(id);
    if (row === undefined) return false;
    return row.isOurs || this.#dependencies.clock.monotonic() - row.since >= LEASE_MS;
  }

  has(id: string): boolean {
    return this.#rows.has(id);
  }

  /** One whose end this process decided, or took over, and has not completed. */
  decided(id: string): Subscription | undefined {
    const row = this.#rows.get(id);
    return row !== undefined && isDecided(row) ? row.subscription : undefined;
  }

  isFull(): boolean {
    if (this.#rows.size < MOST_OF_OURS) return false;
    return [...this.#rows.values()].filter(({ isOurs }) => isOurs).length >= MOST_OF_OURS;
  }

  /** It is pending in the registry. Without replicas nobody else can be at work on it. */
  noteSeen(subscription: Subscription): void {
    const before = this.#rows.get(subscription.id);
    if (before?.subscription.version === subscription.version) return;
    this.#note(subscription, before?.isOurs === true || !this.#dependencies.store.isShared);
  }

  /** This process made it and cannot finish it. */
  noteOurs(pending: Subscription): void {
    this.#note(pending, true);
  }

  /** Somebody removed it. Of what this process made a feed may be left. */
  forgetOthers(id: string): void {
    if (this.#rows.get(id)?.isOurs === false) this.#rows.delete(id);
  }

  /** It lives: what is left of an attempt to make it shall not be in the way. */
  async clearAway(id: string): Promise<void> {
    if (this.#rows.get(id)?.isOurs === true) await this.#dependencies.feeds.leave(id);
  }

  forget(id: string): void {
    this.#rows.delete(id);
  }

  /**
   * The first step of an end decides it: pending in the registry. Rejects when it could not be decided; then nothing
   * changed here.
   */
  async decide(living: Subscription): Promise<void> {
    const marked = await this.#dependencies.store.update(living.id, ENDING);
    this.#note(marked ?? { ...living, ...ENDING }, true);
  }

  /** Gives all replicas the time to let go of one whose end is decided. */
  async letGo(id: string): Promise<void> {
    const { store, feeds, clock, logger } = this.#dependencies;
    if (!store.isShared) return;
    try {
      await feeds.leave(id);
    } catch (error) {
      logger.warn({ err: error, subscriptionId: id }, 'subscription.leave.failed');
    }
    await sleep(clock, LETTING_GO_MS);
  }

  /**
   * Feed first, registry last: as long as the row is there, somebody knows that there is something to undo. True when
   * nothing is left to do, also because another replica went on with it.
   */
  async undo(id: string): Promise<boolean> {
    const { store, feeds, logger, ended } = this.#dependencies;
    const row = this.#rows.get(id);
    if (row === undefined) return true;
    try {
      if (!isDecided(row) && !(await this.#takeOver(row))) return true;
      await feeds.detach(id);
      await store.remove(id);
      this.#rows.delete(id);
      ended(id);
      return true;
    } catch (error) {
      logger.warn({ err: error, subscriptionId: id }, 'subscription.undo.failed');
      return false;
    }
  }

  /**
   * Whoever is at work on it all the same, slowly, fails at its next step. False when it is not to be undone: it was
   * finished meanwhile, perhaps by this process, which was not told so.
   */
  async #takeOver({ subscription, isOurs }: Row): Promise<boolean> {
    const { store, heed } = this.#dependencies;
    const { id, version } = subscription;
    const taken = await store.update(id, ENDING, version);
    if (taken !== undefined) {
      this.#note(taken, true);
      return true;
    }
    const now = await store.find(id);
    if (now !== undefined) await heed(now);
    else if (isOurs) return true;
    else this.#rows.delete(id);
    return false;
  }

  #note(subscription: Subscription, isOurs: boolean): void {
    const since = this.#dependencies.clock.monotonic();
    this.#rows.set(subscription.id, { subscription, since, isOurs });
  }
}

function isDecided({ subscription, isOurs }: Row): boolean {
  return isOurs && isEnding(subscription);
}
