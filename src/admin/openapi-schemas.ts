/** The bodies of the admin API for its description. */
import type { OpenAPIV3 } from 'openapi-types';
import {
  deadLetterExample,
  explanationExample,
  readinessExample,
  subscriptionExample,
} from './openapi-examples.ts';

type Schema = OpenAPIV3.SchemaObject;

const text: Schema = { type: 'string' };
const someText: Schema = { type: 'string', minLength: 1 };
const textOrNull: Schema = { type: 'string', nullable: true };
const count: Schema = { type: 'integer', minimum: 0 };
const time: Schema = { type: 'string', format: 'date-time' };
const counts: Schema = { type: 'object', additionalProperties: count };

function object(
  properties: Record<string, Schema | OpenAPIV3.ReferenceObject>,
  optional: string[] = [],
): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, ...(required.length > 0 && { required }) };
}

export function schemaRef(name: string): OpenAPIV3.ReferenceObject {
  return { $ref: `#/components/schemas/${name}` };
}

const listOf = (name: string) => object({ items: { type: 'array', items: schemaRef(name) }, total: count });

const source = object(
  {
    broker: { type: 'string', description: 'The name of the source in the configuration.' },
    topic: { type: 'string', description: 'On RabbitMQ the exchange.' },
    partition: count,
    offset: count,
    routingKey: text,
    messageId: {
      type: 'string',
      description: "On RabbitMQ: the producer's, else one made from the content.",
    },
    timestamp: { ...count, description: 'When the record was stamped, milliseconds since the epoch.' },
    key: { type: 'string', description: 'The ordering key.' },
    headers: { type: 'object', additionalProperties: text },
  },
  ['partition', 'offset', 'routingKey', 'messageId', 'timestamp', 'key', 'headers'],
);

const explanation = object(
  {
    subscriptionId: text,
    eventId: text,
    verdict: {
      type: 'string',
      enum: [
        'delivered',
        'in-flight',
        'retrying',
        'waiting',
        'held',
        'dead-letter',
        'filtered',
        'out-of-scope',
        'before-subscription',
        'unknown-event',
      ],
    },
    reason: text,
    eventType: text,
    source: schemaRef('Source'),
    deadLetterId: text,
  },
  ['eventType', 'source', 'deadLetterId'],
);

const subscription = object({
  id: text,
  callback: text,
  query: text,
  scope: object(
    {
      basePath: text,
      api: textOrNull,
      major: { type: 'integer', nullable: true },
      topic: {
        ...object({ id: text, headerQuery: text, contentQuery: text }),
        description: 'Of a hub of a topic: what its events must match as well.',
      },
    },
    ['topic'],
  ),
  profile: { type: 'string', description: 'How its events are written.' },
  signed: { type: 'boolean', description: 'Are its requests signed?' },
  headers: { type: 'array', items: text, description: 'Names of the headers that it asked for.' },
  state: { type: 'string', enum: ['active', 'paused', 'gone', 'suspended'] },
  circuit: { type: 'string', enum: ['closed', 'open', 'probing'] },
  lag: { ...count, description: 'Events of its sources behind its position; 0 at the head.' },
  oldestUnsettled: { ...time, nullable: true },
  inFlight: count,
  waitingRetry: count,
  lastOutcome: { type: 'string', nullable: true, enum: ['delivered', 'retry', 'rejected', 'gone', null] },
  lost: { ...count, description: "Events that the broker's retention removed before they were delivered." },
  positions: {
    ...counts,
    description:
      'Lowest unsettled offset per topic:partition, or source/topic:partition where several sources have it.',
  },
});

const attempt = object(
  {
    n: count,
    at: time,
    status: { type: 'integer' },
    error: text,
    durationMs: { type: 'number' },
    answer: text,
  },
  ['status', 'error', 'answer'],
);

