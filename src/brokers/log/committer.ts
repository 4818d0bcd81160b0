import type { Logger } from '../../logger.ts';
import type { Clock, Timer } from '../../time.ts';
import type { Cursor } from './cursor.ts';
import type { Log, Position } from './log.ts';

export interface CommitBudget {
  /** A dirty position waits at least this long, so that settlements share a commit. Milliseconds. */
  readonly minIntervalMs: number;
  /** Feeds whose positions are committed, per second at most: after many of them the next commit waits longer. */
  readonly perSecond: number;
}

const RETRY_MS = 500;

/** Makes dirty positions durable, in groups on a budget. One commit is under way at a time. */
export class Committer {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #budget: CommitBudget;
  readonly #dirty = new Set<Cursor>();
  #timer: Timer | undefined;
  /** Commits follow one another: of two positions of a cursor the later one must win. */
  #running: Promise<boolean> | undefined;
  #failing = false;
  /** The budget is spent until then (monotonic milliseconds). */
  #spentUntil = 0;

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

  isDirty(cursor: Cursor): boolean {
    return this.#dirty.has(cursor);
  }

  forget(cursor: Cursor): void {
    this.#dirty.delete(cursor);
  }

  /** Commits all that is dirty at the time of the call. False when the log refused. */
  flush(): Promise<boolean> {
    return this.#commit();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #schedule(): void {
    const forBudget = this.#spentUntil - this.#clock.monotonic();
    const interval = this.#failing ? RETRY_MS : this.#budget.minIntervalMs;
    this.#timer = this.#clock.after(Math.max(interval, forBudget), () => {
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
    const feeds = new Set(positions.map(({ subscriptionId }) => subscriptionId)).size;
    this.#spentUntil = this.#clock.monotonic() + (feeds * 1000) / this.#budget.perSecond;
    const failed = new Set(await this.#write(positions));
    cursors.forEach((cursor, i) => {
      const position = positions[i] as Position;
      if (failed.has(position)) {
        cursor.notCommitted();
        this.#dirty.add(cursor);
      } else cursor.committed(position);
    });
    this.#failing = failed.size > 0;
    return failed.size === 0;
  }

  /** Answers those that were not written. */
  async #write(positions: readonly Position[]): Promise<readonly Position[]> {
    let failed: readonly Position[] = positions;
    let error = 'the log did not write them';
    try {
      failed = await this.#log.commitPositions(positions);
    } catch (thrown) {
      error = String(thrown);
    }
    // Once for as long as it goes on: it is tried again many times a second.
    if (failed.length > 0 && !this.#failing)
      this.#logger.error({ error, positions: failed.length }, 'positions.commit-failed');
    return failed;
  }
}
