import type { Logger } from '../../../logger.ts';
import { sleep, type Clock } from '../../../time.ts';
import type { FeedStatus, Outlet } from '../../broker.ts';
import { isNotFound } from '../wire/calls.ts';
import type { Link } from '../wire/link.ts';
import type { AttemptRecord } from './attempt-record.ts';
import { Consumption } from './consumption.ts';
import type { Routing } from './routing.ts';

export interface QueueFeedHost {
  readonly broker: string;
  readonly link: Link;
  readonly routing: Routing;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Messages that may be unsettled at one time; never less than it ever was (RULES 22). */
  readonly prefetch: () => number;
  /** How long what is under way may take to end when the feed lets go of it, milliseconds. */
  readonly graceMs: number;
  mayOffer(): boolean;
  mayAttempt(): boolean;
  buffered(bytes: number): void;
  /** Resolves when the feed may begin: what comes before its queue was offered. */
  ready(subscriptionId: string): Promise<void>;
  /** The queue is gone, and the subscription is not. Makes it again with all that it may have lost. */
  readonly restore: (feed: QueueFeed) => Promise<void>;
}

const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 5_000;
/** A queue that vanishes is mostly one whose subscription ends at another replica, which will be heard of. */
const VANISHED_MS = 2_000;
/** RabbitMQ closes the channel of who holds a message for half an hour (RULES 21). */
export const LONGEST_HELD_MS = 15 * 60_000;

/** The queue of one subscription, as this replica consumes it: from one channel to the next, until it ends. */
export class QueueFeed {
  readonly outlet: Outlet;
  readonly queue: string;
  readonly attempts: AttemptRecord;
  readonly #host: QueueFeedHost;
  #consumption: Consumption | undefined;
  #ended = false;
  #isParked = false;
  #unpark: () => void = () => undefined;
  #running: Promise<void> | undefined;
  /** Messages in the queue that no consumer has, as RabbitMQ said last. */
  #ready = 0;
  #countedAt = 0;
  /** Why it cannot be consumed. */
  problem: string | undefined;

  constructor(host: QueueFeedHost, outlet: Outlet, queue: string, attempts: AttemptRecord) {
    this.#host = host;
    this.outlet = outlet;
    this.queue = queue;
    this.attempts = attempts;
  }

  get id(): string {
    return this.outlet.subscriptionId;
  }

  get bufferedBytes(): number {
    return this.#consumption?.bufferedBytes ?? 0;
  }

  get isStalled(): boolean {
    return this.#consumption?.isStalled ?? false;
  }

  get isParked(): boolean {
    return this.#isParked;
  }

  /** Is this replica surely the one that RabbitMQ hands the messages to? */
  get isActive(): boolean {
    return this.#consumption?.isActive ?? false;
  }

  get status(): FeedStatus {
    const unsettled = this.#consumption?.unsettled ?? 0;
    // Whoever is handed the messages, and has place for more, has all that there are.
    const hasAll = this.isActive && unsettled < this.#host.prefetch();
    return {
      lag: hasAll ? unsettled : this.#ready + unsettled,
      ...(!hasAll && { lagAsOf: this.#countedAt }),
      oldestUnsettled: this.#consumption?.oldestStamp,
      lost: 0,
      positions: {},
    };
  }

  get hasUnsettled(): boolean {
    return (this.#consumption?.unsettled ?? 0) > 0;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  pump(): void {
    this.#consumption?.pump();
  }

  /** `ready`: messages that no consumer had at that time, milliseconds since the epoch. */
  counted(ready: number, askedAt: number): void {
    this.#ready = ready;
    this.#countedAt = askedAt;
  }

  /** Holds nothing until `unpark`: others need the memory. */
  park(): void {
    this.#isParked = true;
    void this.#consumption?.leave(this.#host.graceMs);
  }

  unpark(): void {
    this.#isParked = false;
    this.#unpark();
  }

  /** Gives everything back and is the last in the row of consumers from then on. */
  yield(): void {
    void this.#consumption?.leave(this.#host.graceMs);
  }

  /** To be called now and then: nothing may be held for too long. */
  checkAge(): void {
    const since = this.#consumption?.oldestReceivedAt;
    if (since === undefined || this.#host.clock.monotonic() - since < LONGEST_HELD_MS) return;
    this.#host.logger.info({ subscriptionId: this.id }, 'rabbitmq.held-too-long');
    this.yield();
  }

  /** Resolves once nothing of it is under way here and all that was settled is acknowledged. */
  async end(): Promise<void> {
    this.#ended = true;
    this.unpark();
    await this.#consumption?.leave(0);
  }

  async #run(): Promise<void> {
    const { clock, logger, link } = this.#host;
    let isGone = false;
    for (let pause = RETRY_MIN_MS; !this.#ended;) {
      try {
        await link.up();
        if (isGone) await this.#vanished();
        await this.#host.ready(this.id);
        await this.#parked();
        if (this.#isOver()) return;
        const consumption = await this.#open();
        pause = RETRY_MIN_MS;
        isGone = (await consumption.ended) === 'cancelled';
        this.#consumption = undefined;
      } catch (error) {
        this.#consumption = undefined;
        this.problem = String(error);
        logger.warn({ subscriptionId: this.id, reason: this.problem }, 'rabbitmq.not-consumed');
        await sleep(clock, pause);
        pause = Math.min(pause * 2, RETRY_MAX_MS);
        isGone ||= isNotFound(error);
      }
    }
  }

  async #open(): Promise<Consumption> {
    const { link, prefetch } = this.#host;
    const channel = await link.channel();
    const { broker, routing, clock, logger } = this.#host;
    const consumption = new Consumption(
      {
        ...{ broker, routing, clock, logger, outlet: this.outlet, attempts: this.attempts },
        mayOffer: () => this.#host.mayOffer(),
        mayAttempt: () => this.#host.mayAttempt(),
        buffered: (bytes) => this.#host.buffered(bytes),
      },
      channel,
    );
    await channel.prefetch(prefetch());
    this.#consumption = consumption;
    await channel.consume(this.queue, (message) => consumption.receive(message));
    this.problem = undefined;
    if (this.#isOver()) void consumption.leave(0);
    return consumption;
  }

  async #vanished(): Promise<void> {
    const { clock, restore } = this.#host;
    await sleep(clock, VANISHED_MS);
    if (!this.#isOver()) await restore(this);
  }

  async #parked(): Promise<void> {
    if (!this.#isParked || this.#ended) return;
    await new Promise<void>((resolve) => (this.#unpark = resolve));
  }

  /** A call, because the compiler believes that an `await` changes no field. */
  #isOver(): boolean {
    return this.#ended;
  }
}
