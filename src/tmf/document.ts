/** Where things stand inside a parsed TMF event (HUB-CONTRACT 5). */

export type JsonObject = Readonly<Record<string, unknown>>;

export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}

/** An own member; what an object inherits (`constructor`) is no part of a document. */
export function memberOf(object: JsonObject | undefined, name: string): unknown {
  return object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined;
}

/** What the envelope carries: the member `event`, in TMF666 v4.0.0 `payload`. */
export function contentOf(document: unknown): JsonObject | undefined {
  const envelope = asObject(document);
  return asObject(memberOf(envelope, 'event')) ?? asObject(memberOf(envelope, 'payload'));
}

/** Has it a member `event` at all? In a topic that may be a text or a list as well. */
export function hasAnyContent(document: JsonObject): boolean {
  return (memberOf(document, 'event') ?? null) !== null;
}

/** Is nothing said? Producers write null, or a blank text, for what they do not have. */
export function isBlank(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '');
}

/** A usable identifier as text: a string that is not blank, or a number. */
export function identifier(value: unknown): string | undefined {
  if (typeof value === 'string') return value.trim() === '' ? undefined : value;
  return typeof value === 'number' ? String(value) : undefined;
}

/**
 * The entity inside the event: the member that the catalogue names (`payloadKeys`, best guess first), else the
 * first member that is an object with an id, else the content itself when it carries the id (TMF645 v3), else the
 * first object. Undefined when the event carries no object at all.
 */
export function resourceOf(document: unknown, payloadKeys: readonly string[] = []): JsonObject | undefined {
  const content = contentOf(document);
  if (content === undefined) return undefined;
  if (payloadKeys.includes('id') && hasId(content)) return content;
  for (const key of payloadKeys) {
    const named = asObject(memberOf(content, key));
    if (named !== undefined && hasId(named)) return named;
  }
  return firstResource(content);
}

function firstResource(content: JsonObject): JsonObject | undefined {
  let first: JsonObject | undefined;
  for (const name of Object.keys(content)) {
    const candidate = asObject(content[name]);
    if (candidate === undefined) continue;
    if (hasId(candidate)) return candidate;
    first ??= candidate;
  }
  return hasId(content) ? content : first;
}

function hasId(object: JsonObject): boolean {
  return identifier(memberOf(object, 'id')) !== undefined;
}
