import type { Lanes } from './lanes.ts';
import type { Pace } from './pace.ts';

/** Events that may be ready beyond those in flight, so that free lanes are found for every free attempt. */
const READY_PER_ATTEMPT = 8;
const MIN_READY = 64;
/** Room for so many is made at once, so that the brokers are not asked for every single event. */
const ROOM_STEP = 32;

/** How many events of one subscription are to be in memory: enough to keep its attempts busy, and no more. */
export class Room {
  readonly #lanes: Lanes;
  readonly #pace: Pace;
  readonly #maxWaiting: number;
  #heldWhenOpened = 0;

  /** `maxWaiting`: events that may wait for a retry, or behind one. */
  constructor(lanes: Lanes, pace: Pace, maxWaiting: number) {
    this.#lanes = lanes;
    this.#pace = pace;
    this.#maxWaiting = maxWaiting;
  }

  /** Is there room for one more? `inFlight`: attempts under way. */
  isLeft(inFlight: number): boolean {
    const { held, ready } = this.#lanes;
    const { circuit } = this.#pace;
    if (circuit.isClosed()) return ready < this.#readyTarget() && this.#waiting(inFlight) < this.#maxWaiting;
    // A probe may need a new event: what is held could all be poison (RULES 11).
    return held < Math.max(1, this.#heldWhenOpened + circuit.failedProbes);
  }

  /** Is there so much that the brokers are to be told? */
  isWorthTelling(inFlight: number): boolean {
    if (!this.#pace.circuit.isClosed()) return this.isLeft(inFlight);
    const step = Math.min(ROOM_STEP, Math.ceil(this.#maxWaiting / 4));
    return (
      this.isLeft(inFlight) &&
      this.#lanes.ready * 2 <= this.#readyTarget() &&
      this.#waiting(inFlight) <= this.#maxWaiting - step
    );
  }

  /** The circuit opened: from now on only what its probes need comes to what is held. */
  freeze(): void {
    this.#heldWhenOpened = this.#lanes.held;
  }

  /** Some of what was held was let go of: while the circuit is open, nothing comes in its place. */
  shrink(): void {
    this.#heldWhenOpened = Math.min(this.#heldWhenOpened, this.#lanes.held);
  }

  /** What cannot be attempted now: in retry, becoming a dead letter, or behind another of its lane. */
  #waiting(inFlight: number): number {
    return this.#lanes.held - this.#lanes.ready - inFlight;
  }

  #readyTarget(): number {
    return Math.max(MIN_READY, this.#pace.concurrency * READY_PER_ATTEMPT);
  }
}
