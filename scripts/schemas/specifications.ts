/** The specifications that have schemas of event bodies, as one document for each API version. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { compareVersions } from '../../src/tmf/versions.ts';
import { Converter, type Definitions } from './convert.ts';

interface SpecRecord {
  readonly apiId: string;
  readonly version: string;
  readonly specFile?: string;
  readonly source: { readonly kind: string; readonly repo?: string; readonly commit?: string };
  readonly events: readonly { readonly eventType?: string; readonly bodySchema?: string }[];
}

export interface SchemaDocument {
  /** e.g. `TMF622-4.0.0`. */
  readonly name: string;
  /** Names of event types with a schema. */
  readonly events: readonly string[];
  /** The JSON of an `EventSchemas` (src/schemas/bundle.ts). */
  readonly text: string;
  /** Which copy of the specification was read, e.g. a repository and its commit. */
  readonly copy: string;
  /** Definitions that are referred to and are not there. */
  readonly dangling: readonly string[];
}

/** Reads `catalogue.json` of the folder and each specification that it names; sorted by API and version. */
export function readDocuments(folder: string): SchemaDocument[] {
  const catalogue = JSON.parse(readFileSync(path.join(folder, 'catalogue.json'), 'utf8')) as {
    records: SpecRecord[];
  };
  const sorted = catalogue.records.toSorted(
    (a, b) => (a.apiId < b.apiId ? -1 : a.apiId > b.apiId ? 1 : 0) || compareVersions(a.version, b.version),
  );
  return sorted.flatMap((record) => {
    const roots = rootsOf(record);
    return record.specFile && Object.keys(roots).length > 0
      ? [documentOf(record, roots, definitionsIn(path.join(folder, record.specFile)))]
      : [];
  });
}

function rootsOf({ events }: SpecRecord): Record<string, string> {
  return Object.fromEntries(
    events.flatMap(({ eventType, bodySchema }) => (eventType && bodySchema ? [[eventType, bodySchema]] : [])),
  );
}

function definitionsIn(file: string): Definitions {
  const text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  const content = (file.endsWith('.json') ? JSON.parse(text) : parse(text)) as {
    definitions?: Definitions;
    components?: { schemas?: Definitions };
  };
  return content.definitions ?? content.components?.schemas ?? {};
}

function documentOf(
  { apiId, version, source }: SpecRecord,
  roots: Record<string, string>,
  definitions: Definitions,
): SchemaDocument {
  const converter = new Converter(definitions);
  const converted = converter.convert(roots);
  return {
    name: `${apiId}-${version}`,
    events: Object.keys(roots),
    text: JSON.stringify({ apiId, version, ...converted }),
    copy: source.repo ? `${source.repo} at ${source.commit}` : source.kind,
    dangling: [...converter.dangling],
  };
}
