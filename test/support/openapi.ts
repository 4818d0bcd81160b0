/** Holds API descriptions against OpenAPI. */
import { Ajv } from 'ajv';
import type { ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import express from 'express';
import { middleware } from 'express-openapi-validator';
import type { OpenAPIV3 } from 'openapi-types';

/** Rejects when the document is no valid OpenAPI. */
export async function checkDocument(document: OpenAPIV3.Document): Promise<void> {
  const [first] = middleware({
    apiSpec: document as Parameters<typeof middleware>[0]['apiSpec'],
    validateApiSpec: true,
    validateRequests: false,
    validateSecurity: false,
    fileUploader: false,
  });
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

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

/** The operations of a path, by method in capitals. */
export function operationsOf(item: OpenAPIV3.PathItemObject): Map<string, OpenAPIV3.OperationObject> {
  const operations = Object.entries(item).filter(([name]) => METHODS.includes(name));
  return new Map(
    operations.map(([name, one]) => [name.toUpperCase(), one as OpenAPIV3.OperationObject] as const),
  );
}

/** The path with something in the place of its parameters. */
export function sampleOf(template: string): string {
  return template.replace(/\{[^}]*\}/g, 'sample-42');
}

/** What `$ref` says, or the part itself. */
export function resolved<T extends object>(
  document: OpenAPIV3.Document,
  part: T | OpenAPIV3.ReferenceObject | undefined,
): T | undefined {
  if (part === undefined || !('$ref' in part)) return part;
  const names = part.$ref.replace('#/', '').split('/');
  return names.reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], document) as T;
}

/** Schemas of a document, compiled when first needed. */
export function createValidators(
  document: OpenAPIV3.Document,
  adapt: (part: unknown) => unknown = (part) => part,
): (schema: unknown) => ValidateFunction {
  const ajv = new Ajv({ strict: false, allErrors: true });
  formats.default(ajv);
  ajv.addSchema({ $id: 'document', components: adapt(document.components) });
  const compiled = new Map<unknown, ValidateFunction>();
  return (schema) => {
    const known = compiled.get(schema);
    if (known !== undefined) return known;
    const text = JSON.stringify(adapt(schema)).replaceAll('"$ref":"#/', '"$ref":"document#/');
    const made = ajv.compile(JSON.parse(text) as object);
    compiled.set(schema, made);
    return made;
  };
}
