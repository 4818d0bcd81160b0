import type { Interest } from '../../src/delivery/interest.ts';
import { canonicalEventType } from '../../src/tmf/event-names.ts';
import type { TmfEvent } from '../../src/tmf/event.ts';

export const event = (type: string, apis: readonly string[] = [], topic?: string): TmfEvent =>
  ({ id: 'e', type, apis, topic }) as unknown as TmfEvent;

/** What the index promises, without an index. */
export function naive(interests: readonly Interest[], given: TmfEvent, document: unknown) {
  const candidates = interests.filter(
    ({ api, topic, eventTypes }) =>
      (given.topic === undefined
        ? topic !== null || api === null || given.apis.includes(api)
        : topic === given.topic) &&
      (eventTypes === null || eventTypes.has(canonicalEventType(given.type))),
  );
  const matching = candidates.filter(({ matches }) => matches?.(document) !== false);
  return {
    subscriptionIds: matching.map(({ subscriptionId }) => subscriptionId).toSorted(),
    filtered: candidates.length - matching.length,
  };
}
