import type { Logger } from '../../../logger.ts';
import type { FeedNotes } from '../../../registry/store.ts';
import type { Clock } from '../../../time.ts';
import type { Outlet, ReplayRange } from '../../broker.ts';
import type { Calls } from '../wire/calls.ts';
import { AttemptRecord } from './attempt-record.ts';
import type { Measured } from './depths.ts';
import type { FeedTable } from './feed-table.ts';
import { QueueFeed, type QueueFeedHost } from './queue-feed.ts';
import { Topology } from './topology.ts';

export interface QueueFeedsOptions {
  readonly topology: Topology;
  readonly calls: Calls;
  readonly table: FeedTable;
  readonly notes: FeedNotes;
  /** What each feed needs of the broker, but for its restoring. */
  readonly host: Omit<QueueFeedHost, 'restore'>;
  /** The routing keys of canonical event types; null = all. */
  readonly routingKeys: (eventTypes: ReadonlySet<string> | null) => readonly string[];
  /** Offers again, as if for the first time, what the stream has until now. Durable when it resolves, with what is next. */
  readonly recover: (subscriptionId: string, from: ReplayRange['from']) => Promise<ReplayRange['from']>;
  /** Is it this replica that looks after what belongs to the subscription? */
  readonly serves: (subscriptionId: string) => boolean;
  /** This replica has let go of it, for whatever reason, and holds nothing of it. */
  readonly left: (feed: QueueFeed) => void;
  /** Is this the only replica? */
  readonly isAlone: () => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Clocks of replicas and producers differ. */
const SKEW_MS = 120_000;
const NOTE_MS = 60_000;
/** Channels of the consuming connection that are no feed's, with some to spare. */
const OTHER_CHANNELS = 40;
/** So long the others leave a lost queue to the replica that serves the subscription. */
const OTHERS_TURN_MS = 15_000;

/** The queues of all subscriptions: made before anybody relies on them, consumed, and ended with their subscriptions. */
export class QueueFeeds {
  readonly #options: QueueFeedsOptions;
  readonly #feeds = new Map<string, QueueFeed>();
  /** Queues that are being made again, by subscription. */
  readonly #restoring = new Map<string, Promise<void>>();
  /** Up to when all is noted as settled, by subscription. */
  readonly #notedUpTo = new Map<string, number>();
  /** Since when queues are gone, on the monotonic clock. */
  readonly #goneSince = new Map<string, number>();
  /** How many are on their way to be fed. */
  #attaching = 0;
  #started = false;

  constructor(options: QueueFeedsOptions) {
    this.#options = options;
  }

  get(subscriptionId: string): QueueFeed | undefined {
    return this.#feeds.get(subscriptionId);
  }

  all(): Iterable<QueueFeed> {
    return this.#feeds.values();
  }

  start(): void {
    this.#started = true;
    for (const feed of this.#feeds.values()) feed.start();
  }

  /** Resolves once every event that RabbitMQ confirms from then on is owed to the subscription. */
  async attach(outlet: Outlet, as: 'new' | 'known'): Promise<void> {
    const { topology } = this.#options;
    if (as === 'new') this.#refuseBeyondChannels();
    this.#attaching++;
    try {
      await topology.ensure();
      if (as === 'new' && topology.missing.length > 0)
        throw new Error(`exchanges are missing: ${topology.missing.join(', ')}`);
      await this.#prepare(outlet, as);
      this.#open(outlet);
    } finally {
      this.#attaching--;
    }
  }

  async detach(subscriptionId: string): Promise<void> {
    const { topology, table, notes, logger } = this.#options;
    await this.leave(subscriptionId);
    // Else it would come to be after it was deleted.
    await this.#restoring.get(subscriptionId)?.catch(() => undefined);
    // Before the queue: a replica that has not heard of the end sees by it that the queue is not lost, but over.
    await table.remove(subscriptionId);
    await topology.deleteFeed(subscriptionId);
    await notes.forget(subscriptionId).catch((error: unknown) => {
      logger.warn({ subscriptionId, reason: String(error) }, 'attempts.not-forgotten');
    });
  }

  async leave(subscriptionId: string): Promise<void> {
    const feed = this.#feeds.get(subscriptionId);
    this.#feeds.delete(subscriptionId);
    this.#notedUpTo.delete(subscriptionId);
    this.#goneSince.delete(subscriptionId);
    if (!feed) return;
    await feed.end();
    this.#options.left(feed);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#feeds.values()].map((feed) => feed.end()));
  }

  /** Of a subscription that one replica at a time works for. */
  exclusive(subscriptionId: string): QueueFeed | undefined {
    const feed = this.#feeds.get(subscriptionId);
    return feed?.outlet.wants.ordering === 'key' ? feed : undefined;
  }

  get problem(): string | undefined {
    const ill = [...this.#feeds.values()].filter(({ problem }) => problem !== undefined);
    return ill[0] && `${ill.length} queues are not consumed, ${ill[0].queue}: ${ill[0].problem}`;
  }

  /** For `Depths`. */
  measured(): Measured[] {
    return [...this.#feeds.values()].map((feed) => ({
      queue: feed.queue,
      counted: (ready, askedAt) => {
        feed.counted(ready, askedAt);
        if (ready === 0 && !feed.hasUnsettled) this.#drained(feed, askedAt);
      },
    }));
  }

