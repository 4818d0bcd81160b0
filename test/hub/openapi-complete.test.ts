/** What is described is served, and what is served is described. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import request from 'supertest';
import { METHODS } from '../../src/hub/app.ts';
import { gatewayDocument } from '../../src/hub/openapi/document.ts';
import { createLocator } from '../../src/hub/locator.ts';
import { operationsOf, sampleOf } from '../support/openapi.ts';
import { catalogue, ORDERS_V4, ORDERS_V5, startParts } from './gateway-parts.ts';

const { paths } = gatewayDocument(catalogue, '');
const OWN = '/openapi.json';
const templates = Object.keys(paths).filter((template) => template !== OWN);
const described = (template: string) => [...operationsOf(paths[template] ?? {}).keys()];

test('every kind of place is described, with exactly the methods that it has', () => {
  const locate = createLocator(catalogue, '');
  const kinds = new Set<string>();
  for (const template of templates) {
    const { kind } = locate(sampleOf(template));
    kinds.add(kind);
    const served = kind === 'nowhere' ? [] : METHODS[kind];
    expect([template, described(template).sort()]).toEqual([template, [...served].sort()]);
  }
  expect([...kinds].sort()).toEqual(Object.keys(METHODS).sort());
});

/** A base path of each kind: global, v4, v5, with topics. */
const withTopics = catalogue.hubs.filter(({ basePath }) => `${basePath}/topic` in paths);
const bases = ['', ORDERS_V4, ORDERS_V5, ...withTopics.slice(0, 1).map(({ basePath }) => basePath)];

test.each(bases)('below "%s" every method answers as described', async (base) => {
  const { app } = await startParts();
  const known = [OWN, ...templates].filter(
    (template) => template.startsWith(`${base}/`) && !isBelowOther(template, base),
  );
  expect(known.length).toBeGreaterThanOrEqual(4);
  for (const template of known) {
    for (const method of ['get', 'put', 'post', 'delete', 'options', 'patch'] as const) {
      const answer = await request(app)[method](sampleOf(template));
      const { status } = answer;
      // That the status is a described one, and Allow right, is checked of every answer of these parts.
      const isDescribed = described(template).includes(method.toUpperCase());
      expect([method, template, status === 405]).toEqual([method, template, !isDescribed]);
      if (status === 404) expect((answer.body as { message: string }).message).toContain('sample-42');
    }
  }
});

function isBelowOther(template: string, base: string): boolean {
  return base === '' && template.startsWith('/tmf-api/');
}

test('at every base path a method that is not described is 405, and says which are', async () => {
  const { app } = await startParts();
  await served(app, async (url) => {
    for (const template of templates) {
      const answer = await fetch(url + sampleOf(template), { method: 'PATCH' });
      const allow = answer.headers.get('allow')?.split(', ').sort();
      expect([template, answer.status, allow]).toEqual([template, 405, described(template).sort()]);
    }
  });
});

async function served(app: Express, work: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

test.each(['/openapi.json', '/r1/openapi.json'])('POST %s is 405 with Allow', async (path) => {
  const { app } = await startParts({ basePath: '/r1' });
  const answer = await request(app).post(path);
  expect([answer.status, answer.headers['allow']]).toEqual([405, 'GET']);
});

test.each([
  ['hub/{id}', 'get', `hub/${'x'.repeat(129)}`],
  ['listener/{eventName}', 'post', 'listener/no%20event'],
  ['nothing of the kind', 'get', 'nothing'],
] as const)(
  'a path that is none (%s) is refused in the shape of its version',
  async (_name, method, path) => {
    const { app } = await startParts();
    const v4 = await request(app)[method](`${ORDERS_V4}/${path}`);
    expect([v4.status, v4.headers['content-type']]).toEqual([404, 'application/json;charset=utf-8']);
    expect(v4.body).not.toHaveProperty('@type');
    const v5 = await request(app)[method](`${ORDERS_V5}/${path}`);
    expect([v5.status, v5.headers['content-type']]).toEqual([404, 'application/json']);
    expect(v5.body).toHaveProperty('@type', 'Error');
  },
);
