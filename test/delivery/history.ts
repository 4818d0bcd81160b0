import type { Action, History } from './arbitrary.ts';
import type { CallbackAnswer, CallbackRequest } from '../../src/callbacks/sender.ts';
import type { DeliverySettings } from '../../src/delivery/settings.ts';
import { decodeHoles } from '../../src/brokers/log/position.ts';
import { MemoryStorage, positionKey } from '../support/memory-log.ts';
import { Listener, OK, seeded } from './listener.ts';
import { SimClock } from '../support/sim-clock.ts';
import { SETTINGS, SimGateway, eventRecord, subscription } from '../support/sim-gateway.ts';

/** Bytes: room for a few dozen events. */
const TIGHT = 10_000;
const TOPIC = 'bss.ordering.events';

/**
 * Plays one random history on a simulated clock and collects what the listeners saw. `problems` says which promises
 * were broken, in words; empty = none.
 */
export class Play {
  readonly problems: string[] = [];
  readonly clock = new SimClock();
  readonly #history: History;
  readonly #storage: MemoryStorage;
  readonly #random: () => number;
  readonly #listeners: Listener[] = [];
  readonly #published: { id: string; key: string; partition: number; offset: number }[] = [];
  /** Deliveries that may come again: successful, and not in the durable position when the process died. */
  readonly #mayRepeat = new Map<string, number>();
  readonly #settings: DeliverySettings;
  #gateway: SimGateway;
  #deliverySequence = 0;

  constructor(history: History) {
    this.#history = history;
    this.#random = seeded(history.seed);
    this.#storage = new MemoryStorage({ [TOPIC]: history.partitions });
    const { memory, maxWaiting } = history;
    this.#settings = { ...SETTINGS, limits: { ...SETTINGS.limits, memory, maxWaiting } };
    this.#gateway = this.#newGateway();
  }

