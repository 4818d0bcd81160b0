/** Bodies of the public port in both shapes, for its description (HUB-CONTRACT 2, 5, 6). */
import type { OpenAPIV3 } from 'openapi-types';

type Schema = OpenAPIV3.SchemaObject;
export type Shape = 'v4' | 'v5';

export const EXAMPLE_CALLBACK = 'https://billing.example/listener';
const EXAMPLE_QUERY = 'eventType=ProductOrderCreateEvent,ProductOrderStateChangeEvent';

export function schemas(): Record<string, Schema> {
  const input = { ...addressed, ...extensions };
  const required = ['id', 'callback', 'query'];
  const type = (value: string): Schema => ({ type: 'string', enum: [value] });
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
      properties: {
        '@type': type('Hub'),
        href: { type: 'string', description: 'Where the subscription is: the same as Location.' },
        ...hub,
      },
    },
    Event: eventSchema('One TMF event, as its producer sends it.', 'required'),
    ListenerEvent: eventSchema('One TMF event; without eventType it has that of the path.', 'optional'),
    StoredEvent: storedEvent,
    Error: errorSchema(['code', 'reason', 'message', 'status'], {}),
    Error5: errorSchema(['@type', 'code', 'reason', 'message', 'status'], { '@type': type('Error') }),
  };
}

const addressed: Record<string, Schema> = {
  callback: {
    type: 'string',
    minLength: 1,
    description: 'http or https URL to which every event is sent with POST.',
    example: EXAMPLE_CALLBACK,
  },
  query: {
    type: 'string',
    nullable: true,
    description:
      'Which events, as a TMF630 filter over the whole event; absent, null or empty: all of this hub. `fields=` says ' +
      'what is sent of them.',
    example: EXAMPLE_QUERY,
  },
};

/** Only the types are given: what is wrong with a value the gateway says better than a pattern. */
const retry: Schema = {
  type: 'object',
  nullable: true,
  description:
    'Extension: what happens after a failed attempt, where it differs from the configuration (`retry`).',
  properties: {
    delays: {
      type: 'array',
      nullable: true,
      items: { type: 'string' },
      description:
        'Up to 100 waits between attempts, such as 500ms, 30s, 5m or 1h, at most 24d; after the last one the event ' +
        'becomes a dead letter.',
    },
    rejectStatuses: {
      type: 'array',
      nullable: true,
      items: { type: 'integer' },
      description:
        'Answers, 400 to 599 but not 410, that say the event itself is wrong: dead letter without another attempt.',
    },
  },
  example: { delays: ['1s', '5s', '30s'], rejectStatuses: [400, 422] },
};

/** Members that no TMF API has: a strict client leaves them out, unknown ones are ignored. */
const extensions: Record<string, Schema> = {
  profile: {
    type: 'string',
    nullable: true,
    description:
      'Extension: how the events are sent (callback, names, envelope), by the name of a profile; an unknown one is 400.',
    example: 'tmf',
  },
  ordering: {
    type: 'string',
    nullable: true,
    enum: ['key', 'none', null],
    description:
      'Extension. key (default): events of one resource arrive in order, one at a time; none: as fast as possible.',
  },
  retry,
  headers: {
    type: 'object',
    nullable: true,
    writeOnly: true,
    additionalProperties: { type: 'string' },
    description:
      'Extension: headers of every request to the callback, such as Authorization. Never shown again.',
    example: { 'X-Api-Key': '3f9a1c' },
  },
  secret: {
    type: 'string',
    nullable: true,
    writeOnly: true,
    description:
      'Extension: key of the header webhook-signature (Standard Webhooks): whsec_ and 24 to 64 bytes in base64. ' +
      'Never shown again.',
    example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  },
  auth: {
    writeOnly: true,
    description: 'Reserved: this version answers 501 to it, rather than send events without what they need.',
  },
};

const hub: Record<string, Schema> = {
  id: { type: 'string' },
  callback: { type: 'string', description: 'As sent.', example: EXAMPLE_CALLBACK },
  query: {
    type: 'string',
    description: 'Exactly as sent, empty when it was absent.',
    example: EXAMPLE_QUERY,
  },
  profile: { type: 'string', description: 'Only where it was asked for.' },
  ordering: { type: 'string', enum: ['none'], description: 'Only where it was asked for.' },
  retry: {
    type: 'object',
    description: 'Only where it was asked for.',
    properties: {
      delays: { type: 'array', items: { type: 'string' } },
      rejectStatuses: { type: 'array', items: { type: 'integer' } },
    },
  },
};

const text = (description: string): Schema => ({ type: 'string', description });

/** What the gateway does not need it takes as it comes: the types are those of the specifications. */
function eventSchema(description: string, eventType: 'required' | 'optional'): Schema {
  const name: Schema = { type: 'string', maxLength: 512, example: 'ProductOrderCreateEvent' };
  const missing = 'Made by the gateway when absent, null or blank.';
  return {
    type: 'object',
    additionalProperties: true,
    description: `${description} It is stored byte for byte; members that do not stand here stay too.`,
    ...(eventType === 'required' && { required: ['eventType'] }),
    anyOf: [{ required: ['event'] }, { required: ['payload'] }],
    properties: {
      eventId: { type: 'string', nullable: true, maxLength: 512, description: missing },
      eventTime: { type: 'string', nullable: true, format: 'date-time', description: missing },
      eventType: eventType === 'required' ? { ...name, minLength: 1 } : { ...name, nullable: true },
      '@type': text('From v5 on: the same as eventType.'),
      correlationId: text('What belongs together; sent on as the header X-Correlation-ID.'),
      domain: text('Where it happened.'),
      title: text('What happened, in a few words.'),
      description: text('What happened.'),
      priority: text('How urgent it is.'),
      timeOcurred: text('When it happened, as v4 spells it.'),
      timeOccurred: text('When it happened, as v5 spells it.'),
      event: { type: 'object', description: 'Carries the resource, in full or in part.' },
      payload: { type: 'object', description: 'The same in TMF666 v4.0.0.' },
    },
  };
}

const storedEvent: Schema = {
  type: 'object',
  additionalProperties: true,
  description: 'An event as it was sent, with the id, time and type that were missing.',
  required: ['eventId', 'eventTime', 'eventType'],
  properties: {
    eventId: {
      oneOf: [{ type: 'string' }, { type: 'number' }],
      description: 'For a listener: what tells a repeat. It stays as it is over attempts and replays.',
    },
    eventTime: { description: 'An ISO time, unless the producer wrote something else.' },
    eventType: text('The type of the event.'),
    event: { description: 'Carries the resource, in full or in part.' },
  },
};

function errorSchema(required: string[], more: Record<string, Schema>): Schema {
  return {
    type: 'object',
    required,
    properties: {
      ...more,
      code: text('For programs: stable.'),
      reason: text('What is wrong, the same from case to case.'),
      message: text('What is wrong here, and what to do about it.'),
      status: { type: 'string', pattern: '^[45]\\d\\d$', description: 'The HTTP status.' },
      referenceError: text('Where to read more.'),
    },
  };
}