const deadLetter = object(
  {
    id: text,
    reason: { type: 'string', enum: ['exhausted', 'rejected', 'unreadable', 'too-large', 'expired'] },
    subscriptionId: textOrNull,
    callback: textOrNull,
    eventId: textOrNull,
    eventType: textOrNull,
    correlationId: textOrNull,
    attempts: { type: 'array', items: schemaRef('Attempt') },
    error: textOrNull,
    retryCount: { ...count, description: 'Attempts after the first.' },
    source: schemaRef('Source'),
    payload: { description: 'The event, when its bytes are JSON.' },
    payloadBase64: { type: 'string', format: 'byte', description: 'The bytes, when they are no JSON.' },
    deadAt: time,
    state: { type: 'string', enum: ['open', 'replayed', 'discarded'] },
    replay: {
      ...object({ requestedAt: time, correctedBodyBase64: { type: 'string', format: 'byte' } }, [
        'correctedBodyBase64',
      ]),
      description: 'A replay was asked for and is not done yet.',
    },
  },
  ['payload', 'payloadBase64', 'replay'],
);

const filter: Schema = {
  ...object(
    {
      subscriptionId: someText,
      reason: someText,
      eventType: someText,
      eventId: someText,
      correlationId: someText,
      since: { ...time, description: 'Any ISO 8601 date or time.' },
      until: { ...time, description: 'Any ISO 8601 date or time.' },
      state: { type: 'string', enum: ['open', 'replayed', 'discarded'], default: 'open' },
    },
    ['subscriptionId', 'reason', 'eventType', 'eventId', 'correlationId', 'since', 'until', 'state'],
  ),
  additionalProperties: false,
};

const replayRange: Schema = {
  ...object(
    {
      from: {
        description: 'A time, or exactly one of time, eventId and offsets.',
        oneOf: [
          time,
          { ...object({ time }), additionalProperties: false },
          { ...object({ eventId: someText }), additionalProperties: false },
          {
            ...object({
              offsets: {
                ...{ ...counts, minProperties: 1 },
                description: '{"topic:partition": offset}, as positions name them; another one is 400.',
              },
            }),
            additionalProperties: false,
          },
        ],
      },
      to: { ...time, description: 'Exclusive; absent: up to the moment of the request.' },
      correlationId: someText,
    },
    ['to', 'correlationId'],
  ),
  additionalProperties: false,
};

export const schemas: Record<string, Schema> = {
  Liveness: object({ status: { type: 'string', enum: ['ok'] } }),
  Readiness: {
    ...object({
      ready: { type: 'boolean' },
      parts: {
        type: 'object',
        additionalProperties: object({ ok: { type: 'boolean' }, reason: text }, ['reason']),
      },
    }),
    example: readinessExample,
  },
  Subscription: { ...subscription, example: subscriptionExample },
  SubscriptionList: listOf('Subscription'),
  Orphan: object({
    subscriptionId: text,
    sources: { type: 'array', items: text, description: 'Those that keep something for it.' },
  }),
  OrphanList: listOf('Orphan'),
  ReplayRange: replayRange,
  ReplayJob: object({
    jobId: { type: 'string', description: 'Several, one for each source, with commas between.' },
  }),
  Explanation: { ...explanation, example: explanationExample },
  Source: source,
  Trace: object({
    correlationId: text,
    events: {
      type: 'array',
      items: object({
        eventId: text,
        eventType: text,
        eventTime: time,
        source: schemaRef('Source'),
        deliveries: { type: 'array', items: schemaRef('Explanation') },
      }),
    },
  }),
  Attempt: attempt,
  DeadLetter: { ...deadLetter, example: deadLetterExample },
  DeadLetterList: listOf('DeadLetter'),
  DeadLetterCounts: object({ counts, total: count }),
  DeadLetterFilter: filter,
  ReplayFilter: object({ filter: schemaRef('DeadLetterFilter') }),
  ReplayResult: object({ accepted: count, byReason: counts }),
  Error: object({ code: text, reason: text, message: text, status: text, '@type': text }),
};
