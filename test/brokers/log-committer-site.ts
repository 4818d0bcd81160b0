import type { Delivery, Outlet } from '../../src/brokers/broker.ts';
import { Committer, type CommitBudget } from '../../src/brokers/log/committer.ts';
import { Cursor } from '../../src/brokers/log/cursor.ts';
import type { Log, Position } from '../../src/brokers/log/log.ts';
import { Refresher } from '../../src/brokers/log/refresher.ts';
import { silentLogger, type Logger } from '../../src/logger.ts';
import { SimClock } from '../support/sim-clock.ts';

export const BUDGET: CommitBudget = { minIntervalMs: 200, perSecond: 500 };

/** A committer with cursors as dirty as a test wants them, and a log that writes down what it is given. */
export class CommitterSite {
  readonly clock = new SimClock();
  readonly commits: { readonly at: number; readonly positions: readonly Position[] }[] = [];
  readonly committer: Committer;
  /** The next offset that the shared reader offers. */
  head = 0;
  /** What the log answers to the next commits; it answers at once without. */
  answer: () => Promise<void> = () => Promise.resolve();
  /** What the log has when it is read; undefined: what was written last. */
  stored: Position[] | undefined;
  /** What the refresher said loudly. */
  readonly errors: string[] = [];
  /** Positions that somebody else had set. */
  readonly adopted: Position[] = [];
  readonly #log: Log;

  /** `recheckMs`: others can change positions. */
  constructor(recheckMs?: number) {
    const { clock } = this;
    const log: Pick<Log, 'commitPositions' | 'loadPositions' | 'positionsRecheckMs'> = {
      positionsRecheckMs: recheckMs,
      commitPositions: async (positions) => {
        this.commits.push({ at: clock.monotonic(), positions });
        await this.answer();
        return [];
      },
      loadPositions: async () =>
        this.stored ?? [...new Map(this.written.map((one) => [one.subscriptionId, one])).values()],
    };
    this.#log = log as Log;
    this.committer = new Committer(this.#log, clock, silentLogger, BUDGET);
  }

  refresher(cursors: readonly Cursor[]): Refresher {
    const refresher = new Refresher({
      ...{ log: this.#log, clock: this.clock, budget: BUDGET },
      logger: Object.create(silentLogger, {
        error: { value: (_: object, message: string) => this.errors.push(message) },
      }) as Logger,
      feeds: () => cursors.map((cursor) => [cursor]),
      committer: this.committer,
      adopt: (_, position) => this.adopted.push(position),
    });
    refresher.start();
    return refresher;
  }

  /** Positions written so far. */
  get written(): readonly Position[] {
    return this.commits.flatMap(({ positions }) => positions);
  }

  cursor(id: string): Cursor {
    const { clock } = this;
    const outlet: Outlet = {
      ...{ subscriptionId: id, hasRoom: () => true, wants: { ordering: 'key', eventTypes: null } },
      ...{ offer: () => undefined, release: () => Promise.resolve() },
    };
    const stored = { subscriptionId: id, topic: 't', partition: 0, topicId: 'i', offset: 0, holes: '' };
    const host = {
      ...{ clock, positionCapacity: Infinity, head: () => this.head, leaseHolds: () => true },
      ...{
        roomAgain: () => undefined,
        fellBehind: () => undefined,
        finished: () => undefined,
        restart: () => undefined,
      },
      dirty: (cursor: Cursor) => this.committer.dirty(cursor),
    };
    return new Cursor(host, outlet, stored);
  }

  cursors(count: number): Cursor[] {
    return Array.from({ length: count }, (_, i) => this.cursor(`s${i}`));
  }
}

/** Admits the next record, as if it were offered. */
export function offer(cursor: Cursor): Delivery {
  const offset = cursor.ledger.next;
  const delivery = { record: { source: { offset } }, feed: cursor, attempts: 0 } as unknown as Delivery;
  cursor.ledger.admit(offset, delivery);
  return delivery;
}

export function settleNext(cursor: Cursor): void {
  cursor.settle(offer(cursor));
}
