/**
 * What the shared engine needs of a log. A driver (embedded, Kafka) implements this and nothing of delivery;
 * the engine implements `Broker` on top of it.
 *
 * Offsets of a partition grow with each record and may have gaps. All offsets are integers below 2^53.
 */
import type { RegistryCopy } from '../../registry/store.ts';
import type { Coordinates, DeadLetters, NewRecord, SourceRecord } from '../broker.ts';
import type { Health } from '../../health.ts';

export interface Partition {
  readonly topic: string;
  readonly partition: number;
  /** Changes when the topic is deleted and made again (RULES 4). */
  readonly topicId: string;
}

export interface Batch {
  readonly records: readonly SourceRecord[];
  /** The offset to read from next; more than the last record's + 1 when the log skipped some. */
  readonly next: number;
}

/** The offset asked for is no longer (or not yet) in the log; the engine asks for `bounds` and decides. */
export class OffsetOutOfRange extends Error {
  override readonly name = 'OffsetOutOfRange';
}

/**
 * A subscription's durable position in one partition. Everything below `offset` is settled; of what stands from
 * `offset` up to `next`, exactly the holes are not.
 */
export interface Position {
  readonly subscriptionId: string;
  readonly topic: string;
  readonly partition: number;
  readonly topicId: string;
  /** The lowest unsettled offset, or `next` when there is no hole. */
  readonly offset: number;
  /** `next` and the holes with their attempt counts, as `encodeHoles` writes them; '' = no holes and next = offset. */
  readonly holes: string;
  /** It was set by somebody else's hand: an operator with a tool of the log's own (RULES 6). */
  readonly foreign?: true;
  /** There is none any more: this is where the subscription started (RULES 5). */
  readonly lost?: true;
}

/** Told by the log which partitions are this process's to read. */
export interface PartitionOwner {
  assigned(partitions: readonly Partition[]): Promise<void>;
  /**
   * Resolves once nothing of these partitions is in work any more. `planned`: they are still this process's until then,
   * and their positions are committed; it takes about a second at most. `lost`: they may be another's already, so what
   * is in work is broken off at once and nothing is committed. Said also while a planned revocation is under way.
   */
  revoked(partitions: readonly Partition[], how: 'planned' | 'lost'): Promise<void>;
}

/** A past range that is offered again to one subscription. Its positions are kept under the job's id. */
export interface ReplayJob {
  readonly id: string;
  readonly subscriptionId: string;
  /** Which topic that was, per `topic:partition`: the offsets of another one of that name mean nothing (RULES 4). */
  readonly topicIds: Readonly<Record<string, string>>;
  /** Where the range begins, per `topic:partition`. */
  readonly starts: Readonly<Record<string, number>>;
  /** End of the range (exclusive) per `topic:partition`; a partition that is not named takes no part. */
  readonly ends: Readonly<Record<string, number>>;
  readonly correlationId?: string;
}

/** What a driver keeps for replays, durable when a call resolves. */
export interface ReplayJobs {
  save(job: ReplayJob): Promise<void>;
  load(): Promise<ReplayJob[]>;
  remove(id: string): Promise<void>;
  /**
   * Tells of jobs that other processes save and remove, from `load` on. Those of this process may be told too, before
   * its own call resolves.
   */
  watch(told: (news: ReplayJob | { readonly removed: string }) => void): void;
}

export interface Log {
  readonly name: string;
  /** Bytes that an encoded position may have; the engine stops admitting before they are full (RULES 7). */
  readonly positionCapacity: number;
  readonly deadLetters: DeadLetters;
  readonly replayJobs: ReplayJobs;
  readonly registryCopy: RegistryCopy | undefined;
  /** Connects: from now on everything works but owning partitions. */
  open(): Promise<void>;
  /** Takes part in the sharing of partitions. The first of them may come later: others may have to let go of them. */
  start(owner: PartitionOwner): Promise<void>;
  /** Lets go of the partitions, and of the connections. What the owner committed before is kept; it is not told. */
  stop(): Promise<void>;
  append(record: NewRecord): Promise<Coordinates>;
  /** All partitions of all topics of this source, owned or not. */
  partitions(): Promise<readonly Partition[]>;
  /**
   * Records from `from` on: at least one when there is one, else waits up to about a second and answers none.
   * About `maxBytes` at most, but for a single larger record. Rejects with OffsetOutOfRange. `head`: the one reader that
   * goes through the partition with the time; it has one read under way. `catchUp`: any other.
   */
  read(partition: Partition, from: number, maxBytes: number, by: 'head' | 'catchUp'): Promise<Batch>;
  /** `start`: first offset still in the log. `end`: the offset that the next stable record will get or pass. */
  bounds(partition: Partition): Promise<{ start: number; end: number }>;
  /** The last `end` heard of without asking the log; for lag. */
  knownEnd(partition: Partition): number;
  /** The first offset whose record is stamped at or after `time` (ms); the end when there is none. */
  offsetAt(partition: Partition, time: number): Promise<number>;
  /**
   * Notes where a new subscription starts; durable when it resolves. `known`: it was noted before, by this or another
   * process, and stands where it stood.
   */
  register(subscriptionId: string, starts: readonly Position[]): Promise<'new' | 'known'>;
  /** One that was lost is where the subscription started (RULES 5); one that never was is missing. */
  loadPositions(subscriptionIds: readonly string[], partitions: readonly Partition[]): Promise<Position[]>;
  /**
   * Durable when it resolves, but for those that it answers. A later position of the same subscription and partition
   * replaces an earlier one.
   */
  commitPositions(positions: readonly Position[]): Promise<readonly Position[]>;
  /** Forgets a subscription, or a replay job: its positions and that it was registered. */
  dropPositions(subscriptionId: string): Promise<void>;
  /**
   * Where others can change or remove positions, or they expire: each is compared with what it should be at least this
   * often, milliseconds. Undefined: they are this process's alone.
   */
  readonly positionsRecheckMs: number | undefined;
  /** The subscriptions that are registered here. */
  keptSubscriptions(): readonly string[];
  find(by: { eventId: string } | { correlationId: string }, limit: number): Promise<SourceRecord[]>;
  /** Milliseconds a record stays in the log; undefined when retention is not by age. */
  readonly retentionMs: number | undefined;
  /** Is the partition this process's? Of one that is no more: is it the one to look after what is left? */
  owns(source: Coordinates): boolean;
  /** False while this process may have lost the partition without having heard of it (RULES 9). */
  leaseHolds(): boolean;
  health(): Health;
}
