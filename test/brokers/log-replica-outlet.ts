import type { Delivery, Feed, Outlet } from '../../src/brokers/broker.ts';
import { sleep } from '../../src/time.ts';
import type { SimClock } from '../support/sim-clock.ts';
import type { ProcessClock } from './log-replica-clock.ts';
import type { Actor, DeliveryJudge } from './log-replica-deliveries.ts';

/** What a listener makes of an attempt. */
export interface Reaction {
  readonly isTaken: boolean;
  /** Milliseconds until it answers. */
  readonly after: number;
}

export interface OutletDeps {
  readonly world: SimClock;
  readonly clock: ProcessClock;
  readonly random: () => number;
  readonly actor: Actor;
  readonly judge: DeliveryJudge;
  readonly react: (delivery: Delivery) => Reaction;
  readonly roomAgain: (subscriptionId: string) => void;
}

/** Work on the first of a lane, which lasts until its answer is there or it is broken off. */
interface Work {
  readonly delivery: Delivery;
  readonly done: () => void;
  readonly over: Promise<void>;
  isOver: boolean;
  isLeaving: boolean;
}

interface Lane {
  readonly queue: Delivery[];
  work: Work | undefined;
  /** For its next attempt; a token, so that an old timer wakes nothing new. */
  waiting: object | undefined;
}

/** After so many failed attempts an event is a dead letter. */
const MOST_ATTEMPTS = 3;
const CLOSED_MS = 1_000;

/** The delivery side of one subscription in one process, as small as it can be and keep to the seam. */
export class ReplicaOutlet implements Outlet {
  readonly wants = { ordering: 'key', eventTypes: null } as const;
  readonly subscriptionId: string;
  /** Called when it is asked for room and has none, as when memory is short. */
  whenFull: () => void = () => undefined;
  readonly #deps: OutletDeps;
  readonly #lanes = new Map<string, Lane>();
  #room: number;
  #held = 0;
  #isStarved = false;
  #isHolding = false;

  constructor(subscriptionId: string, room: number, deps: OutletDeps) {
    this.subscriptionId = subscriptionId;
    this.#room = room;
    this.#deps = deps;
  }

  get held(): number {
    return this.#held;
  }

