import type { Logger } from '../../logger.ts';
import type { Clock, Timer } from '../../time.ts';
import type { CommitBudget, Committer } from './committer.ts';
import type { Cursor } from './cursor.ts';
import type { Log, Position } from './log.ts';
import { keyOf } from './replays.ts';

const INTERVAL_MS = 250;
/** Every position is looked at about this often. */
const ROUND_S = 30;
const MIN_LOOKS = 200;
/** The part of the budget that idle positions may take. */
const BUDGET_SHARE = 1 / 3;
/** Feeds whose positions are compared with the log's in one interval, beyond those that are refreshed. */
const RECHECKS = 250;
/** A position that does not move is written again this often, well before any log's default lets it expire. */
const REWRITE_MS = 12 * 3_600_000;

export interface RefresherDeps {
  readonly log: Log;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly budget: CommitBudget;
  /** The cursors of each feed: their positions are written and read together. */
  feeds(): Iterable<readonly Cursor[]>;
  readonly committer: Pick<Committer, 'dirty' | 'isDirty'>;
  /** Somebody else set this position: the feed goes on from there (RULES 6). */
  adopt(cursor: Cursor, position: Position): void;
}

/**
 * Looks after the positions of feeds that have nothing in work: those that moved only because others' events passed
 * are committed. Where the log says that others can change or remove positions, they are read before: what somebody
 * else set is adopted, what is gone is written again (RULES 5, PITFALLS 24).
 */
export class Refresher {
  readonly #deps: RefresherDeps;
  #timer: Timer | undefined;
  #stopped = false;
  /** Those that the current round has not come to yet. */
  #left: Iterator<readonly Cursor[]> | undefined;
  /** How many feeds the current and the last round had. */
  #looked = 0;
  #lastRound = 0;

  constructor(deps: RefresherDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#timer = this.#deps.clock.after(INTERVAL_MS, () => {
      this.#left ??= this.#deps.feeds()[Symbol.iterator]();
      void this.#refresh(this.#some(this.#left)).finally(() => {
        if (!this.#stopped) this.start();
      });
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Some at a time, so that a hundred thousand idle feeds hold up nothing; the next call goes on with the rest. */
  #some(feeds: Iterator<readonly Cursor[]>): Cursor[] {
    const seconds = INTERVAL_MS / 1000;
    let refreshes = Math.ceil(this.#deps.budget.perSecond * BUDGET_SHARE * seconds);
    let looks = Math.max(MIN_LOOKS, Math.ceil((this.#lastRound * seconds) / ROUND_S));
    let rechecks = RECHECKS;
    const picked: Cursor[] = [];
    while (refreshes > 0 && rechecks > 0 && looks-- > 0) {
      const next = feeds.next();
      if (next.done) {
        this.#lastRound = this.#looked;
        this.#looked = 0;
        this.#left = undefined;
        break;
      }
      this.#looked++;
      const stale = next.value.filter((cursor) => !cursor.closed && cursor.isStale());
      const unchecked = next.value.filter((cursor) => this.#wantsCheck(cursor));
      if (stale.length > 0) refreshes--;
      if (unchecked.length > 0) rechecks--;
      picked.push(...new Set([...stale, ...unchecked]));
    }
    return picked;
  }

  #wantsCheck(cursor: Cursor): boolean {
    const { log, clock } = this.#deps;
    const every = log.positionsRecheckMs;
    if (every === undefined || cursor.closed || cursor.ledger.size > 0) return false;
    return clock.monotonic() - cursor.checkedAt >= every;
  }

  async #refresh(cursors: readonly Cursor[]): Promise<void> {
    if (cursors.length === 0) return;
    const { log, logger } = this.#deps;
    if (log.positionsRecheckMs === undefined) {
      for (const cursor of cursors) this.#deps.committer.dirty(cursor);
      return;
    }
    // Of what is being committed while the positions are read, the answer says nothing.
    const quiet = cursors.filter((cursor) => !cursor.isCommitting && !this.#deps.committer.isDirty(cursor));
    const before = new Map(quiet.map((cursor) => [cursor, cursor.commits]));
    try {
      const ids = [...new Set([...before.keys()].map(({ feedId }) => feedId))];
      const partitions = [...new Map(cursors.map(({ partition }) => [keyOf(partition), partition])).values()];
      const stored = new Map(
        (await log.loadPositions(ids, partitions)).map((position) => [placeOf(position), position]),
      );
      for (const [cursor, commits] of before) {
        if (cursor.closed || cursor.ledger.size > 0 || cursor.commits !== commits) continue;
        if (this.#deps.committer.isDirty(cursor)) continue;
        this.#compare(cursor, stored.get(placeOf({ ...cursor.partition, subscriptionId: cursor.feedId })));
      }
    } catch (error) {
      logger.error({ error: String(error) }, 'positions.recheck-failed');
    }
  }

  #compare(cursor: Cursor, stored: Position | undefined): void {
    const { clock, logger } = this.#deps;
    const now = clock.monotonic();
    const { topic, partition } = cursor.partition;
    const about = { feedId: cursor.feedId, topic, partition };
    if (stored && cursor.isCommitted(stored)) {
      cursor.checkedAt = now;
      if (cursor.isStale()) this.#deps.committer.dirty(cursor);
      else if (now - cursor.committedAt >= REWRITE_MS) this.#rewrite(cursor);
    } else if (stored?.foreign) {
      this.#deps.adopt(cursor, stored);
    } else {
      // Somebody deleted it, it expired, or a former owner wrote its own late.
      logger.error({ ...about, position: cursor.offset }, 'position.written-again');
      this.#rewrite(cursor);
    }
  }

  #rewrite(cursor: Cursor): void {
    cursor.lostCommit();
    this.#deps.committer.dirty(cursor);
  }
}

function placeOf(place: { subscriptionId: string; topic: string; partition: number }): string {
  return `${place.subscriptionId} ${keyOf(place)}`;
}
