import type { Explanation, Trace } from '../admin/operations.ts';
import type { Broker, DeadLetter, SourceRecord } from '../brokers/broker.ts';
import { decode, type Decoded, type DecodeKnowledge, type Unreadable } from '../delivery/decode.ts';
import type { Deliveries } from '../delivery/deliveries.ts';
import type { Subscription } from '../registry/store.ts';
import { canonicalEventType } from '../tmf/event-names.ts';
import type { Query } from '../tmf/query.ts';

export interface ExplainDeps {
  readonly brokers: readonly Broker[];
  readonly deliveries: Deliveries;
  readonly knowledge: DecodeKnowledge;
  queryOf(subscription: Subscription): Query;
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
    const [record] = await this.#find({ eventId }, 1);
    const about = { subscriptionId: subscription.id, eventId };
    if (!record) {
      const letter = await this.#letterOf(subscription.id, eventId);
      const deadLetter = letter ? { deadLetterId: letter.id } : {};
      const verdict = letter ? ('dead-letter' as const) : ('unknown-event' as const);
      const reason = letter
        ? 'It became a dead letter, and the log no longer has it.'
        : 'No source has an event with this id: it was never published here, or retention has removed it.';
      return { ...about, verdict, reason, ...deadLetter };
    }
    return this.#explain(subscription, record, decode(record, this.#deps.knowledge), eventId);
  }

  async trace(correlationId: string, subscriptions: readonly Subscription[]): Promise<Trace> {
    const records = await this.#find({ correlationId }, MOST_EVENTS);
    const events = records.map(async (record) => {
      const decoded = decode(record, this.#deps.knowledge);
      const readable = !('unreadable' in decoded);
      const eventId = readable ? decoded.event.id : (record.headers['eventId'] ?? '');
      const all = await Promise.all(subscriptions.map((one) => this.#explain(one, record, decoded, eventId)));
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
    record: SourceRecord,
    decoded: Decoded | Unreadable,
    eventId: string,
  ): Promise<Explanation> {
    const about = { subscriptionId: subscription.id, eventId, source: record.source };
    if ('unreadable' in decoded) {
      const reason = `The record is quarantined as a dead letter: ${decoded.unreadable}.`;
      return { ...about, verdict: 'dead-letter', reason };
    }
    const answer =
      this.#notWanted(subscription, decoded) ?? (await this.#fate(subscription, record, eventId));
    return { ...about, eventType: decoded.event.type, ...answer };
  }

  #notWanted({ scope, ...subscription }: Subscription, { event, document }: Decoded): Answer | undefined {
    if (scope.api !== null && !event.apis.includes(scope.api)) {
      const of = event.apis.length > 0 ? event.apis.join(', ') : 'no known API';
      return { verdict: 'out-of-scope', reason: `The hub is of ${scope.api}, the event of ${of}.` };
    }
    const query = this.#deps.queryOf({ scope, ...subscription });
    if (query.eventTypes && !query.eventTypes.has(canonicalEventType(event.type))) {
      return { verdict: 'filtered', reason: `The query names other event types than ${event.type}.` };
    }
    if (query.matches?.(document) !== false) return undefined;
    return { verdict: 'filtered', reason: query.explain(document) ?? 'The query does not match.' };
  }

  async #fate(
    { id, createdAt, state }: Subscription,
    record: SourceRecord,
    eventId: string,
  ): Promise<Answer> {
    const letter = await this.#letterOf(id, eventId);
    if (letter) {
      return {
        verdict: 'dead-letter',
        reason: `Its dead letter is ${letter.state}.`,
        deadLetterId: letter.id,
      };
    }
    const settled = this.#deps.deliveries.brokerOf({ record }).settled(id, record.source);
    if (settled === true && record.timestamp < Date.parse(createdAt)) {
      return {
        verdict: 'before-subscription',
        reason: `It was published before the subscription (${createdAt}).`,
      };
    }
    if (settled === true) return { verdict: 'delivered', reason: 'The listener answered 2xx.' };
    if (state !== 'active')
      return { verdict: 'held', reason: `The subscription is ${state}: events wait for it.` };
    return this.#underWay(id, eventId);
  }

  #underWay(subscriptionId: string, eventId: string): Answer {
    const dispatcher = this.#deps.deliveries.of(subscriptionId);
    if (dispatcher && dispatcher.status.circuit !== 'closed') {
      return {
        verdict: 'held',
        reason: 'The circuit is open: the listener counts as down, one probe at a time goes out.',
      };
    }
    const verdict = dispatcher?.progressOf(eventId) ?? 'waiting';
    return { verdict, reason: UNDER_WAY[verdict] };
  }

  async #find(by: { eventId: string } | { correlationId: string }, limit: number): Promise<SourceRecord[]> {
    const found = await Promise.all(this.#deps.brokers.map((broker) => broker.find(by, limit)));
    return found.flat().slice(0, limit);
  }

  /** The dead letter of one event, if it was not delivered after all. */
  async #letterOf(subscriptionId: string, eventId: string): Promise<DeadLetter | undefined> {
    for (const { deadLetters } of this.#deps.brokers) {
      const [letter] = (await deadLetters.list({ subscriptionId, eventId }, { offset: 0, limit: 1 })).items;
      if (letter && letter.state !== 'replayed') return letter;
    }
    return undefined;
  }
}