  hasRoom(): boolean {
    if (this.#held >= this.#room) this.whenFull();
    if (this.#held < this.#room) return true;
    this.#isStarved = true;
    return false;
  }

  offer(delivery: Delivery): void {
    const { judge, actor } = this.#deps;
    if (this.#held >= this.#room) throw new Error('offered without room');
    judge.offered(actor, delivery);
    this.#held++;
    const key = delivery.event.orderingKey;
    const lane = this.#lanes.get(key) ?? { queue: [], work: undefined, waiting: undefined };
    this.#lanes.set(key, lane);
    lane.queue.push(delivery);
    this.#pump(lane);
  }

  setRoom(room: number): void {
    this.#room = room;
    this.#tellRoom();
  }

  /** As when memory is short. */
  evict(): void {
    const { judge, actor } = this.#deps;
    for (const delivery of this.#letGo(() => true)) {
      judge.evicted(actor, delivery);
      delivery.feed.evicted(delivery);
    }
    this.#tellRoom();
  }

  async release(feed: Feed, graceMs: number): Promise<void> {
    this.#letGo((delivery) => delivery.feed === feed);
    const works = this.#works().filter(({ delivery }) => delivery.feed === feed);
    for (const work of works) work.isLeaving = true;
    this.#tellRoom();
    const over = Promise.all(works.map((work) => work.over));
    if (graceMs > 0) await Promise.race([over, sleep(this.#deps.clock, graceMs)]);
    for (const work of works) if (!work.isOver) this.#breakOff(work);
    await over;
  }

  /** No attempt begins any more. Resolves when none is under way, or after `ms`. */
  async drain(ms: number): Promise<void> {
    this.#isHolding = true;
    await Promise.race([Promise.all(this.#works().map(({ over }) => over)), sleep(this.#deps.clock, ms)]);
  }

  close(): void {
    this.#isHolding = true;
    this.#letGo(() => true);
    for (const work of this.#works()) this.#breakOff(work);
  }

  #works(): Work[] {
    return [...this.#lanes.values()].flatMap(({ work }) => work ?? []);
  }

  /** Drops what is not in work. */
  #letGo(isGone: (delivery: Delivery) => boolean): Delivery[] {
    const gone: Delivery[] = [];
    for (const lane of this.#lanes.values()) {
      const first = lane.queue[0];
      const kept = lane.queue.filter((delivery) => delivery === lane.work?.delivery || !isGone(delivery));
      for (const delivery of lane.queue) if (!kept.includes(delivery)) gone.push(delivery);
      lane.queue.splice(0, lane.queue.length, ...kept);
      if (lane.queue[0] === first || !lane.waiting) continue;
      lane.waiting = undefined;
      this.#pump(lane);
    }
    this.#held -= gone.length;
    return gone;
  }

  #pump(lane: Lane): void {
    const [delivery] = lane.queue;
    if (this.#isHolding || lane.work || lane.waiting || !delivery) return;
    if (!delivery.feed.mayAttempt()) return this.#wait(lane, CLOSED_MS);
    const { promise: over, resolve } = Promise.withResolvers<undefined>();
    const work = { delivery, over, done: () => resolve(undefined), isOver: false, isLeaving: false };
    lane.work = work;
    if (delivery.attempts >= MOST_ATTEMPTS) this.#bury(lane, work);
    else this.#attempt(lane, work);
  }

  #attempt(lane: Lane, work: Work): void {
    const { world, clock, judge, actor, react } = this.#deps;
    const { delivery } = work;
    const { isTaken, after } = react(delivery);
    judge.attempting(actor, delivery, isTaken);
    world.after(after, () => {
      if (!work.isOver) judge.ended(actor, delivery);
      void clock.running().then(() => {
        if (work.isOver) return;
        if (isTaken) this.#settle(lane, work, 'delivered');
        else this.#failed(lane, work);
      });
    });
  }

  #failed(lane: Lane, work: Work): void {
    const { judge, actor, random } = this.#deps;
    const { delivery } = work;
    delivery.attempts++;
    judge.failed(actor, delivery);
    delivery.feed.attempted(delivery);
    if (delivery.attempts >= MOST_ATTEMPTS) return this.#bury(lane, work);
    this.#end(lane, work);
    if (work.isLeaving) return this.#leave(lane, delivery);
    this.#wait(lane, 20 + random() * 2_000);
  }

  /** Durable first, then settled; what has left meanwhile is not. */
  #bury(lane: Lane, work: Work): void {
    const { clock, random, judge, actor } = this.#deps;
    clock.after(random() * 50, () => {
      judge.buried(actor, work.delivery);
      if (!work.isOver) this.#settle(lane, work, 'dead');
    });
  }

  #settle(lane: Lane, work: Work, fate: 'delivered' | 'dead'): void {
    const { judge, actor } = this.#deps;
    const { delivery } = work;
    this.#end(lane, work);
    judge.settled(actor, delivery);
    this.#remove(lane, delivery);
    delivery.feed.settle(delivery, fate);
    this.#goOn(lane);
  }

  #breakOff(work: Work): void {
    const { judge, actor } = this.#deps;
    const lane = [...this.#lanes.values()].find((one) => one.work === work);
    if (!lane) return;
    judge.brokenOff(actor, work.delivery);
    this.#end(lane, work);
    this.#leave(lane, work.delivery);
  }

  #end(lane: Lane, work: Work): void {
    work.isOver = true;
    lane.work = undefined;
    work.done();
  }

  #leave(lane: Lane, delivery: Delivery): void {
    this.#remove(lane, delivery);
    this.#goOn(lane);
  }

  #remove(lane: Lane, delivery: Delivery): void {
    lane.queue.splice(lane.queue.indexOf(delivery), 1);
    this.#held--;
  }

  #goOn(lane: Lane): void {
    this.#pump(lane);
    this.#tellRoom();
  }

  #wait(lane: Lane, ms: number): void {
    const token = (lane.waiting = {});
    this.#deps.clock.after(ms, () => {
      if (lane.waiting !== token) return;
      lane.waiting = undefined;
      this.#pump(lane);
    });
  }

  #tellRoom(): void {
    if (!this.#isStarved || this.#held >= this.#room) return;
    this.#isStarved = false;
    this.#deps.roomAgain(this.subscriptionId);
  }
}
