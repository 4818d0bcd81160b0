/** What the operations of the admin port answer, and refuse with, for its description. */
import type { OpenAPIV3 } from 'openapi-types';
import { schemaRef } from './openapi-schemas.ts';

export type RefusalStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 500 | 501 | 503;

interface RefusalDescribed {
  readonly name: string;
  readonly description: string;
  readonly header?: readonly [name: string, description: string, type: 'string' | 'integer'];
  readonly code: string;
  readonly reason: string;
  readonly message: string;
}

const REFUSALS: Readonly<Record<RefusalStatus, RefusalDescribed>> = {
  400: {
    ...{ name: 'BadRequest', description: 'The request is wrong; the message says where.' },
    ...{ code: 'invalidRequest', reason: 'Bad request' },
    message: 'since must be an ISO time such as 2026-01-31T08:00:00Z',
  },
  401: {
    ...{ name: 'NotAuthenticated', description: 'From another machine, and the token is missing or wrong.' },
    header: ['WWW-Authenticate', 'Which credentials are asked for.', 'string'],
    ...{ code: 'unauthorized', reason: 'Not authenticated' },
    message: 'send the value of admin.token as "Authorization: Bearer <token>"',
  },
  403: {
    ...{ name: 'Forbidden', description: 'From another machine, and the gateway has no `admin.token`.' },
    ...{ code: 'forbidden', reason: 'Forbidden' },
    message: 'from outside this machine /admin is closed: set admin.token on the gateway',
  },
  404: {
    ...{ name: 'NotFound', description: 'There is no such thing (any more).' },
    ...{ code: 'notFound', reason: 'Not found', message: 'there is no subscription "42"' },
  },
  405: {
    ...{ name: 'MethodNotAllowed', description: 'The path has other methods than this.' },
    header: ['Allow', 'The methods that it has.', 'string'],
    ...{ code: 'methodNotAllowed', reason: 'Method not allowed' },
    message: 'PUT is not possible here, only GET',
  },
  409: {
    ...{ name: 'Conflict', description: 'It does not fit the state that things are in.' },
    ...{ code: 'conflict', reason: 'Conflict' },
    message: 'the subscription that it was for is gone',
  },
  413: {
    ...{ name: 'TooLarge', description: 'The body is larger than 4 MiB.' },
    ...{ code: 'tooLarge', reason: 'Body too large', message: 'request entity too large' },
  },
  415: {
    ...{
      name: 'UnsupportedMediaType',
      description: 'The body is not declared as JSON, or packed unknowably.',
    },
    ...{ code: 'unsupportedMediaType', reason: 'Unsupported media type' },
    message: 'send the body with Content-Type: application/json',
  },
  500: {
    ...{ name: 'InternalError', description: "A mistake of the gateway's own." },
    ...{ code: 'internalError', reason: 'Internal error' },
    message: 'the gateway could not do this; its log says why',
  },
  501: {
    ...{ name: 'NotSupported', description: 'The broker cannot do this.' },
    ...{ code: 'notSupported', reason: 'Not supported', message: 'this broker has no offsets to begin from' },
  },
  503: {
    ...{ name: 'Unavailable', description: 'The registry or a broker is away; it may work later.' },
    header: ['Retry-After', 'Seconds after which it may work.', 'integer'],
    ...{ code: 'unavailable', reason: 'Not available now' },
    message: 'kafka cannot be asked for its dead letters now',
  },
};

export function refusalResponses(): Record<string, OpenAPIV3.ResponseObject> {
  return Object.fromEntries(
    Object.entries(REFUSALS).map(([status, { name, description, header, ...body }]) => [
      name,
      {
        description,
        ...(header && {
          headers: { [header[0]]: { description: header[1], required: true, schema: { type: header[2] } } },
        }),
        content: {
          'application/json': { schema: schemaRef('Error'), example: { ...body, status, '@type': 'Error' } },
        },
      },
    ]),
  );
}

export function refused(statuses: readonly RefusalStatus[]): OpenAPIV3.ResponsesObject {
  return Object.fromEntries(
    statuses.map((status) => [status, { $ref: `#/components/responses/${REFUSALS[status].name}` }]),
  );
}

export function json(
  description: string,
  schema: OpenAPIV3.ReferenceObject | OpenAPIV3.SchemaObject,
): OpenAPIV3.ResponseObject {
  return { description, content: { 'application/json': { schema } } };
}
