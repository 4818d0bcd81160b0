/** The parts that all hubs of the API description share: bodies, parameters, answers, and what listeners get. */
import type { OpenAPIV3 } from 'openapi-types';
import { componentRef, eventExample, namesFor, responses, storedExample } from './answers.ts';
import { EXAMPLE_CALLBACK, schemas } from './schemas.ts';
import type { Shape } from './schemas.ts';
import { topicSchemas } from './topics.ts';

/** Of what the gateway itself asks of others. */
export const LISTENERS_TAG = 'Listeners';

export function components(): OpenAPIV3.ComponentsObject {
  return {
    schemas: { ...schemas(), ...topicSchemas() },
    parameters: parameters(),
    requestBodies: {
      ...hubBody('v4'),
      ...hubBody('v5'),
      Event: eventBody('One TMF event. It is stored byte for byte.', 'Event'),
      ListenerEvent: eventBody('One TMF event; without eventType it has that of the path.', 'ListenerEvent'),
    },
    responses: { ...responses('v4'), ...responses('v5') },
    callbacks: { delivery: deliveryCallback() },
  };
}

function parameters(): Record<string, OpenAPIV3.ParameterObject> {
  const count: OpenAPIV3.SchemaObject = { type: 'integer', minimum: 0 };
  return {
    id: {
      ...{
        name: 'id',
        in: 'path',
        required: true,
        description: 'Of the subscription, as its registration said.',
      },
      schema: { type: 'string', minLength: 1, maxLength: 128 },
    },
    eventName: {
      ...{ name: 'eventName', in: 'path', required: true },
      description: 'The type of the event in any spelling, such as productOrderCreateEvent.',
      schema: { type: 'string', pattern: '^[A-Za-z0-9_.-]{1,200}$' },
      example: 'productOrderStateChangeEvent',
    },
    offset: { name: 'offset', in: 'query', description: 'How many to skip.', schema: count },
    limit: { name: 'limit', in: 'query', description: 'How many at most; absent: all.', schema: count },
    tmfApi: {
      ...{ name: 'tmfApi', in: 'header' },
      description: 'The API that the event is of, where several have its type; an unknown one is 400.',
      schema: { type: 'string' },
      example: 'TMF622',
    },
    traceparent: {
      ...{ name: 'traceparent', in: 'header' },
      description: 'W3C trace context, sent on to the listeners; one that is malformed is left out.',
      schema: { type: 'string' },
      example: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    },
  };
}

function hubBody(shape: Shape): Record<string, OpenAPIV3.RequestBodyObject> {
  const { input } = namesFor(shape);
  const example = {
    ...(shape === 'v5' && { '@type': 'Hub' }),
    ...{ callback: EXAMPLE_CALLBACK, query: 'eventType=ProductOrderStateChangeEvent' },
  };
  const schema = componentRef('schemas', input);
  return { [input]: { required: true, content: { 'application/json': { schema, example } } } };
}

function eventBody(description: string, name: string): OpenAPIV3.RequestBodyObject {
  const schema = componentRef('schemas', name);
  return { required: true, description, content: { 'application/json': { schema, example: eventExample } } };
}

/** What the gateway sends to a listener (HUB-CONTRACT 4). */
function deliveryCallback(): OpenAPIV3.CallbackObject {
  const sent = (name: string, description: string, required = false): OpenAPIV3.ParameterObject => ({
    ...{ name, in: 'header', description, required },
    schema: { type: 'string' },
  });
  const stored = { schema: componentRef('schemas', 'StoredEvent'), example: storedExample };
  return {
    '{$request.body#/callback}': {
      post: {
        ...{ operationId: 'deliverEvent', summary: 'An event is delivered', tags: [LISTENERS_TAG] },
        description:
          'In the envelope of the API version at whose hub the listener registered. The body of the answer is ignored.',
        parameters: [
          sent('webhook-id', 'Event and subscription: the same over attempts, restarts and replays.', true),
          sent('webhook-timestamp', 'When this attempt began, in seconds since 1970.', true),
          sent('webhook-signature', 'Where a secret was registered (Standard Webhooks).'),
          sent('x-tmf-hub-attempt', 'Which attempt this is, from 1.', true),
          sent('x-tmf-hub-replay', '`true` when an operator sends it again.'),
          sent('x-correlation-id', 'That of the event, when it has one.'),
          sent('traceparent', 'W3C trace context, when the event has it.'),
        ],
        requestBody: { required: true, content: { 'application/json': stored } },
        responses: {
          '2XX': { description: 'Taken.' },
          400: { description: 'The event itself is wrong (also 413, 415, 422): a dead letter at once.' },
          410: { description: 'Nobody is here any more: nothing more is sent until it is registered again.' },
          default: { description: 'Not now: it is tried again, then it becomes a dead letter.' },
        },
      },
    },
  };
}
