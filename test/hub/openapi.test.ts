import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { OpenAPIV3 } from 'openapi-types';
import request from 'supertest';
import { adminDocument } from '../../src/admin/openapi.ts';
import { gatewayDocument, shapesDocument } from '../../src/hub/openapi/document.ts';
import { checkDocument, createValidators, danglingReferences, operationsOf } from '../support/openapi.ts';
import { catalogue, ORDERS_V4, ORDERS_V5, startParts } from './gateway-parts.ts';

const documents: [string, OpenAPIV3.Document][] = [
  ['gateway', gatewayDocument(catalogue, '')],
  ['shapes', shapesDocument()],
  ['admin', adminDocument()],
];

test.each(documents)('the %s description is valid OpenAPI without loose ends', async (_name, document) => {
  expect(danglingReferences(document)).toEqual([]);
  const operations = Object.values(document.paths).flatMap((item) =>
    [...operationsOf(item ?? {}).values()].map(({ operationId }) => operationId),
  );
  expect(new Set(operations).size).toBe(operations.length);
  await checkDocument(document);
});

/** Every part of a document that has both a schema and an example, or is a schema with one. */
function examplesIn(part: unknown, at: string): { at: string; schema: unknown; example: unknown }[] {
  if (typeof part !== 'object' || part === null) return [];
  const { example, schema, ...rest } = part as Record<string, unknown>;
  const below = Object.entries({ ...rest, schema }).flatMap(([name, value]) =>
    examplesIn(value, `${at}/${name}`),
  );
  return example === undefined ? below : [{ at, schema: schema ?? part, example }, ...below];
}

test.each([documents[0]!, documents[2]!])(
  'the examples of the %s description are right',
  (_name, document) => {
    const validatorOf = createValidators(document);
    const examples = examplesIn({ paths: document.paths, components: document.components }, '');
    expect(examples.length).toBeGreaterThan(10);
    const wrong = examples.flatMap(({ at, schema, example }) => {
      const valid = validatorOf(schema);
      return valid(example) ? [] : [`${at}: ${JSON.stringify(valid.errors)}`];
    });
    expect(wrong).toEqual([]);
  },
);

test.each([
  ['', 'HubInput'],
  [ORDERS_V4, 'HubInput'],
  [ORDERS_V5, 'HubInput5'],
])('at %s the gateway takes what the description shows, whole and member by member', async (base, name) => {
  const { app } = await startParts({ duplicates: 'allow' });
  const { schemas = {}, requestBodies = {} } = gatewayDocument(catalogue, '').components ?? {};
  const { properties = {} } = schemas[name] as OpenAPIV3.SchemaObject;
  const members = Object.entries(properties as Record<string, OpenAPIV3.SchemaObject>).flatMap(
    ([member, { example }]) => (example === undefined ? [] : [[member, example as unknown] as const]),
  );
  expect(members.map(([member]) => member)).toEqual(expect.arrayContaining(['callback', 'query', 'secret']));
  const shown = (requestBodies[name] as OpenAPIV3.RequestBodyObject).content['application/json']
    ?.example as object;
  const bodies = [
    shown,
    Object.fromEntries(members),
    ...members.map(([one, value]) => ({ ...shown, [one]: value })),
  ];
  for (const body of bodies) {
    const answer = await request(app).post(`${base}/hub`).send(body);
    expect([body, answer.status, answer.body]).toEqual([body, 201, expect.objectContaining({})]);
  }
});

test.each(['', ORDERS_V4, ORDERS_V5])(
  'at %s the gateway takes the event that the description shows',
  async (base) => {
    const { app } = await startParts();
    const { requestBodies = {} } = gatewayDocument(catalogue, '').components ?? {};
    for (const [name, path] of [
      ['Event', '/event'],
      ['ListenerEvent', '/listener/productOrderStateChangeEvent'],
    ] as const) {
      const event = (requestBodies[name] as OpenAPIV3.RequestBodyObject).content['application/json']
        ?.example as object;
      const answer = await request(app)
        .post(base + path)
        .send(event);
      expect([answer.status, answer.body]).toEqual([201, expect.objectContaining(event)]);
    }
  },
);

test('every base path has its hub, events and listener in the description', () => {
  const { paths } = gatewayDocument(catalogue, '');
  for (const basePath of ['', ...catalogue.hubs.map((hub) => hub.basePath)]) {
    for (const place of ['/hub', '/hub/{id}', '/event', '/listener/{eventName}']) {
      expect(paths).toHaveProperty([basePath + place]);
    }
  }
});

test('what is checked at run time is what the description says, but for examples', () => {
  const full = gatewayDocument(catalogue, '');
  const shapes = shapesDocument();
  const plain = (item: unknown) =>
    JSON.stringify(item, (name, value: unknown) =>
      ['example', 'operationId', 'tags'].includes(name) ? undefined : value,
    );
  expect(plain(shapes.components)).toEqual(plain(full.components));
  for (const [base, shape] of [
    [ORDERS_V4, '/v4'],
    [ORDERS_V5, '/v5'],
  ] as const) {
    for (const place of ['/hub', '/hub/{id}']) {
      expect(plain(full.paths[base + place])).toBe(plain(shapes.paths[shape + place]));
    }
  }
});

test('GET /openapi.json describes the base paths and the prefix of this gateway', async () => {
  const { app } = await startParts({ basePath: '/r1', publicUrl: 'https://hub.example.com' });
  for (const path of ['/openapi.json', '/r1/openapi.json']) {
    const answer = await request(app).get(path);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ openapi: '3.0.3', servers: [{ url: 'https://hub.example.com/r1' }] });
    expect((answer.body as OpenAPIV3.Document).paths).toHaveProperty([`${ORDERS_V4}/hub`]);
  }
});

test('what may be secret is only ever sent to the gateway', () => {
  const { schemas = {} } = gatewayDocument(catalogue, '').components ?? {};
  const properties = (name: string) => (schemas[name] as OpenAPIV3.SchemaObject).properties ?? {};
  for (const member of ['secret', 'headers', 'auth']) {
    for (const name of ['HubInput', 'HubInput5'])
      expect(properties(name)[member]).toMatchObject({ writeOnly: true });
    for (const name of ['Hub', 'Hub5']) expect(properties(name)).not.toHaveProperty(member);
  }
});

test('the files in openapi/ are up to date', async () => {
  const script = new URL('../../scripts/generate-openapi.ts', import.meta.url).pathname;
  await promisify(execFile)(process.execPath, [script, '--check']);
});

test('the files in openapi/ are lint clean', async () => {
  const script = new URL('../../scripts/lint-openapi.ts', import.meta.url).pathname;
  await promisify(execFile)(process.execPath, [script]);
});
