import type {
  Attempt,
  DeadLetter,
  DeadLetterReason,
  DeadLetters,
  Delivery,
  SourceRecord,
} from '../brokers/broker.ts';
import { sleep, type Clock } from '../time.ts';
import { objectionText, type Objection } from '../tmf/event-check.ts';
import type { TmfEvent } from '../tmf/event.ts';
import type { DeliveryObserver } from './observer.ts';

const PUT_RETRY_MIN_MS = 200;
const PUT_RETRY_MAX_MS = 10_000;

interface BuryDeps {
  readonly clock: Clock;
  readonly observer: DeliveryObserver;
}

/** A delivery that ends here, with its whole context. The same event of the same subscription has the same id. */
export function deadLetterOf(
  delivery: Delivery,
  reason: DeadLetterReason,
  subscription: { readonly id: string; readonly callback: string },
  deadAt: number,
): DeadLetter {
  const { event, record } = delivery;
  const attempts = delivery.history ?? [];
  return {
    id: letterId(subscription.id, record, event.id),
    reason,
    subscriptionId: subscription.id,
    callback: subscription.callback,
    eventId: event.id,
    eventType: event.type,
    correlationId: event.correlationId ?? null,
    attempts,
    error: errorOf(attempts.at(-1)),
    retryCount: Math.max(0, (attempts.at(-1)?.n ?? delivery.attempts) - 1),
    source: sourceOf(record),
    body: record.value,
    deadAt: new Date(deadAt).toISOString(),
    state: 'open',
  };
}

/** A record that is no event (quarantine): one dead letter for all subscriptions. */
export function unreadableLetter(record: SourceRecord, why: string, deadAt: number): DeadLetter {
  const { eventId: id, eventType: type, correlationId } = record.headers;
  return quarantined(
    record,
    { id, type, correlationId },
    `The record cannot be read as a TMF event: ${why}.`,
    deadAt,
  );
}

/** An event that does not fit the schemas of its API, where such events are kept from the listeners. */
export function invalidLetter(
  record: SourceRecord,
  event: TmfEvent,
  objection: Objection,
  deadAt: number,
): DeadLetter {
  return quarantined(record, event, `The event ${objectionText(objection, event.type)}.`, deadAt);
}

function quarantined(
  record: SourceRecord,
  event: Readonly<Record<'id' | 'type' | 'correlationId', string | undefined>>,
  error: string,
  deadAt: number,
): DeadLetter {
  return {
    id: letterId('unreadable', record, event.id ?? ''),
    reason: 'unreadable',
    subscriptionId: null,
    callback: null,
    eventId: event.id ?? null,
    eventType: event.type ?? null,
    correlationId: event.correlationId ?? null,
    attempts: [],
    error,
    retryCount: 0,
    source: sourceOf(record),
    body: record.value,
    deadAt: new Date(deadAt).toISOString(),
    state: 'open',
  };
}

/**
 * Puts the letter until the broker confirms it: nothing is settled whose dead letter is not durable (PITFALLS 1 and
 * 3). False when `given up` says that nobody waits any more.
 */
export function bury(
  letter: DeadLetter,
  letters: DeadLetters,
  deps: BuryDeps,
  givenUp: () => boolean,
): Promise<boolean> {
  return insist(() => put(letter, letters, deps), letter, deps, givenUp);
}

/** The same, for a letter that may be there already, in whatever state: then it stays as it is. */
export function buryOnce(
  letter: DeadLetter,
  letters: DeadLetters,
  deps: BuryDeps,
  givenUp: () => boolean,
): Promise<boolean> {
  const putUnlessThere = async (): Promise<void> => {
    if (!(await letters.get(letter.id))) await put(letter, letters, deps);
  };
  return insist(putUnlessThere, letter, deps, givenUp);
}

async function put(letter: DeadLetter, letters: DeadLetters, { observer }: BuryDeps): Promise<void> {
  await letters.put(letter);
  observer.deadLettered(letter);
}

async function insist(
  work: () => Promise<void>,
  letter: DeadLetter,
  deps: BuryDeps,
  givenUp: () => boolean,
): Promise<boolean> {
  for (let pause = PUT_RETRY_MIN_MS; !givenUp(); pause = Math.min(pause * 2, PUT_RETRY_MAX_MS)) {
    try {
      await work();
      return true;
    } catch (error) {
      deps.observer.deadLetterDelayed(letter, error);
      await sleep(deps.clock, pause);
    }
  }
  return false;
}

/** The time tells records apart that had the same offset in a topic that was made anew (RULES 4). */
function letterId(owner: string, { source, timestamp }: SourceRecord, eventId: string): string {
  const place =
    source.offset === undefined
      ? (source.messageId ?? eventId)
      : `${source.partition ?? 0}.${source.offset}.${timestamp}`;
  return [owner, source.broker, source.topic, place]
    .map((part) => encodeURIComponent(part.toWellFormed()))
    .join('.');
}

function sourceOf(record: SourceRecord): DeadLetter['source'] {
  const key = record.key === undefined ? {} : { key: record.key };
  return { ...record.source, ...key, headers: record.headers, timestamp: record.timestamp };
}

function errorOf(last: Attempt | undefined): string {
  if (!last) return 'All its attempts were made before a restart.';
  return last.error ?? `The listener answered ${last.status ?? 'nothing'}.`;
}
