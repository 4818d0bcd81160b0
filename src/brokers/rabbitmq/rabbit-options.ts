import type { Logger } from '../../logger.ts';
import type { FeedNotes } from '../../registry/store.ts';
import type { Clock } from '../../time.ts';
import type { LeaseTimes } from '../lease.ts';
import type { RabbitTableSettings } from './streams/rabbit-tables.ts';
import type { Address } from './wire/link.ts';

export interface RabbitOptions extends Pick<LeaseTimes, 'attemptTimeoutMs'> {
  readonly address: Address;
  /** The source's name, as coordinates show it. */
  readonly name: string;
  /** What the names of queues, exchanges and streams of the gateway's own begin with (RULES 1). */
  readonly prefix: string;
  /** Where events come from. */
  readonly exchanges: readonly string[];
  /** Are missing ones declared? */
  readonly declare: boolean;
  /** The routing keys of canonical event types; null = all. */
  readonly routingKeys: (eventTypes: ReadonlySet<string> | null) => readonly string[];
  /** With which an event of this type is published. */
  readonly routingKeyOf: (eventType: string) => string;
  /** Messages of one queue that may be unsettled at one time. */
  readonly prefetch: number;
  /** Bytes of messages that wait for room, of all queues. */
  readonly prefetchBytes: number;
  readonly publish: { readonly waitMs: number; readonly queueBytes: number };
  readonly events: { readonly maxAgeMs: number; readonly maxBytes: number };
  readonly tables: RabbitTableSettings;
  readonly notes: FeedNotes;
  readonly newId: () => string;
  /** In [0, 1). */
  readonly random: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
}
