/**
 * From the text of a TMF event to a durable record. On the hot path: the text is parsed once, and what the producer
 * wrote is stored byte for byte; only an id, time or type that is missing is written into it.
 */
import type { Coordinates, NewRecord } from '../../brokers/broker.ts';
import type { Logger } from '../../logger.ts';
import type { Clock } from '../../time.ts';
import type { Catalogue } from '../../tmf/catalogue.ts';
import { asObject, contentOf, hasAnyContent, identifier, isBlank, memberOf } from '../../tmf/document.ts';
import type { JsonObject } from '../../tmf/document.ts';
import { completeEnvelope } from '../../tmf/envelope.ts';
import { objectionText, type EventCheck } from '../../tmf/event-check.ts';
import { canonicalEventType } from '../../tmf/event-names.ts';
import { orderingKey } from '../../tmf/ordering.ts';
import { parseJson } from '../body.ts';
import type { Base } from '../place.ts';
import { refuse, unavailable } from '../refusal.ts';
import type { Refusal } from '../refusal.ts';

export interface EventPublisher {
  /** Resolves when the record is durable, rejects (with PublishRefused) when it could not be made so. */
  publish(record: NewRecord): Promise<Coordinates>;
}

export interface PublishingDependencies {
  readonly catalogue: Catalogue;
  readonly publisher: EventPublisher;
  /** The topic for events of an API; undefined = of no API in particular. */
  readonly topicOf: (apiId: string | undefined) => string;
  readonly unknownEventTypes: 'reject' | 'accept';
  /** Of what is published to that source; undefined: anything may be published. */
  readonly check?: EventCheck | undefined;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly logger: Logger;
}

export interface PublishRequest {
  readonly base: Base;
  /** From `{apiBase}/listener/{eventName}`. */
  readonly eventName: string | undefined;
  /** A topic that there is: its hubs alone get the event. */
  readonly topicId?: string | undefined;
  readonly text: string;
  /** The same as `text`. */
  readonly bytes: Buffer;
  /** Headers of the request: which API the event is of, where the path does not say it; and the trace. */
  readonly tmfApi: string | undefined;
  readonly traceparent: string | undefined;
}

interface Published {
  readonly ok: true;
  /** The event as it is stored. */
  readonly bytes: Uint8Array;
}

/** What may become a header of records and requests: one line of text. */
const ONE_LINE = /^[^\p{Cc}\p{Cs}]{1,512}$/u;
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

export function createPublishing(
  dependencies: PublishingDependencies,
): (request: PublishRequest) => Promise<Published | Refusal> {
  const { publisher, topicOf, logger } = dependencies;
  return async (request) => {
    const prepared = prepare(request, dependencies);
    if (!prepared.ok) return prepared;
    const { api, headers, key, value } = prepared;
    try {
      await publisher.publish({ topic: topicOf(api), key, value, headers });
    } catch (error) {
      logger.error({ err: error, eventId: headers['eventId'] }, 'publish.failed');
      return unavailable('the event could not be stored safely and was not accepted; publish it again later');
    }
    return { ok: true, bytes: value };
  };
}

const NO_API = { ok: true, api: undefined } as const;

interface Prepared {
  readonly ok: true;
  readonly api: string | undefined;
  readonly key: string;
  readonly value: Uint8Array;
  readonly headers: Record<string, string>;
}

function prepare(request: PublishRequest, dependencies: PublishingDependencies): Prepared | Refusal {
  const parsed = parseJson(request.text);
  if (!parsed.ok) return parsed;
  const document = asObject(parsed.value);
  if (document === undefined) return invalid('an event is one JSON object; publish several one by one');
  // What a topic carries may be anything, but not nothing (TMF688).
  const { topicId } = request;
  if (contentOf(document) === undefined && !(topicId !== undefined && hasAnyContent(document))) {
    return invalid('"event" must be an object that carries the resource: {"event": {"productOrder": {...}}}');
  }
  const typed = typeOf(document, request, dependencies);
  if (!typed.ok) return typed;
  // No API is asked whether it has such events: it is none of theirs.
  const api = topicId === undefined ? apiOf(typed.type, request, dependencies) : NO_API;
  if (!api.ok) return api;
  if (!isUsableId(memberOf(document, 'eventId'))) {
    return invalid('"eventId" must be a text in one line, at most 512 characters');
  }
  const objection = objectionTo(document, typed.type, api.api, request, dependencies);
  if (objection !== undefined) return objection;

  const { completed, eventId } = complete(document, typed.type, request, dependencies);
  const keys = api.api === undefined ? [] : dependencies.catalogue.payloadKeys(api.api, typed.type);
  return {
    ok: true,
    api: api.api,
    key: orderingKey(document, keys) ?? eventId,
    value: completed === request.text ? request.bytes : Buffer.from(completed, 'utf8'),
    headers: recordHeaders(
      document,
      { api: api.api, topicId, type: typed.type, eventId },
      request.traceparent,
    ),
  };
}

