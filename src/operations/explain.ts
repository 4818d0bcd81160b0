import { OperationRefused, type Explanation, type Trace } from '../admin/operations.ts';
import type { Broker, DeadLetter, SourceRecord } from '../brokers/broker.ts';
import { decode, type Decoded, type DecodeKnowledge, type Unreadable } from '../delivery/decode.ts';
import type { Deliveries } from '../delivery/deliveries.ts';
import type { Subscription } from '../registry/store.ts';
import { canonicalEventType } from '../tmf/event-names.ts';
import type { Query } from '../tmf/query/query.ts';
import { likelyFate } from './likely-fate.ts';

export interface ExplainDeps {
  readonly brokers: readonly Broker[];
  readonly deliveries: Deliveries;
  readonly knowledge: DecodeKnowledge;
  queryOf(subscription: Subscription): Query;
}

interface Found {
  readonly record: SourceRecord;
  /** Its source. */
  readonly broker: Broker;
}

const MOST_EVENTS = 100;
const UNDER_WAY = {
  'in-flight': 'An attempt is under way.',
  retrying: 'It waits for a retry, or behind an event of the same resource that does.',
  waiting: 'It waits for its turn behind earlier events.',
};

type Answer = Pick<Explanation, 'verdict' | 'reason'> & { readonly deadLetterId?: string };

/** "Why was this event not delivered to that subscription?", worked out when asked. */
export class Explain {
  readonly #deps: ExplainDeps;

  constructor(deps: ExplainDeps) {
    this.#deps = deps;
  }

