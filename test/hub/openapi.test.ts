import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { OpenAPIV3 } from 'openapi-types';
import request from 'supertest';
import { adminDocument } from '../../src/admin/openapi.ts';
import { gatewayDocument, shapesDocument } from '../../src/hub/openapi.ts';
import { answersChecked, checkDocument, danglingReferences } from '../support/openapi.ts';
import { catalogue, ORDERS_V4, ORDERS_V5, startParts } from './gateway-parts.ts';

const documents: [string, OpenAPIV3.Document][] = [
  ['gateway', gatewayDocument(catalogue, '')],
  ['shapes', shapesDocument()],
  ['admin', adminDocument()],
];

test.each(documents)('the %s description is valid OpenAPI without loose ends', async (_name, document) => {
  expect(danglingReferences(document)).toEqual([]);
  const operations = Object.values(document.paths).flatMap((item) =>
    Object.values(item ?? {}).flatMap((part) => (part as { operationId?: string }).operationId ?? []),
  );
  expect(new Set(operations).size).toBe(operations.length);
  await checkDocument(document);
});

test('every base path has its hub, events and listener in the description', () => {
  const { paths } = gatewayDocument(catalogue, '');
  for (const basePath of ['', ...catalogue.hubs.map((hub) => hub.basePath)]) {
    for (const place of ['/hub', '/hub/{id}', '/event', '/listener/{eventName}']) {
      expect(paths).toHaveProperty([basePath + place]);
    }
  }
});

test('what is checked at run time is what the description says', () => {
  const full = gatewayDocument(catalogue, '');
  const shapes = shapesDocument();
  expect(shapes.components).toEqual(full.components);
  const withoutNames = (item: unknown) =>
    JSON.stringify(item).replace(/"(operationId|tags)":("[^"]*"|\[[^\]]*\])/g, '');
  for (const [base, shape] of [
    [ORDERS_V4, '/v4'],
    [ORDERS_V5, '/v5'],
  ] as const) {
    for (const place of ['/hub', '/hub/{id}']) {
      expect(withoutNames(full.paths[base + place])).toBe(withoutNames(shapes.paths[shape + place]));
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

test('the answers of hubs fit the whole description, not only the shapes', async () => {
  const parts = await startParts();
  const wrong: string[] = [];
  const checked = answersChecked(parts.app, gatewayDocument(catalogue, ''), wrong);
  for (const base of ['', ORDERS_V4, ORDERS_V5]) {
    const made = await request(checked).post(`${base}/hub`).send({ callback: 'http://a.example' });
    await request(checked).get(`${base}/hub`);
    await request(checked).get(`${base}/hub/${(made.body as { id: string }).id}`);
    await request(checked).get(`${base}/hub/unknown`);
    await request(checked).post(`${base}/hub`).send({});
  }
  expect(wrong).toEqual([]);
});

test('the files in openapi/ are up to date', async () => {
  const script = new URL('../../scripts/generate-openapi.ts', import.meta.url).pathname;
  await promisify(execFile)(process.execPath, [script, '--check']);
});
