/**
 * The metrics of the outside contract. What happens per event or attempt is counted in plain numbers (well under a
 * microsecond); everything else is asked for when somebody scrapes.
 */
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { DeadLetterReason } from '../brokers/broker.ts';
import type { Logger } from '../logger.ts';
import { createHotCounters } from './hot-counters.ts';
import type { AttemptMeasure } from './hot-counters.ts';
import { registerSnapshotFamilies } from './snapshot-families.ts';
import type { MetricsSnapshot } from './snapshot-families.ts';

export interface Metrics {
  /** A record was read and routed: to `matched` subscriptions, while the queries of `filtered` others said no. */
  eventRouted(matched: number, filtered: number): void;
  attempted(measure: AttemptMeasure): void;
  deadLettered(reason: DeadLetterReason): void;
  /** An event that does not fit the schemas of its API was read. */
  eventInvalid(api: string, mode: 'warn' | 'quarantine'): void;
  /** Drops the series of a subscription that was deleted. */
  forget(subscriptionId: string): void;
  /** The answer to a scrape. A snapshot that fails leaves its gauges out and is logged. */
  expose(): Promise<{ contentType: string; text: string }>;
}

export interface MetricsOptions {
  /** Adds the label `subscription` where one subscription's value differs from another's. Never to histograms. */
  readonly perSubscription: boolean;
  readonly snapshot: () => MetricsSnapshot | Promise<MetricsSnapshot>;
  readonly logger: Logger;
}

/**
 * Of the process, whatever runs in it. Apart from those of a gateway: the collection of garbage is watched for as long as
 * the process lives, and what is registered beside that, with all that it can reach, would stay as long.
 */
let ofProcess: Registry | undefined;

function processMetrics(): Registry {
  if (!ofProcess) collectDefaultMetrics({ register: (ofProcess = new Registry()) });
  return ofProcess;
}

export function createMetrics({ perSubscription, snapshot, logger }: MetricsOptions): Metrics {
  const registry = new Registry();
  const process = processMetrics();
  const hot = createHotCounters(registry, perSubscription);
  let current: MetricsSnapshot | undefined;
  registerSnapshotFamilies(registry, perSubscription, () => current);

  return {
    ...hot,
    async expose() {
      try {
        current = await snapshot();
      } catch (error) {
        current = undefined;
        logger.error({ err: error }, 'metrics.snapshot.failed');
      }
      return {
        contentType: registry.contentType,
        text: (await process.metrics()) + (await registry.metrics()),
      };
    },
  };
}
