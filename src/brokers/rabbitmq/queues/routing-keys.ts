import type { Catalogue } from '../../../tmf/catalogue.ts';
import { canonicalEventType, spellingsOf } from '../../../tmf/event-names.ts';

/** RabbitMQ's limit, bytes. */
const LONGEST_KEY = 255;

export interface RoutingKeys {
  /**
   * RULES 20: the keys that producers may use for event types (canonical; null = all), whatever stands before their last
   * dot. A type that the catalogue does not have may be spelled in any way: then all keys are let in, and what is not
   * wanted is filtered out here.
   */
  readonly bound: (types: ReadonlySet<string> | null) => readonly string[];
  /**
   * With which an event of this type is published, however its publisher spelled it: one that every queue lets in whose
   * subscription wants it.
   */
  readonly published: (eventType: string) => string;
}

export function routingKeysOf({ apis }: Pick<Catalogue, 'apis'>): RoutingKeys {
  // APIs, and versions of one, may spell a type in different ways: producers follow any of them.
  const specified = Map.groupBy(
    new Set(apis.flatMap(({ events }) => events.map(({ type }) => type))),
    canonicalEventType,
  );
  return {
    bound(types) {
      const names = [...(types ?? [''])].map((type) => specified.get(type));
      if (!names.every((spelled) => spelled !== undefined)) return ['#'];
      return [...new Set(names.flat().flatMap(spellingsOf))].map((spelling) => `#.${spelling}`);
    },
    published(eventType) {
      const [spelled] = specified.get(canonicalEventType(eventType)) ?? [];
      return spelled ?? (Buffer.byteLength(eventType) > LONGEST_KEY ? '' : eventType);
    },
  };
}

/** Do bindings such as `bound` gives let this key in? */
export function letsIn(bindings: readonly string[], routingKey: string): boolean {
  const lastWord = routingKey.slice(routingKey.lastIndexOf('.') + 1);
  return bindings.includes('#') || bindings.includes(`#.${lastWord}`);
}
