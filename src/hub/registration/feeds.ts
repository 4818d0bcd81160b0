import type { Subscription } from '../../registry/store.ts';
import type { Query } from '../../tmf/query/query.ts';

/** The delivery side of subscriptions. Implemented by the composition root. */
export interface Feeds {
  /**
   * Resolves when the position is durable at every broker: what they accept later is owed to the subscription.
   * `new`: from now on; `known`: from where it stood. Deliveries are made while the state is `active`; one that is
   * attached as `pending` only waits until `changed` says so. When it rejects it may be called again.
   */
  attach(subscription: Subscription, query: Query, as: 'new' | 'known'): Promise<void>;
  /** Stops deliveries and forgets the positions. Resolves as well for an id that is not attached. */
  detach(id: string): Promise<void>;
  /** Stops deliveries by this process only; the positions stay. Resolves as well for an id that is not attached. */
  leave(id: string): Promise<void>;
  /** The state is another now. */
  changed(subscription: Subscription): void;
}
