import { createProfiles } from '../../../src/tmf/profiles.ts';
import type { Feeds } from '../../../src/hub/registration/feeds.ts';
import { createRegistrations, type Registrations } from '../../../src/hub/registration/registrations.ts';
import type { Logger } from '../../../src/logger.ts';
import type {
  FeedNotes,
  RegistryEntry,
  RegistryStore,
  Subscription,
  SubscriptionChange,
  TopicStore,
} from '../../../src/registry/store.ts';
import type { Clock } from '../../../src/time.ts';
import type { MemoryRegistry } from '../../support/memory-registry.ts';
import { catalogue } from '../gateway-parts.ts';
import type { SharedBrokers } from './brokers.ts';
import { Gate, type GateOptions } from './gate.ts';

export interface ReplicaOptions extends GateOptions {
  readonly registry: MemoryRegistry;
  readonly brokers: SharedBrokers;
  /** How far its wall clock is ahead, milliseconds. */
  readonly skewMs: number;
  /** What is written is told at most so late, milliseconds. */
  readonly lateMs: () => number;
  /** Its storage has lost everything, and nobody has written it back yet. */
  readonly isLost?: () => boolean;
  /** Only the newest entry of an id is told, as after a connection that was lost. */
  readonly tellsNewest?: () => boolean;
  readonly newId: () => string;
}

/** One gateway as far as registrations go: on a registry and brokers that it shares with others. */
export class Replica {
  readonly registrations: Registrations;
  readonly feeds: ReplicaFeeds;
  readonly gate: Gate;
  readonly logged: { message: string; fields: object }[] = [];

  constructor(options: ReplicaOptions) {
    const { clock, skewMs } = options;
    this.gate = new Gate(options);
    this.feeds = new ReplicaFeeds(this.gate, options.brokers);
    this.registrations = createRegistrations({
      store: new ToldLate(this.gate, options),
      feeds: this.feeds,
      sender: { refusal: () => undefined },
      catalogue,
      policy: { duplicates: 'idempotent', lenientQuery: false, unknownEventTypes: 'reject' },
      profiles: createProfiles(),
      clock: skewed(clock, skewMs),
      newId: options.newId,
      logger: this.#logger(),
    });
  }

  #logger(): Logger {
    const log = (fields: object, message: string) => void this.logged.push({ fields, message });
    return { debug: log, info: log, warn: log, error: log, isLevelEnabled: () => true };
  }
}

function skewed(clock: Clock, ms: number): Clock {
  return {
    now: () => clock.now() + ms,
    monotonic: () => clock.monotonic(),
    after: (delay, fire) => clock.after(delay, fire),
  };
}

export class ReplicaFeeds implements Feeds {
  readonly attached = new Map<string, Subscription>();
  readonly calls: string[] = [];
  /** The states that it was told of. */
  readonly changes: string[] = [];
  readonly #gate: Gate;
  readonly #brokers: SharedBrokers;

  constructor(gate: Gate, brokers: SharedBrokers) {
    this.#gate = gate;
    this.#brokers = brokers;
  }

  async attach(subscription: Subscription, _query: unknown, as: 'new' | 'known'): Promise<void> {
    const { id } = subscription;
    try {
      await this.#gate.call('attach', () => {
        this.calls.push(`attach ${as} ${id}`);
        if (this.attached.has(id)) this.#brokers.problems.push(`${id} was attached while it was attached`);
        if (as === 'new') this.#brokers.begin(subscription);
        else this.#brokers.goOn(subscription, this.#gate.wasFrozen);
        this.attached.set(id, subscription);
      });
    } catch (error) {
      this.attached.delete(id);
      throw error;
    }
  }

  detach(id: string): Promise<void> {
    return this.#gate.call('detach', () => {
      this.calls.push(`detach ${id}`);
      this.attached.delete(id);
      this.#brokers.end(id);
    });
  }

  leave(id: string): Promise<void> {
    return this.#gate.call('leave', () => {
      this.calls.push(`leave ${id}`);
      if (this.attached.delete(id)) this.#brokers.commit(id);
    });
  }

  changed(subscription: Subscription): void {
    if (this.#gate.isDead) return;
    this.changes.push(subscription.state);
    if (this.attached.has(subscription.id)) this.attached.set(subscription.id, subscription);
    // A leave that failed took effect perhaps.
    else if (!this.calls.includes(`leave ${subscription.id}`))
      this.#brokers.problems.push(`${subscription.id} was changed and is not attached`);
  }
}

/** The registry behind the gate. It tells of all writes in their order but late, of this process's own too. */
class ToldLate implements RegistryStore {
  readonly registryId = 'registry';
  readonly #gate: Gate;
  readonly #options: ReplicaOptions;
  readonly #newest = new Map<string, number>();
  #lastAt = 0;

  constructor(gate: Gate, options: ReplicaOptions) {
    this.#gate = gate;
    this.#options = options;
  }

  get isShared(): boolean {
    return this.#options.registry.isShared;
  }

  get topics(): TopicStore {
    return this.#options.registry.topics;
  }

  get notes(): FeedNotes {
    return this.#options.registry.notes;
  }

  open = () => this.#options.registry.open();
  close = () => this.#options.registry.close();
  health = () => this.#options.registry.health();
  load = () => this.#gate.call('load', () => this.#options.registry.load());
  find = (id: string) =>
    this.#gate.call('find', () =>
      this.#options.isLost?.() === true ? undefined : this.#options.registry.find(id),
    );
  insert = (subscription: Subscription, key: string | null) =>
    this.#gate.call('insert', () => this.#options.registry.insert(subscription, key));
  update = (id: string, change: SubscriptionChange, ifVersion?: number) =>
    this.#gate.call('update', () => this.#options.registry.update(id, change, ifVersion));
  remove = (id: string) => this.#gate.call('remove', () => this.#options.registry.remove(id));
  catchUp = () => this.#options.registry.catchUp();

  follow(changed: (entry: RegistryEntry) => void): void {
    const { registry, clock, random, lateMs } = this.#options;
    registry.follow((entry) => {
      this.#newest.set(entry.id, entry.version);
      this.#lastAt = Math.max(this.#lastAt, clock.monotonic() + random() * lateMs());
      clock.after(this.#lastAt - clock.monotonic(), () => {
        const isNewest = this.#newest.get(entry.id) === entry.version;
        if (isNewest || this.#options.tellsNewest?.() !== true) changed(entry);
      });
    });
  }
}
