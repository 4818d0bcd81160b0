/**
 * What clients may do with subscriptions: register (again), look, remove. The rules of HUB-CONTRACT 2 stand here;
 * `lifecycle.ts` carries them out so that a crash leaves nothing half made.
 *
 * Work on one identity (hub, callback, meaning of the query) is done in turn: two equal requests at once make one
 * subscription, and both are answered when it is fed. Of two at two replicas, one waits for the other.
 */
import { createHash } from 'node:crypto';
import type { CallbackSender } from '../../callbacks/sender.ts';
import type { Logger } from '../../logger.ts';
import type { HubScope, RegistryStore, Subscription, SubscriptionState } from '../../registry/store.ts';
import type { Catalogue } from '../../tmf/catalogue.ts';
import type { JsonObject } from '../../tmf/document.ts';
import type { Profiles } from '../../tmf/profiles.ts';
import type { Clock } from '../../time.ts';
import { conflict, otherIn, otherwiseConflict } from './repeats.ts';
import { createTurns } from './in-turn.ts';
import { SubscriptionLifecycle } from './lifecycle.ts';
import type { Feeds } from './feeds.ts';
import { everything, identityOf, readRegistration, recompile } from './registration-request.ts';
import type { RegistrationPolicy, RegistrationRequest } from './registration-request.ts';
import { noSuchSubscription, noSuchTopic, unavailable } from '../refusal.ts';
import type { Refusal } from '../refusal.ts';
import { createUnderstanding } from './understanding.ts';

export interface RegistrationDependencies {
  readonly store: RegistryStore;
  readonly feeds: Feeds;
  readonly sender: Pick<CallbackSender, 'refusal'>;
  readonly catalogue: Catalogue;
  readonly policy: RegistrationPolicy;
  readonly profiles: Profiles;
  readonly clock: Clock;
  /** A new unique id at each call: letters, digits, `-` and `_`, at most 128. */
  readonly newId: () => string;
  readonly logger: Logger;
}

/** Made now or before: the answer is 201 either way. */
export interface Registered {
  readonly ok: true;
  readonly subscription: Subscription;
}

export interface Registrations {
  /**
   * Brings back what the registry knows, and from then on follows it. Rejects when the registry or a feed cannot be
   * had.
   */
  start(): Promise<void>;
  /** Follows the registry no more, and clears nothing away any more. */
  stop(): void;
  /** `body` has the shape that the API description asks for. */
  register(scope: HubScope, body: JsonObject): Promise<Registered | Refusal>;
  /**
   * As `register`, for one of the configuration: with an id that follows from what it says, so that all replicas that
   * have it in their configuration feed one and the same.
   */
  declare(scope: HubScope, body: JsonObject): Promise<Registered | Refusal>;
  /** Also one that another replica registered and that is not known here yet. */
  get(scope: HubScope, id: string): Promise<Registered | Refusal>;
  /** Those of one hub that are known here, in the order of creation. */
  list(scope: HubScope): Subscription[];
  /** Those of all hubs, in the order of creation. */
  all(): Subscription[];
  remove(scope: HubScope, id: string): Promise<{ readonly ok: true } | Refusal>;
  /** Undefined when there is none (any more). Rejects when the registry cannot keep it: then nothing changed. */
  setState(
    id: string,
    state: Exclude<SubscriptionState, 'pending'>,
    reason: string | null,
  ): Promise<Subscription | undefined>;
}

const NOT_KEPT =
  'the registry or a broker is away, nothing was registered; send the same request again later';
const BUSY =
  'another replica registers or removes this subscription right now; send the same request again later';
const NOT_FOUND_OUT = 'the registry is away, whether there is such a subscription is not known here';
const NOT_REMOVED =
  'the registry or a broker is away, the removal is not complete; send the same DELETE again';

