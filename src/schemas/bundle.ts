/**
 * The schemas of event bodies that TM Forum's specifications have, as the folder `schemas/` of the package holds
 * them. Everything here reads files synchronously: at the first question about an API, not at start.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { compareVersions } from '../tmf/versions.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** What one version of an API says of its events' bodies. */
export interface EventSchemas {
  /** e.g. `TMF622`. */
  readonly apiId: string;
  /** e.g. `4.0.0`. */
  readonly version: string;
  /** Name of the definition of the body, by event type as the specification spells it. */
  readonly events: Readonly<Record<string, string>>;
  /** JSON Schema draft-07; references are `#/definitions/{name}`. */
  readonly definitions: Readonly<Record<string, JsonSchema>>;
  /** Characters of their JSON. */
  readonly size: number;
}

export interface SchemaBundle {
  /** All API versions that have schemas, sorted by API, oldest version first. */
  readonly contents: readonly { readonly apiId: string; readonly version: string }[];
  /** Versions of the API that have schemas, newest first; empty when there are none. */
  versionsOf(apiId: string): readonly string[];
  /** Reads one version: nothing is kept. Throws when it is not in the bundle or its file cannot be read. */
  read(apiId: string, version: string): EventSchemas;
}

const FILE = /^(.+)-(\d[\d.]*)\.json\.gz$/;

/** Lists the folder. Throws when it cannot be read. */
export function openBundle(folder = path.join(import.meta.dirname, '../../schemas')): SchemaBundle {
  const contents = readdirSync(folder)
    .flatMap((file) => {
      const [, apiId, version] = FILE.exec(file) ?? [];
      return apiId !== undefined && version !== undefined ? [{ apiId, version }] : [];
    })
    .sort((a, b) => (a.apiId < b.apiId ? -1 : a.apiId > b.apiId ? 1 : compareVersions(a.version, b.version)));
  const versions = Map.groupBy(contents, ({ apiId }) => apiId);
  return {
    contents,
    versionsOf: (apiId) => (versions.get(apiId) ?? []).map(({ version }) => version).reverse(),
    read(apiId, version) {
      const packed = readFileSync(path.join(folder, `${apiId}-${version}.json.gz`));
      const text = gunzipSync(packed).toString('utf8');
      return { ...(JSON.parse(text) as Omit<EventSchemas, 'size'>), size: text.length };
    },
  };
}

/**
 * The schema of one event's body with all that it refers to, in one self-contained document; undefined when the
 * version has none for the type. `eventType` as the specification spells it.
 */
export function bodySchemaOf(schemas: EventSchemas, eventType: string): JsonSchema | undefined {
  const name = Object.hasOwn(schemas.events, eventType) ? schemas.events[eventType] : undefined;
  return name === undefined ? undefined : { $ref: `#/definitions/${name}`, definitions: schemas.definitions };
}
