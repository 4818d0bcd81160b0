import { SimClock } from '../support/sim-clock.ts';
import { seeded } from '../delivery/listener.ts';
import type { ReplicaHistory, ReplicaStep } from './log-replica-arbitrary.ts';
import { DeliveryJudge } from './log-replica-deliveries.ts';
import { Facts, Subscriber } from './log-replica-facts.ts';
import { Group } from './log-replica-group.ts';
import { Hands } from './log-replica-hands.ts';
import { LossJudge } from './log-replica-losses.ts';
import type { ReplicaOutlet } from './log-replica-outlet.ts';
import { PositionJudge } from './log-replica-positions.ts';
import { reactionTo } from './log-replica-reaction.ts';
import { Replica, type World } from './log-replica.ts';
import { Server } from './log-replica-server.ts';
import { NO_TROUBLES } from './log-replica-wire.ts';

const TOPIC = 'bss.ordering.events';
const KEYS = 5;
const MOST_SUBSCRIPTIONS = 4;
/** Within this time another process hears of a new subscription. */
const NEWS_MS = 500;
/** Everything must have come to rest by then. */
const CALM_MS = 300_000;
const QUIET_MS = 10_000;

/** Plays one history of replicas that share a log; `run` answers in words what was not as promised. */
export class ReplicaPlay {
  readonly clock = new SimClock();
  readonly facts: Facts;
  readonly #history: ReplicaHistory;
  readonly #random: () => number;
  readonly #server: Server;
  readonly #troubles = { ...NO_TROUBLES };
  readonly #positions: PositionJudge;
  readonly #losses: LossJudge;
  readonly #hands: Hands;
  readonly #world: World;
  readonly #replicas: Replica[] = [];
  /** Those that were told 201. */
  readonly #registered: string[] = [];
  #ids = 0;
  #registering = 0;
  #beginning = 0;
  #evictsAgainAt = 0;
  #isEnding = false;

