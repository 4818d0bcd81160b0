import type { Attempt, DeadLetterReason, DeadLetters, Delivery, Outlet } from '../brokers/broker.ts';
import type { CallbackAnswer, CallbackSender } from '../callbacks/sender.ts';
import type { Subscription } from '../registry/store.ts';
import type { Clock, Timer } from '../time.ts';
import { attemptOf, remember, requestOf, targetOf, type Target } from './attempt.ts';
import type { Capacity, Tenant } from './capacity.ts';
import { bury, deadLetterOf } from './dead-letter.ts';
import { Lanes, type Lane } from './lanes.ts';
import type { DeliveryObserver } from './observer.ts';
import { outcomeOf, type Outcome } from './outcome.ts';
import { Pace } from './pace.ts';
import type { DeliverySettings } from './settings.ts';
import { verdictOf } from './verdict.ts';

/** Events that may be ready beyond those in flight, so that free lanes are found for every free attempt. */
const READY_PER_ATTEMPT = 8;
const MIN_READY = 64;
/** Room for so many is made at once, so that the brokers are not asked for every single event. */
const ROOM_STEP = 32;
/** How often a lane is looked at again whose feed may make no attempt now (RULES 8 and 9). */
const FEED_CLOSED_MS = 1_000;

type Failure = Exclude<Outcome, { kind: 'delivered' }>;

const isNew = ({ history }: Delivery): boolean => history === undefined;

export interface DispatcherDeps {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly sender: CallbackSender;
  readonly settings: DeliverySettings;
  readonly capacity: Capacity;
  readonly observer: DeliveryObserver;
  /** The dead letters of the broker that a delivery came from. */
  lettersOf(delivery: Delivery): DeadLetters;
  /** The outlet said that it had no room, and has some again. */
  roomAgain(subscriptionId: string): void;
  /** The listener is gone, or was down for too long. */
  stopped(subscriptionId: string, state: 'gone' | 'suspended', reason: string): void;
}

/**
 * One subscription's deliveries: takes events while there is room, makes the attempts that lanes, circuit, limits
 * and feeds allow, and sees every event to a durable fate. All waiting is by the clock's timers; it does no I/O.
 */
export class Dispatcher implements Outlet, Tenant {
  readonly subscription: Subscription;
  readonly #deps: DispatcherDeps;
  readonly #target: Target;
  readonly #lanes: Lanes;
  readonly #pace: Pace;
  #state: Subscription['state'];
  #closed = false;
  #holding = false;
  #inFlight = 0;
  #heldBytes = 0;
  #heldWhenOpened = 0;
  #successes = 0;
  #starved = false;
  #wakeUp: { at: number; timer: Timer } | undefined;
  #lastOutcome: (Attempt & { readonly outcome: Exclude<Outcome['kind'], 'abandoned'> }) | undefined;

  constructor(subscription: Subscription, deps: DispatcherDeps) {
    this.subscription = subscription;
    this.#deps = deps;
    this.#state = subscription.state;
    this.#target = targetOf(subscription);
    this.#lanes = new Lanes(subscription.ordering === 'key');
    this.#pace = new Pace(deps.settings);
  }

