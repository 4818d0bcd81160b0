/** What the gateway itself publishes: that a topic came or went (TMF688). */
import type { NewRecord } from '../../brokers/broker.ts';
import type { Logger } from '../../logger.ts';
import type { Clock } from '../../time.ts';
import type { EventPublisher } from '../publishing/publishing.ts';

export interface TopicEventDependencies {
  readonly publisher: EventPublisher;
  readonly topicOf: (apiId: string | undefined) => string;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly logger: Logger;
}

export interface TopicChange {
  readonly eventType: 'TopicCreateEvent' | 'TopicDeleteEvent';
  /** e.g. `TMF688`. */
  readonly api: string;
  readonly topicId: string;
  /** As a client sees it. */
  readonly topic: Readonly<Record<string, string>>;
}

/**
 * Tells of a change that is done and stays, whether or not this can be published: a failure is logged, and nobody waits
 * for it.
 */
export function createTopicEvents(dependencies: TopicEventDependencies): (change: TopicChange) => void {
  const { publisher, logger } = dependencies;
  return (change) => {
    const { eventType, topicId } = change;
    publisher.publish(recordOf(change, dependencies)).catch((error: unknown) => {
      logger.error({ err: error, eventType, topicId }, 'topic.event.failed');
    });
  };
}

function recordOf(
  { eventType, api, topicId, topic }: TopicChange,
  { topicOf, clock, newId }: TopicEventDependencies,
): NewRecord {
  const eventId = newId();
  const eventTime = new Date(clock.now()).toISOString();
  return {
    topic: topicOf(api),
    key: topicId,
    value: Buffer.from(JSON.stringify({ eventId, eventTime, eventType, event: { topic } })),
    headers: { eventType, eventId, tmfApi: api },
  };
}
