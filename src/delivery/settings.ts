import type { Subscription } from '../registry/store.ts';
import { parseDuration } from '../units.ts';

/** The configuration's values that delivery works by. Durations in milliseconds. */
export interface DeliverySettings {
  readonly retry: {
    /** Pauses between attempts; one attempt more than there are pauses, then dead letter. */
    readonly delays: readonly number[];
    /** 0..1: each pause is made up to this fraction shorter or longer. */
    readonly jitter: number;
    /** Cap of a listener's Retry-After. */
    readonly maxRetryAfter: number;
    /** Statuses that reject an event at once. */
    readonly rejectStatuses: readonly number[];
  };
  readonly circuit: {
    /** Different events that fail in a row until the endpoint counts as down. */
    readonly threshold: number;
    /** The same for rejections (RULES 12). */
    readonly rejectionThreshold: number;
    readonly probeMin: number;
    readonly probeMax: number;
    readonly suspendAfter: number;
  };
  readonly limits: {
    /** A fixed number of concurrent attempts per subscription, or adaptive. */
    readonly concurrency: 'adaptive' | number;
    readonly startConcurrency: number;
    readonly maxConcurrency: number;
    /** Events per subscription that may wait for a retry, or behind one, before it becomes a laggard. */
    readonly maxWaiting: number;
    /** Attempts per second and subscription; undefined = as fast as the listener takes them. */
    readonly rate?: number | undefined;
    /** Bytes of events in memory, for the process. */
    readonly memory: number;
    /** Concurrent attempts of the process; every subscription may always have one. */
    readonly maxSockets: number;
  };
}

/** The settings of one subscription: the gateway's, but for what it asked for. */
export function settingsFor({ extensions }: Subscription, settings: DeliverySettings): DeliverySettings {
  const retry = extensions?.retry;
  if (retry === undefined) return settings;
  const delays = retry.delays?.map((delay) => parseDuration(delay) ?? 0) ?? settings.retry.delays;
  return { ...settings, retry: { ...settings.retry, ...retry, delays } };
}
