import { Ajv } from 'ajv';
import { bodySchemaOf, openBundle, type EventSchemas } from '../../src/schemas/bundle.ts';
import { CompiledSchemas } from '../../src/schemas/compiled.ts';
import { catalogueRows } from '../../src/tmf/catalogue.data.ts';
import { canonicalEventType } from '../../src/tmf/event-names.ts';

const bundle = openBundle();
const all: EventSchemas[] = bundle.contents.map(({ apiId, version }) => bundle.read(apiId, version));

/** Every schema within a schema, itself included. */
function* within(schema: unknown): Generator<Record<string, unknown>> {
  if (Array.isArray(schema)) for (const one of schema) yield* within(one);
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return;
  yield schema as Record<string, unknown>;
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === 'properties' || keyword === 'definitions') {
      for (const member of Object.values(value as object)) yield* within(member);
    } else if (keyword !== 'enum' && keyword !== 'const') yield* within(value);
  }
}

test('1,124 event types of 124 API versions have a schema, and each is compiled', () => {
  expect(all).toHaveLength(124);
  const compiled = all.flatMap((schemas) => {
    const compiler = new CompiledSchemas(schemas);
    return Object.keys(schemas.events).map((type) => {
      const canonical = canonicalEventType(type);
      expect(compiler.has(canonical)).toBe(true);
      return compiler.errorsOf(canonical, 'no object').map(({ keyword }) => keyword);
    });
  });
  expect(compiled).toHaveLength(1124);
  expect(new Set(compiled.flat())).toEqual(new Set(['type']));
});

test('they are JSON Schema draft-07, as its own schema has it', () => {
  const ajv = new Ajv({ strict: false, logger: false });
  for (const { apiId, version, definitions } of all) {
    expect([apiId, version, ajv.validateSchema({ definitions })]).toEqual([apiId, version, true]);
  }
});

test('no prose, no references that lead nowhere or out of the file, nothing that no event needs', () => {
  for (const { apiId, version, events, definitions } of all) {
    const keywords = new Set<string>();
    const referred = new Set(Object.values(events));
    for (const schema of within({ definitions })) {
      for (const keyword of Object.keys(schema)) keywords.add(keyword);
      if (typeof schema['$ref'] === 'string') referred.add(schema['$ref'].replace('#/definitions/', ''));
    }
    expect([apiId, version, Object.keys(definitions).sort()]).toEqual([apiId, version, [...referred].sort()]);
    for (const prose of [
      'description',
      'title',
      'example',
      'default',
      'discriminator',
      'oneOf',
      'nullable',
    ]) {
      expect([apiId, version, prose, keywords.has(prose)]).toEqual([apiId, version, prose, false]);
    }
  }
});

test('a document that goes through a definition without getting deeper cannot come back to it', () => {
  for (const { apiId, version, definitions } of all) {
    const done = new Set<string>();
    const visit = (name: string, above: readonly string[]): void => {
      expect([apiId, version, ...above]).not.toContain(name);
      if (done.has(name)) return;
      done.add(name);
      for (const next of inPlace(definitions[name])) visit(next, [...above, name]);
    };
    for (const name of Object.keys(definitions)) visit(name, []);
  }
});

/** Names of the definitions that apply to the same value. */
function inPlace(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { $ref, allOf = [], anyOf = [], then, else: otherwise } = schema as Record<string, unknown>;
  const here = typeof $ref === 'string' ? [$ref.replace('#/definitions/', '')] : [];
  const nested = [...(allOf as unknown[]), ...(anyOf as unknown[]), then, otherwise];
  return [...here, ...nested.flatMap(inPlace)];
}

test('every event type with a schema is one that the catalogue knows for that version', () => {
  const known = new Map(
    catalogueRows.map(([apiId, , version, , events]) => [
      `${apiId} ${version}`,
      events.map(([type]) => type),
    ]),
  );
  for (const { apiId, version, events } of all) {
    expect(known.get(`${apiId} ${version}`)).toEqual(expect.arrayContaining(Object.keys(events)));
  }
});

test('versions are told newest first, and what is not there is said', () => {
  expect(bundle.versionsOf('TMF622')).toEqual(['5.0.0', '4.0.0']);
  expect(bundle.versionsOf('TMF000')).toEqual([]);
  expect(() => bundle.read('TMF622', '9.9.9')).toThrow('ENOENT');
  expect(() => openBundle('/nowhere')).toThrow('ENOENT');
});

test('the schema of one event stands alone', () => {
  const schemas = bundle.read('TMF622', '4.0.0');
  const schema = bodySchemaOf(schemas, 'ProductOrderCreateEvent');
  const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema ?? {});
  expect(validate({ event: { productOrder: { productOrderItem: [{ id: 1 }] } } })).toBe(false);
  expect(bodySchemaOf(schemas, 'NoSuchEvent')).toBeUndefined();
  expect(bodySchemaOf(schemas, 'constructor')).toBeUndefined();
});
