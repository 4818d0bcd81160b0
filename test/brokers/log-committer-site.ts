import type { Delivery, Outlet } from '../../src/brokers/broker.ts';
import { Committer, type CommitBudget } from '../../src/brokers/log/committer.ts';
import { Cursor } from '../../src/brokers/log/cursor.ts';
import type { Log, Position } from '../../src/brokers/log/log.ts';
import { silentLogger } from '../../src/logger.ts';
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

  constructor() {
    const { clock } = this;
    const log: Pick<Log, 'commitPositions'> = {
      commitPositions: (positions) => {
        this.commits.push({ at: clock.monotonic(), positions });
        return this.answer();
      },
    };
    this.committer = new Committer(log as Log, clock, silentLogger, BUDGET);
  }

  /** Positions written so far. */
  get written(): readonly Position[] {
    return this.commits.flatMap(({ positions }) => positions);
  }

  cursor(id: string): Cursor {
    const { clock } = this;
    const outlet: Outlet = { subscriptionId: id, hasRoom: () => true, offer: () => undefined };
    const stored = { subscriptionId: id, topic: 't', partition: 0, topicId: 'i', offset: 0, holes: '' };
    const host = {
      ...{ clock, positionCapacity: Infinity, head: () => this.head, leaseHolds: () => true },
      ...{ roomAgain: () => undefined, fellBehind: () => undefined, finished: () => undefined },
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
