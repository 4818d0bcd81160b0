import type { Delivery } from '../broker.ts';
import { BYTES_PER_HOLE, encodeHoles, type Holes } from './position.ts';

/** Shared by all ledgers without a hole, which are by far the most; never written to. */
const NO_HOLES = new Map<number, Delivery | number>();

/**
 * The book of one subscription in one partition. Its rule: the position is the lowest offset whose fate is not
 * durable, and nothing may pass it (RULES: a position may go back, never past an unsettled event).
 *
 * A hole is an offset that was admitted and is not settled. It is `held` while its delivery is in memory; after a
 * restart or an eviction it is not, and the record is admitted again when the log is read anew.
 */
export class Ledger {
  /** Ascending by offset, because offsets are only ever added beyond all earlier ones. */
  #holes = NO_HOLES;
  #next: number;
  #unheld: number;

  constructor({ next, holes }: Holes) {
    this.#next = next;
    if (holes.length > 0) this.#holes = new Map(holes);
    this.#unheld = this.#holes.size;
  }

  /** Everything below was looked at. */
  get next(): number {
    return this.#next;
  }

  get size(): number {
    return this.#holes.size;
  }

  /** The lowest unsettled offset; `next` when all is settled. */
  get offset(): number {
    return this.#holes.size === 0 ? this.#next : (this.#holes.keys().next().value as number);
  }

  /** From where the log has to be read for this subscription: the first hole that is not held, else `next`. */
  get readFrom(): number {
    if (this.#unheld > 0) {
      for (const [offset, hole] of this.#holes) if (typeof hole === 'number') return offset;
    }
    return this.#next;
  }

  /** Was the record at `offset` admitted, and is it not settled? */
  holds(offset: number): boolean {
    return this.#holes.has(offset);
  }

  /** Is it this delivery that was admitted for the record at `offset`? Not so once the log began anew below it. */
  holdsDelivery(offset: number, delivery: Delivery): boolean {
    return this.#holes.get(offset) === delivery;
  }

  /** Is the record at `offset` still to be delivered, and not in memory already? */
  wants(offset: number): boolean {
    return offset >= this.#next || typeof this.#holes.get(offset) === 'number';
  }

  /** True when the encoded holes might exceed `capacity` bytes with one more (RULES 7). */
  isFull(capacity: number): boolean {
    return (this.#holes.size + 2) * BYTES_PER_HOLE > capacity;
  }

  /** Attempts made for the record at `offset` before it was (re)admitted. */
  attemptsOf(offset: number): number {
    const hole = this.#holes.get(offset);
    return typeof hole === 'number' ? hole : (hole?.attempts ?? 0);
  }

  /** The record at `offset` is in memory now; only for one that is wanted. */
  admit(offset: number, delivery: Delivery): void {
    if (this.#holes === NO_HOLES) this.#holes = new Map();
    if (offset >= this.#next) this.#next = offset + 1;
    else this.#unheld--;
    this.#holes.set(offset, delivery);
  }

  /** What stands below `next` was looked at: it is a hole or needs no delivery. */
  pass(next: number): void {
    if (next > this.#next) this.#next = next;
  }

  settle(offset: number): void {
    if (typeof this.#holes.get(offset) === 'number') this.#unheld--;
    this.#holes.delete(offset);
  }

  /** The delivery left memory unsettled; its attempts are kept. */
  evict(offset: number): void {
    const hole = this.#holes.get(offset);
    if (hole === undefined || typeof hole === 'number') return;
    this.#holes.set(offset, hole.attempts);
    this.#unheld++;
  }

  /** Settles all holes below `start` that are not held: the log no longer has them. Returns how many. */
  forgetBelow(start: number): number {
    let lost = 0;
    for (const [offset, hole] of this.#holes) {
      if (offset >= start) break;
      if (typeof hole !== 'number') continue;
      this.settle(offset);
      lost++;
    }
    return lost;
  }

  /** Settles the holes in [from, to) that are not held: a read of that range did not bring them up again. */
  dropUnheld(from: number, to: number): void {
    if (this.#unheld === 0) return;
    for (const [offset, hole] of this.#holes) {
      if (offset >= to) break;
      if (offset >= from && typeof hole === 'number') this.settle(offset);
    }
  }

  /** The delivery held for the lowest unsettled offset, if it is in memory. */
  oldestHeld(): Delivery | undefined {
    const first = this.#holes.values().next().value;
    return typeof first === 'number' ? undefined : first;
  }

  /** What is not settled below `end`, as if nothing had ever been looked at from there on. */
  below(end: number): Holes {
    const holes: [number, number][] = [];
    for (const [offset, hole] of this.#holes) {
      if (offset < end) holes.push([offset, typeof hole === 'number' ? hole : hole.attempts]);
    }
    return { next: end, holes };
  }

  /** What is committed: `offset` with the holes ahead of it, as if everything up to `next` had been looked at. */
  encode(next: number): { offset: number; holes: string } {
    if (this.#holes.size === 0) return { offset: next, holes: '' };
    const holes: [number, number][] = [];
    for (const [offset, hole] of this.#holes)
      holes.push([offset, typeof hole === 'number' ? hole : hole.attempts]);
    return { offset: this.offset, holes: encodeHoles({ next, holes }) };
  }
}
