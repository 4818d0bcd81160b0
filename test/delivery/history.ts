import type { Action, History } from './arbitrary.ts';
import type { CallbackAnswer, CallbackRequest } from '../../src/callbacks/sender.ts';
import type { DeliverySettings } from '../../src/delivery/settings.ts';
import { MemoryStorage } from '../support/memory-log.ts';
import { Judge } from './judge.ts';
import { Listener, OK, seeded } from './listener.ts';
import { Published } from './published.ts';
import { SimClock } from '../support/sim-clock.ts';
import { SETTINGS, SimGateway, eventRecord, subscription } from '../support/sim-gateway.ts';

/** Bytes: room for a few dozen events. */
const TIGHT = 10_000;
const TOPIC = 'bss.ordering.events';

/**
 * Plays one random history on a simulated clock and has judged what the listeners saw. `run` answers which promises were
 * broken, in words; empty = none.
 */
export class Play {
  readonly clock = new SimClock();
  readonly #history: History;
  readonly #storage: MemoryStorage;
  readonly #random: () => number;
  readonly #listeners: Listener[] = [];
  readonly #published: Published;
  readonly #judge: Judge;
  readonly #settings: DeliverySettings;
  /** Partitions that are another process's for now. */
  readonly #away = new Set<number>();
  #gateway: SimGateway;

  constructor(history: History) {
    this.#history = history;
    this.#random = seeded(history.seed);
    this.#storage = new MemoryStorage({ [TOPIC]: history.partitions });
    this.#published = new Published(TOPIC, this.#storage);
    this.#judge = new Judge(this.#published, history.ordering);
    const { memory, maxWaiting } = history;
    this.#settings = { ...SETTINGS, limits: { ...SETTINGS.limits, memory, maxWaiting } };
    this.#gateway = this.#newGateway();
  }

