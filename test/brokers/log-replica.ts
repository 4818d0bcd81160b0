import { LogBroker } from '../../src/brokers/log/log-broker.ts';
import type { Partition, Position } from '../../src/brokers/log/log.ts';
import type { ReplayRange } from '../../src/brokers/broker.ts';
import type { Logger } from '../../src/logger.ts';
import { sleep } from '../../src/time.ts';
import { TestIntake } from '../contracts/broker-intake.ts';
import type { SimClock } from '../support/sim-clock.ts';
import { ProcessClock } from './log-replica-clock.ts';
import type { Actor, DeliveryJudge } from './log-replica-deliveries.ts';
import type { Facts } from './log-replica-facts.ts';
import type { Group } from './log-replica-group.ts';
import { ReplicaLog } from './log-replica-log.ts';
import type { LossJudge, LossSaid } from './log-replica-losses.ts';
import { Member } from './log-replica-member.ts';
import { ReplicaOutlet, type OutletDeps } from './log-replica-outlet.ts';
import type { Server } from './log-replica-server.ts';
import { Views } from './log-replica-view.ts';
import { Wire, type Troubles } from './log-replica-wire.ts';

const ATTACH_AGAIN_MS = 500;
const DRAIN_MS = 1_000;

/** What all replicas have in common. */
export interface World {
  readonly clock: SimClock;
  readonly random: () => number;
  readonly server: Server;
  readonly group: Group;
  readonly troubles: Troubles;
  readonly facts: Facts;
  readonly deliveries: DeliveryJudge;
  readonly losses: LossJudge;
  readonly positionCapacity: number;
  readonly react: OutletDeps['react'];
  readonly newId: () => string;
}

/** One process with the engine in it, and a small delivery side. */
export class Replica implements Actor {
  readonly id: string;
  readonly views = new Views();
  readonly owned = new Set<number>();
  readonly outlets = new Map<string, ReplicaOutlet>();
  readonly wire: Wire;
  /** For the outlets that come: as when memory is short, who finds no room may take it from another. */
  whenFull: (outlet: ReplicaOutlet) => void = () => undefined;
  isGone = false;
  isStopping = false;
  readonly broker: LogBroker;
  readonly #world: World;
  readonly #clock: ProcessClock;
  readonly #member: Member;
  readonly #intake = new TestIntake();
  #assignments = 0;