/** Attaching at start: enough at once to fill a group commit, few enough for any broker. */
const ATTACH_AT_ONCE = 64;
/** How long a request waits for another replica that is at work on the same subscription. */
const PATIENCE_MS = 5_000;

/** To be called before the registry is opened: it begins to follow it. */
export function createRegistrations(dependencies: RegistrationDependencies): Registrations {
  return new HubRegistrations(dependencies);
}

class HubRegistrations implements Registrations {
  readonly #dependencies: RegistrationDependencies;
  readonly #lifecycle: SubscriptionLifecycle;
  readonly #inTurn = createTurns();

  constructor(dependencies: RegistrationDependencies) {
    this.#dependencies = dependencies;
    const understand = createUnderstanding(dependencies);
    this.#lifecycle = new SubscriptionLifecycle({ ...dependencies, understand });
  }

  async start(): Promise<void> {
    const waiting = (await this.#dependencies.store.load()).values();
    const worker = async () => {
      for (const subscription of waiting) await this.#lifecycle.bringBack(subscription);
    };
    await Promise.all(Array.from({ length: ATTACH_AT_ONCE }, worker));
    await this.#lifecycle.start();
  }

  stop(): void {
    this.#lifecycle.stop();
  }

  async register(scope: HubScope, body: JsonObject): Promise<Registered | Refusal> {
    const request = readRegistration(scope, body, this.#dependencies);
    if (!request.ok) return request;
    const identity = identityOf(scope, request.callback, request.compiled);
    const patience = this.#dependencies.clock.monotonic() + PATIENCE_MS;
    return this.#inTurn(identity, () => this.#registerInTurn(scope, request, identity, patience));
  }

  async declare(scope: HubScope, body: JsonObject): Promise<Registered | Refusal> {
    const request = readRegistration(scope, body, this.#dependencies);
    if (!request.ok) return request;
    const { ordering, compiled } = request;
    const identity = identityOf(scope, request.callback, compiled);
    return this.#inTurn(identity, async () => {
      const equal = this.list(scope).filter((one) => this.#identity(one) === identity);
      const same = equal.find((one) => otherIn(one, request).length === 0);
      if (same) return { ok: true, subscription: same };
      const uniqueKey = request.duplicates === 'allow' ? null : identity;
      const id = `declared-${createHash('sha256').update(`${identity} ${ordering}`).digest('hex').slice(0, 16)}`;
      const inTheWay = uniqueKey === null ? equal.find((one) => one.id === id) : equal[0];
      if (inTheWay) return otherwiseConflict(inTheWay, request);
      const createdAt = new Date(this.#dependencies.clock.now()).toISOString();
      // Above all versions of one that was removed under this id.
      const version = this.#dependencies.clock.now();
      const standing = { state: 'active', stateReason: null, createdAt, version } as const;
      const fresh = subscriptionOf(id, scope, request, standing);
      try {
        const subscription = await this.#lifecycle.declare(fresh, compiled, uniqueKey);
        // Another replica was first, which had not been told.
        const isOther = otherIn(subscription, request).length > 0;
        return isOther ? otherwiseConflict(subscription, request) : { ok: true, subscription };
      } catch (error) {
        this.#dependencies.logger.error({ err: error, subscriptionId: id }, 'registration.failed');
        return unavailable(NOT_KEPT);
      }
    });
  }

  async get(scope: HubScope, id: string): Promise<Registered | Refusal> {
    const found = await this.#find(scope, id, NOT_FOUND_OUT);
    if ('ok' in found) return found;
    // Pending: its removal is decided.
    return found.state === 'pending' ? noSuchSubscription(id) : { ok: true, subscription: found };
  }

  list(scope: HubScope): Subscription[] {
    return this.all().filter((one) => inScope(scope, one) !== undefined);
  }

  all(): Subscription[] {
    return this.#lifecycle.all();
  }

  async remove(scope: HubScope, id: string): Promise<{ readonly ok: true } | Refusal> {
    const target = await this.#find(scope, id, NOT_REMOVED);
    if ('ok' in target) return target;
    return this.#inTurn(this.#identity(target), async () => {
      try {
        const outcome = await this.#lifecycle.remove(id);
        if (outcome === 'unknown') return noSuchSubscription(id);
        return outcome === 'removed' ? { ok: true } : unavailable(NOT_REMOVED);
      } catch (error) {
        this.#dependencies.logger.error({ err: error, subscriptionId: id }, 'removal.failed');
        return unavailable(NOT_REMOVED);
      }
    });
  }

  async setState(
    id: string,
    state: Exclude<SubscriptionState, 'pending'>,
    reason: string | null,
  ): Promise<Subscription | undefined> {
    const target = await this.#lifecycle.find(id);
    if (target === undefined) return undefined;
    return this.#inTurn(this.#identity(target), () => this.#lifecycle.changeState(id, state, reason));
  }

  async #registerInTurn(
    scope: HubScope,
    request: RegistrationRequest,
    identity: string,
    patience: number,
  ): Promise<Registered | Refusal> {
    const { newId, clock } = this.#dependencies;
    const createdAt = new Date(clock.now()).toISOString();
    const standing = { state: 'pending', stateReason: null, createdAt, version: 1 } as const;
    const fresh = subscriptionOf(newId(), scope, request, standing);

    const uniqueKey = request.duplicates === 'allow' ? null : identity;
    const result = await this.#lifecycle.create(fresh, request.compiled, uniqueKey, patience);
    if (result.outcome === 'failed') return unavailable(NOT_KEPT);
    if (result.outcome === 'busy') return unavailable(BUSY);
    if (result.outcome === 'topicless') return noSuchTopic(scope.topic?.id ?? '');
    if (result.outcome === 'created') return { ok: true, subscription: result.subscription };
    return this.#repeat(result.subscription, request);
  }

