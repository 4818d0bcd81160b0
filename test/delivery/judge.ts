import type { Listener } from './listener.ts';
import type { Published, PublishedEvent } from './published.ts';

/** Holds what the listeners of a random history saw against the promises. `problems`: in words; empty = none. */
export class Judge {
  readonly problems: string[] = [];
  readonly #published: Published;
  readonly #ordering: 'key' | 'none';
  /** How often deliveries may come again: each time that a success was known to nobody when its owner lost it. */
  readonly #mayRepeat = new Map<string, number>();

  constructor(published: Published, ordering: 'key' | 'none') {
    this.#published = published;
    this.#ordering = ordering;
  }

  mayRepeat(listener: Listener, { id }: PublishedEvent): void {
    const name = `${listener.id} ${id}`;
    this.#mayRepeat.set(name, (this.#mayRepeat.get(name) ?? 0) + 1);
  }

  /** A call begins. */
  called(listener: Listener, event: PublishedEvent, isAway: boolean): void {
    const { key, id } = event;
    if (listener.gone) this.problems.push(`${listener.id} was called after DELETE`);
    if (isAway) this.problems.push(`${listener.id}: ${id} was sent although its partition is another's`);
    const inLane = this.#published.all.filter((e) => e.key === key && listener.inFlight.has(e.id));
    if (this.#ordering === 'key' && inLane.length > 0) this.problems.push(`two at once for ${key}`);
  }

  /** The listener took it. */
  received(listener: Listener, { id, key }: PublishedEvent): void {
    const isFirst = !listener.successes.has(id);
    listener.fresh.add(id);
    listener.successes.set(id, (listener.successes.get(id) ?? 0) + 1);
    if (!isFirst || this.#ordering === 'none' || this.#published.hasLetter(listener, id)) return;
    const number = this.#published.all.findIndex((event) => event.id === id);
    const later = this.#published.all.find(
      (event, i) => event.key === key && i > number && listener.successes.has(event.id),
    );
    if (later) this.problems.push(`${listener.id}: ${id} came after ${later.id} of the same key`);
  }

  /** A partition is another's: as planned, or lost. Without faults a planned one repeats only what was broken off. */
  handedOver(listener: Listener, event: PublishedEvent, isPlanned: boolean): void {
    const { id } = event;
    const isFresh = listener.fresh.delete(id);
    if (listener.inFlight.has(id)) this.problems.push(`${listener.id}: ${id} is in flight still`);
    if (!listener.successes.has(id) || this.#published.isSettled(listener, event)) return;
    this.mayRepeat(listener, event);
    if (isFresh && isPlanned && !listener.brokenOff.has(id))
      this.problems.push(`${listener.id}: ${id} was delivered, and that was not committed`);
  }

  atTheEnd(listeners: readonly Listener[]): void {
    for (const listener of listeners) {
      if (!listener.gone) this.#checkNothingLost(listener);
      for (const [eventId, seen] of listener.successes) {
        const allowed = 1 + (this.#mayRepeat.get(`${listener.id} ${eventId}`) ?? 0);
        if (seen > allowed)
          this.problems.push(`${listener.id}: ${eventId} came ${seen} times, ${allowed} are allowed`);
      }
    }
  }

  #checkNothingLost(listener: Listener): void {
    for (const event of this.#published.owedTo(listener)) {
      const fate = listener.successes.has(event.id) || this.#published.hasLetter(listener, event.id);
      if (!fate && this.#published.isSettled(listener, event))
        this.problems.push(`${listener.id}: ${event.id} was lost`);
    }
  }
}
