import { asObject, identifier, memberOf, resourceOf } from './document.ts';

/**
 * The ordering key of a parsed event (HUB-CONTRACT 5): the resource's id, else the correlation id, else the event
 * id. `payloadKeys` are the members of `event` in which the catalogue expects the resource. Undefined when the
 * document has none of the three, which cannot be once a missing event id was completed.
 */
export function orderingKey(document: unknown, payloadKeys?: readonly string[]): string | undefined {
  const envelope = asObject(document);
  return (
    identifier(memberOf(resourceOf(document, payloadKeys), 'id')) ??
    identifier(memberOf(envelope, 'correlationId')) ??
    identifier(memberOf(envelope, 'eventId'))
  );
}