  constructor(history: ReplicaHistory) {
    this.#history = history;
    const { clock } = this;
    const random = (this.#random = seeded(history.seed));
    const server = (this.#server = new Server(clock, TOPIC, history.partitions));
    const facts = (this.facts = new Facts(server));
    const group = new Group(clock, random, server);
    this.#positions = new PositionJudge(facts);
    this.#losses = new LossJudge(facts, history.calm);
    this.#hands = new Hands(facts, server, this.#registered);
    this.#world = {
      ...{ clock, random, server, group, facts, troubles: this.#troubles, losses: this.#losses },
      deliveries: new DeliveryJudge(facts, group, history.calm),
      positionCapacity: history.capacity,
      react: (delivery) => reactionTo(delivery, history.seed, random),
      newId: () => `${++this.#ids}`,
    };
  }

  async run(): Promise<string[]> {
    for (let i = 0; i < this.#history.replicas; i++) this.#begin();
    for (const room of [100, 3]) this.#attach(0, room);
    await this.clock.advance(3_000);
    for (const step of this.#history.steps) await this.#do(step);
    await this.#end();
    return [...this.facts.problems];
  }

  async #do(step: ReplicaStep): Promise<void> {
    switch (step.do) {
      case 'publish':
        return this.#publish(step.count, step.to);
      case 'attach':
        return this.#attach(step.which, step.room);
      case 'pass':
        return this.clock.advance(step.ms);
      case 'trouble':
        this.#troubles[step.what] = step.rate;
        return;
      case 'mend':
        Object.assign(this.#troubles, NO_TROUBLES);
        return;
      case 'rebalance':
      case 'stop':
      case 'kill':
      case 'cut':
      case 'freeze':
        return this.#strike(step);
      case 'replay':
      case 'room':
      case 'evict':
        return this.#touch(step);
      default:
        return this.#hands.change(step);
    }
  }

  async #publish(count: number, to: number | undefined): Promise<void> {
    const only = to === undefined ? undefined : this.#registered[to % Math.max(1, this.#registered.length)];
    for (let i = 0; i < count; i++) {
      await this.facts.publish(`k${Math.floor(this.#random() * KEYS)}`, only);
    }
  }

  #begin(): void {
    const replica = new Replica(`r${++this.#ids}`, this.#world);
    replica.whenFull = (outlet) => this.#makeRoom(replica, outlet);
    this.#replicas.push(replica);
    void replica.start([...this.#registered], this.#history.declared ? 'new' : 'known');
  }

  /** At one process, and at another if that one dies over it. The others hear of it later. */
  #attach(which: number, room: number): void {
    if (this.facts.subscribers.size >= MOST_SUBSCRIPTIONS) return;
    const subscriber = new Subscriber(`s${this.facts.subscribers.size}`);
    this.facts.subscribers.set(subscriber.id, subscriber);
    this.#registering++;
    const register = async (): Promise<void> => {
      const replica = this.#at(which);
      if (!replica) return again();
      const done = new Set<Replica>();
      void replica.attach(subscriber.id, 'new', room).then(() => done.add(replica));
      while (!done.has(replica) && !replica.isGone) await this.#after(10);
      if (!done.has(replica)) return again();
      subscriber.registered(this.#server);
      this.#registering--;
      this.#registered.push(subscriber.id);
      for (const other of this.#replicas) void this.#hear(other, subscriber.id, room);
    };
    const again = async (): Promise<void> => {
      await this.#after(100);
      await register();
    };
    void register();
  }

  async #hear(replica: Replica, id: string, room: number): Promise<void> {
    await this.#after(this.#random() * NEWS_MS);
    if (replica.isGone) return;
    await replica.attach(id, this.#history.declared ? 'new' : 'known', this.#isEnding ? 100 : room);
  }

  #strike(step: { do: 'rebalance' | 'stop' | 'kill' | 'cut' | 'freeze'; which: number; ms?: number }): void {
    const replica = this.#at(step.which);
    if (!replica) return;
    const later = (act: () => void): void => void this.clock.after(step.ms ?? 0, act);
    if (step.do === 'rebalance') replica.rejoin();
    else if (step.do === 'cut') {
      replica.cut(true);
      later(() => replica.cut(false));
    } else if (step.do === 'freeze') {
      replica.freeze();
      later(() => replica.thaw());
    } else {
      if (step.do === 'kill') replica.kill();
      else void replica.stop();
      this.#beginning++;
      later(() => {
        this.#beginning--;
        this.#begin();
      });
    }
  }

  #touch(step: Extract<ReplicaStep, { do: 'replay' | 'room' | 'evict' }>): void {
    const replica = this.#at(step.which);
    const id = this.#registered[step.subscription % Math.max(1, this.#registered.length)];
    const outlet = id === undefined ? undefined : replica?.outlets.get(id);
    if (!replica || !outlet || id === undefined) return;
    if (step.do === 'room') outlet.setRoom(step.room);
    else if (step.do === 'evict') outlet.evict();
    else {
      const offsets = this.#server.partitions().map(({ topic, partition }) => {
        return [`${topic}:${partition}`, this.#hands.offsetIn(partition, step.part)] as const;
      });
      void replica.replay(id, { from: { offsets: Object.fromEntries(offsets) } });
    }
  }

  /** One that is at work, if there is any. */
  #at(which: number): Replica | undefined {
    const living = this.#replicas.filter(({ isAtWork }) => isAtWork);
    return living[which % Math.max(1, living.length)];
  }

  #makeRoom(replica: Replica, full: ReplicaOutlet): void {
    if (!this.#history.evictions || this.#random() < 0.7 || this.clock.now() < this.#evictsAgainAt) return;
    this.#evictsAgainAt = this.clock.now() + 100;
    const others = [...replica.outlets.values()].filter((outlet) => outlet !== full && outlet.held > 0);
    others[0]?.evict();
  }

  #after(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.after(ms, resolve));
  }

  async #end(): Promise<void> {
    this.#isEnding = true;
    Object.assign(this.#troubles, NO_TROUBLES);
    this.facts.fillUp();
    for (let passed = 0; passed < CALM_MS; passed += 500) {
      for (const replica of this.#replicas) {
        replica.thaw();
        replica.cut(false);
        for (const outlet of replica.outlets.values()) if (!replica.isGone) outlet.setRoom(100);
      }
      await this.clock.advance(500);
      if (passed > 1_000 && this.#unfinished().next().done) break;
    }
    for (const problem of this.#unfinished()) this.facts.problem(`at the end: ${problem}`);
    for (const problem of this.#losses.atTheEnd()) this.facts.problem(problem);
    await this.#rest();
    for (const replica of this.#replicas) replica.kill();
  }

  *#unfinished(): Iterator<string> & Iterable<string> {
    if (this.#registering > 0) yield 'a subscription is being registered';
    if (this.#beginning > 0) yield 'a process is about to begin';
    if (this.#replicas.some(({ wire }) => wire.underWay > 0)) yield 'a commit is under way';
    const living = this.#replicas.filter(({ isGone }) => !isGone).map(({ id }) => id);
    if (!this.#world.group.isSettled(living)) yield 'partitions change hands';
    if (this.#replicas.some(({ isStopping }) => isStopping)) yield 'a process is about to end';
    for (const event of this.facts.events) {
      if (!this.facts.isInLog(event)) continue;
      for (const subscriber of this.facts.subscribers.values()) {
        const { settled, excused, id } = subscriber;
        if (subscriber.owes(event) && !settled.has(event.number) && !excused.has(event.number))
          yield `${id}: e${event.number} (${event.partition}:${event.offset}) was not delivered`;
      }
    }
    yield* this.#positions.atTheEnd();
    for (const [id, { owed, settled }] of this.facts.replays) {
      if (this.#server.storage.jobs.has(id)) yield `${id} goes on`;
      for (const number of owed) {
        const event = this.facts.events[number]!;
        const { excused } = this.facts.subscribers.get(id.split('.')[0]!)!;
        if (!settled.has(number) && !excused.has(number) && this.facts.isInLog(event))
          yield `${id}: e${number} was not replayed`;
      }
    }
    for (const { id, broker, isGone, outlets } of this.#replicas) {
      for (const name of isGone ? [] : outlets.keys()) {
        const { lag = 0, oldestUnsettled } = broker.status(name) ?? {};
        const isOwing = oldestUnsettled !== undefined && !this.facts.isDoubtful;
        if (lag > 0 || isOwing) yield `${id}: ${name} lags by ${lag}`;
      }
    }
  }

  /** With nothing left to do, nothing is done. */
  async #rest(): Promise<void> {
    const asked = (): number => this.#replicas.reduce((sum, { wire }) => sum + wire.asked, 0);
    const taken = (): number =>
      [...this.facts.subscribers.values()].reduce(
        (sum, one) => sum + [...one.taken.values()].reduce((a, b) => a + b, 0),
        0,
      );
    const before = { asked: asked(), taken: taken() };
    await this.clock.advance(QUIET_MS);
    if (taken() > before.taken) this.facts.problem('something was delivered again, with nothing to do');
    const most = (QUIET_MS / 1_000) * 6 * this.#server.partitions().length + 100;
    if (asked() - before.asked > most)
      this.facts.problem(`${asked() - before.asked} requests in ${QUIET_MS} ms of rest`);
    if (!this.#history.calm) return;
    for (const id of this.#positions.leftOver()) this.facts.problem(`${id} is over, its position stays`);
  }
}
