/** What the admin port serves is described, and the other way round. */
import type { IRouter } from 'express';
import request from 'supertest';
import { createAdminApp } from '../../src/admin/app.ts';
import { adminDocument } from '../../src/admin/openapi.ts';
import { operationsOf, sampleOf } from '../support/openapi.ts';
import { MemoryOperations, startAdmin } from './admin-parts.ts';

const { paths } = adminDocument();
const described = Object.entries(paths).flatMap(([path, item]) =>
  [...operationsOf(item ?? {}).keys()].map((method) => `${method} ${path}`),
);

/** A layer of an Express router, with the path that it was mounted at. */
interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
  readonly handle: Partial<Pick<IRouter, 'stack'>>;
  readonly rawPath: string;
}

function routesOf(stack: readonly Layer[], mount: string): string[] {
  return stack.flatMap(({ route, handle, rawPath }) => {
    if (route !== undefined) {
      const path = (mount + route.path).replace(/\/$/, '').replace(/:(\w+)/g, '{$1}');
      const methods = Object.keys(route.methods).filter((method) => method !== '_all');
      return methods.map((method) => `${method.toUpperCase()} ${path}`);
    }
    return handle.stack === undefined ? [] : routesOf(handle.stack as unknown as Layer[], mount + rawPath);
  });
}

test('every route is described, and what is described is a route', () => {
  const log = () => undefined;
  const logger = { debug: log, info: log, warn: log, error: log, isLevelEnabled: () => true };
  const metrics = { expose: async () => ({ contentType: 'text/plain', text: '' }) };
  const app = createAdminApp({ operations: new MemoryOperations(), metrics, logger });
  const routes = routesOf(app.router.stack as unknown as Layer[], '');
  expect(routes.sort()).toEqual([...described].sort());
});

test.each(Object.keys(paths))('%s answers every method as described', async (template) => {
  const { app } = startAdmin();
  for (const method of ['get', 'put', 'post', 'delete', 'options', 'patch'] as const) {
    const { status } = await request(app)[method](sampleOf(template));
    // That the status is a described one, and Allow right, is checked of every answer of these parts.
    const isDescribed = described.includes(`${method.toUpperCase()} ${template}`);
    expect([method, status === 405]).toEqual([method, !isDescribed]);
  }
});
