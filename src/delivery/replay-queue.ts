import type { Broker } from '../brokers/broker.ts';

/** A dead letter that waits for its replay: where it lies, and its place among those of its subscription. */
export interface Ticket {
  readonly id: string;
  /** Where the letter was found: its source may have had another name when the event was read. */
  readonly home: Broker;
  readonly order: number;
}

/** The replays that one subscription still owes, in the order in which they were asked for. */
export class ReplayQueue {
  /** Somebody offers from it; it is not to be served twice at a time. */
  isServed = false;
  #tickets: Ticket[] = [];

  get first(): Ticket | undefined {
    return this.#tickets[0];
  }

  shift(): void {
    this.#tickets.shift();
  }

  /** Into its place: one that comes back (eviction) stands before those that were asked for later. */
  add(ticket: Ticket): void {
    const before = this.#tickets.findLastIndex((other) => other.order < ticket.order);
    this.#tickets.splice(before + 1, 0, ticket);
  }

  clear(): Ticket[] {
    return this.#tickets.splice(0);
  }
}