  /** The same registration again. One that stopped because of its listener comes back to life (RULES 17). */
  async #repeat(existing: Subscription, request: RegistrationRequest): Promise<Registered | Refusal> {
    const { id, state } = existing;
    if (otherIn(existing, request).length > 0) return otherwiseConflict(existing, request);
    if (state === 'gone' || state === 'suspended') {
      try {
        const resumed = await this.#lifecycle.changeState(id, 'active', null);
        if (resumed !== undefined) return { ok: true, subscription: resumed };
      } catch (error) {
        this.#dependencies.logger.error({ err: error, subscriptionId: id }, 'registration.failed');
      }
      return unavailable(NOT_KEPT);
    }
    if (request.duplicates === 'conflict') {
      return conflict(id, `subscription ${id} has the same callback and query`);
    }
    return { ok: true, subscription: existing };
  }

  async #find(scope: HubScope, id: string, elseMessage: string): Promise<Subscription | Refusal> {
    try {
      return inScope(scope, await this.#lifecycle.find(id)) ?? noSuchSubscription(id);
    } catch (error) {
      this.#dependencies.logger.warn({ err: error, subscriptionId: id }, 'subscription.find.failed');
      return unavailable(elseMessage);
    }
  }

  #identity({ scope, callback, query }: Subscription): string {
    const compiled = recompile(scope, query, this.#dependencies);
    return identityOf(scope, callback, compiled.ok ? compiled.query : everything());
  }
}

type Standing = Pick<Subscription, 'state' | 'stateReason' | 'createdAt' | 'version'>;

function subscriptionOf(
  id: string,
  scope: HubScope,
  { callback, query, ordering, extensions }: RegistrationRequest,
  standing: Standing,
): Subscription {
  return { id, scope, callback, query, ordering, ...(extensions && { extensions }), ...standing };
}

function inScope(scope: HubScope, subscription: Subscription | undefined): Subscription | undefined {
  return subscription?.scope.basePath === scope.basePath ? subscription : undefined;
}
