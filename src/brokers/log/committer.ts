import type { Logger } from '../../logger.ts';
import type { Clock, Timer } from '../../time.ts';
import type { Cursor } from './cursor.ts';
import type { Log, Position } from './log.ts';

export interface CommitBudget {
  /** A dirty position waits at least this long, so that settlements share a commit. Milliseconds. */
  readonly minIntervalMs: number;
  /** Positions per second at most; more dirty ones make the interval longer. */
  readonly perSecond: number;
}

const REFRESH_INTERVAL_MS = 5_000;
const RETRY_MS = 500;

/** Makes positions durable: dirty ones in groups on a budget, idle ones slowly. One commit is under way at a time. */
export class Committer {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #budget: CommitBudget;
  readonly #dirty = new Set<Cursor>();
  #timer: Timer | undefined;
  /** Commits follow one another: of two positions of a cursor the later one must win. */
  #running: Promise<boolean> | undefined;
  #refreshTimer: Timer | undefined;
  #failing = false;

  constructor(log: Log, clock: Clock, logger: Logger, budget: CommitBudget) {
    this.#log = log;
    this.#clock = clock;
    this.#logger = logger;
    this.#budget = budget;
  }

  dirty(cursor: Cursor): void {
    this.#dirty.add(cursor);
    if (!this.#timer && !this.#running) this.#schedule();
  }

  forget(cursor: Cursor): void {
    this.#dirty.delete(cursor);
  }

  /** Commits all that is dirty at the time of the call. False when the log refused. */
  flush(): Promise<boolean> {
    return this.#commit();
  }

  /** Every few seconds, re-commits the positions of feeds that moved only because others' events passed. */
  refresh(cursors: () => Iterable<Cursor>): void {
    this.#refreshTimer = this.#clock.after(REFRESH_INTERVAL_MS, () => {
      let room = (this.#budget.perSecond * REFRESH_INTERVAL_MS) / 1000;
      for (const cursor of cursors()) {
        if (cursor.closed || !cursor.isStale()) continue;
        this.dirty(cursor);
        if (--room <= 0) break;
      }
      this.refresh(cursors);
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#refreshTimer?.cancel();
  }

  #schedule(): void {
    const forBudget = (this.#dirty.size * 1000) / this.#budget.perSecond;
    const wait = this.#failing ? RETRY_MS : Math.max(this.#budget.minIntervalMs, forBudget);
    this.#timer = this.#clock.after(wait, () => {
      this.#timer = undefined;
      void this.#commit();
    });
  }

  #commit(): Promise<boolean> {
    this.#timer?.cancel();
    this.#timer = undefined;
    const commit = (this.#running ?? Promise.resolve()).then(() => this.#commitDirty());
    this.#running = commit;
    return commit.finally(() => {
      if (this.#running !== commit) return;
      this.#running = undefined;
      if (this.#dirty.size > 0 && !this.#timer) this.#schedule();
    });
  }

  async #commitDirty(): Promise<boolean> {
    const cursors: Cursor[] = [];
    const positions: Position[] = [];
    for (const cursor of this.#dirty) {
      const position = cursor.closed ? undefined : cursor.takeUncommitted();
      if (!position) continue;
      cursors.push(cursor);
      positions.push(position);
    }
    this.#dirty.clear();
    if (positions.length === 0) return true;
    try {
      await this.#log.commitPositions(positions);
      cursors.forEach((cursor, i) => cursor.committed(positions[i] as Position));
      this.#failing = false;
      return true;
    } catch (error) {
      this.#failing = true;
      this.#logger.error({ error: String(error), positions: positions.length }, 'positions.commit-failed');
      for (const cursor of cursors) this.#dirty.add(cursor);
      return false;
    }
  }
}
