import type { Feed } from '../../src/brokers/broker.ts';
import type { Partition, Position } from '../../src/brokers/log/log.ts';
import { decodeHoles, type Holes } from '../../src/brokers/log/position.ts';

/** What one cursor must know: where it began, and what became of its events since. Events by their offset. */
export class View {
  /** It has offered something. */
  isSeen = false;
  /** Everything below it knows as settled. */
  readonly offset: number;
  readonly settled = new Set<number>();
  /** In the outlet's memory. */
  readonly held = new Set<number>();
  readonly #begun: Holes;
  readonly #attempts: Map<number, number>;
  readonly #counted = new Set<number>();

  constructor(begun: Holes) {
    this.#begun = begun;
    this.offset = begun.holes[0]?.[0] ?? begun.next;
    this.#attempts = new Map(begun.holes);
  }

  /** Was it settled already, as the position says from which the cursor began? */
  covers(offset: number): boolean {
    return offset < this.#begun.next && !this.#begun.holes.some(([hole]) => hole === offset);
  }

  attemptsOf(offset: number): number {
    return this.#attempts.get(offset) ?? 0;
  }

  attempted(offset: number): void {
    this.#attempts.set(offset, this.attemptsOf(offset) + 1);
  }

  /** What a cursor must know that takes its place where the log ends at `end`. */
  upTo(end: number): View {
    const holes: [number, number][] = [];
    for (let offset = this.offset; offset < end; offset++)
      if (this.#isOpen(offset)) holes.push([offset, this.attemptsOf(offset)]);
    return new View({ next: end, holes });
  }

  /** It was said that retention took what it owed below `to`. */
  countLost(to: number): void {
    for (let offset = this.offset; offset < to; offset++) if (this.isOwed(offset)) this.#counted.add(offset);
  }

  /** Would retention take something unsettled with it? */
  isOwed(offset: number): boolean {
    return this.#isOpen(offset) && !this.held.has(offset) && !this.#counted.has(offset);
  }

  #isOpen(offset: number): boolean {
    return !this.covers(offset) && !this.settled.has(offset);
  }
}

/** The cursors of one replica as they should be. */
export class Views {
  readonly #views = new Map<string, View>();
  readonly #byFeed = new WeakMap<Feed, View>();

  /** Whatever was known of these partitions is of another time. */
  assigned(partitions: readonly Partition[]): void {
    for (const { partition } of partitions) {
      for (const key of [...this.#views.keys()]) if (key.endsWith(` ${partition}`)) this.#views.delete(key);
    }
  }

  /** A cursor is to begin here. */
  began(feedId: string, partition: number, { offset, holes }: Pick<Position, 'offset' | 'holes'>): void {
    this.#views.set(`${feedId} ${partition}`, new View(decodeHoles(offset, holes)));
  }

  /** Another takes its place, because the log ends at `end`. */
  restarted(feedId: string, partition: number, end: number): void {
    const view = this.get(feedId, partition);
    if (view) this.#views.set(`${feedId} ${partition}`, view.upTo(end));
  }

  get(feedId: string, partition: number): View | undefined {
    return this.#views.get(`${feedId} ${partition}`);
  }

  of(feed: Feed, feedId: string, partition: number): View | undefined {
    const known = this.#byFeed.get(feed);
    if (known) return known;
    const view = this.get(feedId, partition);
    if (!view || view.isSeen) return undefined;
    view.isSeen = true;
    this.#byFeed.set(feed, view);
    return view;
  }
}
