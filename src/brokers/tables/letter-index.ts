import type { DeadLetter, DeadLetterFilter, DeadLetterGroup, DeadLetterState } from '../broker.ts';
import type { TopicPlace } from './compacted-topic.ts';

/** What is remembered of a dead letter: where its latest record is, and what a filter may ask for. */
export interface IndexedLetter extends TopicPlace {
  readonly id: string;
  readonly reason: string;
  readonly subscriptionId: string | null;
  readonly eventType: string | null;
  readonly eventId: string | null;
  readonly correlationId: string | null;
  readonly state: DeadLetterState;
  readonly replayAsked: boolean;
  /** Milliseconds since the epoch. */
  readonly deadAt: number;
  /** When its latest record was written, milliseconds since the epoch. */
  readonly writtenAt: number;
  /** Size of the record, roughly. */
  readonly bytes: number;
}

export function indexed(
  letter: DeadLetter,
  at: Pick<IndexedLetter, 'partition' | 'offset' | 'writtenAt' | 'bytes'>,
): IndexedLetter {
  const { id, reason, subscriptionId, eventType, eventId, correlationId, state } = letter;
  const deadAt = Date.parse(letter.deadAt);
  const replayAsked = letter.replay !== undefined;
  return { id, reason, subscriptionId, eventType, eventId, correlationId, state, replayAsked, deadAt, ...at };
}

/** Replaced ones that are kept until somebody asks for a list. */
const MOST_REPLACED = 1_000;

/** All dead letters of the topic without their bodies, some hundred bytes each; asked by scanning them. */
export class LetterIndex {
  readonly #byId = new Map<string, IndexedLetter>();
  /** Oldest first; may hold replaced and removed ones, and be out of order, until it is put in order. */
  #byAge: IndexedLetter[] = [];
  #isInOrder = true;

  get(id: string): IndexedLetter | undefined {
    return this.#byId.get(id);
  }

  all(): Iterable<IndexedLetter> {
    return this.#byId.values();
  }

  set(letter: IndexedLetter): void {
    const former = this.#byId.get(letter.id);
    const last = this.#byAge.at(-1);
    this.#byId.set(letter.id, letter);
    if (this.#isInOrder && former?.deadAt === letter.deadAt) {
      this.#byAge[this.#placeOf(letter)] = letter;
      return;
    }
    this.#byAge.push(letter);
    if (former || (last && older(last, letter) > 0)) this.#isInOrder = false;
    if (this.#byAge.length > 2 * this.#byId.size + MOST_REPLACED) this.putInOrder();
  }

  delete(id: string): void {
    if (this.#byId.delete(id)) this.#isInOrder = false;
  }

  /** Newest first; those of one millisecond by their ids, so that all replicas page alike. */
  select(
    filter: DeadLetterFilter,
    { offset, limit }: { offset: number; limit: number },
  ): { letters: IndexedLetter[]; total: number } {
    const letters: IndexedLetter[] = [];
    const matches = matcher(filter);
    const byAge = this.putInOrder();
    let total = 0;
    for (let i = byAge.length - 1; i >= 0; i--) {
      const letter = byAge[i] as IndexedLetter;
      if (!matches(letter)) continue;
      if (total >= offset && letters.length < limit) letters.push(letter);
      total++;
    }
    return { letters, total };
  }

  /** Of those that match, by the values of one attribute. */
  count(filter: DeadLetterFilter, groupBy: DeadLetterGroup): Map<string, number> {
    const counts = new Map<string, number>();
    const matches = matcher(filter);
    for (const letter of this.#byId.values()) {
      if (!matches(letter)) continue;
      const name = String(letter[groupBy]);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return counts;
  }

  /** Done for each list too; a good moment is the one after many were added. */
  putInOrder(): readonly IndexedLetter[] {
    if (!this.#isInOrder) {
      this.#byAge = this.#byAge.filter((letter) => this.#byId.get(letter.id) === letter).sort(older);
      this.#isInOrder = true;
    }
    return this.#byAge;
  }

  /** Of a letter that is there, while they are in order. */
  #placeOf(letter: IndexedLetter): number {
    let low = 0;
    for (let high = this.#byAge.length - 1; low < high;) {
      const middle = (low + high) >> 1;
      if (older(this.#byAge[middle] as IndexedLetter, letter) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function older(a: IndexedLetter, b: IndexedLetter): number {
  if (a.deadAt !== b.deadAt) return a.deadAt - b.deadAt;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function matcher(filter: DeadLetterFilter): (letter: IndexedLetter) => boolean {
  const { reason, subscriptionId, eventType, eventId, correlationId, state, since, until, replayAsked } =
    filter;
  const from = since === undefined ? -Infinity : Date.parse(since);
  const to = until === undefined ? Infinity : Date.parse(until);
  return (letter) =>
    letter.deadAt >= from &&
    letter.deadAt < to &&
    (reason === undefined || letter.reason === reason) &&
    (subscriptionId === undefined || letter.subscriptionId === subscriptionId) &&
    (eventType === undefined || letter.eventType === eventType) &&
    (eventId === undefined || letter.eventId === eventId) &&
    (correlationId === undefined || letter.correlationId === correlationId) &&
    (state === undefined || letter.state === state) &&
    (replayAsked === undefined || letter.replayAsked);
}
