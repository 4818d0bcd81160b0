/** The paths below /admin, for the description. */
import type { OpenAPIV3 } from 'openapi-types';
import { json, refused } from './openapi-answers.ts';
import type { RefusalStatus } from './openapi-answers.ts';
import { schemaRef, schemas } from './openapi-schemas.ts';
import { DEFAULT_LIMIT, MAX_LIMIT } from './parameters.ts';

/** Anything here may be refused for these. */
const ALWAYS: readonly RefusalStatus[] = [401, 403, 405, 500];
const WITH_BODY: readonly RefusalStatus[] = [413, 415];
const LOOKED_UP: readonly RefusalStatus[] = [400, 404, 503];
const CHANGED: readonly RefusalStatus[] = [...LOOKED_UP, ...WITH_BODY];

export function subscriptionPaths(): OpenAPIV3.PathsObject {
  const operation = operationOf('Subscriptions');
  const view = { 200: json('Its state now.', schemaRef('Subscription')) };
  const id = pathParameter('id', 'Of the subscription.');
  const event = { ...query('eventId', 'Of the event.'), required: true, example: '0f8fad5b' };
  return {
    '/admin/subscriptions': {
      get: operation('listSubscriptions', 'All subscriptions of all hubs', {
        200: json('All of them.', schemaRef('SubscriptionList')),
      }),
    },
    '/admin/subscriptions/{id}': {
      parameters: [id],
      get: operation('showSubscription', 'One subscription', view, [400, 404]),
    },
    '/admin/subscriptions/{id}/pause': {
      parameters: [id],
      post: operation('pauseSubscription', 'Hold its events in the broker', view, CHANGED),
    },
    '/admin/subscriptions/{id}/resume': {
      parameters: [id],
      post: operation('resumeSubscription', 'Deliver again what was held, and what comes', view, CHANGED),
    },
    '/admin/subscriptions/{id}/replay': { parameters: [id], post: replayOperation() },
    '/admin/subscriptions/{id}/explain': {
      parameters: [id, event],
      get: operation(
        'explainEvent',
        'Why was this event not delivered?',
        { 200: json('What became of it.', schemaRef('Explanation')) },
        LOOKED_UP,
      ),
    },
    '/admin/trace/{correlationId}': {
      parameters: [pathParameter('correlationId', 'That the events carry.')],
      get: operation(
        'trace',
        'The events of one correlation id and what became of them',
        { 200: json('The events, oldest first.', schemaRef('Trace')) },
        LOOKED_UP,
      ),
    },
  };
}

function replayOperation(): OpenAPIV3.OperationObject {
  return {
    ...operationOf('Subscriptions')(
      'replaySubscription',
      'Send a past range of events to this listener again',
      { 202: json('It will be done, even over a restart.', schemaRef('ReplayJob')) },
      [...CHANGED, 501],
    ),
    requestBody: body('ReplayRange', { from: '2026-03-01T08:00:00Z', to: '2026-03-01T09:00:00Z' }),
  };
}

export function orphanPaths(): OpenAPIV3.PathsObject {
  const operation = operationOf('Orphans');
  return {
    '/admin/orphans': {
      get: operation('listOrphans', 'What sources keep for subscriptions that the registry does not know', {
        200: json('All of them.', schemaRef('OrphanList')),
      }),
    },
    '/admin/orphans/{id}': {
      parameters: [pathParameter('id', 'Of the subscription that is not known.')],
      delete: operation(
        'removeOrphan',
        'End it at all sources, with all that waits for it',
        { 204: { description: 'It is gone.' } },
        [...LOOKED_UP, 409],
      ),
    },
  };
}

export function deadLetterPaths(): OpenAPIV3.PathsObject {
  const operation = operationOf('Dead letters');
  const id = pathParameter('id', 'Of the dead letter.');
  const letter = { 200: json('It.', schemaRef('DeadLetter')) };
  return {
    '/admin/dead-letters': {
      get: {
        ...operation(
          'listDeadLetters',
          'Dead letters, newest first; without state the open ones',
          {
            200: json('A page of them, or with groupBy their counts.', {
              oneOf: [schemaRef('DeadLetterList'), schemaRef('DeadLetterCounts')],
            }),
          },
          [400, 503],
        ),
        parameters: listParameters(),
      },
    },
    '/admin/dead-letters/replay': {
      post: {
        ...operation(
          'replayDeadLetters',
          'Replay all open ones that match',
          { 202: json('How many, by reason.', schemaRef('ReplayResult')) },
          [400, 503, ...WITH_BODY],
        ),
        requestBody: body('ReplayFilter', { filter: { reason: 'exhausted' } }),
      },
    },
    '/admin/dead-letters/{id}': {
      parameters: [id],
      get: operation('showDeadLetter', 'One dead letter', letter, LOOKED_UP),
      delete: operation('discardDeadLetter', 'Give it up', { 204: { description: 'Discarded.' } }, LOOKED_UP),
    },
    '/admin/dead-letters/{id}/replay': { parameters: [id], post: replayLetter() },
  };
}

function replayLetter(): OpenAPIV3.OperationObject {
  return {
    ...operationOf('Dead letters')(
      'replayDeadLetter',
      'Send it again: the original bytes, or a corrected event',
      { 202: json('It will be sent.', schemaRef('DeadLetter')) },
      [...CHANGED, 409],
    ),
    requestBody: {
      description: 'The whole event, corrected. Absent, or `{}`: the original bytes.',
      content: { 'application/json': { schema: { type: 'object' } } },
    },
  };
}

function listParameters(): OpenAPIV3.ParameterObject[] {
  const integer = (name: string, description: string, more: OpenAPIV3.NonArraySchemaObject) => ({
    ...query(name, description),
    schema: { type: 'integer', ...more } as const,
  });
  const filters = Object.entries(schemas['DeadLetterFilter']?.properties ?? {});
  return [
    ...filters.map(([name, schema]) => ({ ...query(name, 'Only those with it.'), schema })),
    integer('limit', 'How many at most.', { minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT }),
    integer('offset', 'How many to skip.', { minimum: 0, maximum: Number.MAX_SAFE_INTEGER, default: 0 }),
    {
      ...query('groupBy', 'Counts instead of the dead letters themselves.'),
      schema: { type: 'string', enum: ['reason', 'subscriptionId', 'eventType'] },
    },
  ];
}

function operationOf(tag: string) {
  return (
    operationId: string,
    summary: string,
    responses: OpenAPIV3.ResponsesObject,
    refusals: readonly RefusalStatus[] = [],
  ): OpenAPIV3.OperationObject => ({
    ...{ operationId, summary, tags: [tag], security: [{}, { token: [] }] },
    responses: { ...responses, ...refused([...ALWAYS, ...refusals]) },
  });
}

function body(schema: string, example: unknown): OpenAPIV3.RequestBodyObject {
  return { required: true, content: { 'application/json': { schema: schemaRef(schema), example } } };
}

function query(name: string, description: string): OpenAPIV3.ParameterObject {
  return { name, in: 'query', description, schema: { type: 'string' } };
}

function pathParameter(name: string, description: string): OpenAPIV3.ParameterObject {
  return { name, in: 'path', required: true, description, schema: { type: 'string', maxLength: 256 } };
}
