import type { SourceRecord } from '../brokers/broker.ts';
import {
  asObject,
  contentOf,
  hasAnyContent,
  identifier,
  isBlank,
  memberOf,
  resourceOf,
  type JsonObject,
} from '../tmf/document.ts';
import { completeEnvelope } from '../tmf/envelope.ts';
import type { TmfEvent } from '../tmf/event.ts';

export interface Decoded {
  readonly event: TmfEvent;
  /** The parsed envelope as it will be sent, for filters; not kept. */
  readonly document: JsonObject;
  /** The record without credentials (RULES 25). */
  readonly record: SourceRecord;
}

export interface Unreadable {
  /** Why, as the end of a sentence. */
  readonly unreadable: string;
  readonly record: SourceRecord;
}

export interface DecodeKnowledge {
  apisOfType(eventType: string): readonly string[];
  payloadKeys(apiId: string, eventType: string): readonly string[];
}

const CREDENTIALS = /authorization|cookie|password|passwd|secret|token|credential|api[-_]?key/i;
/** What a listener needs of every envelope. */
const ENVELOPE = ['eventId', 'eventTime', 'eventType'] as const;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a record as a TMF event in envelope JSON: once, for all its deliveries. A missing event id is derived from
 * the record's coordinates, so that a second reading gives the same (RULES 15). What is no event comes back as
 * the reason why.
 */
export function decode(source: SourceRecord, knowledge: DecodeKnowledge): Decoded | Unreadable {
  const record = withoutCredentials(source);
  const document = parse(record.value);
  if (typeof document === 'string') return { unreadable: document, record };
  const type = identifier(memberOf(document, 'eventType')) ?? record.headers['eventType'];
  if (type === undefined)
    return { unreadable: 'it has no eventType, neither inside nor as a header', record };
  const topic = topicOf(record);
  // What is posted to a topic may carry anything (TMF688).
  const isEvent = contentOf(document) !== undefined || (topic !== undefined && hasAnyContent(document));
  if (!isEvent) return { unreadable: 'it has no event object', record };
  const apis = topic === undefined ? apisOf(record, type, knowledge) : [];
  const id = identifier(memberOf(document, 'eventId')) ?? record.headers['eventId'] ?? derivedId(record);
  const correlationId = identifier(memberOf(document, 'correlationId')) ?? record.headers['correlationId'];
  const time = timeOf(document);
  const payloadKeys = apis[0] === undefined ? undefined : knowledge.payloadKeys(apis[0], type);
  const missing = missingFrom(document, record, { eventId: id, eventType: type });
  const event: TmfEvent = {
    id,
    type,
    apis,
    orderingKey: identifier(memberOf(resourceOf(document, payloadKeys), 'id')) ?? correlationId ?? id,
    correlationId,
    traceparent: record.headers['traceparent'],
    topic,
    time: time ?? record.timestamp,
    bytes: missing
      ? Buffer.from(completeEnvelope(utf8.decode(record.value), missing))
      : withoutMark(record.value),
    completed: missing && Object.keys(missing),
    holds: 0,
    v4: undefined,
    v5: undefined,
  };
  // Filters see what the listener will.
  return { event, document: missing ? { ...document, ...missing } : document, record };
}

function parse(value: Uint8Array): JsonObject | string {
  if (value.length === 0) return 'it is empty';
  try {
    return asObject(JSON.parse(utf8.decode(value))) ?? 'it is JSON, but no object';
  } catch (error) {
    return error instanceof SyntaxError ? `it is no JSON: ${error.message}` : 'it is no UTF-8 text';
  }
}

/** Without a byte order mark, which is no part of the text and which JSON does not allow. */
function withoutMark(value: Uint8Array): Uint8Array {
  return value[0] === 0xef && value[1] === 0xbb && value[2] === 0xbf ? value.subarray(3) : value;
}

function topicOf({ headers }: SourceRecord): string | undefined {
  return headers['tmfTopic'] === '' ? undefined : headers['tmfTopic'];
}

/** The header says which API; else every API that has the type. */
function apisOf(record: SourceRecord, type: string, knowledge: DecodeKnowledge): readonly string[] {
  const api = record.headers['tmfApi'];
  return api === undefined || api === '' ? knowledge.apisOfType(type) : [api.toUpperCase()];
}

function derivedId({ source }: SourceRecord): string {
  if (source.messageId !== undefined) return `${source.broker}:${source.topic}:${source.messageId}`;
  return `${source.broker}:${source.topic}:${source.partition ?? 0}:${source.offset ?? 0}`;
}

function timeOf(document: JsonObject): number | undefined {
  const time = memberOf(document, 'eventTime');
  const parsed = typeof time === 'string' ? Date.parse(time) : NaN;
  return Number.isNaN(parsed) ? undefined : parsed;
}

/** What the producer left out of the envelope and the gateway writes into it; undefined: nothing. */
function missingFrom(
  document: JsonObject,
  { timestamp }: SourceRecord,
  known: { readonly eventId: string; readonly eventType: string },
): Readonly<Record<string, string>> | undefined {
  const names = ENVELOPE.filter((name) => isBlank(memberOf(document, name)));
  if (names.length === 0) return undefined;
  const whole = { ...known, eventTime: new Date(timestamp).toISOString() };
  return Object.fromEntries(names.map((name) => [name, whole[name]]));
}

function withoutCredentials(record: SourceRecord): SourceRecord {
  const names = Object.keys(record.headers);
  if (!names.some((name) => CREDENTIALS.test(name))) return record;
  const headers = Object.fromEntries(
    Object.entries(record.headers).filter(([name]) => !CREDENTIALS.test(name)),
  );
  return { ...record, headers };
}
