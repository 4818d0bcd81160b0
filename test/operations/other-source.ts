import type { Broker, Coordinates, DeadLetter, FeedStatus, SourceRecord } from '../../src/brokers/broker.ts';

interface Contents {
  readonly records?: readonly SourceRecord[];
  readonly letters?: readonly Partial<DeadLetter>[];
  readonly settled?: boolean;
  readonly status?: Partial<FeedStatus>;
  /** What of all that is published comes into its queues; default: everything. */
  readonly letsIn?: (routingKey: string) => boolean;
  /** Each of them has a log of its own that all replicas share; else a queue for each subscription. */
  readonly sharedLog?: boolean;
}

/** A source as operations see it, with what is said to be in it. Only what they use is there. */
export function otherSource(name: string, contents: Contents = {}): Broker {
  const { records = [], letters = [], settled, status, letsIn = () => true, sharedLog = false } = contents;
  const source: Partial<Broker> = {
    name,
    capabilities: { sharedLog, replicas: true, indexed: false },
    find: (by, limit) => {
      const [[header, value] = ['', '']] = Object.entries(by);
      return Promise.resolve(records.filter(({ headers }) => headers[header] === value).slice(0, limit));
    },
    settled: () => settled,
    letsIn: (_id, { routingKey = '' }) => letsIn(routingKey),
    status: () =>
      status ? { lag: 0, lost: 0, oldestUnsettled: undefined, positions: {}, ...status } : undefined,
    health: () => ({ ok: true }),
    deadLetters: {
      list: ({ eventId }) => {
        const items = letters.filter((letter) => letter.eventId === eventId) as DeadLetter[];
        return Promise.resolve({ items, total: items.length });
      },
      get: () => Promise.resolve(undefined),
      put: () => Promise.resolve(),
      count: () => Promise.resolve({}),
    },
  };
  return source as Broker;
}

/** An order that was created, stamped so many milliseconds after the beginning of the scenes' time. */
export function orderRecord(
  eventId: string,
  source: Omit<Coordinates, 'topic'>,
  { at = 500, correlationId = '' } = {},
): SourceRecord {
  const event = { eventId, eventType: 'ProductOrderCreateEvent', event: { productOrder: { id: 'k' } } };
  return {
    source: { topic: 'bss.ordering.events', ...source },
    key: 'k',
    value: Buffer.from(JSON.stringify(event)),
    headers: { eventId, correlationId },
    timestamp: Date.parse('2026-01-01T00:00:00Z') + at,
  };
}
