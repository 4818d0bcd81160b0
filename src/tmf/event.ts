/**
 * A TMF event as every delivery shares it: parsed once, its few routing facts picked out, its bytes kept.
 * Immutable after decoding, but for what delivery notes on it while it is in memory.
 */
export interface TmfEvent {
  readonly id: string;
  /** As produced, e.g. `ProductOrderCreateEvent`. */
  readonly type: string;
  /** API ids that this event belongs to, e.g. `['TMF622']`; empty when neither source nor catalogue knows. */
  readonly apis: readonly string[];
  /** Resource id, else correlation id, else event id (HUB-CONTRACT 5). */
  readonly orderingKey: string;
  readonly correlationId: string | undefined;
  readonly traceparent: string | undefined;
  /** Id of the topic that it was posted to (TMF688), whose hubs alone get it. */
  readonly topic: string | undefined;
  /** `eventTime` in milliseconds since the epoch; when it was missing or no date, the time of the record. */
  readonly time: number;
  /** The whole document as produced, with what was missing of its envelope completed. */
  readonly bytes: Uint8Array;
  /** Members that were missing; undefined: none. */
  readonly completed?: readonly string[] | undefined;
  /** How many deliveries hold it. Noted here because maps of short-lived objects are dear on the hot path. */
  holds?: number;
  /** The envelopes that were made of it so far. */
  v4?: Uint8Array | undefined;
  v5?: Uint8Array | undefined;
  /** What was made of it for other dialects, each by its own key. */
  shaped?: Map<object, Uint8Array> | undefined;
}

/** Which envelope a hub sends (HUB-CONTRACT 5): by its API's major version, or the event as produced. */
export type EnvelopeVersion = 'v4' | 'v5' | 'as-produced';
