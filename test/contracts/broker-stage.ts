import type {
  Broker,
  Coordinates,
  Delivery,
  Feed,
  Intake,
  Outlet,
  ReplayRange,
  Routed,
  SourceRecord,
} from '../../src/brokers/broker.ts';
import type { SimClock } from '../support/sim-clock.ts';

/** What a driver's test file gives to the contract. */
export interface BrokerSetting {
  /** Not started, on empty storage; `topic` is there. */
  readonly broker: Broker;
  readonly topic: string;
  /** A topic that belongs to this source and comes to be with its first record. */
  readonly newTopic: string;
  /** A new process's view on the same storage, not started: the one before was killed, not stopped. */
  reopen(): Promise<Broker>;
  cleanup(): Promise<void>;
  /** The clock that the driver runs on, when the contract has to move it; without one, time passes by itself. */
  readonly clock?: SimClock;
  /** As retention does: takes all that was published so far out of the log. Only where the log is shared. */
  readonly retire?: () => Promise<void>;
}

export interface Publish {
  readonly key?: string;
  /** Ids of the subscriptions that want it; default: all. */
  readonly to?: readonly string[];
  readonly correlationId?: string;
  readonly unreadable?: boolean;
  readonly topic?: string;
  readonly value?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Reads what `Stage.publish` writes: the routing facts stand in headers, the value is any bytes. */
class TestIntake implements Intake {
  readonly #ids = new Set<string>();
  /** Resolves the wait of each unreadable record, in the order they came. */
  readonly quarantines: { readonly eventId: string; readonly done: () => void }[] = [];
  /** Event ids that nobody wants any more. */
  readonly unwanted = new Set<string>();
  epoch = 0;
  /** Records that it was asked about. */
  routed = 0;

  add(id: string): void {
    this.#ids.add(id);
    this.epoch++;
  }

  remove(id: string): void {
    this.#ids.delete(id);
    this.epoch++;
  }

  route(record: SourceRecord): Routed | { readonly quarantined: Promise<void> } {
    this.routed++;
    const { eventId = '', to, unreadable, correlationId } = record.headers;
    if (unreadable !== undefined) {
      return { quarantined: new Promise((done) => this.quarantines.push({ eventId, done })) };
    }
    const event = {
      ...{ id: eventId, type: 'ProductOrderCreateEvent', apis: ['TMF622'], correlationId },
      ...{ orderingKey: record.key ?? eventId, traceparent: undefined, time: record.timestamp },
      bytes: record.value,
    };
    const wanting = to === undefined ? [...this.#ids] : to.split(' ');
    return { event, record, subscriptionIds: this.unwanted.has(eventId) ? [] : wanting };
  }
}

export interface Behaviour {
  /** Events that it takes until `give`; default: any number. */
  readonly room?: number;
  /** Settles each event as delivered as soon as it has it; default true. */
  readonly settles?: boolean;
}

/** A listener in place of the delivery side. It writes down each breach of what every outlet is promised. */
export class TestOutlet implements Outlet {
  readonly subscriptionId: string;
  /** All offers in their order, those of replays apart. */
  readonly offered: Delivery[] = [];
  readonly replayed: Delivery[] = [];
  readonly breaches: string[] = [];
  settles: boolean;
  /** Thrown at the next offer. */
  failOnce: Error | undefined;
  /** Called when it is asked for room and has none, as a full memory makes room by evicting others. */
  whenFull: () => void = () => undefined;
  #room: number;
  readonly #held = new Set<string>();
  /** The last offset that each feed offered, for each partition. */
  readonly #last = new Map<string, number>();
  readonly #feeds = new Map<Feed, number>();
  readonly #broker: () => Broker;

  constructor(id: string, { room = Infinity, settles = true }: Behaviour, broker: () => Broker) {
    this.subscriptionId = id;
    this.settles = settles;
    this.#room = room;
    this.#broker = broker;
  }

  get ids(): string[] {
    return this.offered.map(({ event }) => event.id);
  }

  get replayedIds(): string[] {
    return this.replayed.map(({ event }) => event.id);
  }

  hasRoom(): boolean {
    if (this.#room <= 0) this.whenFull();
    return this.#room > 0;
  }

  offer(delivery: Delivery): void {
    if (this.#room-- <= 0) this.breaches.push(`${delivery.event.id} was offered without room`);
    const name = this.#placeOf(delivery);
    if (this.#held.has(name)) this.breaches.push(`${name} was offered while it was held`);
    this.#held.add(name);
    this.#checkOrder(delivery);
    (delivery.replay ? this.replayed : this.offered).push(delivery);
    const error = this.failOnce;
    this.failOnce = undefined;
    if (error) throw error;
    if (this.settles) queueMicrotask(() => this.settle(delivery));
  }

  give(room: number): void {
    this.#room += room;
    this.#broker().roomAgain(this.subscriptionId);
  }

  /** Room that nobody has to be told of. */
  take(room: number): void {
    this.#room += room;
  }

  settle(delivery: Delivery): void {
    this.#held.delete(this.#placeOf(delivery));
    delivery.feed.settle(delivery, 'delivered');
  }

  /** As when memory is short. */
  evict(delivery: Delivery): void {
    this.#held.delete(this.#placeOf(delivery));
    this.#last.delete(this.#partitionOf(delivery));
    delivery.feed.evicted(delivery);
  }

  /** From now on offsets may begin anew. */
  forget(): void {
    this.#held.clear();
    this.#last.clear();
  }

  #checkOrder(delivery: Delivery): void {
    const { offset } = delivery.record.source;
    if (offset === undefined) return;
    const partition = this.#partitionOf(delivery);
    const last = this.#last.get(partition) ?? -1;
    if (offset <= last) this.breaches.push(`${partition}: ${offset} was offered after ${last}`);
    this.#last.set(partition, offset);
  }

  /** Replays and the live feed are each in order, not all together. */
  #partitionOf({ feed, record, replay }: Delivery): string {
    const number = this.#feeds.get(feed) ?? this.#feeds.size;
    this.#feeds.set(feed, number);
    return `${record.source.topic}:${record.source.partition} feed ${number}${replay ? ' replay' : ''}`;
  }

  #placeOf(delivery: Delivery): string {
    return `${this.#partitionOf(delivery)}: ${delivery.record.source.offset ?? delivery.event.id}`;
  }
}

/** One test's broker with its outlets, over any number of processes. */
export class Stage {
  readonly #setting: BrokerSetting;
  readonly #outlets: TestOutlet[] = [];
  broker: Broker;
  readonly #intakes = [new TestIntake()];

