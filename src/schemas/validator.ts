/** Does an event fit what the specifications of its API say of its body? Read and compiled at the first question. */
import type { ErrorObject } from 'ajv';
import { memberOf, type JsonObject } from '../tmf/document.ts';
import { canonicalEventType } from '../tmf/event-names.ts';
import type { SchemaBundle } from './bundle.ts';
import { CompiledSchemas } from './compiled.ts';
import { Recent } from './recent.ts';
import { sentencesOf } from './sentences.ts';

/**
 * Undefined: no version of the API has a schema for the type. Empty: the document fits at least one version. Else
 * why it does not fit the version that its shape speaks for, in at most 5 short sentences.
 */
export type Validate = (
  apiId: string,
  eventType: string,
  document: JsonObject,
) => readonly string[] | undefined;

export interface ValidatorSettings {
  readonly bundle: SchemaBundle;
  /** A schema that cannot be read or compiled counts as none; told once for each. */
  readonly unusable: (apiId: string, version: string, error: unknown) => void;
  /** Of the schemas of the API versions that are kept compiled, in characters. */
  readonly mostKept?: number;
}

/** About 50 MB compiled. Nearly the whole bundle: to compile again takes tens of milliseconds of the event loop. */
const MOST_KEPT = 2_000_000;

/** The validator never throws. `document` is the whole envelope; `eventType` in any spelling. */
export function createValidator({ bundle, unusable, mostKept = MOST_KEPT }: ValidatorSettings): Validate {
  const kept = new Recent<string, CompiledSchemas>(mostKept);
  const ordered = ordersOf(bundle);
  const broken = new Set<string>();

  return (apiId, eventType, document) => {
    const type = canonicalEventType(eventType);
    const order = ordered.get(apiId)?.[memberOf(document, '@type') === undefined ? 'v4First' : 'v5First'];
    let told: readonly ErrorObject[] | undefined;
    for (const name of order ?? []) {
      if (broken.has(name)) continue;
      const version = name.slice(apiId.length + 1);
      try {
        const schemas = kept.get(name, () => new CompiledSchemas(bundle.read(apiId, version)));
        if (!schemas.has(type)) continue;
        const errors = errorsOf(schemas, type, asSent(document, eventType, schemas));
        if (errors.length === 0) return [];
        told ??= errors;
      } catch (error) {
        broken.add(name);
        unusable(apiId, version, error);
      }
    }
    return told && sentencesOf(told);
  };
}

/** Of each API the names of its versions (`TMF622 4.0.0`): those of one shape before the others, the newest first. */
function ordersOf(bundle: SchemaBundle) {
  const apis = new Set(bundle.contents.map(({ apiId }) => apiId));
  return new Map(
    [...apis].map((apiId) => {
      const names = bundle.versionsOf(apiId).map((version) => `${apiId} ${version}`);
      const [v5, v4] = [names.filter(isV5), names.filter((name) => !isV5(name))];
      return [apiId, { v5First: [...v5, ...v4], v4First: [...v4, ...v5] }];
    }),
  );
}

function isV5(name: string): boolean {
  return Number.parseInt(name.slice(name.indexOf(' ') + 1), 10) >= 5;
}

/** What the gateway itself writes into an envelope, a producer may leave out (only versions from 5 on ask for it). */
function asSent(document: JsonObject, eventType: string, { major }: CompiledSchemas): JsonObject {
  if (major < 5) return document;
  const written = { '@type': eventType, eventType, eventId: 'written', eventTime: '1970-01-01T00:00:00Z' };
  const missing = Object.entries(written).filter(([name]) => (memberOf(document, name) ?? null) === null);
  return missing.length === 0 ? document : { ...document, ...Object.fromEntries(missing) };
}

/** Many producers write null for what they have not: it counts as absent. Looked at only when something is wrong. */
function errorsOf(schemas: CompiledSchemas, type: string, document: JsonObject): readonly ErrorObject[] {
  try {
    const errors = schemas.errorsOf(type, document);
    return errors.length === 0 ? errors : schemas.errorsOf(type, withoutNulls(document));
  } catch (error) {
    if (error instanceof RangeError) return [TOO_DEEP];
    throw error;
  }
}

const TOO_DEEP: ErrorObject = {
  keyword: 'depth',
  instancePath: '',
  schemaPath: '',
  params: {},
  message: 'is nested too deeply',
};

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(members.map(([name, member]) => [name, withoutNulls(member)]));
}