  async run(): Promise<string[]> {
    await this.#startGateway();
    await this.#do({ do: 'subscribe' });
    for (const action of this.#history.actions) await this.#do(action);
    for (const listener of this.#listeners) listener.downUntil = listener.slowUntil = 0;
    try {
      await this.clock.until(() => this.#allSettled(), 3_600_000);
    } catch (error) {
      if (this.#listeners.some((listener) => this.#isStuck(listener))) {
        this.problems.push(`stuck: ${String(error)} ${JSON.stringify(this.#state())}`);
      }
    }
    this.#checkNothingLost();
    this.#checkDuplicates();
    this.#gateway.kill();
    return this.problems;
  }

  async #do(action: Action): Promise<void> {
    const alive = this.#listeners.filter((listener) => !listener.gone);
    const chosen = 'which' in action ? alive[action.which % Math.max(1, alive.length)] : undefined;
    switch (action.do) {
      case 'publish':
        for (let i = 0; i < action.count; i++) await this.#publish();
        break;
      case 'pass':
        await this.clock.advance(action.ms);
        break;
      case 'subscribe':
        await this.#subscribe();
        break;
      case 'unsubscribe':
        if (chosen && alive.length > 1) {
          chosen.gone = true;
          await this.#finish(this.#gateway.unsubscribe(chosen.id));
        }
        break;
      case 'outage':
        if (!chosen) break;
        chosen.downUntil = this.clock.now() + action.ms;
        chosen.downStatus = action.status;
        break;
      case 'slow':
        if (chosen) chosen.slowUntil = this.clock.now() + action.ms;
        break;
      case 'pause':
        if (!chosen) break;
        this.#gateway.deliveries.of(chosen.id)?.setState('paused');
        await this.clock.advance(action.ms);
        this.#gateway.deliveries.of(chosen.id)?.setState('active');
        break;
      case 'crash':
        await this.#crash();
    }
  }

  async #publish(): Promise<void> {
    const key = `k${Math.floor(this.#random() * this.#history.keys)}`;
    const id = `e${this.#published.length}`;
    const at = await this.#gateway.broker.publish(eventRecord(TOPIC, key, id));
    this.#published.push({ id, key, partition: at.partition ?? 0, offset: at.offset ?? 0 });
  }

  async #subscribe(): Promise<void> {
    const listener = new Listener(`s${this.#listeners.length}`, this.#history);
    const made = subscription(listener.id, { ordering: this.#history.ordering });
    while (!(await this.#finish(this.#gateway.subscribe(made)))) continue;
    // From here on the 201 counts: what is published later is owed.
    for (const p of this.#storage.partitions) listener.startedAt.set(p.partition, p.start + p.records.length);
    this.#listeners.push(listener);
  }

  /** kill -9 and a new process on what was durable at that moment. */
  async #crash(): Promise<void> {
    for (const listener of this.#listeners) {
      for (const event of this.#published) {
        const seen = listener.successes.get(event.id) ?? 0;
        const flying = listener.inFlight.get(event.id) ?? 0;
        if (seen + flying > 0 && !this.#durablySettled(listener.id, event)) {
          const name = `${listener.id} ${event.id}`;
          this.#mayRepeat.set(name, (this.#mayRepeat.get(name) ?? 0) + 1);
        }
      }
    }
    this.#gateway.kill();
    for (const listener of this.#listeners) listener.inFlight.clear();
    this.#gateway = this.#newGateway();
    const alive = this.#listeners.filter((listener) => !listener.gone);
    for (const { id } of alive) {
      await this.#gateway.subscribe(subscription(id, { ordering: this.#history.ordering }), 'known');
    }
    await this.#startGateway();
  }

  #durablySettled(id: string, event: { partition: number; offset: number }): boolean {
    const position = this.#storage.positions.get(positionKey(id, TOPIC, event.partition));
    if (!position) return false;
    const { next, holes } = decodeHoles(position.offset, position.holes);
    return event.offset < next && !holes.some(([offset]) => offset === event.offset);
  }

  #newGateway(): SimGateway {
    const { faulty } = this.#history;
    return new SimGateway({
      clock: this.clock,
      storage: this.#storage,
      settings: this.#settings,
      random: this.#random,
      faults: {
        latency: () => Math.floor(this.#random() * 4),
        commitFails: () => faulty && this.#random() < 0.2,
        letterFails: () => faulty && this.#random() < 0.3,
      },
      listener: (request) => this.#answer(request),
    });
  }

  async #startGateway(): Promise<void> {
    await this.#finish(this.#gateway.start());
  }

  /** Lets simulated time pass until the promise settles; false when it was rejected. */
  async #finish(promise: Promise<void>): Promise<boolean> {
    let succeeded: boolean | undefined;
    promise.then(
      () => (succeeded = true),
      () => (succeeded = false),
    );
    await this.clock.until(() => succeeded !== undefined, 60_000);
    return succeeded ?? false;
  }

  #answer({ url, body }: CallbackRequest): { answer: CallbackAnswer; after: number } {
    const listener = this.#listeners.find(({ id }) => url === `http://${id}.example/`);
    if (!listener) return { answer: OK, after: 1 };
    const { eventId, event } = JSON.parse(Buffer.from(body).toString()) as {
      eventId: string;
      event: { productOrder: { id: string } };
    };
    const key = event.productOrder.id;
    if (listener.gone) this.problems.push(`${listener.id} was called after DELETE`);
    const inLane = this.#published.filter((e) => e.key === key && (listener.inFlight.get(e.id) ?? 0) > 0);
    if (this.#history.ordering === 'key' && inLane.length > 0) this.problems.push(`two at once for ${key}`);
    const answer = listener.answer(eventId, this.clock.now());
    listener.inFlight.set(eventId, (listener.inFlight.get(eventId) ?? 0) + 1);
    const after = this.clock.now() < listener.slowUntil ? 2000 : 1 + Math.floor(this.#random() * 20);
    const gateway = this.#gateway;
    if ('status' in answer && answer.status === 204) this.#received(listener, eventId, key);
    this.clock.after(after, () => {
      if (this.#gateway === gateway) listener.inFlight.delete(eventId);
    });
    return { answer, after };
  }

  #received(listener: Listener, eventId: string, key: string): void {
    listener.successes.set(eventId, (listener.successes.get(eventId) ?? 0) + 1);
    if (listener.firstDelivery.has(eventId)) return;
    listener.firstDelivery.set(eventId, this.#deliverySequence++);
    if (this.#history.ordering === 'none') return;
    const number = Number(eventId.slice(1));
    const later = this.#published.find(
      (e, i) =>
        e.key === key &&
        i > number &&
        listener.firstDelivery.has(e.id) &&
        !this.#hasLetter(listener, eventId),
    );
    if (later) this.problems.push(`${listener.id}: ${eventId} came after ${later.id} of the same key`);
  }

  #hasLetter(listener: Listener, eventId: string): boolean {
    const letters = [...this.#storage.letters.values()];
    return letters.some((letter) => letter.subscriptionId === listener.id && letter.eventId === eventId);
  }

  #owed(listener: Listener) {
    return this.#published.filter((event) => event.offset >= (listener.startedAt.get(event.partition) ?? 0));
  }

  /** Every event that is owed has a durable fate, and the positions say so. */
  #allSettled(): boolean {
    return this.#listeners.every(
      (listener) =>
        listener.gone || this.#owed(listener).every((event) => this.#durablySettled(listener.id, event)),
    );
  }

  /** The first unsettled event of each lane. */
  #heads(listener: Listener): string[] {
    const heads = new Map<string, string>();
    for (const event of this.#owed(listener)) {
      const lane = this.#history.ordering === 'key' ? event.key : event.id;
      if (!heads.has(lane) && !this.#durablySettled(listener.id, event)) heads.set(lane, event.id);
    }
    return [...heads.values()];
  }

  /**
   * The known limit of RULES 11: the circuit opened because everything failed, and every lane begins with an event that
   * the healthy listener still refuses. Nothing tells it from a broken one; the events are held, visibly. When memory
   * is full as well, it is enough that what is held is refused.
   */
  #isStuck(listener: Listener): boolean {
    const heads = listener.gone ? [] : this.#heads(listener);
    if (heads.length === 0) return false;
    const circuit = this.#gateway.deliveries.of(listener.id)?.status.circuit;
    if (circuit === 'closed' || this.#history.poison === 0) return true;
    return this.#history.memory > TIGHT && heads.some((id) => listener.fateOf(id) >= this.#history.poison);
  }

  #checkNothingLost(): void {
    for (const listener of this.#listeners.filter((candidate) => !candidate.gone)) {
      for (const event of this.#owed(listener)) {
        const fate = listener.successes.has(event.id) || this.#hasLetter(listener, event.id);
        if (!fate && this.#durablySettled(listener.id, event)) {
          this.problems.push(`${listener.id}: ${event.id} was lost`);
        }
      }
    }
  }

  #checkDuplicates(): void {
    for (const listener of this.#listeners) {
      for (const [eventId, seen] of listener.successes) {
        const allowed = 1 + (this.#mayRepeat.get(`${listener.id} ${eventId}`) ?? 0);
        if (seen > allowed)
          this.problems.push(`${listener.id}: ${eventId} came ${seen} times, ${allowed} are allowed`);
      }
    }
  }

  #state() {
    return this.#listeners.map(({ id, gone }) => ({
      id,
      gone,
      ...this.#gateway.deliveries.of(id)?.status,
      ...this.#gateway.broker.status(id),
      stopped: this.#gateway.stopped,
    }));
  }
}
