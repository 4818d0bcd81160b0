import type { Delivery, Feed, Outlet } from '../../src/brokers/broker.ts';
import { sleep } from '../../src/time.ts';
import type { SimClock } from '../support/sim-clock.ts';
import type { ReplayJudge } from './rabbitmq-replays-judge.ts';
import type { ReplicaSite } from './rabbitmq-replays-site.ts';

/** The delivery side of one subscription in one process: a number of places, and somebody who empties them. */
export class HistoryOutlet implements Outlet {
  readonly wants = { ordering: 'key', eventTypes: null } as const;
  readonly subscriptionId: string;
  readonly held = new Set<Delivery>();
  readonly #replica: ReplicaSite;
  readonly #judge: ReplayJudge;
  readonly #clock: SimClock;
  /** Called when it is asked for room and has none, as when memory is short. */
  whenFull: () => void = () => undefined;
  /** Milliseconds that the work on a feed takes that is let go of. */
  work: () => number = () => 0;
  #room = 0;
  #isStarved = false;
  readonly #released = new Set<Feed>();

  constructor(subscriptionId: string, replica: ReplicaSite, judge: ReplayJudge, clock: SimClock) {
    this.subscriptionId = subscriptionId;
    this.#replica = replica;
    this.#judge = judge;
    this.#clock = clock;
  }

  hasRoom(): boolean {
    if (this.#replica.isDead) return false;
    if (this.held.size >= this.#room) this.whenFull();
    this.#isStarved = this.held.size >= this.#room;
    return !this.#isStarved;
  }

  offer(delivery: Delivery): void {
    if (this.held.size >= this.#room) this.#judge.problem(`${delivery.event.id} was offered without room`);
    if (this.#released.has(delivery.feed))
      this.#judge.problem(`${delivery.event.id} was offered by a feed that was released`);
    this.#judge.offered(this.#replica, delivery);
    this.held.add(delivery);
  }

  /** Some of it is in work, and may be settled within the grace. */
  async release(feed: Feed, graceMs: number): Promise<void> {
    this.#released.add(feed);
    const [inWork, ...rest] = [...this.held].filter((delivery) => delivery.feed === feed);
    for (const delivery of rest) this.held.delete(delivery);
    if (inWork && graceMs > 0) {
      const ms = this.work();
      await sleep(this.#clock, Math.min(ms, graceMs));
      if (ms < graceMs && this.held.has(inWork)) this.settle(inWork);
    }
    if (inWork) this.held.delete(inWork);
    this.#judge.released(feed);
    this.#tell();
  }

  setRoom(room: number): void {
    this.#room = room;
    this.#tell();
  }

  settle(delivery: Delivery): void {
    this.held.delete(delivery);
    this.#judge.settled(delivery);
    delivery.feed.settle(delivery, 'delivered');
    this.#tell();
  }

  attempt(delivery: Delivery): void {
    delivery.attempts++;
    this.#judge.attempted(delivery);
    delivery.feed.attempted(delivery);
  }

  /** All of it together, as when memory is short. */
  evict(deliveries: readonly Delivery[]): void {
    const own = deliveries.filter((delivery) => !this.#released.has(delivery.feed));
    for (const delivery of own) {
      this.held.delete(delivery);
      this.#judge.evicted(delivery);
    }
    for (const delivery of own) delivery.feed.evicted(delivery);
    this.#tell();
  }

  #tell(): void {
    if (!this.#isStarved || this.held.size >= this.#room) return;
    this.#isStarved = false;
    this.#replica.replays.roomAgain(this.subscriptionId);
  }
}
