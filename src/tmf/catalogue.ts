/**
 * What the TM Forum specifications say about events: which APIs there are, where their hubs live and which event
 * types they send. Built once at start from the generated facts and the configuration, and never changed.
 *
 * Routing is by API, not by version (HUB-CONTRACT 1), so most questions are asked of an API id.
 */
import {
  apisFromRows,
  type ApiOverride,
  type ApiRow,
  type ApiVersion,
  type CatalogueEvent,
} from './catalogue-rows.ts';
import { canonicalEventType, lowerFirst } from './event-names.ts';
import { compareVersions } from './versions.ts';

/** Event types in their canonical form, each with one spelling to show. */
export type EventTypes = ReadonlyMap<string, string>;

/** The hub of one base path; minor versions that share the path share the hub. */
export interface HubPlace {
  readonly basePath: string;
  /** e.g. `TMF622`. */
  readonly api: string;
  readonly title: string;
  /** Of the newest version here: it decides the shapes that are answered and sent. */
  readonly major: number;
  /** Oldest first. */
  readonly versions: readonly string[];
  /** Event types of the versions here, one spelling each. */
  readonly eventTypes: readonly string[];
  /**
   * Event types that a query here may name: those of all versions of the API. Null when the catalogue has none for
   * the versions here: then any is accepted (HUB-CONTRACT 3).
   */
  readonly knownEventTypes: EventTypes | null;
  /** There are topics below the base path, and hubs below them (TMF688). */
  readonly hasTopics: boolean;
}

export interface Catalogue {
  readonly apis: readonly ApiVersion[];
  readonly hubs: readonly HubPlace[];
  /** All event types of all APIs. */
  readonly knownEventTypes: EventTypes;
  hubAt(basePath: string): HubPlace | undefined;
  /** Ids of the APIs that have this event type in any version, whatever its spelling. */
  apisOfType(eventType: string): readonly string[];
  /** Event types of all versions of an API, newest spelling, one each; empty for an API that is not known. */
  eventTypesOf(apiId: string): readonly string[];
  /** Members of `event` for an event type of an API, newest version's first; empty when not known. */
  payloadKeys(apiId: string, eventType: string): readonly string[];
  /** The event of an API as its newest version has it, by its type or its listener's name in any spelling. */
  eventOf(apiId: string, name: string): CatalogueEvent | undefined;
}

/** What one API knows over all its versions; keys are canonical event types. */
interface ApiKnowledge {
  /** Also by their spelling with a small first letter: TMF724 has both IncidentStatusChange and IncidentStateChange. */
  readonly events: Map<string, CatalogueEvent>;
  readonly byListener: Map<string, CatalogueEvent>;
  readonly spellings: Map<string, string>;
  readonly payloadKeys: Map<string, string[]>;
}

/**
 * Builds the catalogue from the rows of `catalogue.data.ts` and the configuration's additions. Throws an Error whose
 * message names both when two APIs claim one base path: their hubs could not be told apart.
 */
export function createCatalogue(rows: readonly ApiRow[], overrides: readonly ApiOverride[] = []): Catalogue {
  const apis = apisFromRows(rows, overrides);
  const knowledge = knowledgeOf(apis);
  const hubs = hubsOf(apis, knowledge);
  const hubByPath = new Map(hubs.map((hub) => [hub.basePath, hub]));
  const { owners, spellings } = ownersOf(knowledge);
  return {
    apis,
    hubs,
    knownEventTypes: spellings,
    hubAt: (basePath) => hubByPath.get(basePath),
    apisOfType: (eventType) => owners.get(canonicalEventType(eventType)) ?? [],
    eventTypesOf: (apiId) => [...(knowledge.get(apiId)?.spellings.values() ?? [])],
    payloadKeys: (apiId, type) => knowledge.get(apiId)?.payloadKeys.get(canonicalEventType(type)) ?? [],
    eventOf(apiId, name) {
      const canonical = canonicalEventType(name);
      const known = knowledge.get(apiId);
      const { events, byListener } = known ?? emptyKnowledge();
      return events.get(lowerFirst(name)) ?? events.get(canonical) ?? byListener.get(canonical);
    },
  };
}

function knowledgeOf(apis: readonly ApiVersion[]): Map<string, ApiKnowledge> {
  const knowledge = new Map<string, ApiKnowledge>();
  const newestFirst = [...apis].sort((a, b) => compareVersions(b.version, a.version));
  for (const api of newestFirst) {
    const known = knowledge.get(api.apiId) ?? emptyKnowledge();
    knowledge.set(api.apiId, known);
    for (const event of api.events) learn(known, event, api);
  }
  return knowledge;
}

function emptyKnowledge(): ApiKnowledge {
  return { events: new Map(), byListener: new Map(), spellings: new Map(), payloadKeys: new Map() };
}

/** What was learned first stays: callers go from the newest version to the oldest. */
function learn(known: ApiKnowledge, event: CatalogueEvent, version: ApiVersion): void {
  const canonical = canonicalEventType(event.type);
  const newest = known.events.get(canonical);
  if (newest === undefined || version.events.includes(newest))
    known.events.set(lowerFirst(event.type), event);
  const listener = canonicalEventType(event.listener);
  if (!known.byListener.has(listener)) known.byListener.set(listener, event);
  known.payloadKeys.set(canonical, [
    ...new Set([...(known.payloadKeys.get(canonical) ?? []), ...event.payloadKeys]),
  ]);
  if (known.events.has(canonical)) return;
  known.events.set(canonical, event);
  known.spellings.set(canonical, event.type);
}

function ownersOf(knowledge: ReadonlyMap<string, ApiKnowledge>): {
  owners: ReadonlyMap<string, readonly string[]>;
  spellings: EventTypes;
} {
  const owners = new Map<string, string[]>();
  const spellings = new Map<string, string>();
  for (const [apiId, known] of [...knowledge].sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (const [canonical, spelling] of known.spellings) {
      owners.set(canonical, [...(owners.get(canonical) ?? []), apiId]);
      if (!spellings.has(canonical)) spellings.set(canonical, spelling);
    }
  }
  return { owners, spellings };
}

function hubsOf(apis: readonly ApiVersion[], knowledge: ReadonlyMap<string, ApiKnowledge>): HubPlace[] {
  return [...Map.groupBy(apis, (api) => api.basePath).values()].map((sharing) => {
    const versions = [...sharing].sort((a, b) => compareVersions(a.version, b.version));
    const newest = versions.at(-1) as ApiVersion;
    const stranger = versions.find((api) => api.apiId !== newest.apiId);
    if (stranger !== undefined) {
      throw new Error(
        `${stranger.apiId} and ${newest.apiId} both claim the base path ${newest.basePath}: give one of them another`,
      );
    }
    const own = new Map(
      versions.flatMap((api) => api.events).map((event) => [canonicalEventType(event.type), event.type]),
    );
    return {
      basePath: newest.basePath,
      api: newest.apiId,
      title: newest.title,
      major: newest.major,
      versions: versions.map((api) => api.version),
      eventTypes: [...own.values()],
      knownEventTypes: own.size === 0 ? null : (knowledge.get(newest.apiId)?.spellings ?? null),
      hasTopics: versions.some((api) => api.hasTopics),
    };
  });
}
