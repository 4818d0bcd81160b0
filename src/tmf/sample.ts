import type { Catalogue } from './catalogue.ts';
import type { ApiVersion, CatalogueEvent } from './catalogue-rows.ts';
import { canonicalEventType, resourceNameOf } from './event-names.ts';
import { sampleRows } from './sample.data.ts';
import { compareVersions } from './versions.ts';

export interface SampleOptions {
  /** API id, where several have the event type; else the first that has it. */
  readonly api?: string;
  /** A new identifier at each call. */
  readonly id: () => string;
  readonly now: Date;
}

/**
 * A complete event to try a gateway with, for any event type of the catalogue in any spelling, in the envelope of
 * the newest API version that has the type (HUB-CONTRACT 5). It fits the specification's own schema, where that has
 * one. Undefined when no API (or not the one asked for) has the type.
 */
export function sampleEvent(
  catalogue: Catalogue,
  eventType: string,
  options: SampleOptions,
): Record<string, unknown> | undefined {
  const found = newestWith(catalogue, eventType, options.api ?? catalogue.apisOfType(eventType)[0]);
  if (found === undefined) return undefined;
  const { api, event } = found;
  const time = options.now.toISOString();
  const resourceName = resourceNameOf(event.type, event.kind);
  const key = payloadKeyFor(catalogue.payloadKeys(api.apiId, event.type), resourceName);
  const resource = sampleResource(api, event, key ?? resourceName, options.id());
  const envelope = {
    eventId: options.id(),
    eventTime: time,
    eventType: event.type,
    correlationId: options.id(),
    domain: api.title,
    title: event.type,
    description: `${event.type} of ${resourceName} ${resource.id}`,
    priority: 'Normal',
  };
  const carried = needsOf(api, event).isList ? [resource] : resource;
  // Where `event` itself is the resource (TMF645 v3) there is no key to put it under.
  const content = key === undefined ? resource : { [key]: carried };
  return api.major >= 5
    ? { ...envelope, timeOccurred: time, event: content, '@type': event.type, '@baseType': 'Event' }
    : { ...envelope, timeOcurred: time, event: content };
}

function newestWith(
  catalogue: Catalogue,
  eventType: string,
  apiId: string | undefined,
): { api: ApiVersion; event: CatalogueEvent } | undefined {
  const canonical = canonicalEventType(eventType);
  const newestFirst = catalogue.apis
    .filter((api) => api.apiId === apiId)
    .sort((a, b) => compareVersions(b.version, a.version));
  for (const api of newestFirst) {
    const event = api.events.find((candidate) => canonicalEventType(candidate.type) === canonical);
    if (event !== undefined) return { api, event };
  }
  return undefined;
}

/**
 * The member that is named as the event type says (a specification may misspell it in one version), else the first;
 * none when the content is the resource itself.
 */
function payloadKeyFor(keys: readonly string[], resourceName: string): string | undefined {
  if (keys.includes('id')) return undefined;
  const expected = resourceName.toLowerCase();
  return keys.find((key) => key.toLowerCase() === expected) ?? keys[0] ?? resourceName;
}

function sampleResource(
  api: ApiVersion,
  event: CatalogueEvent,
  name: string,
  id: string,
): Record<string, unknown> & { id: string | number } {
  const { id: needed, ...members } = needsOf(api, event).members;
  // An alarm of TMF642 v4 has a number.
  const own = typeof needed === 'number' ? numberFrom(id) : id;
  return {
    id: own,
    href: `${api.basePath}/${name}/${own}`,
    name: `Sample ${name}`,
    ...stateAfter(event, name),
    '@type': name.slice(0, 1).toUpperCase() + name.slice(1),
    ...members,
  };
}

/** What the schema asks of the resource beside what all samples have; a few carry a list of resources. */
function needsOf(
  { apiId }: ApiVersion,
  { type }: CatalogueEvent,
): { readonly members: Readonly<Record<string, unknown>>; readonly isList: boolean } {
  const needs = sampleRows.find(([id, types]) => id === apiId && types.includes(type))?.[2] ?? {};
  return needs instanceof Array ? { members: needs[0], isList: true } : { members: needs, isList: false };
}

/** The same for the same identifier, and hardly ever for another: a whole number below 2^31. */
function numberFrom(id: string): number {
  let sum = 7;
  for (let i = 0; i < id.length; i += 1) sum = (Math.imul(sum, 31) + id.charCodeAt(i)) & 0x7fffffff;
  return sum;
}

/** What a change of state leads to; TMF resources call it state or status. */
function stateAfter(event: CatalogueEvent, name: string): Record<string, string> {
  const value = /order$/i.test(name) ? 'inProgress' : 'active';
  if (event.kind.endsWith('StatusChange')) return { status: value };
  return event.kind.endsWith('StateChange') ? { state: value } : {};
}
