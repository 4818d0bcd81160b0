/** The APIs of a catalogue: the generated facts, and what a configuration adds to them or moves. */
import { compareVersions } from './versions.ts';
import { lowerFirst } from './event-names.ts';

/** One event type of one API version, as `catalogue.data.ts` writes it. */
export type EventRow = readonly [
  type: string,
  kind: string,
  payloadKeys: readonly string[],
  /** Last segment of the listener path, where it is not the event type with a small first letter. */
  listener?: string,
];
export type ApiRow = readonly [
  apiId: string,
  title: string,
  version: string,
  basePath: string,
  events: readonly EventRow[],
  /** `topics`: hubs may be made below topics too (TMF688). */
  traits?: readonly 'topics'[],
];

export interface CatalogueEvent {
  /** As the specification spells it, e.g. `ProductOrderCreateEvent`. */
  readonly type: string;
  /** What happened: `Create`, `StateChange`, ...; '' when the name does not say. */
  readonly kind: string;
  /** Members of `event` in which the resource (and what goes with it) stands. */
  readonly payloadKeys: readonly string[];
  /** Name in the path `{apiBase}/listener/{name}`. */
  readonly listener: string;
}

/** One version of one API. */
export interface ApiVersion {
  /** e.g. `TMF622`. */
  readonly apiId: string;
  readonly title: string;
  /** e.g. `4.1.0`. */
  readonly version: string;
  readonly major: number;
  /** Without a trailing slash and without the server's prefix. */
  readonly basePath: string;
  /** Empty when the specification is silent about its events. */
  readonly events: readonly CatalogueEvent[];
  /** It has topics, and hubs below them (TMF688). */
  readonly hasTopics: boolean;
}

/** An API of the configuration: one that is not in the catalogue, or another base path for one that is. */
export interface ApiOverride {
  readonly api: string;
  /** Whole or its beginning: `4.1.0`, `4.1` or `4`. */
  readonly version: string;
  readonly basePath: string;
  readonly title?: string | undefined;
  /** Added to those of the catalogue; without any, a new version has those of the API's newest. */
  readonly eventTypes?: readonly string[] | undefined;
}

/**
 * Rows of the data file and overrides as one list, in the order of the rows, additions behind. An override moves
 * every known version that its own covers (`4` covers 4.0.0 and 4.1.0); when there is none it adds one.
 */
export function apisFromRows(rows: readonly ApiRow[], overrides: readonly ApiOverride[]): ApiVersion[] {
  let apis = rows.map(fromRow);
  for (const override of overrides) {
    const covered = new Set(apis.filter((api) => covers(override, api)));
    if (covered.size === 0) apis.push(added(override, apis));
    else apis = apis.map((api) => (covered.has(api) ? moved(override, api) : api));
  }
  return apis;
}

function covers(override: ApiOverride, api: ApiVersion): boolean {
  return api.apiId === override.api && `${api.version}.`.startsWith(`${override.version}.`);
}

function fromRow([apiId, title, version, basePath, events, traits = []]: ApiRow): ApiVersion {
  return {
    apiId,
    title,
    version,
    major: majorOf(version),
    basePath,
    events: events.map(([type, kind, payloadKeys, listener]) => ({
      type,
      kind,
      payloadKeys,
      listener: listener ?? lowerFirst(type),
    })),
    hasTopics: traits.includes('topics'),
  };
}

function added(override: ApiOverride, apis: readonly ApiVersion[]): ApiVersion {
  const newest = apis
    .filter((api) => api.apiId === override.api)
    .sort((a, b) => compareVersions(b.version, a.version))[0];
  return {
    apiId: override.api,
    title: override.title ?? newest?.title ?? override.api,
    version: override.version,
    major: majorOf(override.version),
    basePath: normalBasePath(override.basePath),
    events: override.eventTypes?.map(eventNamed) ?? newest?.events ?? [],
    hasTopics: false,
  };
}

function moved(override: ApiOverride, api: ApiVersion): ApiVersion {
  return {
    ...api,
    title: override.title ?? api.title,
    basePath: normalBasePath(override.basePath),
    events: [...api.events, ...(override.eventTypes ?? []).map(eventNamed)],
  };
}

/** An event of which only the name is known: the resource is found by looking (see `resourceOf`). */
function eventNamed(type: string): CatalogueEvent {
  return { type, kind: '', payloadKeys: [], listener: lowerFirst(type) };
}

function majorOf(version: string): number {
  return Math.trunc(Number.parseFloat(version)) || 0;
}

function normalBasePath(path: string): string {
  return `/${path.replace(/^\/+|\/+$/g, '')}`;
}
