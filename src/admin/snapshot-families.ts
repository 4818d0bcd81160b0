/** The metrics that are a state rather than a count: all read from one snapshot per scrape. */
import type { Registry } from 'prom-client';
import { registerFamily } from './families.ts';
import type { Sample } from './families.ts';
import type { Readiness, SubscriptionView } from './operations.ts';

export type SubscriptionMeasure = Pick<
  SubscriptionView,
  'id' | 'state' | 'circuit' | 'lag' | 'oldestUnsettled' | 'inFlight' | 'lost'
>;

export interface MetricsSnapshot {
  /** When the subscriptions were looked at, milliseconds since the epoch. */
  readonly now: number;
  readonly subscriptions: readonly SubscriptionMeasure[];
  readonly openDeadLetters: number;
  /** Until retention removes the oldest event that is still owed to somebody; undefined when none is. */
  readonly retentionHeadroomSeconds: number | undefined;
  /** As readiness says them. */
  readonly parts: Readiness['parts'];
}

const STATES: readonly SubscriptionView['state'][] = ['active', 'paused', 'gone', 'suspended'];
const CIRCUITS: readonly SubscriptionView['circuit'][] = ['closed', 'open', 'probing'];

/**
 * With `perSubscription`, sums over the label `subscription` give what there is without it; of the oldest event that
 * waits, the maximum does.
 */
export function registerSnapshotFamilies(
  registry: Registry,
  perSubscription: boolean,
  current: () => MetricsSnapshot | undefined,
): void {
  const gauge = (name: string, help: string, samples: (snapshot: MetricsSnapshot) => readonly Sample[]) => {
    registerFamily(registry, { name: `tmf_hub_${name}`, help, type: 'gauge' }, () => {
      const snapshot = current();
      return snapshot === undefined ? [] : samples(snapshot);
    });
  };
  const perEach = (valueOf: (one: SubscriptionMeasure) => number) => (snapshot: MetricsSnapshot) =>
    perSubscription
      ? snapshot.subscriptions.map((one) => labelled(one.id, valueOf(one)))
      : [{ labels: {}, value: snapshot.subscriptions.reduce((sum, one) => sum + valueOf(one), 0) }];

  gauge('subscriptions', 'Subscriptions by state', ({ subscriptions }) =>
    counted(STATES, subscriptions, (one) => one.state),
  );
  gauge('circuit_state', 'Subscriptions by the state of their circuit', ({ subscriptions }) =>
    perSubscription
      ? subscriptions.flatMap(circuitOf)
      : counted(CIRCUITS, subscriptions, (one) => one.circuit),
  );
  gauge(
    'lag_events',
    'Events behind the positions of the subscriptions',
    perEach(({ lag }) => lag),
  );
  gauge(
    'oldest_unsettled_seconds',
    'Time since the oldest event that waits for an active subscription; absent when none waits',
    (snapshot) => {
      const waits = waitsOf(snapshot);
      if (perSubscription) return waits.map(({ id, seconds }) => labelled(id, seconds));
      if (waits.length === 0) return [];
      return [{ labels: {}, value: waits.reduce((most, { seconds }) => Math.max(most, seconds), 0) }];
    },
  );
  gauge(
    'in_flight',
    'Attempts in flight',
    perEach(({ inFlight }) => inFlight),
  );
  gauge('dead_letters', 'Dead letters that are open', ({ openDeadLetters }) => [
    { labels: {}, value: openDeadLetters },
  ]);
  gauge(
    'retention_headroom_seconds',
    'Time until retention removes the oldest event still owed to a listener; absent when none is owed',
    ({ retentionHeadroomSeconds: value }) => (value === undefined ? [] : [{ labels: {}, value }]),
  );
  gauge('part_up', '1 while this part of the gateway is ready', ({ parts }) =>
    Object.entries(parts).map(([part, { ok }]) => ({ labels: { part }, value: ok ? 1 : 0 })),
  );
  registerLost(registry, perSubscription, current);
}

/** Its own memory keeps this counter from falling when a subscription that lost events is deleted. */
function registerLost(
  registry: Registry,
  perSubscription: boolean,
  current: () => MetricsSnapshot | undefined,
): void {
  const known = new Map<string, number>();
  registerFamily(
    registry,
    {
      name: 'tmf_hub_retention_lost_total',
      help: "Events that the broker's retention removed before they were delivered",
      type: 'counter',
    },
    () => {
      for (const { id, lost } of current()?.subscriptions ?? []) {
        if (lost > 0) known.set(id, Math.max(lost, known.get(id) ?? 0));
      }
      if (perSubscription) return [...known].map(([subscription, value]) => labelled(subscription, value));
      return [{ labels: {}, value: [...known.values()].reduce((sum, lost) => sum + lost, 0) }];
    },
  );
}

function labelled(subscription: string, value: number): Sample {
  return { labels: { subscription }, value };
}

/** For a subscription in another state events wait on purpose. By the clock of its producer an event may be of later. */
function waitsOf({ subscriptions, now }: MetricsSnapshot): { id: string; seconds: number }[] {
  return subscriptions.flatMap(({ id, state, oldestUnsettled }) => {
    if (state !== 'active' || oldestUnsettled === null) return [];
    return [{ id, seconds: Math.max(0, (now - Date.parse(oldestUnsettled)) / 1000) }];
  });
}

function counted<T extends string>(
  states: readonly T[],
  subscriptions: readonly SubscriptionMeasure[],
  stateOf: (one: SubscriptionMeasure) => T,
): Sample[] {
  return states.map((state) => ({
    labels: { state },
    value: subscriptions.filter((one) => stateOf(one) === state).length,
  }));
}

function circuitOf({ id, circuit }: SubscriptionMeasure): Sample[] {
  return CIRCUITS.map((state) => ({ labels: { state, subscription: id }, value: state === circuit ? 1 : 0 }));
}
