import type { Broker, Coordinates, ReplayRange } from '../../src/brokers/broker.ts';
import type { SimClock } from '../support/sim-clock.ts';
import { TestIntake } from './broker-intake.ts';
import { TestOutlet, type Behaviour } from './broker-outlet.ts';

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
