import { OperationRefused } from '../admin/operations.ts';
import type { Operations, PartHealth, SubscriptionView } from '../admin/operations.ts';
import type { Broker } from '../brokers/broker.ts';
import type { Health } from '../health.ts';
import type { Deliveries } from '../delivery/deliveries.ts';
import type { DecodeKnowledge } from '../delivery/decode.ts';
import type { Subscription, SubscriptionState } from '../registry/store.ts';
import type { Profiles } from '../tmf/profiles.ts';
import type { Query } from '../tmf/query/query.ts';
import { createDeadLetterDesk } from './dead-letter-desk.ts';
import { Explain } from './explain.ts';
import type { Orphans } from './orphans.ts';
import { replayFrom } from './replay.ts';
import { viewOf } from './subscription-views.ts';

export interface OperationsDeps {
  readonly brokers: readonly Broker[];
  readonly deliveries: Deliveries;
  readonly knowledge: DecodeKnowledge;
  readonly profiles: Profiles;
  /** All subscriptions that somebody may rely on. */
  subscriptions(): readonly Subscription[];
  /** Rejects when the registry cannot keep it. */
  setState(
    id: string,
    state: Exclude<SubscriptionState, 'pending'>,
    reason: string | null,
  ): Promise<Subscription | undefined>;
  queryOf(subscription: Subscription): Query;
  registryHealth(): Health;
  readonly orphans: Orphans;
}

/** What an operator can see and repair, put together from the registry, the delivery side and the brokers. */
export function createOperations(deps: OperationsDeps): Operations {
  const { brokers, deliveries } = deps;
  const explain = new Explain(deps);
  const view = (subscription: Subscription): SubscriptionView =>
    viewOf(subscription, deliveries, brokers, deps.profiles);
  const find = (id: string): Subscription | undefined => deps.subscriptions().find((one) => one.id === id);

  async function become(id: string, state: 'active' | 'paused', reason: string | null) {
    const changed = await deps.setState(id, state, reason).catch((error: unknown) => {
      throw new OperationRefused(503, `the registry cannot keep it now, nothing changed: ${String(error)}`);
    });
    return changed && view(changed);
  }

  return {
    readiness() {
      const parts: Record<string, PartHealth> = {
        registry: deps.registryHealth(),
        orphans: deps.orphans.health(),
      };
      for (const broker of brokers) parts[broker.name] = broker.health();
      return { ready: Object.values(parts).every((part) => part.ok), parts };
    },
    subscriptions: () => deps.subscriptions().map(view),
    subscription(id) {
      const subscription = find(id);
      return subscription && view(subscription);
    },
    pause: (id) => become(id, 'paused', 'Paused by an operator.'),
    resume: (id) => become(id, 'active', null),
    async replay(id, range) {
      if (!find(id)) return undefined;
      return replayFrom(brokers, id, range);
    },
    async explain(id, eventId) {
      const subscription = find(id);
      return subscription && explain.event(subscription, eventId);
    },
    trace: (correlationId) => explain.trace(correlationId, deps.subscriptions()),
    deadLetters: createDeadLetterDesk(brokers, deliveries.letterReplays),
    orphans: deps.orphans,
  };
}
