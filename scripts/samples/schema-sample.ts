/**
 * A document for a schema of the bundle: all members down to some depth, and below it only those that are required.
 * `@type` says which definition an object was made from.
 */
import type { EventSchemas, JsonSchema } from '../../src/schemas/bundle.ts';

export type Document = Readonly<Record<string, unknown>>;

/** A schema that requires itself has no document. */
const ENDLESS = 40;
const MOMENT = '2026-02-03T04:05:06.000Z';
/** For patterns: the first that fits is taken. */
const WORDS = ['text', 'NO', '08:30'];
/** Where the values are listed: the first of these that is among them, else the first that is listed. */
const STATES = ['inProgress', 'active'];

/** A schema with all that it refers to and consists of as one. */
interface Whole {
  readonly rules: Record<string, unknown>;
  readonly members: Map<string, JsonSchema[]>;
  readonly required: Set<string>;
  items: JsonSchema | undefined;
  /** Of the definition that the object is one of. */
  name: string | undefined;
}

/**
 * The body of an event, with all members down to `depth`: 0 is the envelope, 1 its `event`, 2 the resource. Throws when
 * the version has no schema for the type, or no document can fit it.
 */
export function schemaSample(schemas: EventSchemas, eventType: string, depth: number): Document {
  const name = schemas.events[eventType];
  if (name === undefined)
    throw new Error(`${schemas.apiId} ${schemas.version} has no schema for ${eventType}`);
  return new Sampler(schemas.definitions, depth).value([refTo(name)], 0) as Document;
}

class Sampler {
  readonly #definitions: EventSchemas['definitions'];
  readonly #depth: number;

  constructor(definitions: EventSchemas['definitions'], depth: number) {
    this.#definitions = definitions;
    this.#depth = depth;
  }

  /** What fits all of the schemas. */
  value(schemas: readonly JsonSchema[], depth: number): unknown {
    if (depth > ENDLESS) throw new Error('the schema requires itself');
    const whole: Whole = {
      ...{ rules: {}, members: new Map(), required: new Set() },
      ...{ items: undefined, name: undefined },
    };
    for (const schema of schemas) this.#take(schema, whole);
    const type = whole.members.size > 0 ? 'object' : whole.rules['type'];
    if (type === 'object') return this.#object(whole, depth);
    if (type === 'array') return this.#array(whole, depth);
    return scalar(whole.rules);
  }

  #object({ members, required, name }: Whole, depth: number): Document {
    const document: Record<string, unknown> = {};
    for (const [member, schemas] of members) {
      if (depth > this.#depth && !required.has(member)) continue;
      document[member] = member === '@type' && name !== undefined ? name : this.value(schemas, depth + 1);
    }
    // Some are required that are described nowhere.
    for (const member of required) document[member] ??= member === '@type' ? name : 'text';
    return document;
  }

  #array({ rules, items }: Whole, depth: number): unknown[] {
    const least = Number(rules['minItems'] ?? 0);
    if (least === 0 && depth > this.#depth) return [];
    const length = Math.max(1, least);
    return Array.from({ length }, () => this.value(items === undefined ? [] : [items], depth + 1));
  }

  #take(schema: JsonSchema, whole: Whole): void {
    const { $ref, allOf, anyOf, properties, required, items, ...rules } = schema;
    if (typeof $ref === 'string') {
      const name = $ref.slice(refTo('').$ref.length);
      whole.name ??= name.replace(/\.open$/, '');
      this.#take(this.#definitions[name] ?? {}, whole);
    }
    for (const [name, member] of Object.entries((properties ?? {}) as Record<string, JsonSchema>)) {
      whole.members.set(name, [...(whole.members.get(name) ?? []), member]);
    }
    for (const name of (required ?? []) as string[]) whole.required.add(name);
    if (items !== undefined) whole.items = items as JsonSchema;
    Object.assign(whole.rules, rules);
    const parts = (allOf ?? []) as JsonSchema[];
    const kinds = parts.filter((part) => constantOf(part) !== undefined);
    for (const part of parts) if (!kinds.includes(part)) this.#take(part, whole);
    this.#takeFirst(kinds, whole);
    const alternative = ((anyOf ?? []) as JsonSchema[])[0];
    if (alternative !== undefined) this.#take(alternative, whole);
    // `if` asks for subtypes: what has the type's own name is described by `else`.
    if (schema['else'] !== undefined) this.#take(schema['else'] as JsonSchema, whole);
  }

  /** Of the kinds that a union lists, one; it is told from the others by its `@type`. */
  #takeFirst(kinds: readonly JsonSchema[], whole: Whole): void {
    const [kind] = kinds;
    if (kind === undefined) return;
    whole.name = constantOf(kind);
    this.#take(kind['then'] as JsonSchema, whole);
    if (!whole.members.has('@type')) whole.members.set('@type', [{ type: 'string' }]);
  }
}

/** The `@type` for which a part of a union stands. */
function constantOf(part: JsonSchema): string | undefined {
  const condition = part['if'] as { properties?: { '@type'?: { const?: string } } } | undefined;
  return condition?.properties?.['@type']?.const;
}

function scalar(rules: Record<string, unknown>): unknown {
  const { type, pattern, format } = rules;
  if (rules['enum'] !== undefined) {
    const values = rules['enum'] as unknown[];
    return STATES.find((state) => values.includes(state)) ?? values[0];
  }
  if (type === 'boolean') return true;
  if (type === 'number' || type === 'integer') return rules['minimum'] ?? 1;
  if (format === 'date-time') return MOMENT;
  const fitting = WORDS.find((word) => typeof pattern !== 'string' || new RegExp(pattern).test(word));
  if (fitting === undefined) throw new Error(`no word fits ${String(pattern)}`);
  return fitting;
}

function refTo(name: string): { readonly $ref: string } {
  return { $ref: `#/definitions/${name}` };
}