  #open(outlet: Outlet): void {
    const { topology, notes, host, logger } = this.#options;
    const id = outlet.subscriptionId;
    const attempts = new AttemptRecord(id, notes, logger);
    const restore = (feed: QueueFeed): Promise<void> => this.#vanished(feed);
    const feed = new QueueFeed({ ...host, restore }, outlet, topology.queueOf(id), attempts);
    this.#feeds.set(id, feed);
    if (this.#started) feed.start();
  }

  /** A queue that nobody could consume would be a promise that is not kept. */
  #refuseBeyondChannels(): void {
    const { channelMax } = this.#options.host.link;
    if (channelMax === 0 || this.#feeds.size + this.#attaching + OTHER_CHANNELS < channelMax) return;
    const reason = `RabbitMQ allows a connection ${channelMax} channels, which ${this.#feeds.size} subscriptions use: no more can be registered. Its setting channel_max allows more.`;
    this.#options.logger.error({ channelMax }, 'rabbitmq.channels-used-up');
    throw new Error(reason);
  }

  async #prepare(outlet: Outlet, as: 'new' | 'known'): Promise<void> {
    const { topology, table, calls } = this.#options;
    const id = outlet.subscriptionId;
    if (as === 'new' || !table.get(id)) await this.#declare(outlet);
    else if (await calls.exists('queue', topology.queueOf(id))) await this.#bind(outlet);
    else await this.#restore(outlet, () => false);
  }

  async #declare(outlet: Outlet): Promise<void> {
    await this.#options.topology.declareQueue(outlet.subscriptionId, outlet.wants);
    await this.#bind(outlet);
  }

  /** A queue that is there is not declared again: another version of the server may want other arguments of it. */
  async #bind({ subscriptionId, wants }: Outlet): Promise<void> {
    const { topology, table, routingKeys, clock } = this.#options;
    const record = table.get(subscriptionId);
    const wanted = routingKeys(wants.eventTypes);
    const former = record?.bindings ?? [];
    await topology.bindQueue(subscriptionId, { wanted, former });
    if (record && wanted.join() === former.join()) return;
    const registeredAt = record?.registeredAt ?? new Date(clock.now()).toISOString();
    await table.put(subscriptionId, { registeredAt, bindings: wanted });
  }

  async #vanished(feed: QueueFeed): Promise<void> {
    const { topology, table, calls } = this.#options;
    const isOver = (): boolean => this.#feeds.get(feed.id) !== feed || !table.get(feed.id);
    if (isOver()) return;
    await topology.ensure();
    const isThere = await calls.exists('queue', topology.queueOf(feed.id));
    if (isOver() || (!isThere && !this.#isOurTurn(feed.id))) return;
    if (!isThere) await this.#restoreOnce(feed, isOver);
    this.#goneSince.delete(feed.id);
  }

  /** Each replica finds out that the queue is gone; what it had is to be offered again once. */
  #isOurTurn(id: string): boolean {
    const now = this.#options.clock.monotonic();
    const since = this.#goneSince.get(id) ?? now;
    this.#goneSince.set(id, since);
    return this.#options.serves(id) || now - since >= OTHERS_TURN_MS;
  }

  async #restoreOnce({ id, outlet }: QueueFeed, isOver: () => boolean): Promise<void> {
    const restoring = this.#restore(outlet, isOver);
    this.#restoring.set(id, restoring);
    try {
      await restoring;
    } finally {
      this.#restoring.delete(id);
    }
  }

  /**
   * The queue was deleted behind our back, with what was in it. The stream has it still: all since the moment up to
   * which everything was surely settled is offered once more, before what comes into the new queue.
   */
  async #restore(outlet: Outlet, isOver: () => boolean): Promise<void> {
    const { topology, table, logger, recover } = this.#options;
    const id = outlet.subscriptionId;
    const from = new Date(await this.#lastSettled(id)).toISOString();
    const about = { subscriptionId: id, from };
    logger.error(about, 'rabbitmq.queue-lost');
    // The first so that no replica takes the new queue's events before; the second for what came between.
    const next = await recover(id, { time: from });
    if (isOver()) return;
    await this.#declare(outlet);
    // The subscription ended meanwhile, at another replica: that has deleted what it found.
    if (!table.get(id)) return topology.deleteFeed(id);
    await recover(id, next);
    logger.warn(about, 'rabbitmq.queue-made-again');
  }

  async #lastSettled(id: string): Promise<number> {
    const { table, notes, clock } = this.#options;
    const registeredAt = Date.parse(table.get(id)?.registeredAt ?? '') || clock.now();
    const noted = await notes.load(id).catch(() => undefined);
    const settledUpTo = Math.max(noted?.settledUpTo ?? 0, this.#notedUpTo.get(id) ?? 0);
    return Math.max(registeredAt, settledUpTo - SKEW_MS);
  }

  /** Nothing of the queue waited at that time. Only its active consumer knows that nobody else has something of it. */
  #drained(feed: QueueFeed, at: number): void {
    const { isAlone, notes, logger, host } = this.#options;
    if (!host.mayOffer() || !(feed.isActive || isAlone())) return;
    if (feed.outlet.wants.ordering === 'none' && !isAlone()) return;
    if (at - (this.#notedUpTo.get(feed.id) ?? 0) < NOTE_MS) return;
    this.#notedUpTo.set(feed.id, at);
    notes.settledUpTo(feed.id, at).catch((error: unknown) => {
      logger.debug({ subscriptionId: feed.id, reason: String(error) }, 'settled-up-to.not-noted');
    });
  }
}
