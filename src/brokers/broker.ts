/**
 * The seam between the brokers and the rest. Every driver keeps these promises; test/contracts/broker.ts holds
 * each of them to all of them:
 *
 * - `publish` resolves when the record is durable, and rejects with PublishRefused when it could not be made so.
 * - `attach` resolves when the subscription's start position is durable: every record that the broker accepted
 *   after that moment is offered to the outlet.
 * - Records are pulled: a driver calls `Outlet.offer` only while `Outlet.hasRoom()` answers true, and keeps what
 *   has no room in the broker.
 * - A delivery leaves the broker's responsibility only by `Feed.settle`. What was not settled is offered
 *   again after a crash, with the number of attempts that `Feed.attempted` last reported.
 * - Within one partition (or queue), records are offered to an outlet in their order.
 * - `deadLetters.put` resolves when the dead letter is durable.
 * - A broken connection is the driver's to repair; `health` says so meanwhile.
 */
import type { Health } from '../health.ts';
import type { RegistryCopy } from '../registry/store.ts';
import type { TmfEvent } from '../tmf/event.ts';

/** Where a record stands in its broker. */
export interface Coordinates {
  readonly broker: string;
  /** Kafka and embedded: the topic. RabbitMQ: the exchange. */
  readonly topic: string;
  readonly partition?: number;
  readonly offset?: number;
  readonly routingKey?: string;
  /** RabbitMQ, where nothing has an offset: the producer's message id, else one that follows from the content. */
  readonly messageId?: string;
}

/** One record as read from a broker, before anybody looked inside. */
export interface SourceRecord {
  readonly source: Coordinates;
  readonly key: string | undefined;
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** When the broker or producer stamped it, milliseconds since the epoch. */
  readonly timestamp: number;
}

