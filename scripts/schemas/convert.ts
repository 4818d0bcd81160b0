/**
 * From the schemas of a specification (Swagger 2.0 or OpenAPI 3.0) to JSON Schema draft-07, keeping only what can
 * refuse a document. What is made milder on the way, and why, stands in schemas/README.md.
 */

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [member: string]: Json | undefined;
}
export type Definitions = Record<string, JsonObject>;

/** Keywords taken over as they are. Prose, examples, defaults and `x-` members are not among them. */
const KEPT = [
  'type',
  'required',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'pattern',
  'minItems',
  'maxItems',
  'uniqueItems',
] as const;
/** The others speak of storage (int32, float) or are ones that the specifications' own samples break (uri). */
const KEPT_FORMATS: ReadonlySet<Json | undefined> = new Set(['date-time', 'date']);
const BY_NAME = /^#\/(?:definitions|components\/schemas)\/([A-Za-z0-9_.-]+)$/;

/**
 * What a definition stands for. In an event that tells of a change, the members of `event` need not be whole: `body`
 * leads to `content` (what `event` holds), and that to what is `changed`. Everywhere else it is `whole`.
 */
type Role = 'whole' | 'body' | 'content' | 'changed';

/** A creation tells of the whole resource; all others name it, and say what changed. */
const WHOLE_EVENT = /Creat(?:e|ion)(?:Event|Notification)?$/;

/** Writes the definitions that events reach. A reference to what is not there allows anything, and is reported. */
export class Converter {
  readonly #source: Definitions;
  readonly #done: Definitions = {};
  readonly dangling = new Set<string>();

  constructor(source: Definitions) {
    this.#source = source;
  }

  /** `events`: name of the body's definition, by event type. Answers their names after conversion, and all there are. */
  convert(events: Readonly<Record<string, string>>): {
    readonly events: Record<string, string>;
    readonly definitions: Definitions;
  } {
    const converted = Object.entries(events).map(([type, name]) => {
      const role = WHOLE_EVENT.test(type) ? 'whole' : 'body';
      this.#plain(name, role);
      return [type, named(name, role)];
    });
    const sorted = Object.entries(this.#done).sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      events: Object.fromEntries(converted) as Record<string, string>,
      definitions: Object.fromEntries(sorted),
    };
  }