  constructor(id: string, world: World) {
    this.id = id;
    this.#world = world;
    const { clock, random, server, group, troubles, positionCapacity } = world;
    this.#clock = new ProcessClock(clock);
    this.wire = new Wire(clock, this.#clock, random, troubles);
    this.#member = new Member({
      ...{ id, clock: this.#clock, random, group },
      observer: { assigned: (some) => this.#assigned(some), revoking: (some) => this.#revoking(some) },
    });
    const log = new ReplicaLog({
      ...{ world: clock, clock: this.#clock, server, wire: this.wire, member: this.#member },
      ...{ positionCapacity, loading: (ids, partitions) => this.#loading(ids, partitions) },
    });
    this.broker = new LogBroker(log, {
      capabilities: { sharedLog: true, replicas: true, indexed: true },
      commits: { minIntervalMs: 20, perSecond: 200 },
      ...{ clock: this.#clock, logger: this.#logger(), newId: world.newId },
    });
  }

  /** False while it is killed or frozen, or stops. */
  get isAtWork(): boolean {
    return !this.isGone && !this.#clock.isStopped;
  }

  async start(known: readonly string[], as: 'new' | 'known'): Promise<void> {
    await this.broker.open();
    await Promise.all(known.map((id) => this.attach(id, as, 100)));
    await this.broker.start(this.#intake);
  }

  /** Tried until it succeeds; does nothing where it is attached. */
  async attach(id: string, as: 'new' | 'known', room: number): Promise<void> {
    if (this.outlets.has(id)) return;
    const outlet = new ReplicaOutlet(id, room, {
      ...{ world: this.#world.clock, clock: this.#clock, random: this.#world.random, actor: this },
      ...{ judge: this.#world.deliveries, react: this.#world.react },
      roomAgain: (subscriptionId) => this.broker.roomAgain(subscriptionId),
    });
    outlet.whenFull = () => this.whenFull(outlet);
    this.outlets.set(id, outlet);
    this.#intake.add(id);
    for (;;) {
      try {
        return await this.broker.attach(outlet, as);
      } catch {
        await sleep(this.#clock, ATTACH_AGAIN_MS);
      }
    }
  }

  async replay(id: string, range: ReplayRange): Promise<void> {
    await this.broker.replay(id, range).catch(() => undefined);
  }

  rejoin(): void {
    this.#member.rejoin();
  }

  cut(isCut: boolean): void {
    this.#member.isCut = isCut;
  }

  freeze(): void {
    this.#clock.freeze();
  }

  thaw(): void {
    if (!this.isGone) this.#clock.thaw();
  }

  /** kill -9. */
  kill(): void {
    this.isGone = true;
    this.isStopping = false;
    this.#clock.freeze();
  }

  /** As the gateway stops. */
  async stop(): Promise<void> {
    this.isGone = this.isStopping = true;
    this.broker.quiesce();
    const outlets = [...this.outlets.values()];
    await Promise.all(outlets.map((outlet) => outlet.drain(DRAIN_MS)));
    for (const outlet of outlets) outlet.close();
    await this.broker.stop();
    this.#revoking(this.#world.server.partitions());
    this.isStopping = false;
  }

  #assigned(partitions: readonly Partition[]): void {
    this.#assignments++;
    this.views.assigned(partitions);
    for (const { partition } of partitions) this.owned.add(partition);
  }

  #revoking(partitions: readonly Partition[]): void {
    for (const { partition } of partitions) this.owned.delete(partition);
  }

  /** What was asked for before the last assignment is for nothing. */
  #loading(ids: readonly string[], partitions: readonly Partition[]): (found: readonly Position[]) => void {
    const assignments = this.#assignments;
    return (found) => {
      if (assignments === this.#assignments) this.#loaded(ids, partitions, found);
    };
  }

  #loaded(ids: readonly string[], partitions: readonly Partition[], found: readonly Position[]): void {
    for (const id of ids) {
      for (const { topic, partition, topicId } of partitions) {
        if (!this.owned.has(partition)) continue;
        const stored = found.find((one) => one.subscriptionId === id && one.partition === partition);
        const { start } = this.#world.server.storage.of({ topic, partition });
        const begin = this.#world.facts.replays.get(id)?.job.starts[`${topic}:${partition}`] ?? start;
        const anew = { offset: stored ? start : begin, holes: '' };
        // The last one counts that was loaded before there was a cursor, or anything was offered.
        const known = this.views.get(id, partition);
        const hasCursor = this.broker.settled(id, { broker: 'memory', topic, partition }) !== undefined;
        if (known && (known.isSeen || hasCursor)) continue;
        this.views.began(id, partition, stored?.topicId === topicId ? stored : anew);
      }
    }
  }

  #logger(): Logger {
    const say = (fields: object, message: string): void => this.#said({ ...fields }, message);
    return { debug: say, info: say, warn: say, error: say, isLevelEnabled: () => true };
  }

  /** What the engine says of itself, and the judges have to know. */
  #said(fields: Record<string, unknown>, message: string): void {
    const said = fields as { feedId: string; partition: number; now: number; end: number };
    switch (message) {
      case 'events.lost-to-retention':
        return this.#world.losses.said(this, fields as unknown as LossSaid);
      case 'position.adopted':
        return this.views.began(said.feedId, said.partition, { offset: said.now, holes: '' });
      case 'position.beyond-log-end':
        return this.views.restarted(said.feedId, said.partition, said.end);
      default:
    }
  }
}
