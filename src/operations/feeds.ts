import type { Metrics } from '../admin/metrics.ts';
import type { Broker } from '../brokers/broker.ts';
import type { Deliveries } from '../delivery/deliveries.ts';
import type { Feeds } from '../hub/lifecycle.ts';

/** What registration does to the delivery side: a dispatcher for the subscription, and a feed at every broker. */
export function createFeeds(
  deliveries: Deliveries,
  brokers: readonly Broker[],
  metrics: Pick<Metrics, 'forget'>,
): Feeds {
  return {
    async attach(subscription, query, as) {
      const dispatcher = deliveries.open(subscription, query);
      try {
        await Promise.all(brokers.map((broker) => broker.attach(dispatcher, as)));
      } catch (error) {
        deliveries.close(subscription.id);
        throw error;
      }
    },

    async detach(id) {
      deliveries.close(id);
      await Promise.all(brokers.map((broker) => broker.detach(id)));
      metrics.forget(id);
    },

    changed(subscription) {
      deliveries.of(subscription.id)?.setState(subscription.state);
    },
  };
}