  get subscriptionId(): string {
    return this.subscription.id;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** For an operator's eyes. */
  get status() {
    return {
      circuit: this.#pace.circuit.state,
      inFlight: this.#inFlight,
      waitingRetry: this.#lanes.blocked,
      lastOutcome: this.#lastOutcome ?? null,
    };
  }

  /** See `Lanes.progressOf`. */
  progressOf(eventId: string): ReturnType<Lanes['progressOf']> {
    return this.#lanes.progressOf(eventId);
  }

  hasRoom(): boolean {
    const room = this.#hasOwnRoom() && this.#deps.capacity.hasRoom(this);
    if (!room) this.#starved = true;
    return room;
  }

  offer(delivery: Delivery): void {
    this.#heldBytes += delivery.event.bytes.length;
    this.#deps.capacity.hold(delivery.event, this);
    this.#lanes.add(delivery);
    this.#pump();
  }

  /** Follows the registry: only an active subscription makes attempts. Made active again, it starts afresh. */
  setState(state: Subscription['state']): void {
    if (this.#state === state) return;
    this.#state = state;
    if (state !== 'active') return;
    this.#pace.startAfresh();
    this.#changed();
  }

  /** Starts no attempt any more; those in flight end and count (shutdown). */
  hold(): void {
    this.#holding = true;
  }

  /** The subscription ended: nothing more is attempted, what is in flight counts for nothing. */
  close(): void {
    this.#closed = true;
    this.#wakeUp?.timer.cancel();
    for (const delivery of this.#lanes.clear()) this.#let(delivery);
    this.#deps.capacity.forget(this);
  }

  evict(): void {
    for (const delivery of this.#lanes.evict()) {
      this.#let(delivery);
      delivery.feed.evicted(delivery);
    }
    this.#heldWhenOpened = this.#lanes.held;
  }

  capacityAgain(): void {
    this.#changed();
  }

  #hasOwnRoom(): boolean {
    if (this.#closed || this.#state !== 'active') return false;
    const { maxWaiting } = this.#deps.settings.limits;
    const { held, ready } = this.#lanes;
    if (this.#pace.circuit.isClosed()) return ready < this.#readyTarget() && this.#waiting() < maxWaiting;
    // A probe may need a new event: what is held could all be poison (RULES 11).
    return held < Math.max(1, this.#heldWhenOpened + this.#pace.circuit.failedProbes);
  }

  /** What cannot be attempted now: in retry, becoming a dead letter, or behind another of its lane. */
  #waiting(): number {
    return this.#lanes.held - this.#lanes.ready - this.#inFlight;
  }

  #readyTarget(): number {
    return Math.max(MIN_READY, this.#pace.concurrency * READY_PER_ATTEMPT);
  }

  /** Something moved: start what may start, and tell the brokers when there is room again. */
  #changed(): void {
    this.#pump();
    if (!this.#starved || !this.#hasOwnRoom()) return;
    if (this.#pace.circuit.isClosed() && !this.#hasRoomForSome()) return;
    this.#starved = false;
    this.#deps.roomAgain(this.subscriptionId);
  }

  #hasRoomForSome(): boolean {
    const { maxWaiting } = this.#deps.settings.limits;
    const step = Math.min(ROOM_STEP, Math.ceil(maxWaiting / 4));
    return this.#lanes.ready * 2 <= this.#readyTarget() && this.#waiting() <= maxWaiting - step;
  }

  #pump(): void {
    const held: Lane[] = [];
    const { circuit } = this.#pace;
    // Every second probe is an event that was not tried yet: all that failed before could be poison (RULES 11).
    if (!circuit.isClosed() && circuit.failedProbes % 2 === 1) this.#lanes.prefer(isNew);
    while (!this.#closed && !this.#holding && this.#state === 'active') {
      const lane = this.#lanes.take();
      if (!lane) break;
      const delivery = lane.queue[0] as Delivery;
      if (!delivery.feed.mayAttempt()) {
        held.push(lane);
        this.#wakeAt(this.#deps.clock.monotonic() + FEED_CLOSED_MS);
      } else if (delivery.attempts > this.#deps.settings.retry.delays.length) {
        // Used up before a restart that came between the last attempt and the dead letter (PITFALLS 2).
        void this.#bury(lane, delivery, 'exhausted');
      } else if (this.#mayStart()) {
        this.#start(lane, delivery);
      } else {
        this.#lanes.giveBack(lane);
        break;
      }
    }
    for (const lane of held) this.#lanes.putBack(lane);
  }

  /** Takes what an attempt needs: the pace's permission and one of the process's slots. */
  #mayStart(): boolean {
    const permission = this.#pace.ask(this.#deps.clock.monotonic(), this.#inFlight);
    if (permission === 'probe') return this.#deps.capacity.takeSlot(this, this.#inFlight, true);
    if (permission === 'attempt') {
      const started = this.#deps.capacity.takeSlot(this, this.#inFlight);
      if (!started) this.#pace.notStarted();
      return started;
    }
    if (permission.later !== undefined) this.#wakeAt(permission.later);
    return false;
  }

  #start(lane: Lane, delivery: Delivery): void {
    this.#inFlight++;
    const startedAt = this.#deps.clock.now();
    const probe = this.#pace.circuit.state === 'probing';
    void this.#deps.sender.send(requestOf(delivery, this.#target, startedAt)).then((answer) => {
      this.#inFlight--;
      this.#deps.capacity.releaseSlot(this.#inFlight);
      if (!this.#closed) this.#answered(lane, delivery, answer, startedAt, probe);
    });
  }

