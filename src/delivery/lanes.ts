import type { Delivery, Feed } from '../brokers/broker.ts';
import type { Sending } from '../callbacks/sender.ts';
import type { Timer } from '../time.ts';

/**
 * The deliveries of one subscription with one ordering key, strictly one after another. `ready`: the first may be
 * attempted. `busy`: it is in work, which is being attempted or buried. `waiting`: for its next attempt. `gone`: let go
 * of or done.
 */
export interface Lane {
  readonly key: unknown;
  readonly queue: Delivery[];
  state: 'ready' | 'busy' | 'waiting' | 'gone';
  timer: Timer | undefined;
  /** The attempt under way. */
  sending: Sending | undefined;
}

/** All lanes of one subscription. Ready lanes take turns. */
export class Lanes {
  readonly #ordered: boolean;
  readonly #lanes = new Map<unknown, Lane>();
  #ready: Lane[] = [];
  #firstReady = 0;
  #readyCount = 0;
  #held = 0;
  #blocked = 0;

  /** `ordered` false: every delivery is a lane of its own. */
  constructor(ordered: boolean) {
    this.#ordered = ordered;
  }

  /** Deliveries in memory. */
  get held(): number {
    return this.#held;
  }

  /** Lanes whose first delivery may be attempted now. */
  get ready(): number {
    return this.#readyCount;
  }

  /** Deliveries that wait for a retry, or behind one. */
  get blocked(): number {
    return this.#blocked;
  }

  /** How far a delivery in memory has come; undefined when it is not there. Looks through all: for an operator. */
  progressOf(eventId: string): 'in-flight' | 'retrying' | 'waiting' | undefined {
    for (const { queue, state } of this.#lanes.values()) {
      const place = queue.findIndex((delivery) => delivery.event.id === eventId);
      if (place < 0) continue;
      if (state === 'waiting') return 'retrying';
      return place === 0 && state === 'busy' ? 'in-flight' : 'waiting';
    }
    return undefined;
  }

  add(delivery: Delivery): void {
    const key = this.#ordered ? delivery.event.orderingKey : delivery;
    const lane = this.#lanes.get(key);
    this.#held++;
    if (lane) {
      lane.queue.push(delivery);
      if (lane.state === 'waiting') this.#blocked++;
      return;
    }
    const added: Lane = { key, queue: [delivery], state: 'busy', timer: undefined, sending: undefined };
    this.#lanes.set(key, added);
    this.putBack(added);
  }

  /** The next ready lane, which is busy from now on. */
  take(): Lane | undefined {
    while (this.#firstReady < this.#ready.length) {
      const lane = this.#ready[this.#firstReady++] as Lane;
      if (this.#firstReady > 1024 && this.#firstReady * 2 > this.#ready.length) this.#compact();
      if (lane.state !== 'ready') continue;
      lane.state = 'busy';
      this.#readyCount--;
      return lane;
    }
    this.#compact();
    return undefined;
  }

  /** The first delivery of a busy lane is out of work; the lane goes on with the next. */
  next(lane: Lane): void {
    lane.queue.shift();
    this.#held--;
    if (lane.queue.length > 0) this.putBack(lane);
    else this.#drop(lane);
  }

  /** Brings a ready lane whose first delivery fits to the front; none fits: all stay. */
  prefer(fits: (first: Delivery) => boolean): void {
    for (let i = this.#firstReady; i < this.#ready.length; i++) {
      const lane = this.#ready[i] as Lane;
      if (lane.state !== 'ready' || !fits(lane.queue[0] as Delivery)) continue;
      this.#ready.splice(i, 1);
      this.#ready.splice(this.#firstReady, 0, lane);
      return;
    }
  }

  /** A lane that was just taken goes back to the front. */
  giveBack(lane: Lane): void {
    lane.state = 'ready';
    this.#readyCount++;
    if (this.#firstReady > 0) this.#ready[--this.#firstReady] = lane;
    else this.#ready.unshift(lane);
  }

  /** A busy lane is ready again, behind all others. */
  putBack(lane: Lane): void {
    lane.state = 'ready';
    this.#readyCount++;
    this.#ready.push(lane);
  }

  wait(lane: Lane, timer: Timer): void {
    lane.state = 'waiting';
    lane.timer = timer;
    this.#blocked += lane.queue.length;
  }

  waited(lane: Lane): void {
    this.#blocked -= lane.queue.length;
    lane.timer = undefined;
    this.putBack(lane);
  }

  /** Lets go of every delivery that is not in work, of one feed or of all, and returns them. */
  letGo(feed?: Feed): Delivery[] {
    const gone: Delivery[] = [];
    for (const lane of this.#lanes.values()) this.#letGoOf(lane, feed, gone);
    this.#held -= gone.length;
    return gone;
  }

  /** The busy lanes whose first delivery is of this feed. */
  inWork(feed: Feed): Lane[] {
    return [...this.#lanes.values()].filter(
      ({ state, queue }) => state === 'busy' && queue[0]?.feed === feed,
    );
  }

  /** Lets go of everything. */
  clear(): Delivery[] {
    const gone = this.letGo();
    for (const lane of this.#lanes.values()) {
      gone.push(...lane.queue.splice(0));
      this.#drop(lane);
    }
    this.#held = 0;
    return gone;
  }

  #letGoOf(lane: Lane, feed: Feed | undefined, gone: Delivery[]): void {
    const { queue, state } = lane;
    const [first] = queue;
    const before = queue.length;
    // In place, because the list of ready lanes may know the lane for some time yet.
    let kept = state === 'busy' ? 1 : 0;
    for (const delivery of queue.slice(kept)) {
      if (feed && delivery.feed !== feed) queue[kept++] = delivery;
      else gone.push(delivery);
    }
    queue.length = kept;
    if (state === 'waiting') this.#blocked -= before - kept;
    if (queue[0] === first) return;
    lane.timer?.cancel();
    if (kept > 0) {
      if (state === 'waiting') this.waited(lane);
      return;
    }
    if (state === 'ready') this.#readyCount--;
    this.#drop(lane);
  }

  #drop(lane: Lane): void {
    lane.state = 'gone';
    this.#lanes.delete(lane.key);
  }

  #compact(): void {
    this.#ready = this.#ready.slice(this.#firstReady);
    this.#firstReady = 0;
  }
}
