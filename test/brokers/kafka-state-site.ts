import { CompactedTopic } from '../../src/brokers/tables/compacted-topic.ts';
import { TopicRegistryCopy } from '../../src/brokers/tables/registry-copy.ts';
import { TopicReplayJobs } from '../../src/brokers/tables/replay-jobs.ts';
import {
  SUBSCRIPTIONS_TOPIC,
  SubscriptionStarts,
} from '../../src/brokers/kafka/tables/subscription-starts.ts';
import { FakeAccess, FakeTopics, loudLogger } from '../support/fake-topic.ts';
import { SimClock } from '../support/sim-clock.ts';

export const TOPIC = 'hub.subscriptions';

/** Where a partition of the topic `orders` ends. */
export const end = (offset: number, partition = 0, topicId = 't1') => ({
  topic: 'orders',
  partition,
  topicId,
  offset,
});

/** Gateways that keep the starts of their subscriptions, their replay jobs and their registry once more in one topic. */
export class StateSite {
  readonly clock = new SimClock();
  readonly topics = new FakeTopics(this.clock);
  readonly #open: CompactedTopic[] = [];
  #ids = 0;

  async started() {
    const access = new FakeAccess(this.topics);
    const { logger, said } = loudLogger();
    const { clock } = this;
    const topic = new CompactedTopic({ ...SUBSCRIPTIONS_TOPIC, access, topic: TOPIC, clock, logger });
    const newId = () => `claim ${++this.#ids}`;
    const starts = new SubscriptionStarts(topic, { clock, logger, newId });
    const jobs = new TopicReplayJobs(topic, logger);
    const copy = new TopicRegistryCopy(topic, logger);
    this.#open.push(topic);
    await topic.start();
    return { access, topic, starts, jobs, copy, said };
  }

  close(): void {
    for (const topic of this.#open) topic.stop();
    this.topics.wake();
  }
}
