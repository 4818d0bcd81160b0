import type { Logger } from '../../logger.ts';
import type { RegistryEntry, RegistryStore, Subscription } from '../../registry/store.ts';
import type { Clock, Timer } from '../../time.ts';
import type { Turns } from './in-turn.ts';
import type { Roster } from './roster.ts';
import { createSlots } from './slots.ts';
import type { Unfinished } from './unfinished.ts';

/** Each waits for the brokers, so some at once; few enough for any broker. */
const AT_ONCE = 64;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

export interface FollowingDependencies {
  readonly store: RegistryStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly roster: Roster;
  readonly unfinished: Unfinished;
  /** By id. */
  readonly inTurn: Turns;
  /** It is removed, and was fed here until shortly before, or longer. */
  readonly ended: (id: string) => void;
}

interface Pause {
  readonly timer: Timer;
  readonly ms: number;
}

/**
 * Does here what the registry says that others did: feeds what came to life, lets go of what ends. Of several entries
 * of one id only the newest counts. One that cannot be heeded now, because a broker is away, is tried again until it
 * can or a newer one comes.
 */
export class Following {
  readonly #dependencies: FollowingDependencies;
  readonly #slots = createSlots(AT_ONCE);
  /** The newest entry of each id that has not had its turn. */
  readonly #heard = new Map<string, RegistryEntry>();
  readonly #pauses = new Map<string, Pause>();
  #state: 'waiting' | 'started' | 'stopped' = 'waiting';

  constructor(dependencies: FollowingDependencies) {
    this.#dependencies = dependencies;
  }

  told(entry: RegistryEntry): void {
    this.#pauses.get(entry.id)?.timer.cancel();
    this.#pauses.delete(entry.id);
    this.#queue(entry);
  }

  /** Resolves when all that was told so far had its turn. What failed then is tried again later. */
  async start(): Promise<void> {
    this.#state = 'started';
    await Promise.all([...this.#heard.keys()].map((id) => this.#take(id)));
  }

  stop(): void {
    this.#state = 'stopped';
    this.#heard.clear();
  }

  /**
   * Makes this replica do what the registry says of a subscription: `now` is how it stands there, unless it was known
   * further on here, which a storage that lost its last writes will hear of. Only in its turn. Rejects when a broker
   * cannot be had.
   */
  async heed(now: Subscription): Promise<void> {
    const { roster, unfinished } = this.#dependencies;
    const known = roster.get(now.id);
    if (known !== undefined && known.version >= now.version) return;
    if (now.state === 'pending') {
      await roster.leave(now.id);
      unfinished.noteSeen(now);
    } else {
      await unfinished.clearAway(now.id);
      await roster.bringIn(now);
      unfinished.forget(now.id);
    }
  }

  #queue(entry: RegistryEntry): void {
    const { id, version } = entry;
    const waiting = this.#heard.get(id);
    if (waiting === undefined || waiting.version < version) this.#heard.set(id, entry);
    if (waiting === undefined && this.#state === 'started') void this.#take(id);
  }

  #take(id: string): Promise<void> {
    return this.#dependencies.inTurn(id, () => this.#slots(() => this.#apply(id)));
  }

  async #apply(id: string): Promise<void> {
    const entry = this.#heard.get(id);
    if (entry === undefined) return;
    this.#heard.delete(id);
    const before = this.#pauses.get(id);
    this.#pauses.delete(id);
    try {
      await this.#follow(entry);
    } catch (error) {
      this.#dependencies.logger.warn({ err: error, subscriptionId: id }, 'subscription.follow.failed');
      if (this.#state === 'started') this.#later(entry, before?.ms);
    }
  }

  #later(entry: RegistryEntry, lastMs = FIRST_PAUSE_MS / 2): void {
    // Where a newer one waits already, the older one has nothing to say any more.
    if (this.#heard.has(entry.id)) return;
    const ms = Math.min(LONGEST_PAUSE_MS, 2 * lastMs);
    const timer = this.#dependencies.clock.after(ms, () => this.#queue(entry));
    this.#pauses.set(entry.id, { timer, ms });
  }

  async #follow({ id, version, subscription }: RegistryEntry): Promise<void> {
    const { roster, unfinished } = this.#dependencies;
    const known = roster.get(id);
    if (known !== undefined && known.version >= version) return;
    if (subscription === null) {
      if (known === undefined && !unfinished.has(id)) return;
      await roster.leave(id);
      unfinished.forgetOthers(id);
      this.#dependencies.ended(id);
      return;
    }
    const isNews = subscription.state !== 'pending' && known?.createdAt !== subscription.createdAt;
    await this.heed(isNews ? await this.#asItStands(id, version) : subscription);
  }

  /**
   * What was told may be over: one whose positions are gone, attached again, would be sent all that its sources have.
   * What ends after this look is told after it.
   */
  async #asItStands(id: string, version: number): Promise<Subscription> {
    const now = await this.#dependencies.store.find(id);
    if (now !== undefined && now.version >= version) return now;
    // Removed, which will be told; or the storage lost it, and it will be written back.
    throw new Error('the registry does not have it now');
  }
}
