/** Topics and what was posted to them, for the API description (TMF688). Only v4 APIs have them. */
import type { OpenAPIV3 } from 'openapi-types';
import { answer, componentRef, header, refused } from './answers.ts';

type Paths = OpenAPIV3.PathsObject;
type Schema = OpenAPIV3.SchemaObject;

const written: Record<string, Schema> = {
  name: { type: 'string', nullable: true, description: 'What the topic groups.', example: 'Alarms of Paris' },
  headerQuery: {
    type: 'string',
    nullable: true,
    description: 'Filter on what stands around the content of an event, such as eventType or domain.',
    example: 'eventType=AlarmCreateEvent&domain=Paris',
  },
  contentQuery: {
    type: 'string',
    nullable: true,
    description: 'Filter on the content of an event, its member "event".',
    example: 'alarm.perceivedSeverity=CRITICAL',
  },
  '@type': { type: 'string', nullable: true },
  '@baseType': { type: 'string', nullable: true },
  '@schemaLocation': { type: 'string', nullable: true },
};
const eventMembers: Record<string, Schema> = {
  eventId: { type: 'string', description: 'Made by the gateway when absent.' },
  eventTime: { type: 'string', format: 'date-time', description: 'Made by the gateway when absent.' },
  eventType: { type: 'string', description: 'Any name: a topic takes types that no API has.' },
  event: { description: 'Anything but null.' },
};

const topicExample = {
  id: '17',
  href: '/tmf-api/event/v4/topic/17',
  ...{
    name: 'Alarms of Paris',
    headerQuery: 'domain=Paris',
    contentQuery: 'alarm.perceivedSeverity=CRITICAL',
  },
};
const eventExample = {
  ...{ eventId: '0f8fad5b', eventTime: '2026-03-01T12:00:00.000Z', eventType: 'SiteVisitedEvent' },
  event: { site: { id: '12' } },
};
const inUseExample = {
  ...{ code: 'topicInUse', reason: 'Topic in use' },
  message: 'there are 2 hubs of the topic 17; delete them first, each at its href',
  status: '409',
};

const topicId: OpenAPIV3.ParameterObject = {
  ...{ name: 'topicId', in: 'path', required: true, description: 'Of the topic, as its creation said.' },
  schema: { type: 'string', minLength: 1, maxLength: 128 },
};

export function topicSchemas(): Record<string, Schema> {
  const id: Schema = { type: 'string', description: 'Made by the gateway.' };
  const href: Schema = { type: 'string', description: 'Where the topic is: the same as Location.' };
  return {
    TopicInput: { type: 'object', description: 'A topic. It cannot be changed later.', properties: written },
    Topic: { type: 'object', required: ['id', 'href'], properties: { id, href, ...written } },
    TopicEvent: {
      ...{ type: 'object', additionalProperties: true, required: ['eventType', 'event'] },
      properties: eventMembers,
    },
    // As it was sent: what the gateway does not need may be anything.
    PostedEvent: {
      ...{ type: 'object', additionalProperties: true },
      properties: { ...eventMembers, eventId: {}, eventTime: {} },
    },
  };
}

/** `key`: for operation ids, unique in a document. */
export function topicPaths(
  base: string,
  { key, tag }: { readonly key: string; readonly tag: string },
): Paths {
  const operation = (name: string, summary: string) => ({
    operationId: `${name}_${key}`,
    summary,
    tags: [tag],
  });
  const topic = componentRef('schemas', 'Topic');
  return {
    [`${base}/topic`]: {
      post: {
        ...operation('createTopic', 'Make a topic'),
        requestBody: jsonBody('TopicInput', {
          ...{ name: topicExample.name, headerQuery: topicExample.headerQuery },
          contentQuery: topicExample.contentQuery,
        }),
        responses: {
          201: answer('v4', 'Made: hubs may be registered below it, at every replica.', topic, topicExample, {
            Location: header('Where the topic is.'),
          }),
          ...refused('v4', [400, 403, 405, 413, 415, 500, 501, 503]),
        },
      },
      get: {
        ...operation('listTopics', 'List the topics of this API'),
        parameters: [
          componentRef('parameters', 'offset'),
          componentRef('parameters', 'limit'),
          { name: 'name', in: 'query', description: 'Only those of this name.', schema: { type: 'string' } },
        ],
        responses: {
          200: answer('v4', 'Topics.', { type: 'array', items: topic }, [topicExample], {
            'X-Total-Count': header('How many there are.', 'integer'),
            'X-Result-Count': header('How many are in this answer.', 'integer'),
          }),
          ...refused('v4', [400, 405, 500]),
        },
      },
    },
    ...oneTopic(base, operation),
    ...topicEvents(base, operation),
  };
}

type Operation = (name: string, summary: string) => { operationId: string; summary: string; tags: string[] };

function oneTopic(base: string, operation: Operation): Paths {
  return {
    [`${base}/topic/{topicId}`]: {
      parameters: [topicId],
      get: {
        ...operation('retrieveTopic', 'Show a topic'),
        responses: {
          200: answer('v4', 'The topic.', componentRef('schemas', 'Topic'), topicExample),
          ...refused('v4', [404, 405, 500, 503]),
        },
      },
      delete: {
        ...operation('deleteTopic', 'Remove a topic that has no hubs'),
        responses: {
          204: { description: 'Removed.' },
          409: answer('v4', 'There are hubs of it.', componentRef('schemas', 'Error'), inUseExample),
          ...refused('v4', [404, 405, 500, 503]),
        },
      },
    },
  };
}

function topicEvents(base: string, operation: Operation): Paths {
  const event = componentRef('schemas', 'PostedEvent');
  return {
    [`${base}/topic/{topicId}/event`]: {
      parameters: [topicId],
      post: {
        ...operation('postEvent', 'Publish an event to the hubs of this topic alone'),
        parameters: [componentRef('parameters', 'traceparent')],
        requestBody: jsonBody('TopicEvent', { eventType: eventExample.eventType, event: eventExample.event }),
        responses: {
          201: answer('v4', 'Stored safely; the event as it is stored.', event, eventExample),
          ...refused('v4', [400, 404, 405, 413, 415, 500, 503]),
        },
      },
      get: {
        ...operation('listEvents', 'Not supported: events are delivered to hubs, no list of them is kept'),
        responses: refused('v4', [404, 405, 500, 501, 503]),
      },
    },
    [`${base}/topic/{topicId}/event/{eventId}`]: {
      parameters: [
        topicId,
        {
          ...{
            name: 'eventId',
            in: 'path',
            required: true,
            description: 'Of an event posted to this topic.',
          },
          schema: { type: 'string', minLength: 1, maxLength: 128 },
        },
      ],
      get: {
        ...operation('retrieveEvent', 'Show an event that was posted to this topic, while the broker has it'),
        responses: {
          200: answer('v4', 'The event as it is stored.', event, eventExample),
          ...refused('v4', [404, 405, 500, 503]),
        },
      },
    },
  };
}

/** The same paths as they stand below a topic. */
export function belowTopic(paths: Paths): Paths {
  const below = Object.entries(paths).map(([path, item]) => [
    path,
    { ...item, parameters: [topicId, ...(item?.parameters ?? [])] },
  ]);
  return Object.fromEntries(below) as Paths;
}

function jsonBody(schema: string, example: object): OpenAPIV3.RequestBodyObject {
  return {
    required: true,
    content: { 'application/json': { schema: componentRef('schemas', schema), example } },
  };
}