/** A record to be published. */
export interface NewRecord {
  readonly topic: string;
  /** The ordering key: records with equal keys keep their order. */
  readonly key: string;
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** An attempt that was made, as a dead letter and the logs show it. */
export interface Attempt {
  /** 1 for the first attempt of this event; attempts before a restart count, so a list may start higher. */
  readonly n: number;
  /** ISO time. */
  readonly at: string;
  readonly status?: number;
  readonly error?: string;
  readonly durationMs: number;
  /** First 1 KB of the answer's body. */
  readonly answer?: string;
}

/** What the intake made of a record: an event and the ids of the subscriptions that want it. */
export interface Routed {
  readonly event: TmfEvent;
  readonly record: SourceRecord;
  readonly subscriptionIds: readonly string[];
}

/** What a broker needs to know of the delivery side to route records: decode and match, once per record. */
export interface Intake {
  /**
   * Decodes and matches a record. One that cannot be read becomes a quarantined dead letter; the promise
   * of `quarantined` resolves once that is durable, and the record is not passed before.
   */
  route(record: SourceRecord): Routed | { readonly quarantined: Promise<void> };
  /** Changes whenever `route` could answer differently for the same record (subscriptions came or went). */
  readonly epoch: number;
}

/** One event on its way to one subscription, from admission until its fate is durable. */
export interface Delivery {
  readonly event: TmfEvent;
  readonly record: SourceRecord;
  readonly feed: Feed;
  /** Marks a delivery again on request: said to the listener by a header, no part of the live position. */
  readonly replay: boolean;
  /** Attempts that count, over restarts. */
  attempts: number;
  /** The attempts this process made. */
  history: Attempt[] | undefined;
  /** Successes of the subscription when this event first failed (RULES 10); undefined before it failed. */
  successesAtFirstFailure: number | undefined;
}

/** The broker's side of a delivery: who is told its fate. */
export interface Feed {
  /** The fate is durable, the listener's or the dead letters': the position may pass it. */
  settle(delivery: Delivery, fate: 'delivered' | 'dead'): void;
  /** `delivery.attempts` changed and is to survive a restart. */
  attempted(delivery: Delivery): void;
  /** Forgets the bytes, keeps the position: the record is offered again later (RULES 16). */
  evicted(delivery: Delivery): void;
  /** False while ownership or the durability of positions is in doubt (RULES 8 and 9). */
  mayAttempt(): boolean;
}

/** What a broker with a queue for each subscription has to know, to let only what may be wanted into it. */
export interface Wants {
  /** `key`: one replica at a time works on the queue. */
  readonly ordering: 'key' | 'none';
  /** Canonical event types; null = all. */
  readonly eventTypes: ReadonlySet<string> | null;
}

/** The delivery side of one subscription, as a broker sees it. */
export interface Outlet {
  readonly subscriptionId: string;
  readonly wants: Wants;
  /** May one more event be offered now? After it said no, the delivery side calls `Broker.roomAgain` once it may. */
  hasRoom(): boolean;
  offer(delivery: Delivery): void;
  /**
   * The feed's deliveries are no more this process's. Those that wait are dropped, none is begun any more, and what is
   * in work has `graceMs` to end: only what is settled by then is settled. Resolves when nothing of the feed is in
   * work. Its deliveries may come again from another feed, while this one leaves already.
   */
  release(feed: Feed, graceMs: number): Promise<void>;
}

/** State of one subscription's feed on one broker. Times are milliseconds since the epoch. */
export interface FeedStatus {
  /** Events of its sources behind its position; 0 at the head. */
  readonly lag: number;
  /** When the lag was measured, milliseconds since the epoch; undefined: now. */
  readonly lagAsOf?: number;
  readonly oldestUnsettled: number | undefined;
  /** Events that the broker's retention removed before they were delivered. */
  readonly lost: number;
  /** Lowest unsettled offset per `topic:partition`. */
  readonly positions: Readonly<Record<string, number>>;
}

export type DeadLetterReason = 'exhausted' | 'rejected' | 'unreadable' | 'too-large' | 'expired';
export type DeadLetterState = 'open' | 'replayed' | 'discarded';

export interface DeadLetter {
  readonly id: string;
  readonly reason: DeadLetterReason;
  /** null for a record that could not be read as an event. */
  readonly subscriptionId: string | null;
  readonly callback: string | null;
  readonly eventId: string | null;
  readonly eventType: string | null;
  readonly correlationId: string | null;
  readonly attempts: readonly Attempt[];
  readonly error: string | null;
  /** Attempts after the first. */
  readonly retryCount: number;
  readonly source: Coordinates & {
    readonly key?: string;
    readonly headers: Readonly<Record<string, string>>;
    /** When the record was stamped, milliseconds since the epoch. */
    readonly timestamp?: number;
  };
  /** The original bytes: what is stored is what a replay sends. */
  readonly body: Uint8Array;
  /** ISO time. */
  readonly deadAt: string;
  readonly state: DeadLetterState;
  /** Somebody asked for a replay that is not done yet. */
  readonly replay?: { readonly requestedAt: string; readonly correctedBodyBase64?: string };
}

export interface DeadLetterFilter {
  readonly subscriptionId?: string;
  readonly reason?: string;
  readonly eventType?: string;
  readonly eventId?: string;
  readonly correlationId?: string;
  /** deadAt at or after, ISO time. */
  readonly since?: string;
  /** deadAt before, ISO time. */
  readonly until?: string;
  readonly state?: DeadLetterState;
  /** Only those that somebody wants replayed. */
  readonly replayAsked?: true;
}

export type DeadLetterGroup = 'reason' | 'subscriptionId' | 'eventType';

export interface DeadLetters {
  /** Resolves once durable; an id that exists is replaced. */
  put(letter: DeadLetter): Promise<void>;
  get(id: string): Promise<DeadLetter | undefined>;
  /** Newest first. `total` counts all that match. */
  list(
    filter: DeadLetterFilter,
    page: { offset: number; limit: number },
  ): Promise<{ items: DeadLetter[]; total: number }>;
  /** Counts of open dead letters that match, by the values of one attribute. */
  count(filter: DeadLetterFilter, groupBy: DeadLetterGroup): Promise<Record<string, number>>;
}

/** Where a replay reads from; `to` (exclusive) defaults to the end at the time of the request. */
export interface ReplayRange {
  readonly from: { time: string } | { eventId: string } | { offsets: Readonly<Record<string, number>> };
  /** ISO time, exclusive. */
  readonly to?: string;
  readonly correlationId?: string;
}

/** What a driver can and cannot do: branched on in the contract suite, shown in docs/brokers.md (`capabilities.ts`). */
export interface Capabilities {
  /** Many subscriptions read one copy of the record. */
  readonly sharedLog: boolean;
  /** Several gateways may work on the same broker. */
  readonly replicas: boolean;
  /** Records can be found by event id or correlation id, whether they were delivered or not. */
  readonly indexed: boolean;
}

export class PublishRefused extends Error {
  override readonly name = 'PublishRefused';
}

export interface Broker {
  /** The source's name in the configuration; `embedded`, `kafka`, ... in the short form. */
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly deadLetters: DeadLetters;
  /** Undefined where the registry lies on the same disk. Works from `open` on. */
  readonly registryCopy: RegistryCopy | undefined;
  /** Connects. From now on all works, but no outlet is fed yet. `start` does it too, if it was not done. */
  open(): Promise<void>;
  /** Begins to feed the outlets attached so far, and those attached later. */
  start(intake: Intake): Promise<void>;
  /** Offers nothing more; settlements are still taken. For a shutdown that lets deliveries in flight finish. */
  quiesce(): void;
  /** Makes the positions of all that was settled before the call durable, and lets go. */
  stop(): Promise<void>;
  publish(record: NewRecord): Promise<Coordinates>;
  /**
   * Feeds a subscription. `new`: it starts at the end of its sources. `known`: it resumes where it stood; where its
   * position is missing it starts at the beginning, because a duplicate is better than a loss (RULES 5).
   */
  attach(outlet: Outlet, as: 'new' | 'known'): Promise<void>;
  /** Stops feeding and forgets the positions (DELETE). */
  detach(subscriptionId: string): Promise<void>;
  /** Stops feeding from this process; its positions stay, for another replica that goes on or ends it. */
  leave(subscriptionId: string): Promise<void>;
  /** The subscriptions that the broker keeps something for. One that no registry knows is an orphan (RULES 19). */
  keptSubscriptions(): readonly string[];
  /** The outlet has room again. Cheap; called often. */
  roomAgain(subscriptionId: string): void;
  /** All places that offsets of a replay may name, as `topic:partition`, whichever replica looks after them. */
  partitions(): Promise<readonly string[]>;
  /** Offers a past range again to one subscription, beside its live events. Resolves once the job is durable. */
  replay(subscriptionId: string, range: ReplayRange): Promise<{ jobId: string }>;
  /**
   * Is it this process that looks after what stands there? Of several replicas exactly one does, but for a moment when
   * partitions change hands.
   */
  owns(source: Coordinates, subscriptionId: string): boolean;
  /** False when it never let what stands there into what it keeps for the subscription, e.g. by its routing key. */
  letsIn(subscriptionId: string, source: Coordinates): boolean;
  status(subscriptionId: string): FeedStatus | undefined;
  /** Is the record before the subscription's position, or settled ahead of it? */
  settled(subscriptionId: string, source: Coordinates): boolean | undefined;
  /** Records by event id or correlation id, oldest first, at most `limit`. */
  find(by: { eventId: string } | { correlationId: string }, limit: number): Promise<SourceRecord[]>;
  /** Seconds until retention removes the oldest event that is still owed to somebody; undefined when none is. */
  retentionHeadroomSeconds(): number | undefined;
  health(): Health;
}