/** The event type that the body says, or the path; where both do, they must mean the same. */
function typeOf(
  document: JsonObject,
  { base, eventName }: PublishRequest,
  { catalogue }: PublishingDependencies,
): { readonly ok: true; readonly type: string } | Refusal {
  const said = memberOf(document, 'eventType') ?? '';
  if (typeof said !== 'string' || (said !== '' && !ONE_LINE.test(said))) {
    return invalid('"eventType" must be a name such as ProductOrderCreateEvent');
  }
  if (eventName === undefined) {
    return said.trim() === '' ? invalid('"eventType" is missing') : { ok: true, type: said };
  }
  const named = specified(eventName, base, catalogue) ?? eventName;
  if (said.trim() === '') return { ok: true, type: named };
  if (canonicalEventType(said) === canonicalEventType(named)) return { ok: true, type: said };
  return invalid(`"eventType" is ${JSON.stringify(said)}, but the path says ${eventName}`);
}

/** The spelling of the specification for the name in a listener's path. */
function specified(eventName: string, { scope }: Base, catalogue: Catalogue): string | undefined {
  if (scope.api === null) return catalogue.knownEventTypes.get(canonicalEventType(eventName));
  return catalogue.eventOf(scope.api, eventName)?.type;
}

/** The API that an event is of, where it can be told, and whether it has such events. */
function apiOf(
  type: string,
  { base, tmfApi }: PublishRequest,
  { catalogue, unknownEventTypes }: PublishingDependencies,
): { readonly ok: true; readonly api: string | undefined } | Refusal {
  const accepting = unknownEventTypes === 'accept';
  const named = base.scope.api ?? tmfApi;
  if (
    base.scope.api === null &&
    tmfApi !== undefined &&
    !catalogue.apis.some(({ apiId }) => apiId === tmfApi)
  ) {
    return invalid('the header tmfApi must be the id of an API such as TMF622');
  }
  if (named === undefined) {
    const owners = catalogue.apisOfType(type);
    if (owners.length > 0 || accepting) return { ok: true, api: owners.length === 1 ? owners[0] : undefined };
    return unknownType(`no TMF API has events of type ${JSON.stringify(type)}`);
  }
  if (accepting || catalogue.eventOf(named, type) !== undefined) return { ok: true, api: named };
  const types =
    base.hub === undefined ? catalogue.eventTypesOf(named) : [...(base.hub.knownEventTypes?.values() ?? [])];
  if (types.length === 0) return { ok: true, api: named };
  return unknownType(`${named} has no events of type ${JSON.stringify(type)}; it has ${types.join(', ')}`);
}

/** A publisher that only knows callbacks would lose what is refused: its event is quarantined when it is read. */
function objectionTo(
  document: JsonObject,
  type: string,
  api: string | undefined,
  { eventName, topicId }: PublishRequest,
  { catalogue, check }: PublishingDependencies,
): Refusal | undefined {
  if (check === undefined || eventName !== undefined || topicId !== undefined) return undefined;
  const objection = check(api === undefined ? catalogue.apisOfType(type) : [api], type, document);
  return objection?.mode === 'quarantine'
    ? invalid(`the event ${objectionText(objection, type)}`)
    : undefined;
}

function complete(
  document: JsonObject,
  type: string,
  { text }: PublishRequest,
  { clock, newId, logger }: PublishingDependencies,
): { readonly completed: string; readonly eventId: string } {
  const known = identifier(memberOf(document, 'eventId'));
  const missing = {
    ...(isBlank(memberOf(document, 'eventType')) && { eventType: type }),
    ...(known === undefined && { eventId: newId() }),
    ...(isBlank(memberOf(document, 'eventTime')) && { eventTime: new Date(clock.now()).toISOString() }),
  };
  const eventId = known ?? missing.eventId ?? '';
  const names = Object.keys(missing);
  if (names.length === 0) return { completed: text, eventId };
  logger.debug({ eventId, completed: names }, 'event.completed');
  return { completed: completeEnvelope(text, missing), eventId };
}

/** Absent is usable: one is made. What else an id could not be sent with, as it stands in a header of requests. */
function isUsableId(value: unknown): boolean {
  const id = identifier(value);
  return id === undefined ? isBlank(value) : ONE_LINE.test(id);
}

interface Facts {
  readonly api: string | undefined;
  readonly topicId: string | undefined;
  readonly type: string;
  readonly eventId: string;
}

function recordHeaders(
  document: JsonObject,
  { api, topicId, type, eventId }: Facts,
  traceparent: string | undefined,
): Record<string, string> {
  const correlationId = identifier(memberOf(document, 'correlationId'));
  const headers: Record<string, string> = { eventType: type, eventId };
  if (api !== undefined) headers['tmfApi'] = api;
  if (topicId !== undefined) headers['tmfTopic'] = topicId;
  // One that is no header stays in the document alone.
  if (correlationId !== undefined && ONE_LINE.test(correlationId)) headers['correlationId'] = correlationId;
  if (traceparent !== undefined && TRACEPARENT.test(traceparent)) headers['traceparent'] = traceparent;
  return headers;
}

function invalid(message: string): Refusal {
  return refuse(400, 'Invalid event', message, { code: 'invalidEvent' });
}

function unknownType(message: string): Refusal {
  const hint = 'hub.unknownEventTypes: accept takes types of your own';
  return refuse(400, 'Unknown event type', `${message} (${hint})`, { code: 'unknownEventType' });
}
