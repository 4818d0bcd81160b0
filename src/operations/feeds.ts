import type { Metrics } from '../admin/metrics.ts';
import type { Broker } from '../brokers/broker.ts';
import type { Deliveries } from '../delivery/deliveries.ts';
import type { Feeds } from '../hub/registration/feeds.ts';

/** What registration does to the delivery side: a dispatcher for the subscription, and a feed at every broker. */
export function createFeeds(
  deliveries: Deliveries,
  brokers: readonly Broker[],
  metrics: Pick<Metrics, 'forget'>,
): Feeds {
  const leave = async (id: string): Promise<void> => {
    deliveries.close(id);
    await Promise.all(brokers.map((broker) => broker.leave(id)));
    metrics.forget(id);
  };

  return {
    leave,

    /** All brokers have answered when it settles: what is done next to the subscription cannot come before. */
    async attach(subscription, query, as) {
      const dispatcher = deliveries.open(subscription, query);
      const attached = await Promise.allSettled(brokers.map((broker) => broker.attach(dispatcher, as)));
      const failed = attached.find((one) => one.status === 'rejected');
      if (failed === undefined) return;
      // A broker that has it would offer its events to a dispatcher that is closed, and take no other one.
      await leave(subscription.id).catch(() => undefined);
      throw failed.reason;
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
