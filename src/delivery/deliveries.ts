import type {
  Broker,
  DeadLetter,
  DeadLetters,
  Delivery,
  Intake,
  Routed,
  SourceRecord,
} from '../brokers/broker.ts';
import type { CallbackSender } from '../callbacks/sender.ts';
import type { Subscription } from '../registry/store.ts';
import type { Clock } from '../time.ts';
import type { EventChecks } from '../tmf/event-check.ts';
import type { Profiles } from '../tmf/profiles.ts';
import type { Query } from '../tmf/query/query.ts';
import { Capacity } from './capacity.ts';
import { buryOnce, invalidLetter, unreadableLetter } from './dead-letter.ts';
import { decode, type Decoded, type DecodeKnowledge } from './decode.ts';
import { Dialects, type NameKnowledge } from './dialect.ts';
import { Dispatcher } from './dispatcher.ts';
import { LetterReplays } from './letter-replays.ts';
import type { Interest } from './interest.ts';
import { MatchIndex } from './match.ts';
import type { DeliveryObserver } from './observer.ts';
import { settingsFor, type DeliverySettings } from './settings.ts';

export interface DeliveriesDeps {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly sender: CallbackSender;
  readonly settings: DeliverySettings;
  readonly knowledge: DecodeKnowledge & NameKnowledge;
  readonly profiles: Profiles;
  readonly observer: DeliveryObserver;
  readonly brokers: readonly Broker[];
  /** Undefined: no event is checked against the schemas of its API. */
  readonly checks?: EventChecks | undefined;
  /** The listener is gone, or was down for too long: for the registry. */
  stopped(subscriptionId: string, state: 'gone' | 'suspended', reason: string): void;
}

/**
 * An event's journey: source -> decode -> match -> lane -> attempt -> outcome -> settle. This is where it enters
 * (`route`, called by the brokers for each record) and where the subscriptions' dispatchers live.
 */
export class Deliveries implements Intake {
  readonly capacity: Capacity;
  readonly #deps: DeliveriesDeps;
  readonly #index = new MatchIndex();
  readonly #dispatchers = new Map<string, Dispatcher>();
  readonly #dialects: Dialects;
  readonly letterReplays: LetterReplays;
  /** Those under way, by the id of their dead letter. */
  readonly #quarantines = new Map<string, Promise<void>>();
  #closed = false;

  constructor(deps: DeliveriesDeps) {
    this.#deps = deps;
    this.#dialects = new Dialects(deps.knowledge);
    this.letterReplays = new LetterReplays({
      ...deps,
      dispatcherOf: (id) => this.#dispatchers.get(id),
      failed: (letter, error) => deps.observer.deadLetterDelayed(letter, error),
    });
    const { memory, maxSockets } = deps.settings.limits;
    this.capacity = new Capacity({ memory, slots: maxSockets }, deps.clock);
  }

  get epoch(): number {
    return this.#index.epoch;
  }

  route(record: SourceRecord): Routed | { readonly quarantined: Promise<void> } {
    const decoded = decode(record, this.#deps.knowledge);
    if ('unreadable' in decoded) {
      const letter = unreadableLetter(decoded.record, decoded.unreadable, this.#deps.clock.now());
      return { quarantined: this.#quarantine(decoded.record, letter) };
    }
    const invalid = this.#deps.checks && this.#invalid(decoded);
    if (invalid) return { quarantined: this.#quarantine(decoded.record, invalid) };
    const { subscriptionIds, filtered } = this.#index.match(decoded.event, decoded.document);
    this.#deps.observer.routed(subscriptionIds.length, filtered);
    return { event: decoded.event, record: decoded.record, subscriptionIds };
  }

  /** Makes the dispatcher of a subscription; from now on events are matched for it. */
  open(subscription: Subscription, query: Query): Dispatcher {
    const { eventTypes, matches, equality } = query;
    const { scope, extensions } = subscription;
    const { profiles } = this.#deps;
    // One whose profile is gone is held: nothing is sent in the other one.
    const profile = profiles.of(scope.basePath, extensions?.profile) ?? profiles.standard;
    const dialect = this.#dialects.of(profile, scope, query.projection);
    const deps = {
      ...this.#deps,
      settings: settingsFor(subscription, this.#deps.settings),
      capacity: this.capacity,
      lettersOf: (delivery: Delivery) =>
        (this.letterReplays.homeOf(delivery) ?? this.#brokerOf(delivery)).deadLetters,
      roomAgain: (id: string) => {
        for (const broker of this.#deps.brokers) broker.roomAgain(id);
        this.letterReplays.roomAgain(id);
      },
    };
    const dispatcher = new Dispatcher(subscription, deps, dialect, eventTypes);
    this.#dispatchers.set(subscription.id, dispatcher);
    const topic = scope.topic?.id ?? null;
    this.#index.add({
      subscriptionId: subscription.id,
      api: scope.api,
      topic,
      eventTypes,
      matches,
      equality,
    });
    return dispatcher;
  }

  close(subscriptionId: string): void {
    this.#index.remove(subscriptionId);
    this.#dispatchers.get(subscriptionId)?.close();
    this.#dispatchers.delete(subscriptionId);
    this.letterReplays.forget(subscriptionId);
  }

  of(subscriptionId: string): Dispatcher | undefined {
    return this.#dispatchers.get(subscriptionId);
  }

  interestOf(subscriptionId: string): Interest | undefined {
    return this.#index.interestOf(subscriptionId);
  }

  all(): Iterable<Dispatcher> {
    return this.#dispatchers.values();
  }

  /** Resolves when no attempt is under way, or after `timeoutMs`. */
  drain(timeoutMs: number): Promise<void> {
    for (const dispatcher of this.#dispatchers.values()) dispatcher.hold();
    return this.capacity.idle(timeoutMs);
  }

  closeAll(): void {
    this.#closed = true;
    this.letterReplays.stop();
    for (const dispatcher of this.#dispatchers.values()) dispatcher.close();
  }

  #brokerOf({ record }: Pick<Delivery, 'record'>): Broker {
    const broker = this.#deps.brokers.find((candidate) => candidate.name === record.source.broker);
    if (!broker) throw new Error(`no broker is called ${record.source.broker}`);
    return broker;
  }

  /** The dead letter that an event becomes which does not fit the schemas of its API; undefined when it goes on. */
  #invalid({ event, document, record }: Decoded): DeadLetter | undefined {
    const { checks, observer, clock } = this.#deps;
    const objection = checks?.(record.source.broker)(event.apis, event.type, document);
    if (!objection) return undefined;
    observer.invalid(event, objection, record.source);
    return objection.mode === 'warn' ? undefined : invalidLetter(record, event, objection, clock.now());
  }

  /** What is no event becomes one dead letter, also when it is read again, or by the queues of several subscriptions. */
  #quarantine(record: SourceRecord, letter: DeadLetter): Promise<void> {
    const letters = this.#brokerOf({ record }).deadLetters;
    const { id } = letter;
    const done = this.#quarantines.get(id) ?? this.#bury(letter, letters);
    this.#quarantines.set(id, done);
    return done;
  }

  /** Resolves only once it is durable: a broker that is stopping meanwhile would settle the record. */
  async #bury(letter: DeadLetter, letters: DeadLetters): Promise<void> {
    const isDurable = await buryOnce(letter, letters, this.#deps, () => this.#closed);
    this.#quarantines.delete(letter.id);
    if (!isDurable) await new Promise(() => undefined);
  }
}