  #answered(lane: Lane, delivery: Delivery, answer: CallbackAnswer, startedAt: number, probe: boolean): void {
    const { clock, settings, observer } = this.#deps;
    const now = clock.now();
    const outcome = outcomeOf(answer, settings.retry, now);
    const attempt = attemptOf(answer, delivery, startedAt);
    if (outcome.kind !== 'abandoned') this.#lastOutcome = { ...attempt, outcome: outcome.kind };
    observer.attempted(this.subscriptionId, delivery, attempt, outcome, now - delivery.event.time);
    if (outcome.kind === 'delivered') this.#delivered(lane, delivery, attempt, answer.durationMs);
    else this.#notDelivered(lane, delivery, attempt, outcome, probe);
    this.#changed();
  }

  #delivered(lane: Lane, delivery: Delivery, attempt: Attempt, durationMs: number): void {
    this.#successes++;
    if (this.#pace.succeeded(durationMs)) this.#circuitChanged(attempt);
    this.#settle(lane, delivery, 'delivered');
  }

  #notDelivered(lane: Lane, delivery: Delivery, attempt: Attempt, outcome: Failure, probe: boolean): void {
    const { clock, random, settings } = this.#deps;
    if (outcome.kind !== 'abandoned') remember(delivery, attempt);
    const wasClosed = this.#pace.circuit.isClosed();
    const facts = { delivery, outcome, probe, now: clock.monotonic(), successes: this.#successes };
    const verdict = verdictOf(facts, this.#pace, settings, random);
    if (wasClosed !== this.#pace.circuit.isClosed()) this.#circuitChanged(attempt);
    if (verdict.next === 'wait') this.#wait(lane, verdict.ms);
    else if (verdict.next === 'bury') void this.#bury(lane, delivery, verdict.reason);
    else this.#lanes.putBack(lane);
    if (verdict.next === 'stop') {
      this.#state = verdict.state;
      this.#deps.stopped(this.subscriptionId, verdict.state, verdict.reason);
    }
  }

  #circuitChanged({ status, error = `status ${status ?? 0}` }: Attempt): void {
    const state = this.#pace.circuit.isClosed() ? 'closed' : 'open';
    if (state === 'open') this.#heldWhenOpened = this.#lanes.held;
    this.#deps.observer.circuitChanged(this.subscriptionId, state, `the listener answered: ${error}`);
  }

  #wait(lane: Lane, delay: number): void {
    const timer = this.#deps.clock.after(delay, () => {
      this.#lanes.waited(lane);
      this.#changed();
    });
    this.#lanes.wait(lane, timer);
  }

  async #bury(lane: Lane, delivery: Delivery, reason: DeadLetterReason): Promise<void> {
    const { clock, observer } = this.#deps;
    const letter = deadLetterOf(delivery, reason, this.subscription, clock.now());
    const letters = this.#deps.lettersOf(delivery);
    if (!(await bury(letter, letters, { clock, observer }, () => this.#closed)) || this.#closed) return;
    this.#settle(lane, delivery, 'dead');
    this.#changed();
  }

  #settle(lane: Lane, delivery: Delivery, fate: 'delivered' | 'dead'): void {
    this.#lanes.settled(lane);
    this.#let(delivery);
    delivery.feed.settle(delivery, fate);
  }

  #let(delivery: Delivery): void {
    this.#heldBytes -= delivery.event.bytes.length;
    this.#deps.capacity.release(delivery.event);
  }

  /** Pumps at the given monotonic time, or earlier when somebody asks for that. */
  #wakeAt(at: number): void {
    if (this.#wakeUp && this.#wakeUp.at <= at) return;
    this.#wakeUp?.timer.cancel();
    const timer = this.#deps.clock.after(at - this.#deps.clock.monotonic(), () => {
      this.#wakeUp = undefined;
      this.#changed();
    });
    this.#wakeUp = { at, timer };
  }
}
