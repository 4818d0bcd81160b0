import { PrefetchBudget, type Holder } from '../../src/brokers/rabbitmq/queues/prefetch-budget.ts';
import { SimClock } from '../support/sim-clock.ts';

/** A feed: RabbitMQ fills it while it is not parked, its listener takes from it while it is well. */
export class FakeFeed implements Holder {
  readonly name: string;
  bufferedBytes = 0;
  /** Its listener takes nothing. */
  isStalled = true;
  isParked = false;
  /** When it was parked and unparked, in turn, on the site's clock. */
  readonly parkedAt: number[] = [];
  readonly unparkedAt: number[] = [];
  readonly #site: BudgetSite;
  #isLeaving = false;

  constructor(name: string, site: BudgetSite) {
    this.name = name;
    this.#site = site;
  }

  receive(bytes: number): void {
    if (!this.isParked && !this.#isLeaving) this.#count(bytes);
  }

  /** At most what it has. */
  settle(bytes: number): void {
    this.#count(-Math.min(bytes, this.bufferedBytes));
  }

  park(): void {
    this.isParked = true;
    this.parkedAt.push(this.#site.clock.monotonic());
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    this.#site.clock.after(this.#site.leavingMs, () => this.giveBack());
  }

  unpark(): void {
    this.isParked = false;
    this.unparkedAt.push(this.#site.clock.monotonic());
  }

  giveBack(): void {
    this.#isLeaving = false;
    this.isStalled = false;
    this.settle(this.bufferedBytes);
  }

  #count(bytes: number): void {
    this.bufferedBytes += bytes;
    this.#site.budget.changed(bytes);
  }
}

export class BudgetSite {
  readonly clock = new SimClock();
  readonly feeds: FakeFeed[] = [];
  readonly budget: PrefetchBudget;
  readonly leavingMs: number;

  /** `leavingMs`: what a feed that lets go takes to end what is under way. */
  constructor(maxBytes: number, leavingMs = 100) {
    this.leavingMs = leavingMs;
    this.budget = new PrefetchBudget(maxBytes, this.clock, () => this.feeds);
  }

  add(name: string, bytes = 0): FakeFeed {
    const feed = new FakeFeed(name, this);
    this.feeds.push(feed);
    feed.receive(bytes);
    return feed;
  }

  /** As when its subscription ends. */
  remove(feed: FakeFeed): void {
    this.feeds.splice(this.feeds.indexOf(feed), 1);
    feed.giveBack();
    this.budget.forget(feed);
  }

  /** Listeners that are down: each feed is filled up to so many bytes as soon as it may have any. */
  async keepFull(bytes: ReadonlyMap<FakeFeed, number>, seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      for (const [feed, most] of bytes) {
        if (feed.isParked) continue;
        feed.isStalled = true;
        feed.receive(Math.max(0, most - feed.bufferedBytes));
      }
      await this.clock.advance(1_000);
    }
  }

  parked(): string[] {
    return this.feeds.filter(({ isParked }) => isParked).map(({ name }) => name);
  }
}
