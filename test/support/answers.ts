/**
 * Holds every answer of an app against its API description, more strictly than the validator of the gateway: the
 * status, required headers and the media type must be described, and a body has no member that is not.
 */
import express from 'express';
import type { Express, Response } from 'express';
import type { OpenAPIV3 } from 'openapi-types';
import { createValidators, operationsOf, resolved } from './openapi.ts';

export interface Answer {
  readonly method: string;
  /** Without query string and prefix. */
  readonly path: string;
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  readonly body: string;
}

/** What is wrong with an answer, in one line; undefined when it is as described. */
export type AnswerLaw = (answer: Answer) => string | undefined;

/** The app behind a check of its answers; those that are not as described are put into `wrong`. */
export function answersChecked(app: Express, law: AnswerLaw, wrong: string[], prefix = ''): Express {
  return express()
    .use((req, res, next) => {
      const path = below(prefix, req.path);
      whenSent(res, (body) => {
        const header = (name: string) => res.getHeader(name)?.toString();
        const problem = law({ method: req.method, path, status: res.statusCode, header, body });
        if (problem !== undefined)
          wrong.push(`${req.method} ${req.originalUrl} -> ${res.statusCode}: ${problem}`);
      });
      next();
    })
    .use(app);
}

/** Of what is not below the prefix only the description itself is described. */
function below(prefix: string, path: string): string {
  if (path.startsWith(`${prefix}/`)) return path.slice(prefix.length);
  return path === '/openapi.json' ? path : '(not below the prefix)';
}

/** Called with the whole body before its end is sent, so that the client cannot be faster. */
function whenSent(res: Response, check: (body: string) => void): void {
  const chunks: Buffer[] = [];
  const keep = (chunk: unknown) => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
  };
  const write = res.write.bind(res) as (...args: unknown[]) => boolean;
  const end = res.end.bind(res) as (...args: unknown[]) => Response;
  res.write = (...args: unknown[]) => {
    keep(args[0]);
    return write(...args);
  };
  res.end = (...args: unknown[]) => {
    keep(args[0]);
    check(Buffer.concat(chunks).toString('utf8'));
    return end(...args);
  };
}

export function answerLaw(document: OpenAPIV3.Document): AnswerLaw {
  const find = pathFinder(document);
  const validatorOf = createValidators(document, closed);
  return ({ method, path, status, header, body }) => {
    const item = find(path);
    if (item === undefined)
      return status === 404 || isBeforeRouting(status) ? undefined : 'no such path is described';
    const operations = operationsOf(item);
    const operation = operations.get(method);
    if (operation === undefined) {
      if (isBeforeRouting(status)) return undefined;
      const allowed = [...operations.keys()].join(', ');
      const isRefused = status === 405 && sameNames(header('allow'), allowed);
      return isRefused ? undefined : `the method is not described: 405 with Allow: ${allowed} expected`;
    }
    const response = resolved<OpenAPIV3.ResponseObject>(document, operation.responses[String(status)]);
    if (response === undefined) return 'the status is not described';
    for (const [name, described] of Object.entries(response.headers ?? {}))
      if ((described as OpenAPIV3.HeaderObject).required === true && header(name) === undefined)
        return `the header ${name} is missing`;
    if (response.content === undefined) return body === '' ? undefined : 'no body is described';
    const type = Object.keys(response.content).find((one) => isOfType(header('content-type'), one));
    if (type === undefined) return `the media type ${header('content-type')} is not described`;
    const valid = validatorOf(response.content[type]?.schema);
    if (!type.includes('json')) return undefined;
    return valid(JSON.parse(body)) ? undefined : JSON.stringify(valid.errors);
  };
}

/** Who may come here at all is decided before the path and the method are looked at. */
function isBeforeRouting(status: number): boolean {
  return status === 401 || status === 403;
}

function sameNames(one: string | undefined, other: string): boolean {
  const sorted = (list: string) => list.split(/, */).sort().join();
  return one !== undefined && sorted(one) === sorted(other);
}

/** A described type without parameters takes any. */
function isOfType(given: string | undefined, described: string): boolean {
  const plain = (type: string) => type.toLowerCase().replaceAll(' ', '');
  const type = plain(given ?? '');
  return type === plain(described) || (!described.includes(';') && type.split(';')[0] === plain(described));
}

/** Paths without parameters come before those with some. */
function pathFinder(document: OpenAPIV3.Document): (path: string) => OpenAPIV3.PathItemObject | undefined {
  const templates = Object.entries(document.paths)
    .filter(([template]) => template.includes('{'))
    .map(([template, item]) => {
      const pattern = template.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{[^}]*\}/g, '[^/]+');
      return { pattern: new RegExp(`^${pattern}$`), item };
    });
  return (given) => {
    const path = given.replace(/\/$/, '');
    return document.paths[path] ?? templates.find(({ pattern }) => pattern.test(path))?.item;
  };
}

/** With every object closed that does not say that it is open. */
function closed(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(closed);
  if (typeof part !== 'object' || part === null) return part;
  const copy = Object.fromEntries(Object.entries(part).map(([name, value]) => [name, closed(value)]));
  const isOpen = !('properties' in copy) || copy['type'] !== 'object' || 'additionalProperties' in copy;
  return isOpen ? copy : { ...copy, additionalProperties: false };
}
