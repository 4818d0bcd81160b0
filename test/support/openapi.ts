/** Holds an API description, and the answers of an app, against OpenAPI. */
import express from 'express';
import type { Express, RequestHandler } from 'express';
import { middleware } from 'express-openapi-validator';
import type { OpenAPIV3 } from 'openapi-types';

type Options = Parameters<typeof middleware>[0];

function validator(document: OpenAPIV3.Document, options: Partial<Options>): RequestHandler[] {
  const apiSpec = document as Options['apiSpec'];
  const off = {
    validateApiSpec: false,
    validateRequests: false,
    validateSecurity: false,
    fileUploader: false,
  };
  return middleware({ apiSpec, ...off, ...options });
}

/** Rejects when the document is no valid OpenAPI. */
export async function checkDocument(document: OpenAPIV3.Document): Promise<void> {
  const [first] = validator(document, { validateApiSpec: true });
  await new Promise<void>((resolve, reject) => {
    const next = (error?: unknown) => (error instanceof Error ? reject(error) : resolve());
    first?.({ app: express() } as never, {} as never, next);
  });
}

/** Every `$ref` of the document that leads nowhere. */
export function danglingReferences(document: OpenAPIV3.Document): string[] {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(
    ([, path]) => path ?? '',
  );
  const resolve = (path: string) =>
    path
      .split('/')
      .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], document);
  return [...new Set(references)].filter((path) => resolve(path) === undefined);
}

/** The app behind a check of its JSON answers; those that do not fit the document are put into `wrong`. */
export function answersChecked(app: Express, document: OpenAPIV3.Document, wrong: string[]): Express {
  const onError = (
    error: { message: string },
    _body: unknown,
    req: { method: string; originalUrl: string },
  ) => {
    wrong.push(`${req.method} ${req.originalUrl}: ${error.message}`);
  };
  const checks = validator(document, { validateResponses: { onError }, ignoreUndocumented: true });
  return express()
    .use([...checks])
    .use(app);
}
