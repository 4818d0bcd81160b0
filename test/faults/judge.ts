import type { Sent } from './load.ts';
import type { Receipt } from './recorder.ts';

/** What one listener had to get, and what it got. */
export interface History {
  readonly sent: readonly Sent[];
  readonly receipts: readonly Receipt[];
  /** Events that became dead letters of this subscription. */
  readonly dead: ReadonlySet<string>;
}

export interface Judgement {
  /** Neither delivered nor a dead letter (promise 1). */
  readonly lost: readonly Sent[];
  /** Came for the first time after a later event of its key and partition had come (promise 2, as RULES words it). */
  readonly overtaken: readonly Sent[];
  /** Receipts of events that had come before. */
  readonly duplicates: number;
  /** Receipts of events that nobody was confirmed to have sent. */
  readonly strangers: number;
}

export function judge({ sent, receipts, dead }: History): Judgement {
  const known = new Map(sent.map((one) => [one.eventId, one]));
  const seen = new Set<string>();
  const taken = new Set(dead);
  const latest = new Map<string, number>();
  const overtaken: Sent[] = [];
  let duplicates = 0;
  let strangers = 0;
  for (const { eventId, isTaken } of receipts) {
    const event = known.get(eventId);
    if (isTaken) taken.add(eventId);
    if (!event) strangers++;
    else if (seen.has(eventId)) duplicates++;
    else {
      seen.add(eventId);
      const lane = `${event.topicAge} ${event.partition} ${event.key}`;
      const before = latest.get(lane) ?? -1;
      if (event.offset < before) overtaken.push(event);
      latest.set(lane, Math.max(before, event.offset));
    }
  }
  const lost = sent.filter(({ eventId }) => !taken.has(eventId));
  return { lost, overtaken, duplicates, strangers };
}

/**
 * What may have to be done again once it is over. Times in milliseconds of `performance.now`. `from` is Infinity where
 * all was committed in time, and `to` -Infinity where nothing was broken off either.
 */
export interface Disturbance {
  /** From then on no position could be committed ... */
  readonly from: number;
  /** ... and until then deliveries may have gone on nevertheless. */
  readonly to: number;
  /** Its cause was over; from then on everything had to recover. */
  readonly overAt: number;
}

/** What a broker's driver may do again of one subscription after a disturbance. */
export interface Again {
  /** What was delivered so long before may not have been made durable, milliseconds. */
  readonly commitMs: number;
  /** Never more of one subscription than this, whatever came before. */
  readonly most: number;
}

/** Attempts that one subscription has in flight at most (`limits.maxConcurrency`). */
export const IN_FLIGHT = 32;

/** kill -9 of a gateway. */
export function killedAt(at: number): Disturbance {
  return { from: at, to: at, overAt: at };
}

/** What was in flight was broken off; all else was committed. */
export function brokenOff(at: number): Disturbance {
  return { from: Infinity, to: at, overAt: at };
}

/** Work went from one gateway to another in agreement: attempts end and count, so that nothing comes twice. */
export function handedOver(at: number): Disturbance {
  return { from: Infinity, to: -Infinity, overAt: at };
}

/**
 * How many receipts of one listener may be repetitions (promise 4, PITFALLS 10): for each disturbance what was in
 * flight, and what came after the last commit before it.
 */
export function duplicatesAllowed(
  receipts: readonly Receipt[],
  disturbances: readonly Disturbance[],
  { commitMs, most }: Again,
): number {
  let allowed = 0;
  for (const { from, to } of disturbances) {
    if (to === -Infinity) continue;
    const open = receipts.filter(({ at }) => at >= from - commitMs && at <= to).length;
    allowed += Math.min(most, IN_FLIGHT + open);
  }
  return allowed;
}

/** The receipts of each partition by themselves: one may stand still while the others go on. */
export function byPartition({ sent, receipts }: History): Receipt[][] {
  const partitions = new Map(sent.map(({ eventId, partition }) => [eventId, partition]));
  const parts = Map.groupBy(receipts, ({ eventId }) => partitions.get(eventId));
  return [...parts.values()];
}

/** Longest time without a delivery, milliseconds. */
export function longestGap(receipts: readonly Receipt[]): number {
  let longest = 0;
  receipts.forEach(({ at }, i) => (longest = Math.max(longest, at - (receipts[i - 1]?.at ?? at))));
  return longest;
}

/** A request that was on its way still comes. */
const STRAGGLING_MS = 1_000;

/** How long after `overAt` deliveries went on: where the longest pause ends that had begun by then, milliseconds. */
export function recoveredAfter(receipts: readonly Receipt[], overAt: number): number {
  let pause = { length: 0, end: overAt };
  receipts.forEach(({ at }, i) => {
    const since = receipts[i - 1]?.at ?? at;
    if (at < overAt || since > overAt + STRAGGLING_MS) return;
    if (at - since > pause.length) pause = { length: at - since, end: at };
  });
  return pause.end - overAt;
}
