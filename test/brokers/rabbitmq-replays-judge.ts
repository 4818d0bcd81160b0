import type { Delivery, Feed } from '../../src/brokers/broker.ts';
import type { ReplayJob } from '../../src/brokers/log/log.ts';
import { ReplayFeed } from '../../src/brokers/rabbitmq/replays/replay-feed.ts';
import { isRecovery } from '../../src/brokers/rabbitmq/replays/replay-job.ts';
import type { ReplaySite, ReplicaSite } from './rabbitmq-replays-site.ts';

/** A published event. */
export interface EventFacts {
  readonly id: string;
  readonly offset: number;
  readonly timestamp: number;
  /** The one subscription that wants it; undefined: all do. */
  readonly to: string | undefined;
}

export interface JobFacts {
  readonly job: ReplayJob;
  readonly wanted: ReadonlySet<number>;
  readonly settled: Set<number>;
  readonly attempts: Map<number, number>;
}

export interface FeedFacts {
  readonly facts: JobFacts;
  readonly replica: ReplicaSite;
  readonly offered: Set<number>;
  readonly held: Set<number>;
  /** Not held any more, and owed again, with the attempts that were made. */
  readonly evicted: Map<number, number>;
  last: number;
}

/** Holds what is offered, and what is durable, against the promises. */
export class ReplayJudge {
  readonly problems: string[] = [];
  readonly events = new Map<string, EventFacts>();
  readonly jobs = new Map<string, JobFacts>();
  readonly feeds = new Map<Feed, FeedFacts>();
  /** Retention took these. */
  readonly excused = new Set<number>();
  readonly #site: ReplaySite;
  readonly #isCalm: boolean;

  constructor(site: ReplaySite, isCalm: boolean) {
    this.#site = site;
    this.#isCalm = isCalm;
  }

  problem(text: string): void {
    this.problems.push(`${this.#site.clock.monotonic()}: ${text}`);
  }

  register(job: ReplayJob): JobFacts {
    const known = this.jobs.get(job.id);
    if (known) return known;
    const start = job.starts['hub.events:0']!;
    const end = job.ends['hub.events:0']!;
    const wanted = [...this.events.values()].filter(
      ({ offset, to }) =>
        offset >= start && offset < end && (to ?? job.subscriptionId) === job.subscriptionId,
    );
    const facts = {
      ...{ job, settled: new Set<number>(), attempts: new Map<number, number>() },
      wanted: new Set(wanted.map(({ offset }) => offset)),
    };
    this.jobs.set(job.id, facts);
    return facts;
  }

  offsetOf({ event }: Delivery): number {
    return this.events.get(event.id)!.offset;
  }

  offered(replica: ReplicaSite, delivery: Delivery): void {
    const offset = this.offsetOf(delivery);
    const feed = this.#feedOf(replica, delivery);
    const { facts, held, evicted } = feed;
    const name = `${facts.job.id} at ${this.#site.replicas.indexOf(replica)}: ${offset}`;
    if (replica.isDead) this.problem(`${name} was offered by a dead one`);
    if (!replica.serves(facts.job.subscriptionId)) this.problem(`${name} was offered out of turn`);
    if (!facts.wanted.has(offset)) this.problem(`${name} was offered, and is no part of it`);
    if (held.has(offset)) this.problem(`${name} was offered while it was held`);
    if (delivery.replay === isRecovery(facts.job)) this.problem(`${name} is not marked as it should be`);
    this.#checkOrder(feed, offset, name);
    const before = evicted.get(offset);
    if (before !== undefined && delivery.attempts !== before)
      this.problem(`${name} came with ${delivery.attempts} attempts, not ${before}`);
    if (delivery.attempts > (facts.attempts.get(offset) ?? 0))
      this.problem(`${name} has attempts that never were`);
    if (this.#isCalm) this.#checkCalm(feed, offset, name);
    evicted.delete(offset);
    held.add(offset);
    feed.offered.add(offset);
    feed.last = Math.max(feed.last, offset);
  }

  attempted(delivery: Delivery): void {
    this.feeds.get(delivery.feed)!.facts.attempts.set(this.offsetOf(delivery), delivery.attempts);
  }

  settled(delivery: Delivery): void {
    const { facts, held } = this.feeds.get(delivery.feed)!;
    held.delete(this.offsetOf(delivery));
    facts.settled.add(this.offsetOf(delivery));
  }

  evicted(delivery: Delivery): void {
    const { held, evicted } = this.feeds.get(delivery.feed)!;
    held.delete(this.offsetOf(delivery));
    evicted.set(this.offsetOf(delivery), delivery.attempts);
  }

  released(feed: Feed): void {
    const known = this.feeds.get(feed);
    known?.held.clear();
  }

  /** A durable position may not pass what is not settled. */
  checkPositions(): void {
    const { positions } = this.#site;
    for (const [jobId, { next, holes }] of positions) {
      const facts = this.jobs.get(jobId);
      if (!facts) continue;
      const open = new Set(holes.map(([offset]) => offset));
      for (const offset of facts.wanted) {
        if (offset >= next || open.has(offset) || facts.settled.has(offset) || this.excused.has(offset))
          continue;
        this.problem(`${jobId}: the position passed ${offset}`);
      }
    }
  }

  /** What is still owed of a job that is over. */
  checkOver({ job, wanted, settled }: JobFacts): void {
    const owed = [...wanted].filter((offset) => !settled.has(offset) && !this.excused.has(offset));
    if (owed.length > 0) this.problem(`${job.id} ended, and owes ${owed.join()}`);
  }

  /** A replica was told that all recoveries of a subscription were offered, or are over. */
  saidToBeOffered(replica: ReplicaSite, subscriptionId: string): void {
    const durable = new Set(this.#site.jobs.map(({ id }) => id));
    for (const facts of this.jobs.values()) {
      const { job, wanted, settled } = facts;
      if (job.subscriptionId !== subscriptionId || !isRecovery(job) || !durable.has(job.id)) continue;
      const feeds = [...this.feeds.values()].filter((feed) => feed.facts === facts);
      const offered = new Set(
        feeds.filter((feed) => feed.replica === replica).flatMap((feed) => [...feed.offered]),
      );
      for (const offset of wanted)
        if (!offered.has(offset) && !settled.has(offset) && !this.excused.has(offset))
          this.problem(`${job.id} was said to be offered, without ${offset}`);
    }
  }

  #checkOrder({ last, evicted }: FeedFacts, offset: number, name: string): void {
    if (offset <= last && !evicted.has(offset)) this.problem(`${name} was offered after ${last}`);
    for (const owed of evicted.keys())
      if (owed < offset && !this.excused.has(owed)) this.problem(`${name} was offered before ${owed}`);
  }

  #checkCalm({ facts, replica }: FeedFacts, offset: number, name: string): void {
    if (facts.settled.has(offset)) this.problem(`${name} was offered after it was settled`);
    for (const other of this.feeds.values())
      if (other.facts === facts && other.replica !== replica && other.held.size > 0)
        this.problem(`${name} was offered while another replica was at work on the job`);
  }

  #feedOf(replica: ReplicaSite, { feed }: Delivery): FeedFacts {
    const known = this.feeds.get(feed);
    if (known) return known;
    if (!(feed instanceof ReplayFeed)) throw new Error('a feed of another kind');
    const facts = this.register(feed.job);
    const fresh = { facts, replica, offered: new Set<number>(), held: new Set<number>() };
    const made = { ...fresh, evicted: new Map<number, number>(), last: -1 };
    this.feeds.set(feed, made);
    return made;
  }
}
