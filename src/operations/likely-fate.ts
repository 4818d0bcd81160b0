import type { Explanation } from '../admin/operations.ts';
import type { Broker, SourceRecord } from '../brokers/broker.ts';
import type { Subscription } from '../registry/store.ts';

type Answer = Pick<Explanation, 'verdict' | 'reason'>;

export interface Unsaid {
  readonly broker: Broker;
  readonly record: SourceRecord;
  readonly subscription: Subscription;
  /** What would hold if the event were not settled yet. */
  readonly otherwise: Answer;
}

/** RabbitMQ's times are whole seconds: within one, an event and a subscription have no order. */
const TIME_UNIT_MS = 1_000;

/**
 * What follows from all that is known of an event that is not in memory here and no dead letter, where the broker
 * cannot tell whether it is settled: a queue does not name its messages, and a partition of another replica is that
 * one's to tell.
 */
export function likelyFate({ broker, record, subscription, otherwise }: Unsaid): Answer {
  const { id, createdAt } = subscription;
  if (record.timestamp + TIME_UNIT_MS <= Date.parse(createdAt)) {
    return {
      verdict: 'before-subscription',
      reason: `It was published before the subscription (${createdAt}).`,
    };
  }
  const doubt = (why: string): Answer => ({ ...otherwise, reason: `${otherwise.reason} ${why}` });
  if (broker.capabilities.sharedLog) {
    if (!broker.capabilities.replicas) return otherwise;
    const place = `${record.source.topic}:${record.source.partition ?? 0}`;
    return doubt(`Or it is delivered already: another replica looks after ${place}, and can tell.`);
  }
  const { routingKey } = record.source;
  if (routingKey !== undefined && !broker.letsIn(id, record.source)) {
    const reason = `Its routing key ${routingKey} is none that the query names, so it was not let into the queue of this subscription (rabbitmq.bindings: all lets everything in). A replay can deliver it.`;
    return { verdict: 'filtered', reason };
  }
  const status = broker.status(id);
  if (status === undefined) return doubt('Or it is delivered already: this replica does not see its queue.');
  const { lag, lagAsOf = Infinity } = status;
  if (lag > 0) return doubt(`Or it is delivered already: of its queue only the length is known, ${lag}.`);
  if (lagAsOf <= record.timestamp + TIME_UNIT_MS)
    return doubt('Or it is delivered already: the length of its queue was not looked at since.');
  return {
    verdict: 'delivered',
    reason:
      'Its queue is empty, and it is neither under way here nor a dead letter: it was delivered, or another replica is at it right now.',
  };
}