  async run(): Promise<string[]> {
    await this.#startGateway();
    await this.#do({ do: 'subscribe' });
    for (const action of this.#history.actions) await this.#do(action);
    for (const listener of this.#listeners) listener.downUntil = listener.slowUntil = 0;
    await this.#assign();
    try {
      await this.clock.until(() => this.#allSettled(), 3_600_000);
      await this.#checkNothingHeld();
    } catch (error) {
      if (this.#listeners.some((listener) => this.#isStuck(listener))) {
        this.#judge.problems.push(`stuck: ${String(error)} ${JSON.stringify(this.#state())}`);
      }
    }
    this.#judge.atTheEnd(this.#listeners);
    this.#gateway.kill();
    return this.#judge.problems;
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
      case 'revoke':
        await this.#revoke(action.partition % this.#history.partitions, action.how);
        break;
      case 'assign':
        await this.#assign();
        break;
      case 'crash':
        await this.#crash();
    }
  }

  async #publish(): Promise<void> {
    const key = `k${Math.floor(this.#random() * this.#history.keys)}`;
    const event = { id: `e${this.#published.all.length}`, key, partition: -1, offset: -1 };
    // First, because it may be delivered before the publisher hears of it.
    this.#published.all.push(event);
    Object.assign(event, await this.#gateway.broker.publish(eventRecord(TOPIC, key, event.id)));
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
      for (const event of this.#published.all) {
        const isKnown = listener.successes.has(event.id) || listener.inFlight.has(event.id);
        if (isKnown && !this.#published.isSettled(listener, event)) this.#judge.mayRepeat(listener, event);
      }
    }
    this.#gateway.kill();
    this.#away.clear();
    for (const { inFlight, fresh } of this.#listeners) {
      inFlight.clear();
      fresh.clear();
    }
    this.#gateway = this.#newGateway();
    const alive = this.#listeners.filter((listener) => !listener.gone);
    for (const { id } of alive) {
      await this.#gateway.subscribe(subscription(id, { ordering: this.#history.ordering }), 'known');
    }
    await this.#startGateway();
  }

  /** Another process takes a partition over: planned, only what had to be broken off may come again. */
  async #revoke(partition: number, how: 'planned' | 'lost'): Promise<void> {
    if (this.#away.has(partition)) return;
    this.#away.add(partition);
    const began = this.clock.now();
    const { topic, topicId } = this.#storage.of({ topic: TOPIC, partition });
    await this.#finish(this.#gateway.broker.revoked([{ topic, partition, topicId }], how));
    const took = this.clock.now() - began;
    if (took > (how === 'planned' ? 1_020 : 0))
      this.#judge.problems.push(`a ${how} revocation took ${took} ms`);
    const isPlanned = how === 'planned' && !this.#history.faulty;
    for (const listener of this.#listeners.filter(({ gone }) => !gone)) {
      for (const event of this.#published.all) {
        if (event.partition === partition) this.#judge.handedOver(listener, event, isPlanned);
      }
    }
  }

  async #assign(): Promise<void> {
    const partitions = this.#storage.partitions.filter(({ partition }) => this.#away.has(partition));
    this.#away.clear();
    await this.#finish(this.#gateway.broker.assigned(partitions));
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
      brokenOff: (request) => this.#brokenOff(request),
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

  #answer(request: CallbackRequest): { answer: CallbackAnswer; after: number } {
    const listener = this.#listenerOf(request);
    if (!listener) return { answer: OK, after: 1 };
    const event = this.#published.byId(idOf(request));
    if (!event) throw new Error(`${idOf(request)} was never published`);
    this.#judge.called(listener, event, this.#away.has(event.partition));
    const answer = listener.answer(event.id, this.clock.now());
    const call = {};
    listener.inFlight.set(event.id, call);
    const after = this.clock.now() < listener.slowUntil ? 2000 : 1 + Math.floor(this.#random() * 20);
    if ('status' in answer && answer.status === 204) this.#judge.received(listener, event);
    this.clock.after(after, () => {
      if (listener.inFlight.get(event.id) === call) listener.inFlight.delete(event.id);
    });
    return { answer, after };
  }

  #brokenOff(request: CallbackRequest): undefined {
    const listener = this.#listenerOf(request);
    listener?.inFlight.delete(idOf(request));
    listener?.brokenOff.add(idOf(request));
  }

  #listenerOf({ url }: CallbackRequest): Listener | undefined {
    return this.#listeners.find(({ id }) => url === `http://${id}.example/`);
  }

  /** Every event that is owed has a durable fate, and the positions say so. */
  #allSettled(): boolean {
    return this.#listeners.every(
      (listener) =>
        listener.gone ||
        this.#published.owedTo(listener).every((event) => this.#published.isSettled(listener, event)),
    );
  }

  /**
   * The known limit of RULES 11: the circuit opened because everything failed, and every lane begins with an event that
   * the healthy listener still refuses. Nothing tells it from a broken one; the events are held, visibly. When memory
   * is full as well, it is enough that what is held is refused.
   */
  #isStuck(listener: Listener): boolean {
    const heads = listener.gone ? [] : this.#published.headsOf(listener, this.#history.ordering);
    if (heads.length === 0) return false;
    const circuit = this.#gateway.deliveries.of(listener.id)?.status.circuit;
    if (circuit === 'closed' || this.#history.poison === 0) return true;
    return this.#history.memory > TIGHT && heads.some((id) => listener.fateOf(id) >= this.#history.poison);
  }

  /** With nothing left to do, nobody holds memory or a slot, whatever was let go of on the way. */
  async #checkNothingHeld(): Promise<void> {
    // A call of a subscription that was deleted may be under way.
    await this.clock.advance(5_000);
    const { bytes, slotsInUse } = this.#gateway.deliveries.capacity;
    if (bytes !== 0 || slotsInUse !== 0)
      this.#judge.problems.push(`${bytes} bytes, ${slotsInUse} slots are held`);
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

function idOf({ body }: CallbackRequest): string {
  return (JSON.parse(Buffer.from(body).toString()) as { eventId: string }).eventId;
}
