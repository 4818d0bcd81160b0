import { asObject, contentOf, identifier, memberOf, resourceOf, type JsonObject } from '../tmf/document.ts';

/** What people want to see of an event; undefined where the document does not say it. */
export interface EventFacts {
  readonly eventId: string | undefined;
  readonly eventType: string | undefined;
  readonly correlationId: string | undefined;
  /** Name of the resource in the event, e.g. `productOrder`. */
  readonly entity: string | undefined;
  readonly resourceId: string | undefined;
  /** `state`, or `status`, or `lifecycleStatus`. */
  readonly state: string | undefined;
}

/** Never throws: what is no TMF event has no facts. */
export function describe(text: string): EventFacts {
  const document = parse(text);
  const envelope = asObject(document);
  const resource = resourceOf(document);
  return {
    eventId: identifier(memberOf(envelope, 'eventId')),
    eventType: identifier(memberOf(envelope, 'eventType')),
    correlationId: identifier(memberOf(envelope, 'correlationId')),
    entity: entityOf(contentOf(document), resource),
    resourceId: identifier(memberOf(resource, 'id')),
    state: ['state', 'status', 'lifecycleStatus']
      .map((name) => identifier(memberOf(resource, name)))
      .find((value) => value !== undefined),
  };
}

function entityOf(content: JsonObject | undefined, resource: JsonObject | undefined): string | undefined {
  return content === undefined ? undefined : Object.keys(content).find((name) => content[name] === resource);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
