import type { SubscriptionView } from '../admin/operations.ts';
import type { Broker, FeedStatus } from '../brokers/broker.ts';
import type { Deliveries } from '../delivery/deliveries.ts';
import type { Subscription } from '../registry/store.ts';
import type { Profiles } from '../tmf/profiles.ts';

/** One subscription as an operator sees it: what the registry, its dispatcher and its feeds know of it. */
export function viewOf(
  subscription: Subscription,
  deliveries: Deliveries,
  brokers: readonly Broker[],
  profiles: Profiles,
): SubscriptionView {
  const { id, callback, query, scope, state, extensions = {} } = subscription;
  const status = deliveries.of(id)?.status;
  const feeds = brokers.flatMap((broker) => {
    const feed = broker.status(id);
    return feed ? [{ ...feed, source: broker.name }] : [];
  });
  const oldest = feeds.flatMap((feed) => feed.oldestUnsettled ?? []);
  return {
    id,
    callback,
    query,
    scope,
    profile: profiles.of(scope.basePath, extensions.profile)?.name ?? `${extensions.profile}`,
    signed: extensions.secret !== undefined,
    headers: Object.keys(extensions.headers ?? {}),
    state: state === 'pending' ? 'paused' : state,
    circuit: status?.circuit ?? 'closed',
    lag: sum(feeds.map((feed) => feed.lag)),
    oldestUnsettled: oldest.length === 0 ? null : new Date(Math.min(...oldest)).toISOString(),
    inFlight: status?.inFlight ?? 0,
    waitingRetry: status?.waitingRetry ?? 0,
    lastOutcome: status?.lastOutcome?.outcome ?? null,
    lost: sum(feeds.map((feed) => feed.lost)),
    positions: positionsOf(feeds),
  };
}

/** A place that several sources have is named with its source. */
function positionsOf(
  feeds: readonly Pick<FeedStatus & { source: string }, 'source' | 'positions'>[],
): Record<string, number> {
  const entries = feeds.flatMap(({ source, positions }) =>
    Object.entries(positions).map(([place, offset]) => ({ source, place, offset })),
  );
  const times = new Map<string, number>();
  for (const { place } of entries) times.set(place, (times.get(place) ?? 0) + 1);
  return Object.fromEntries(
    entries.map(({ source, place, offset }) => [
      times.get(place) === 1 ? place : `${source}/${place}`,
      offset,
    ]),
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