  /** The definition without its subtypes: for `allOf`, where a subtype names what it extends. */
  #plain(name: string, role: Role): JsonObject {
    const source = this.#source[name];
    if (source === undefined) {
      this.dangling.add(name);
      return {};
    }
    return this.#once(named(name, role), () =>
      isUnion(source) ? this.#union(name, source, role) : this.#schema(source, role),
    );
  }

  /** The definition where it is the type of a member: a document of a subtype must fit that subtype. */
  #open(name: string, role: Role): JsonObject {
    const source = this.#source[name];
    if (source === undefined || isUnion(source)) return this.#plain(name, role);
    const subtypes = this.#mapping(source).filter(([, target]) => target !== name);
    if (subtypes.length === 0) return this.#plain(name, role);
    return this.#once(`${named(name, role)}.open`, () => ({
      if: typeIs({ enum: subtypes.map(([type]) => type) }),
      then: { allOf: this.#branches(subtypes, role) },
      else: this.#plain(name, role),
    }));
  }

  /** Definitions may refer to each other in a circle: the place is taken before what stands there is made. */
  #once(name: string, make: () => JsonObject): JsonObject {
    if (this.#done[name] === undefined) {
      this.#done[name] = {};
      this.#done[name] = make();
    }
    return refTo(name);
  }

  /**
   * `oneOf` with a discriminator: the branch that `@type` names is the one to fit. `oneOf` itself would refuse
   * documents that fit two branches, as references of different kinds do. A type that is not listed is an extension.
   */
  #union(name: string, source: JsonObject, role: Role): JsonObject {
    const mapping = this.#mapping(source).filter(([, target]) => target !== name);
    const type = source['nullable'] === true ? ['object', 'null'] : 'object';
    return { type, required: ['@type'], allOf: this.#branches(mapping, role) };
  }

  #branches(mapping: readonly (readonly [type: string, target: string])[], role: Role): JsonObject[] {
    return mapping.map(([type, target]) => ({
      if: typeIs({ const: type }),
      then: this.#plain(target, role),
    }));
  }

  #mapping(source: JsonObject): [type: string, target: string][] {
    const discriminator = source['discriminator'];
    if (typeof discriminator !== 'object') return [];
    const { mapping } = discriminator as { mapping?: Record<string, string> };
    if (mapping)
      return Object.entries(mapping).map(([type, target]) => [type, target.split('/').at(-1) ?? '']);
    const branches = (source['oneOf'] ?? []) as { $ref?: string }[];
    return branches.flatMap(({ $ref }) => ($ref ? [[nameIn($ref), nameIn($ref)] as [string, string]] : []));
  }

  /** `composed`: stands in an `allOf`, so that references are to the definition without its subtypes. */
  #schema(source: JsonObject, role: Role, composed = false): JsonObject {
    if (typeof source['$ref'] === 'string') {
      const name = nameIn(source['$ref']);
      return composed ? this.#plain(name, role) : this.#open(name, role);
    }
    const schema: JsonObject = {};
    for (const keyword of KEPT) if (source[keyword] !== undefined) schema[keyword] = source[keyword];
    if (role === 'content' || role === 'changed') loosen(schema);
    if (source['nullable'] === true && typeof source['type'] === 'string') {
      schema['type'] = [source['type'], 'null'];
    }
    if (KEPT_FORMATS.has(source['format'])) schema['format'] = source['format'];
    const values = enumOf(source['enum']);
    if (values) schema['enum'] = values;
    this.#addNested(schema, source, role);
    return schema;
  }

  #addNested(schema: JsonObject, source: JsonObject, role: Role): void {
    const { properties, items, additionalProperties: others } = source;
    if (properties) {
      const converted = Object.entries(properties as Definitions).map(([name, property]) => [
        name,
        this.#property(name, property, role),
      ]);
      schema['properties'] = Object.fromEntries(converted) as JsonObject;
    }
    if (items) schema['items'] = this.#schema(items as JsonObject, 'whole');
    if (typeof others === 'object')
      schema['additionalProperties'] = this.#schema(others as JsonObject, 'whole');
    const every = ((source['allOf'] ?? []) as JsonObject[]).map((part) => this.#schema(part, role, true));
    if (every.length > 0) schema['allOf'] = every;
    const some = (source['anyOf'] ?? source['oneOf'] ?? []) as JsonObject[];
    if (some.length > 0) schema['anyOf'] = some.map((part) => this.#schema(part, role));
  }

  /** An `@type` may name an extension, whatever the specification lists. */
  #property(name: string, property: JsonObject, role: Role): JsonObject {
    const schema = this.#schema(property, roleOf(name, role));
    if (name === '@type') delete schema['enum'];
    return schema;
  }
}

function named(name: string, role: Role): string {
  return role === 'whole' ? name : `${name}.${role}`;
}

function roleOf(member: string, role: Role): Role {
  if (role === 'content') return 'changed';
  return role === 'body' && (member === 'event' || member === 'payload') ? 'content' : 'whole';
}

/** Only the type must still be there, by which a subtype is found. */
function loosen(schema: JsonObject): void {
  const required = ((schema['required'] ?? []) as string[]).filter((name) => name === '@type');
  if (required.length > 0) schema['required'] = required;
  else delete schema['required'];
}

function isUnion(source: JsonObject): boolean {
  return typeof source['discriminator'] === 'object' && source['oneOf'] !== undefined;
}

/** Values that are no scalars are tables of explanations; blanks around a value are slips of the pen. */
function enumOf(values: Json | undefined): Json[] | undefined {
  if (!Array.isArray(values) || values.some((value) => typeof value === 'object' && value !== null)) {
    return undefined;
  }
  const spelled = values.flatMap((value): Json[] =>
    typeof value === 'string' ? [value.trim(), value] : [value],
  );
  return [...new Set(spelled)];
}

function typeIs(test: JsonObject): JsonObject {
  return { properties: { '@type': test }, required: ['@type'] };
}

function refTo(name: string): JsonObject {
  return { $ref: `#/definitions/${name}` };
}

function nameIn(reference: string): string {
  const name = BY_NAME.exec(reference)?.[1];
  if (name === undefined) throw new Error(`cannot follow the reference ${reference}`);
  return name;
}
