import type { HubPlace } from '../../tmf/catalogue.ts';
import type { Base, Place } from '../place.ts';
import { idIn } from '../segment.ts';
import { topicScope } from './topics.ts';

/**
 * What a path means below the topics of an API (TMF688): `topic`, `topic/{id}`, and below that `hub`, `hub/{id}`,
 * `event` and `event/{id}`.
 */
export function topicPlaceAt(path: string, bases: ReadonlyMap<string, Base>): Place | undefined {
  const segments = path.split('/');
  for (let length = 1; length <= 4; length++) {
    if (segments.at(-length) !== 'topic') continue;
    const base = bases.get(segments.slice(0, -length).join('/'));
    if (base?.hub?.hasTopics !== true) continue;
    return placeBelow(base, base.hub, segments.slice(segments.length - length + 1));
  }
  return undefined;
}

/** `tail`: what stands behind `topic`. */
function placeBelow(base: Base, hub: HubPlace, tail: readonly string[]): Place | undefined {
  const [topicSegment, folder, idSegment] = tail;
  if (topicSegment === undefined) return { ...base, kind: 'topics' };
  const topicId = idIn(topicSegment);
  if (topicId === undefined) return undefined;
  if (folder === undefined) return { ...base, kind: 'topic', topicId };

  const id = idSegment === undefined ? undefined : idIn(idSegment);
  if (idSegment !== undefined && id === undefined) return undefined;
  if (folder === 'event') {
    return id === undefined
      ? { ...base, kind: 'topic-events', topicId }
      : { ...base, kind: 'topic-event', topicId, eventId: id };
  }
  if (folder !== 'hub') return undefined;
  const below = { hub, scope: topicScope(hub.basePath, topicId, hub.major), topicId };
  return id === undefined ? { ...below, kind: 'hubs' } : { ...below, kind: 'hub', id };
}
