/** The admin port's description of itself (OpenAPI 3.0). */
import type { OpenAPIV3 } from 'openapi-types';
import { schemaRef, schemas } from './openapi-schemas.ts';
import { DEFAULT_LIMIT, MAX_LIMIT } from './parameters.ts';

/** The version of this contract, raised when it changes. */
const CONTRACT_VERSION = '1.0.0';

export function adminDocument(): OpenAPIV3.Document {
  return {
    openapi: '3.0.3',
    info: {
      title: 'TMF Hub/Listener gateway, admin port',
      version: CONTRACT_VERSION,
      description:
        'For operators. From this machine everything is open; from elsewhere /admin wants the bearer token admin.token.',
    },
    paths: { ...watcherPaths(), ...subscriptionPaths(), ...deadLetterPaths(), ...orphanPaths() },
    components: { schemas, securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  };
}

function watcherPaths(): OpenAPIV3.PathsObject {
  const open = (operationId: string, summary: string, responses: OpenAPIV3.ResponsesObject) => ({
    get: { operationId, summary, responses },
  });
  const alive = { type: 'object', properties: { status: { type: 'string' } } } as const;
  return {
    '/healthz': open('health', 'Is the process alive?', { 200: json('It is.', alive) }),
    '/readyz': open('readiness', 'Would a POST /hub be accepted now?', {
      200: json('Yes.', schemaRef('Readiness')),
      503: json('No, with the reason per part.', schemaRef('Readiness')),
    }),
    '/metrics': open('metrics', 'Metrics in the text format of Prometheus', {
      200: { description: 'The metrics.', content: { 'text/plain': { schema: { type: 'string' } } } },
    }),
  };
}

function subscriptionPaths(): OpenAPIV3.PathsObject {
  const view = { 200: json('Its state now.', schemaRef('Subscription')) };
  return {
    '/admin/subscriptions': {
      get: operation('listSubscriptions', 'All subscriptions of all hubs', {
        200: json('All of them.', schemaRef('SubscriptionList')),
      }),
    },
    '/admin/subscriptions/{id}': {
      parameters: [pathParameter('id')],
      get: operation('showSubscription', 'One subscription', view),
    },
    '/admin/subscriptions/{id}/pause': {
      parameters: [pathParameter('id')],
      post: operation('pauseSubscription', 'Hold its events in the broker', view),
    },
    '/admin/subscriptions/{id}/resume': {
      parameters: [pathParameter('id')],
      post: operation('resumeSubscription', 'Deliver again what was held, and what comes', view),
    },
    '/admin/subscriptions/{id}/replay': {
      parameters: [pathParameter('id')],
      post: {
        ...operation('replaySubscription', 'Send a past range of events to this listener again', {
          202: json('It will be done, even over a restart.', schemaRef('ReplayJob')),
        }),
        requestBody: body('ReplayRange'),
      },
    },
    '/admin/subscriptions/{id}/explain': {
      parameters: [pathParameter('id'), { ...query('eventId'), required: true }],
      get: operation('explainEvent', 'Why was this event not delivered?', {
        200: json('What became of it.', schemaRef('Explanation')),
      }),
    },
    '/admin/trace/{correlationId}': {
      parameters: [pathParameter('correlationId')],
      get: operation('trace', 'The events of one correlation id and what became of them', {
        200: json('The events, oldest first.', schemaRef('Trace')),
      }),
    },
  };
}

function orphanPaths(): OpenAPIV3.PathsObject {
  return {
    '/admin/orphans': {
      get: operation('listOrphans', 'What sources keep for subscriptions that the registry does not know', {
        200: json('All of them.', schemaRef('OrphanList')),
      }),
    },
    '/admin/orphans/{id}': {
      parameters: [pathParameter('id')],
      delete: operation('removeOrphan', 'End it at all sources, with all that waits for it', {
        204: { description: 'It is gone.' },
      }),
    },
  };
}

function deadLetterPaths(): OpenAPIV3.PathsObject {
  const integer = (name: string, minimum: number, more: OpenAPIV3.NonArraySchemaObject) => ({
    ...query(name),
    schema: { type: 'integer', minimum, ...more } as const,
  });
  const filters = Object.keys(schemas['DeadLetterFilter']?.properties ?? {}).map(query);
  return {
    '/admin/dead-letters': {
      get: {
        ...operation('listDeadLetters', 'Dead letters, newest first; without state the open ones', {
          200: json('A page of them, or with groupBy their counts.', {
            oneOf: [schemaRef('DeadLetterList'), schemaRef('DeadLetterCounts')],
          }),
        }),
        parameters: [
          ...filters,
          integer('limit', 1, { maximum: MAX_LIMIT, default: DEFAULT_LIMIT }),
          integer('offset', 0, { default: 0 }),
          {
            ...query('groupBy'),
            schema: { type: 'string', enum: ['reason', 'subscriptionId', 'eventType'] },
          },
        ],
      },
    },
    '/admin/dead-letters/replay': {
      post: {
        ...operation('replayDeadLetters', 'Replay all open ones that match', {
          202: json('How many, by reason.', schemaRef('ReplayResult')),
        }),
        requestBody: body('ReplayFilter'),
      },
    },
    '/admin/dead-letters/{id}': {
      parameters: [pathParameter('id')],
      get: operation('showDeadLetter', 'One dead letter', { 200: json('It.', schemaRef('DeadLetter')) }),
      delete: operation('discardDeadLetter', 'Give it up', { 204: { description: 'Discarded.' } }),
    },
    '/admin/dead-letters/{id}/replay': {
      parameters: [pathParameter('id')],
      post: {
        ...operation('replayDeadLetter', 'Send it again: the original bytes, or a corrected event', {
          202: json('It will be sent.', schemaRef('DeadLetter')),
        }),
        requestBody: {
          description: 'The whole event, corrected. Absent: the original bytes.',
          content: { 'application/json': { schema: { type: 'object' } } },
        },
      },
    },
  };
}

function operation(operationId: string, summary: string, responses: OpenAPIV3.ResponsesObject) {
  return {
    operationId,
    summary,
    security: [{}, { token: [] }],
    responses: { ...responses, default: json('Why not.', schemaRef('Error')) },
  };
}

function json(
  description: string,
  schema: OpenAPIV3.ReferenceObject | OpenAPIV3.SchemaObject,
): OpenAPIV3.ResponseObject {
  return { description, content: { 'application/json': { schema } } };
}

function body(schema: string): OpenAPIV3.RequestBodyObject {
  return { required: true, content: { 'application/json': { schema: schemaRef(schema) } } };
}

function query(name: string): OpenAPIV3.ParameterObject {
  return { name, in: 'query', schema: { type: 'string' } };
}

function pathParameter(name: string): OpenAPIV3.ParameterObject {
  return { name, in: 'path', required: true, schema: { type: 'string' } };
}
