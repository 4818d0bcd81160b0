/**
 * What the admin port needs of a running gateway. The composition root implements it; nothing here knows how.
 * An answer of undefined means "there is no such id". What cannot be done now, or ever, is an OperationRefused.
 */
import type {
  Coordinates,
  DeadLetter,
  DeadLetterFilter,
  DeadLetterGroup,
  ReplayRange,
} from '../brokers/broker.ts';
import type { HubScope, SubscriptionState } from '../registry/store.ts';

export interface PartHealth {
  readonly ok: boolean;
  /** One sentence, when not ok. */
  readonly reason?: string;
}

/** Would a `POST /hub` be accepted now? */
export interface Readiness {
  readonly ready: boolean;
  /** By name: `registry`, `orphans`, and each source's. */
  readonly parts: Readonly<Record<string, PartHealth>>;
}

export interface SubscriptionView {
  readonly id: string;
  readonly callback: string;
  readonly query: string;
  readonly scope: HubScope;
  /** How its events are written. */
  readonly profile: string;
  /** Are they signed? */
  readonly signed: boolean;
  /** Names of the headers that it asked for. */
  readonly headers: readonly string[];
  readonly state: Exclude<SubscriptionState, 'pending'>;
  readonly circuit: 'closed' | 'open' | 'probing';
  /** Events of its sources behind its position; 0 at the head. */
  readonly lag: number;
  /** ISO time of the oldest event whose fate is open; null when there is none. */
  readonly oldestUnsettled: string | null;
  readonly inFlight: number;
  readonly waitingRetry: number;
  readonly lastOutcome: 'delivered' | 'retry' | 'rejected' | 'gone' | null;
  /** Events that the broker's retention removed before they were delivered. */
  readonly lost: number;
  /** Lowest unsettled offset per `topic:partition`, or `source/topic:partition` where several sources have it. */
  readonly positions: Readonly<Record<string, number>>;
}

/** What became of one event for one subscription, in one word. */
export type Verdict =
  | 'delivered'
  | 'in-flight'
  | 'retrying'
  | 'waiting'
  | 'held'
  | 'dead-letter'
  | 'filtered'
  | 'out-of-scope'
  | 'before-subscription'
  | 'unknown-event';

/** Answers "why not delivered?". */
export interface Explanation {
  readonly subscriptionId: string;
  readonly eventId: string;
  readonly verdict: Verdict;
  /** One sentence that an operator can act on. */
  readonly reason: string;
  readonly eventType?: string;
  readonly source?: Coordinates;
  readonly deadLetterId?: string;
}

export interface TracedEvent {
  readonly eventId: string;
  readonly eventType: string;
  /** ISO time. */
  readonly eventTime: string;
  readonly source: Coordinates;
  readonly deliveries: readonly Explanation[];
}

/** Everything known of the events that carry one correlation id, oldest first. */
export interface Trace {
  readonly correlationId: string;
  readonly events: readonly TracedEvent[];
}

export interface DeadLetterOperations {
  /** Newest first; `total` counts all that match. */
  list(
    filter: DeadLetterFilter,
    page: { offset: number; limit: number },
  ): Promise<{ items: readonly DeadLetter[]; total: number }>;
  count(filter: DeadLetterFilter, groupBy: DeadLetterGroup): Promise<Readonly<Record<string, number>>>;
  get(id: string): Promise<DeadLetter | undefined>;
  discard(id: string): Promise<DeadLetter | undefined>;
  /** Sends the original bytes again, or the corrected ones. Resolves once it cannot be forgotten any more. */
  replay(id: string, correctedBody?: Uint8Array): Promise<DeadLetter | undefined>;
  /** Replays all open dead letters that match. */
  replayMany(
    filter: DeadLetterFilter,
  ): Promise<{ readonly accepted: number; readonly byReason: Readonly<Record<string, number>> }>;
}

/** What brokers keep events for, and the registry does not know (RULES 19). */
export interface Orphan {
  readonly subscriptionId: string;
  /** Names of the sources that keep something for it. */
  readonly sources: readonly string[];
}

export interface OrphanOperations {
  list(): readonly Orphan[];
  /** Ends it at all sources, with all that waits for it. False when it is no orphan. */
  remove(subscriptionId: string): Promise<boolean>;
}

export interface Operations {
  readiness(): Readiness;
  subscriptions(): readonly SubscriptionView[];
  subscription(id: string): SubscriptionView | undefined;
  pause(id: string): Promise<SubscriptionView | undefined>;
  resume(id: string): Promise<SubscriptionView | undefined>;
  /** Resolves once the replay is durable; the ids of several jobs, one for each source, stand with commas between. */
  replay(id: string, range: ReplayRange): Promise<{ readonly jobId: string } | undefined>;
  explain(id: string, eventId: string): Promise<Explanation | undefined>;
  trace(correlationId: string): Promise<Trace>;
  readonly deadLetters: DeadLetterOperations;
  readonly orphans: OrphanOperations;
}

/**
 * The request is well formed, but: 400 it names what is not there, 409 it does not fit the state, 501 the broker cannot,
 * 503 not now.
 */
export class OperationRefused extends Error {
  override readonly name = 'OperationRefused';
  readonly status: 400 | 409 | 501 | 503;

  constructor(status: 400 | 409 | 501 | 503, message: string) {
    super(message);
    this.status = status;
  }
}