  async event(subscription: Subscription, eventId: string): Promise<Explanation> {
    const { found, away } = await this.#find({ eventId }, 1);
    const [first, ...more] = await Promise.all(
      found.map((one) => this.#explain(subscription, one, decode(one.record, this.#deps.knowledge), eventId)),
    );
    // Where several sources have it, one of them is enough for the listener to have it.
    if (first) return more.find(({ verdict }) => verdict === 'delivered') ?? first;
    const about = { subscriptionId: subscription.id, eventId };
    const letter = await this.#letterOf(subscription.id, eventId, this.#deps.brokers);
    if (letter) {
      const reason = 'It became a dead letter, and the log no longer has it.';
      return { ...about, verdict: 'dead-letter', reason, deadLetterId: letter.id };
    }
    if (away) throw new OperationRefused(503, away);
    const reason =
      'No source has an event with this id: it was never published here, or retention has removed it.';
    return { ...about, verdict: 'unknown-event', reason };
  }

  async trace(correlationId: string, subscriptions: readonly Subscription[]): Promise<Trace> {
    const { found, away } = await this.#find({ correlationId }, MOST_EVENTS);
    if (away) throw new OperationRefused(503, away);
    const events = found.slice(0, MOST_EVENTS).map(async (one) => {
      const { record } = one;
      const decoded = decode(record, this.#deps.knowledge);
      const readable = !('unreadable' in decoded);
      const eventId = readable ? decoded.event.id : (record.headers['eventId'] ?? '');
      const all = await Promise.all(
        subscriptions.map((subscription) => this.#explain(subscription, one, decoded, eventId)),
      );
      return {
        eventId,
        eventType: readable ? decoded.event.type : (record.headers['eventType'] ?? ''),
        eventTime: new Date(readable ? decoded.event.time : record.timestamp).toISOString(),
        source: record.source,
        deliveries: all.filter(({ verdict }) => verdict !== 'out-of-scope' && verdict !== 'filtered'),
      };
    });
    return { correlationId, events: await Promise.all(events) };
  }

  async #explain(
    subscription: Subscription,
    found: Found,
    decoded: Decoded | Unreadable,
    eventId: string,
  ): Promise<Explanation> {
    const about = { subscriptionId: subscription.id, eventId, source: found.record.source };
    if ('unreadable' in decoded) {
      const reason = `The record is quarantined as a dead letter: ${decoded.unreadable}.`;
      return { ...about, verdict: 'dead-letter', reason };
    }
    const { event } = decoded;
    const eventType = event.type;
    const { api, topic } = subscription.scope;
    if (event.topic !== undefined && event.topic !== topic?.id) {
      const reason = `The event was posted to the topic ${event.topic}, for the hubs of that topic alone.`;
      return { ...about, eventType, verdict: 'out-of-scope', reason };
    }
    if (api !== null && !event.apis.includes(api)) {
      const of = event.apis.length > 0 ? event.apis.join(', ') : 'no known API';
      const reason = `The hub is of ${api}, the event of ${of}.`;
      return { ...about, eventType, verdict: 'out-of-scope', reason };
    }
    const query = this.#deps.queryOf(subscription);
    const reason = whyFiltered(query, decoded);
    if (reason !== undefined) return { ...about, eventType, verdict: 'filtered', reason };
    return { ...about, eventType, ...(await this.#fate(subscription, found, eventId)) };
  }

  async #fate(subscription: Subscription, { record, broker }: Found, eventId: string): Promise<Answer> {
    const { id, createdAt } = subscription;
    const letter = await this.#letterOf(id, eventId, [broker]);
    if (letter) {
      return {
        verdict: 'dead-letter',
        reason: `Its dead letter is ${letter.state}.`,
        deadLetterId: letter.id,
      };
    }
    const quarantined = await quarantineOf(record, eventId, broker);
    if (quarantined) {
      const reason = `It was quarantined, and its dead letter is ${quarantined.state}: ${quarantined.error}`;
      return { verdict: 'dead-letter', reason, deadLetterId: quarantined.id };
    }
    const settled = broker.settled(id, record.source);
    if (settled === true && record.timestamp < Date.parse(createdAt)) {
      return {
        verdict: 'before-subscription',
        reason: `It was published before the subscription (${createdAt}).`,
      };
    }
    if (settled === true) return { verdict: 'delivered', reason: 'The listener answered 2xx.' };
    const progress = this.#deps.deliveries.of(id)?.progressOf(eventId);
    const unsettled = this.#unsettled(subscription, progress);
    if (settled === false || progress !== undefined) return unsettled;
    return likelyFate({ broker, record, subscription, otherwise: unsettled });
  }

  #unsettled({ id, state }: Subscription, progress: keyof typeof UNDER_WAY = 'waiting'): Answer {
    if (state !== 'active')
      return { verdict: 'held', reason: `The subscription is ${state}: events wait for it.` };
    const circuit = this.#deps.deliveries.of(id)?.status.circuit ?? 'closed';
    if (circuit === 'closed') return { verdict: progress, reason: UNDER_WAY[progress] };
    return {
      verdict: 'held',
      reason: 'The circuit is open: the listener counts as down, one probe at a time goes out.',
    };
  }

  /** Oldest first, at most `limit` from each source; `away` says of one that could not be asked. */
  async #find(
    by: { eventId: string } | { correlationId: string },
    limit: number,
  ): Promise<{ found: Found[]; away: string | undefined }> {
    let away: string | undefined;
    const search = async (broker: Broker): Promise<Found[]> => {
      try {
        return (await broker.find(by, limit)).map((record) => ({ record, broker }));
      } catch (error) {
        away = `The source ${broker.name} cannot be asked now: ${String(error)}`;
        return [];
      }
    };
    const [only = [], ...others] = await Promise.all(this.#deps.brokers.map(search));
    // The order of one source is its own; only between sources the time is all there is.
    if (others.length === 0) return { found: only, away };
    const all = [only, ...others].flat();
    return { found: all.sort((a, b) => a.record.timestamp - b.record.timestamp), away };
  }

  /** The dead letter of one event, if it was not delivered after all. */
  async #letterOf(
    subscriptionId: string,
    eventId: string,
    brokers: readonly Broker[],
  ): Promise<DeadLetter | undefined> {
    for (const { deadLetters } of brokers) {
      const [letter] = (await deadLetters.list({ subscriptionId, eventId }, { offset: 0, limit: 1 })).items;
      if (letter && letter.state !== 'replayed') return letter;
    }
    return undefined;
  }
}

/** The dead letter of a record that can be read, and was quarantined all the same. */
async function quarantineOf(
  { source }: SourceRecord,
  eventId: string,
  { deadLetters }: Broker,
): Promise<DeadLetter | undefined> {
  const { items } = await deadLetters.list({ eventId, reason: 'unreadable' }, { offset: 0, limit: 100 });
  return items.find(
    (letter) =>
      letter.source.topic === source.topic &&
      letter.source.partition === source.partition &&
      letter.source.offset === source.offset &&
      letter.source.messageId === source.messageId,
  );
}

function whyFiltered(query: Query, { event, document }: Decoded): string | undefined {
  if (query.eventTypes && !query.eventTypes.has(canonicalEventType(event.type)))
    return `The query names other event types than ${event.type}.`;
  if (query.matches?.(document) !== false) return undefined;
  return query.explain(document) ?? 'The query does not match.';
}
