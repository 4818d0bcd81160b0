/** The parts that all hubs of the API description share: bodies in both shapes, parameters, answers, the callback. */
import type { OpenAPIV3 } from 'openapi-types';

type Schema = OpenAPIV3.SchemaObject;
type Shape = 'v4' | 'v5';

const MEDIA_TYPES: Readonly<Record<Shape, string>> = {
  // Written as the validator normalises it: it would not find any other spelling.
  v4: 'application/json; charset=utf-8',
  v5: 'application/json',
};
const NAMES = {
  v4: { input: 'HubInput', hub: 'Hub', error: 'Error' },
  v5: { input: 'HubInput5', hub: 'Hub5', error: 'Error5' },
} as const;

export function componentRef(
  kind: keyof OpenAPIV3.ComponentsObject,
  name: string,
): OpenAPIV3.ReferenceObject {
  return { $ref: `#/components/${kind}/${name}` };
}

export function components(): OpenAPIV3.ComponentsObject {
  return {
    schemas: schemas(),
    parameters: parameters(),
    requestBodies: {
      ...requestBodies('v4'),
      ...requestBodies('v5'),
      Event: {
        required: true,
        description: 'One TMF event. It is stored byte for byte.',
        content: { 'application/json': { schema: componentRef('schemas', 'Event') } },
      },
      ListenerEvent: {
        required: true,
        description: 'One TMF event; without eventType it has that of the path.',
        content: { 'application/json': { schema: componentRef('schemas', 'ListenerEvent') } },
      },
    },
    responses: { ...responses('v4'), ...responses('v5') },
  };
}

function schemas(): Record<string, Schema> {
  const input: Record<string, Schema> = {
    callback: {
      type: 'string',
      minLength: 1,
      description: 'http or https URL to which every event is sent with POST, exactly as it stands here.',
      example: 'https://billing.example.com/listener',
    },
    query: {
      type: 'string',
      nullable: true,
      description: 'Which events; absent or empty: all of this hub.',
      example: 'eventType=ProductOrderCreateEvent,ProductOrderStateChangeEvent',
    },
    ordering: {
      type: 'string',
      enum: ['key', 'none'],
      description:
        'Extension. key (default): events of one resource arrive in order, one at a time; none: as fast as possible.',
    },
  };
  const hub: Record<string, Schema> = {
    id: { type: 'string' },
    callback: { type: 'string' },
    query: { type: 'string', description: 'Exactly as sent, empty when it was absent.' },
    ordering: { type: 'string', enum: ['none'], description: 'Only where it was asked for.' },
  };
  const type = (value: string): Schema => ({ type: 'string', enum: [value] });
  const required = ['id', 'callback', 'query'];
  return {
    HubInput: { type: 'object', required: ['callback'], properties: input },
    HubInput5: {
      type: 'object',
      required: ['callback'],
      properties: { '@type': { type: 'string', example: 'Hub' }, ...input },
    },
    Hub: { type: 'object', required, properties: hub },
    Hub5: {
      type: 'object',
      required: ['@type', 'href', ...required],
      properties: { '@type': type('Hub'), href: { type: 'string' }, ...hub },
    },
    ...eventSchemas(),
    Error: errorSchema(['code', 'reason', 'message', 'status'], {}),
    Error5: errorSchema(['@type', 'code', 'reason', 'message', 'status'], { '@type': type('Error') }),
  };
}

function eventSchemas(): Record<string, Schema> {
  const properties: Record<string, Schema> = {
    eventId: { type: 'string', description: 'Made by the gateway when absent.' },
    eventTime: { type: 'string', format: 'date-time', description: 'Made by the gateway when absent.' },
    eventType: { type: 'string', example: 'ProductOrderCreateEvent' },
    correlationId: { type: 'string' },
    event: { type: 'object', description: 'Carries the resource, in full or in part.' },
  };
  return {
    Event: { type: 'object', required: ['eventType', 'event'], properties },
    ListenerEvent: { type: 'object', required: ['event'], properties },
  };
}

function errorSchema(required: string[], more: Record<string, Schema>): Schema {
  return {
    type: 'object',
    required,
    properties: {
      ...more,
      code: { type: 'string', description: 'For programs: stable.' },
      reason: { type: 'string', description: 'What is wrong, the same from case to case.' },
      message: { type: 'string', description: 'What is wrong here, and what to do about it.' },
      status: { type: 'string', description: 'The HTTP status.' },
      referenceError: { type: 'string' },
    },
  };
}

function parameters(): Record<string, OpenAPIV3.ParameterObject> {
  const integer: Schema = { type: 'integer', minimum: 0 };
  return {
    id: { name: 'id', in: 'path', required: true, schema: { type: 'string', maxLength: 128 } },
    eventName: { name: 'eventName', in: 'path', required: true, schema: { type: 'string', maxLength: 200 } },
    offset: { name: 'offset', in: 'query', description: 'How many to skip.', schema: integer },
    limit: { name: 'limit', in: 'query', description: 'How many at most; absent: all.', schema: integer },
    tmfApi: {
      name: 'tmfApi',
      in: 'header',
      description: 'The API that the event is of, where several have its type, e.g. TMF622.',
      schema: { type: 'string' },
    },
  };
}

function requestBodies(shape: Shape): Record<string, OpenAPIV3.RequestBodyObject> {
  const { input } = NAMES[shape];
  return {
    [input]: { required: true, content: { 'application/json': { schema: componentRef('schemas', input) } } },
  };
}

function responses(shape: Shape): Record<string, OpenAPIV3.ResponseObject> {
  const { hub, error } = NAMES[shape];
  const header = (description: string, type: 'string' | 'integer' = 'string'): OpenAPIV3.HeaderObject => ({
    description,
    schema: { type },
  });
  const json = (
    description: string,
    schema: OpenAPIV3.ReferenceObject | Schema,
  ): OpenAPIV3.ResponseObject => ({
    description,
    content: { [MEDIA_TYPES[shape]]: { schema } },
  });
  return {
    [`${hub}Created`]: {
      ...json(
        'Registered: every matching event accepted from now on is delivered.',
        componentRef('schemas', hub),
      ),
      headers: { Location: header('Where the subscription is.') },
    },
    [`${hub}Found`]: json('The subscription.', componentRef('schemas', hub)),
    [`${hub}List`]: {
      ...json('Subscriptions of this hub.', { type: 'array', items: componentRef('schemas', hub) }),
      headers: {
        'X-Total-Count': header('How many there are.', 'integer'),
        'X-Result-Count': header('How many are in this answer.', 'integer'),
      },
    },
    [`${hub}Removed`]: { description: 'Removed; nothing more is sent.' },
    [`${hub}EventStored`]: json(
      'Stored safely; the event as it is stored.',
      componentRef('schemas', 'Event'),
    ),
    [`${error}Answer`]: json('Why not.', componentRef('schemas', error)),
  };
}

/** What the gateway sends to a listener. */
export function deliveryCallback(): OpenAPIV3.CallbackObject {
  return {
    '{$request.body#/callback}': {
      post: {
        description:
          'An event is delivered. Any 2xx is success; 410 stops the subscription; most others are retried.',
        requestBody: { content: { 'application/json': { schema: componentRef('schemas', 'Event') } } },
        responses: { '2XX': { description: 'Taken.' } },
      },
    },
  };
}

/** Names of the components of one shape. */
export function namesFor(shape: Shape) {
  return NAMES[shape];
}
