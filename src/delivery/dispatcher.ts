import type { Attempt, DeadLetterReason, Delivery, Feed, Outlet, Wants } from '../brokers/broker.ts';
import type { CallbackAnswer } from '../callbacks/sender.ts';
import type { Subscription } from '../registry/store.ts';
import { Alarm } from './alarm.ts';
import { attemptOf, remember, requestOf, targetOf, type Target } from './attempt.ts';
import type { Tenant } from './capacity.ts';
import { bury, deadLetterOf } from './dead-letter.ts';
import type { DispatcherDeps } from './dispatcher-deps.ts';
import type { Dialect } from './dialect.ts';
import { Lanes, type Lane } from './lanes.ts';
import { Leaving } from './leaving.ts';
import { outcomeOf, type Outcome } from './outcome.ts';
import { Pace } from './pace.ts';
import { Room } from './room.ts';
import { verdictOf } from './verdict.ts';

/** How often a lane is looked at again whose feed may make no attempt now (RULES 8 and 9). */
const FEED_CLOSED_MS = 1_000;

type Failure = Exclude<Outcome, { kind: 'delivered' }>;

const isNew = ({ history }: Delivery): boolean => history === undefined;

/**
 * One subscription's deliveries: takes events while there is room, makes the attempts that lanes, circuit, limits
 * and feeds allow, and sees every event to a durable fate. All waiting is by the clock's timers; it does no I/O.
 */
export class Dispatcher implements Outlet, Tenant {
  readonly subscription: Subscription;
  readonly wants: Wants;
  readonly #deps: DispatcherDeps;
  readonly #target: Target;
  readonly #lanes: Lanes;
  readonly #pace: Pace;
  readonly #room: Room;
  readonly #leaving: Leaving;
  readonly #alarm: Alarm;
  #state: Subscription['state'];
  #closed = false;
  #holding = false;
  #inFlight = 0;
  #heldBytes = 0;
  #successes = 0;
  #starved = false;
  #lastOutcome: (Attempt & { readonly outcome: Exclude<Outcome['kind'], 'abandoned'> }) | undefined;

  /** `eventTypes`: canonical ones that it wants; null = all. */
  constructor(
    subscription: Subscription,
    deps: DispatcherDeps,
    dialect: Dialect,
    eventTypes: ReadonlySet<string> | null = null,
  ) {
    this.subscription = subscription;
    this.wants = { ordering: subscription.ordering, eventTypes };
    this.#deps = deps;
    this.#state = subscription.state;
    this.#target = targetOf(subscription, dialect);
    this.#lanes = new Lanes(subscription.ordering === 'key');
    this.#pace = new Pace(deps.settings);
    this.#room = new Room(this.#lanes, this.#pace, deps.settings.limits.maxWaiting);
    this.#leaving = new Leaving(this.#lanes, deps.clock);
    this.#alarm = new Alarm(deps.clock, () => this.#changed());
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
    const hasOwnRoom = this.#isOpen() && this.#room.isLeft(this.#inFlight);
    const room = hasOwnRoom && this.#deps.capacity.hasRoom(this);
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
    this.#alarm.cancel();
    for (const delivery of this.#lanes.clear()) this.#let(delivery);
    this.#deps.capacity.forget(this);
  }

  evict(): void {
    for (const delivery of this.#lanes.letGo()) {
      this.#let(delivery);
      delivery.feed.evicted(delivery);
    }
    this.#room.shrink();
  }

  /** What ends within the grace counts as ever, but is not tried again. A status that is there counts also after it. */
  async release(feed: Feed, graceMs: number): Promise<void> {
    if (this.#lanes.held === 0) return;
    for (const delivery of this.#lanes.letGo(feed)) this.#let(delivery);
    this.#room.shrink();
    const left = this.#leaving.begin(feed, graceMs, (lane) => this.#breakOff(lane));
    this.#changed();
    await left;
  }

  capacityAgain(): void {
    this.#changed();
  }

  #isOpen(): boolean {
    return !this.#closed && this.#state === 'active';
  }

  /** Something moved: start what may start, and tell the brokers when there is room again. */
  #changed(): void {
    this.#pump();
    if (!this.#starved || !this.#isOpen() || !this.#room.isWorthTelling(this.#inFlight)) return;
    this.#starved = false;
    this.#deps.roomAgain(this.subscriptionId);
  }

  #pump(): void {
    const held: Lane[] = [];
    const { circuit } = this.#pace;
    // Every second probe is an event that was not tried yet: all that failed before could be poison (RULES 11).
    if (!circuit.isClosed() && circuit.failedProbes % 2 === 1) this.#lanes.prefer(isNew);
    while (this.#isOpen() && !this.#holding) {
      const lane = this.#lanes.take();
      if (!lane) break;
      const delivery = lane.queue[0] as Delivery;
      if (!delivery.feed.mayAttempt()) {
        held.push(lane);
        this.#alarm.set(this.#deps.clock.monotonic() + FEED_CLOSED_MS);
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
    if (permission.later !== undefined) this.#alarm.set(permission.later);
    return false;
  }

  #start(lane: Lane, delivery: Delivery): void {
    this.#inFlight++;
    const startedAt = this.#deps.clock.now();
    const probe = this.#pace.circuit.state === 'probing';
    const sending = this.#deps.sender.send(requestOf(delivery, this.#target, startedAt));
    lane.sending = sending;
    void sending.answer.then((answer) => {
      lane.sending = undefined;
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
    if (verdict.next === 'bury' && !this.#leaving.isLate(delivery))
      void this.#bury(lane, delivery, verdict.reason);
    else if (this.#leaving.has(delivery)) this.#leave(lane, delivery);
    else if (verdict.next === 'wait') this.#wait(lane, verdict.ms);
    else this.#lanes.putBack(lane);
    if (verdict.next === 'stop') {
      this.#state = verdict.state;
      this.#deps.stopped(this.subscriptionId, verdict.state, verdict.reason);
    }
  }

  #circuitChanged({ status, error = `status ${status ?? 0}` }: Attempt): void {
    const state = this.#pace.circuit.isClosed() ? 'closed' : 'open';
    if (state === 'open') this.#room.freeze();
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
    const isGone = (): boolean => lane.queue[0] !== delivery;
    if (!(await bury(letter, letters, { clock, observer }, isGone)) || isGone()) return;
    this.#settle(lane, delivery, 'dead');
    this.#changed();
  }

  #settle(lane: Lane, delivery: Delivery, fate: 'delivered' | 'dead'): void {
    this.#leave(lane, delivery);
    delivery.feed.settle(delivery, fate);
  }

  #leave(lane: Lane, delivery: Delivery): void {
    this.#lanes.next(lane);
    this.#let(delivery);
  }

  /** An attempt leaves with its answer, which comes now; a dead letter may still become durable, but settles nothing. */
  #breakOff(lane: Lane): void {
    if (lane.sending) return lane.sending.abort();
    this.#leave(lane, lane.queue[0] as Delivery);
    this.#changed();
  }

  #let(delivery: Delivery): void {
    this.#heldBytes -= delivery.event.bytes.length;
    this.#deps.capacity.release(delivery.event);
    this.#leaving.left(delivery);
  }
}
