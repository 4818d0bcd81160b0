import type { Delivery, Feed } from '../brokers/broker.ts';
import { sleep, type Clock } from '../time.ts';
import type { Lane, Lanes } from './lanes.ts';

interface Leave {
  readonly left: Promise<void>;
  readonly tell: () => void;
  isLate: boolean;
}

/** The deliveries in work whose feeds are no more this process's. */
export class Leaving {
  readonly #lanes: Lanes;
  readonly #clock: Clock;
  readonly #leaves = new Map<Delivery, Leave>();

  constructor(lanes: Lanes, clock: Clock) {
    this.#lanes = lanes;
    this.#clock = clock;
  }

  has(delivery: Delivery): boolean {
    return this.#leaves.has(delivery);
  }

  /** Its grace is over: nothing that takes time is begun for it. */
  isLate(delivery: Delivery): boolean {
    return this.#leaves.get(delivery)?.isLate === true;
  }

  /**
   * What is in work for this feed is leaving. Resolves when all of it has left; `breakOff` is called for the lanes of
   * what has not after `graceMs`.
   */
  async begin(feed: Feed, graceMs: number, breakOff: (lane: Lane) => void): Promise<void> {
    const inWork = this.#lanes.inWork(feed).map((lane) => ({ lane, delivery: lane.queue[0] as Delivery }));
    if (inWork.length === 0) return;
    const left = Promise.all(inWork.map(({ delivery }) => this.#add(delivery)));
    // Without a grace not even a microtask passes until it is broken off.
    if (graceMs > 0) await Promise.race([left, sleep(this.#clock, graceMs)]);
    for (const { lane, delivery } of inWork) {
      const leave = this.#leaves.get(delivery);
      if (!leave) continue;
      leave.isLate = true;
      breakOff(lane);
    }
    await left;
  }

  /** To be told of every delivery that is out of memory. */
  left(delivery: Delivery): void {
    // The usual case, and this is called for each delivery.
    if (this.#leaves.size === 0) return;
    this.#leaves.get(delivery)?.tell();
    this.#leaves.delete(delivery);
  }

  #add(delivery: Delivery): Promise<void> {
    const known = this.#leaves.get(delivery);
    if (known) return known.left;
    const { promise: left, resolve } = Promise.withResolvers<undefined>();
    this.#leaves.set(delivery, { left, tell: () => resolve(undefined), isLate: false });
    return left;
  }
}
