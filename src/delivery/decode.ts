import type { SourceRecord } from '../brokers/broker.ts';
import { asObject, contentOf, identifier, memberOf, resourceOf, type JsonObject } from '../tmf/document.ts';
import { completeEnvelope } from '../tmf/envelope.ts';
import type { TmfEvent } from '../tmf/event.ts';

export interface Decoded {
  readonly event: TmfEvent;
  /** The parsed envelope, for filters; not kept. */
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
  if (!contentOf(document)) return { unreadable: 'it has no event object', record };
  const apis = apisOf(record, type, knowledge);
  const id = identifier(memberOf(document, 'eventId')) ?? record.headers['eventId'] ?? derivedId(record);
  const correlationId = identifier(memberOf(document, 'correlationId')) ?? record.headers['correlationId'];
  const time = timeOf(document);
  const payloadKeys = apis[0] === undefined ? undefined : knowledge.payloadKeys(apis[0], type);
  const event: TmfEvent = {
    id,
    type,
    apis,
    orderingKey: identifier(memberOf(resourceOf(document, payloadKeys), 'id')) ?? correlationId ?? id,
    correlationId,
    traceparent: record.headers['traceparent'],
    time: time ?? record.timestamp,
    bytes: completed(record, document, id, time),
    holds: 0,
    v4: undefined,
    v5: undefined,
  };
  return { event, document, record };
}

function parse(value: Uint8Array): JsonObject | string {
  if (value.length === 0) return 'it is empty';
  try {
    return asObject(JSON.parse(utf8.decode(value))) ?? 'it is JSON, but no object';
  } catch (error) {
    return error instanceof SyntaxError ? `it is no JSON: ${error.message}` : 'it is no UTF-8 text';
  }
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

function completed(
  record: SourceRecord,
  document: JsonObject,
  id: string,
  time: number | undefined,
): Uint8Array {
  if (identifier(memberOf(document, 'eventId')) !== undefined && time !== undefined) return record.value;
  const eventTime = new Date(record.timestamp).toISOString();
  return Buffer.from(completeEnvelope(utf8.decode(record.value), { eventId: id, eventTime }));
}

function withoutCredentials(record: SourceRecord): SourceRecord {
  const names = Object.keys(record.headers);
  if (!names.some((name) => CREDENTIALS.test(name))) return record;
  const headers = Object.fromEntries(
    Object.entries(record.headers).filter(([name]) => !CREDENTIALS.test(name)),
  );
  return { ...record, headers };
}
