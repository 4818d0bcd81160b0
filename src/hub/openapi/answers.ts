/** Answers of the public port in both shapes, for its description: what was asked for, and every refusal. */
import type { OpenAPIV3 } from 'openapi-types';
import { EXAMPLE_CALLBACK } from './schemas.ts';
import type { Shape } from './schemas.ts';

const MEDIA_TYPES: Readonly<Record<Shape, string>> = {
  // Written as the validator normalises it: it would not find any other spelling.
  v4: 'application/json; charset=utf-8',
  v5: 'application/json',
};
const NAMES = {
  v4: { input: 'HubInput', hub: 'Hub', error: 'Error', refusal: '' },
  v5: { input: 'HubInput5', hub: 'Hub5', error: 'Error5', refusal: '5' },
} as const;

interface RefusalDescribed {
  /** Of its component; that of v5 has a 5 behind it. */
  readonly name: string;
  readonly description: string;
  readonly headers?: Record<string, OpenAPIV3.HeaderObject>;
  readonly example: Readonly<Record<'code' | 'reason' | 'message', string>>;
}

/** Statuses with which something is refused. */
export type RefusalStatus = 400 | 403 | 404 | 405 | 409 | 413 | 415 | 500 | 501 | 503;

const REFUSALS: Readonly<Record<RefusalStatus, RefusalDescribed>> = {
  400: {
    name: 'BadRequest',
    description: 'The request is wrong; the message says where.',
    example: { code: 'invalidRequest', reason: 'Invalid request', message: 'callback must be string' },
  },
  403: {
    name: 'RegistrationClosed',
    description:
      'Subscriptions are declared in the configuration and nowhere else: `hub.registration` is `closed`.',
    example: {
      ...{ code: 'forbidden', reason: 'Registration closed' },
      message:
        'subscriptions are declared in the configuration of this gateway (hub.registration is closed); ask its operator for another one',
    },
  },
  404: {
    name: 'NotFound',
    description: 'There is no such thing here.',
    example: { code: 'notFound', reason: 'Not found', message: 'there is no subscription "42" at this hub' },
  },
  405: {
    name: 'MethodNotAllowed',
    description: 'The path has other methods than this.',
    headers: { Allow: header('The methods that it has.') },
    example: {
      ...{ code: 'methodNotAllowed', reason: 'Method not allowed' },
      message: 'PUT is not possible here, only GET, POST',
    },
  },
  409: {
    name: 'Conflict',
    description:
      'The same callback and query are registered: with other settings, or `hub.duplicates` is `conflict`.',
    headers: { Location: header('Where the existing subscription is.') },
    example: {
      ...{ code: 'duplicateSubscription', reason: 'Subscription exists' },
      message: 'subscription 42 has the same callback and query',
    },
  },
  413: {
    name: 'TooLarge',
    description: 'The body is larger than the configuration allows.',
    example: {
      ...{ code: 'tooLarge', reason: 'Body too large' },
      message: 'the body is larger than the limit of 65536 bytes',
    },
  },
  415: {
    name: 'UnsupportedMediaType',
    description: 'The body is not declared as JSON, or packed in a way that is not known.',
    example: {
      ...{ code: 'unsupportedMediaType', reason: 'Unsupported media type' },
      message: 'the request has Content-Type "text/plain"; send Content-Type: application/json',
    },
  },
  500: {
    name: 'InternalError',
    description: "A mistake of the gateway's own.",
    example: {
      ...{ code: 'internalError', reason: 'Internal error' },
      message: 'the gateway could not do this; its log says why',
    },
  },
  501: {
    name: 'NotSupported',
    description: 'Well formed, but this gateway does not do it.',
    example: {
      ...{ code: 'notSupported', reason: 'Not supported' },
      message: 'this version does not support "auth" in a registration; leave it out to register without it',
    },
  },
  503: {
    name: 'Unavailable',
    description: 'It could not be made durable now, nothing was done; the same request may succeed later.',
    headers: { 'Retry-After': header('Seconds after which it may succeed.', 'integer') },
    example: {
      ...{ code: 'unavailable', reason: 'Not available now' },
      message: 'the event could not be stored safely and was not accepted; publish it again later',
    },
  },
};

