/** Counted on the hot path: one addition each, no label looked up but the subscription's where that is wanted. */
import type { Registry } from 'prom-client';
import type { DeadLetterReason } from '../brokers/broker.ts';
import { Buckets, registerFamily } from './families.ts';

const OUTCOMES = ['delivered', 'retry', 'rejected'] as const;
export type AttemptOutcome = (typeof OUTCOMES)[number];

const ATTEMPT_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const END_TO_END_SECONDS = [
  0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 60, 300, 3600, 86_400,
];

export interface AttemptMeasure {
  readonly subscriptionId: string;
  readonly outcome: AttemptOutcome;
  readonly seconds: number;
  /** From the event's time to its delivery; only of deliveries. */
  readonly endToEndSeconds?: number | undefined;
}

export interface HotCounters {
  eventRouted(matched: number, filtered: number): void;
  attempted(measure: AttemptMeasure): void;
  deadLettered(reason: DeadLetterReason): void;
  eventInvalid(api: string, mode: 'warn' | 'quarantine'): void;
  forget(subscriptionId: string): void;
}

export function createHotCounters(registry: Registry, perSubscription: boolean): HotCounters {
  const routed = { matched: 0, unmatched: 0, filtered: 0 };
  const deliveries = createDeliveryCounts(registry, perSubscription);
  const durations = createDurations(registry);
  const deadLetters = new Map<DeadLetterReason, number>();
  const invalid = createInvalidCounts(registry);

  registerFamily(
    registry,
    {
      name: 'tmf_hub_events_total',
      help: 'Events read from the sources, by whether any subscription wanted them',
      type: 'counter',
    },
    () => [
      { labels: { result: 'matched' }, value: routed.matched },
      { labels: { result: 'unmatched' }, value: routed.unmatched },
    ],
  );
  registerFamily(
    registry,
    {
      name: 'tmf_hub_filtered_total',
      help: "Times that a subscription's query excluded an event of its scope",
      type: 'counter',
    },
    () => [{ labels: {}, value: routed.filtered }],
  );
  registerFamily(
    registry,
    {
      name: 'tmf_hub_dead_lettered_total',
      help: 'Events that became a dead letter, by reason',
      type: 'counter',
    },
    () => [...deadLetters].map(([reason, value]) => ({ labels: { reason }, value })),
  );

  return {
    eventRouted(matched, filtered) {
      routed[matched > 0 ? 'matched' : 'unmatched'] += 1;
      routed.filtered += filtered;
    },
    attempted({ subscriptionId, outcome, seconds, endToEndSeconds }) {
      durations.attempts[outcome].observe(seconds);
      if (endToEndSeconds !== undefined) durations.endToEnd.observe(endToEndSeconds);
      deliveries.of(subscriptionId)[outcome] += 1;
    },
    deadLettered(reason) {
      deadLetters.set(reason, (deadLetters.get(reason) ?? 0) + 1);
    },
    eventInvalid: invalid,
    forget: deliveries.forget,
  };
}

/** Only APIs that have schemas are counted, so there are few labels. */
function createInvalidCounts(registry: Registry): HotCounters['eventInvalid'] {
  const counts = new Map<string, { api: string; mode: string; value: number }>();
  registerFamily(
    registry,
    {
      name: 'tmf_hub_invalid_events_total',
      help: 'Times that an event was read which does not fit the schemas of its API (setting validation)',
      type: 'counter',
    },
    () => [...counts.values()].map(({ value, ...labels }) => ({ labels, value })),
  );
  return (api, mode) => {
    const known = counts.get(`${api} ${mode}`);
    if (known) known.value += 1;
    else counts.set(`${api} ${mode}`, { api, mode, value: 1 });
  };
}

type OutcomeCounts = Record<AttemptOutcome, number>;

function createDeliveryCounts(registry: Registry, perSubscription: boolean) {
  const noOutcomes = (): OutcomeCounts => ({ delivered: 0, retry: 0, rejected: 0 });
  const all = noOutcomes();
  const bySubscription = new Map<string, OutcomeCounts>();

  registerFamily(
    registry,
    { name: 'tmf_hub_deliveries_total', help: 'Delivery attempts by outcome', type: 'counter' },
    () => {
      if (!perSubscription) return OUTCOMES.map((outcome) => ({ labels: { outcome }, value: all[outcome] }));
      return [...bySubscription].flatMap(([subscription, counts]) =>
        OUTCOMES.map((outcome) => ({ labels: { outcome, subscription }, value: counts[outcome] })),
      );
    },
  );

  return {
    of(subscriptionId: string): OutcomeCounts {
      if (!perSubscription) return all;
      let counts = bySubscription.get(subscriptionId);
      if (counts === undefined) {
        counts = noOutcomes();
        bySubscription.set(subscriptionId, counts);
      }
      return counts;
    },
    forget: (subscriptionId: string): void => {
      bySubscription.delete(subscriptionId);
    },
  };
}

function createDurations(registry: Registry) {
  const attempts: Record<AttemptOutcome, Buckets> = {
    delivered: new Buckets(ATTEMPT_SECONDS),
    retry: new Buckets(ATTEMPT_SECONDS),
    rejected: new Buckets(ATTEMPT_SECONDS),
  };
  const endToEnd = new Buckets(END_TO_END_SECONDS);

  const attemptName = 'tmf_hub_attempt_duration_seconds';
  registerFamily(
    registry,
    { name: attemptName, help: 'Time from sending a request to its outcome', type: 'histogram' },
    () => OUTCOMES.flatMap((outcome) => attempts[outcome].samples(attemptName, { outcome })),
  );
  const endToEndName = 'tmf_hub_end_to_end_seconds';
  registerFamily(
    registry,
    { name: endToEndName, help: 'Time from the event (its eventTime) to its delivery', type: 'histogram' },
    () => endToEnd.samples(endToEndName, {}),
  );
  return { attempts, endToEnd };
}