  constructor(setting: BrokerSetting) {
    this.#setting = setting;
    this.broker = setting.broker;
  }

  get intake(): TestIntake {
    return this.#intakes.at(-1)!;
  }

  /** Of what every outlet is promised, whatever the test is about. */
  get breaches(): string[] {
    return this.#outlets.flatMap((outlet) => outlet.breaches);
  }

  get topic(): string {
    return this.#setting.topic;
  }

  get newTopic(): string {
    return this.#setting.newTopic;
  }

  /** Does time pass without `until`? */
  get passesByItself(): boolean {
    return this.#setting.clock === undefined;
  }

  get retire(): BrokerSetting['retire'] {
    return this.#setting.retire;
  }

  start(): Promise<void> {
    return this.broker.start(this.intake);
  }

  /** The outlet that was attached last under this id. */
  outlet(id: string): TestOutlet {
    const found = this.#outlets.findLast(({ subscriptionId }) => subscriptionId === id);
    if (!found) throw new Error(`nobody attached ${id}`);
    return found;
  }

  /** kill -9 and a new process, which is started. Outlets have to be attached again, here or in `beforeStart`. */
  async crash(beforeStart: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    this.broker = await this.#setting.reopen();
    this.#intakes.push(new TestIntake());
    await beforeStart();
    await this.start();
  }

  async close(): Promise<void> {
    for (const { quarantines } of this.#intakes) for (const { done } of quarantines) done();
    await this.#setting.cleanup();
    expect(this.breaches).toEqual([]);
  }

  async attach(id: string, as: 'new' | 'known' = 'new', behaviour: Behaviour = {}): Promise<TestOutlet> {
    const { broker } = this;
    const outlet = new TestOutlet(id, behaviour, () => broker);
    this.#outlets.push(outlet);
    this.intake.add(id);
    await broker.attach(outlet, as);
    return outlet;
  }

  async detach(id: string): Promise<void> {
    this.intake.remove(id);
    await this.broker.detach(id);
  }

  publish(id: string, given: Publish = {}): Promise<Coordinates> {
    const { key = 'k', to, correlationId, unreadable, topic = this.topic, headers } = given;
    return this.broker.publish({
      ...{ topic, key, value: given.value ?? Buffer.from(`value of ${id}`) },
      headers: {
        eventId: id,
        ...(to && { to: to.join(' ') }),
        ...(correlationId !== undefined && { correlationId }),
        ...(unreadable && { unreadable: 'yes' }),
        ...headers,
      },
    });
  }

  /** Events `{prefix}0` ..., over ten keys unless one is given; all at once. */
  async publishMany(prefix: string, count: number, given: Publish = {}): Promise<string[]> {
    const ids = Array.from({ length: count }, (_, i) => `${prefix}${i}`);
    await Promise.all(ids.map((id, i) => this.publish(id, { key: `key ${i % 10}`, ...given })));
    return ids;
  }

  async replay(id: string, range: ReplayRange): Promise<void> {
    await this.broker.replay(id, range);
  }

  /** Moves time on, if it does not pass by itself, until the condition holds. */
  async until(condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (!(await condition())) {
      if (Date.now() > deadline) throw new Error(`the condition did not come true: ${String(condition)}`);
      await this.#setting.clock?.advance(10);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Resolves when these events, in any order, and no others have been offered. */
  async untilOffered(outlet: TestOutlet, ids: readonly string[]): Promise<void> {
    await this.until(() => outlet.offered.length >= ids.length);
    expect(outlet.ids.toSorted()).toEqual(ids.toSorted());
  }

  async untilReplayed(outlet: TestOutlet, ids: readonly string[]): Promise<void> {
    await this.until(() => outlet.replayed.length >= ids.length);
    expect(outlet.replayedIds.toSorted()).toEqual(ids.toSorted());
  }

  /** The time that a record published now would be stamped with is later than any before. ISO time. */
  async nextMoment(): Promise<string> {
    const now = () => this.#setting.clock?.now() ?? Date.now();
    const before = now();
    await this.until(() => now() > before + 2);
    return new Date(before + 2).toISOString();
  }
}

export type GivenStage = () => Stage;
