import type { Logger } from '../../logger.ts';
import type { Clock, Timer } from '../../time.ts';
import type { Cursor } from './cursor.ts';
import type { Log, Position } from './log.ts';

export interface CommitBudget {
  /** A dirty position waits at least this long, so that settlements share a commit. Milliseconds. */
  readonly minIntervalMs: number;
  /** Positions per second at most: after many of them the next commit waits longer. */
  readonly perSecond: number;
}

const REFRESH_INTERVAL_MS = 250;
/** Every position is looked at about this often. */
const REFRESH_ROUND_S = 30;
const MIN_LOOKS = 200;
/** The part of the budget that idle positions may take. */
const REFRESH_SHARE = 1 / 3;
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
  /** Those that the current round of refreshing has not come to yet. */
  #unrefreshed: Iterator<Cursor> | undefined;
  /** How many cursors the current and the last round had. */
  #looked = 0;
  #lastRound = 0;
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

  forget(cursor: Cursor): void {
    this.#dirty.delete(cursor);
  }

  /** Commits all that is dirty at the time of the call. False when the log refused. */
  flush(): Promise<boolean> {
    return this.#commit();
  }

  /** Again and again, re-commits the positions of feeds that moved only because others' events passed. */
  refresh(cursors: () => Iterable<Cursor>): void {
    this.#refreshTimer = this.#clock.after(REFRESH_INTERVAL_MS, () => {
      this.#unrefreshed ??= cursors()[Symbol.iterator]();
      this.#refreshSome(this.#unrefreshed);
      this.refresh(cursors);
    });
  }

  /** Some at a time, so that a hundred thousand idle cursors hold up nothing; the next call goes on with the rest. */
  #refreshSome(cursors: Iterator<Cursor>): void {
    const seconds = REFRESH_INTERVAL_MS / 1000;
    let room = Math.ceil(this.#budget.perSecond * REFRESH_SHARE * seconds);
    let looks = Math.max(MIN_LOOKS, Math.ceil((this.#lastRound * seconds) / REFRESH_ROUND_S));
    while (room > 0 && looks-- > 0) {
      const next = cursors.next();
      if (next.done) {
        this.#lastRound = this.#looked;
        this.#looked = 0;
        this.#unrefreshed = undefined;
        return;
      }
      this.#looked++;
      if (next.value.closed || !next.value.isStale()) continue;
      this.dirty(next.value);
      room--;
    }
  }

  stop(): void {
    this.#timer?.cancel();
    this.#refreshTimer?.cancel();
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
    this.#spentUntil = this.#clock.monotonic() + (positions.length * 1000) / this.#budget.perSecond;
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