/** Names of the components of one shape. */
export function namesFor(shape: Shape) {
  return NAMES[shape];
}

export function componentRef(
  kind: keyof OpenAPIV3.ComponentsObject,
  name: string,
): OpenAPIV3.ReferenceObject {
  return { $ref: `#/components/${kind}/${name}` };
}

/** The answers of one operation: the good one by the name of its component, and with which statuses it refuses. */
export function answers(
  shape: Shape,
  status: number,
  name: string,
  refusals: readonly RefusalStatus[],
): OpenAPIV3.ResponsesObject {
  return { [status]: componentRef('responses', name), ...refused(shape, refusals) };
}

export function refused(shape: Shape, statuses: readonly RefusalStatus[]): OpenAPIV3.ResponsesObject {
  const named = statuses.map((status) => [status, REFUSALS[status].name + NAMES[shape].refusal] as const);
  return Object.fromEntries(named.map(([status, name]) => [status, componentRef('responses', name)]));
}

/** All answers of one shape, by the names of their components. */
export function responses(shape: Shape): Record<string, OpenAPIV3.ResponseObject> {
  const { hub, error, refusal } = NAMES[shape];
  const one = hubExample(shape);
  const refusals = Object.entries(REFUSALS).map(([status, { name, description, headers, example }]) => {
    const body = { ...example, status, ...(shape === 'v5' && { '@type': 'Error' }) };
    return [name + refusal, answer(shape, description, componentRef('schemas', error), body, headers)];
  });
  return {
    [`${hub}Created`]: answer(
      shape,
      'Registered: every matching event accepted from now on is delivered.',
      componentRef('schemas', hub),
      one,
      { Location: header('Where the subscription is.') },
    ),
    [`${hub}Found`]: answer(shape, 'The subscription.', componentRef('schemas', hub), one),
    [`${hub}List`]: answer(
      shape,
      'Subscriptions of this hub.',
      { type: 'array', items: componentRef('schemas', hub) },
      [one],
      {
        'X-Total-Count': header('How many there are.', 'integer'),
        'X-Result-Count': header('How many are in this answer.', 'integer'),
      },
    ),
    [`${hub}Removed`]: { description: 'Removed; nothing more is sent.' },
    [`${hub}EventStored`]: answer(
      shape,
      'Stored safely; the event as it is stored.',
      componentRef('schemas', 'StoredEvent'),
      storedExample,
    ),
    ...(Object.fromEntries(refusals) as Record<string, OpenAPIV3.ResponseObject>),
  };
}

export const eventExample = {
  eventType: 'ProductOrderStateChangeEvent',
  event: { productOrder: { id: '4711', state: 'completed' } },
};
export const storedExample = {
  ...{ eventId: '0f8fad5b', eventTime: '2026-03-01T12:00:00.000Z' },
  ...eventExample,
};

function hubExample(shape: Shape) {
  const href = '/tmf-api/productOrderingManagement/v5/hub/42';
  const subscription = { callback: EXAMPLE_CALLBACK, query: 'eventType=ProductOrderStateChangeEvent' };
  return shape === 'v5' ? { '@type': 'Hub', id: '42', href, ...subscription } : { id: '42', ...subscription };
}

export function header(description: string, type: 'string' | 'integer' = 'string'): OpenAPIV3.HeaderObject {
  return { description, required: true, schema: { type } };
}

export function answer(
  shape: Shape,
  description: string,
  schema: OpenAPIV3.ReferenceObject | OpenAPIV3.SchemaObject,
  example: unknown,
  headers?: Record<string, OpenAPIV3.HeaderObject>,
): OpenAPIV3.ResponseObject {
  return { description, ...(headers && { headers }), content: { [MEDIA_TYPES[shape]]: { schema, example } } };
}
