/** Does a parsed event have one of the wanted values at a path? (HUB-CONTRACT 3) */
import { asObject, contentOf, memberOf, resourceOf } from './document.ts';

/** Text, numbers and instants of the values that a condition accepts. */
export interface Wanted {
  readonly texts: ReadonlySet<string>;
  readonly numbers: ReadonlySet<number>;
  /** Milliseconds since the epoch. */
  readonly instants: ReadonlySet<number>;
}

const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** With a zone: a time without one is no instant. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)$/;

export function wantedValues(values: Iterable<string>): Wanted {
  const texts = new Set(values);
  const all = [...texts];
  return {
    texts,
    numbers: new Set(all.filter((text) => NUMBER.test(text)).map(Number)),
    instants: new Set(all.filter((text) => INSTANT.test(text)).map((text) => Date.parse(text))),
  };
}

/** Numbers compare as numbers, times as instants, everything else as text, case-sensitive. */
export function isWanted(value: unknown, wanted: Wanted): boolean {
  switch (typeof value) {
    case 'string':
      if (wanted.texts.has(value)) return true;
      return wanted.instants.size > 0 && INSTANT.test(value) && wanted.instants.has(Date.parse(value));
    case 'number':
      return wanted.numbers.has(value);
    case 'boolean':
      return wanted.texts.has(String(value));
    default:
      return false;
  }
}

/**
 * The values at a dotted path: looked for from the envelope, then from its content, then from the resource; the first
 * of the three that has any wins. Arrays on the way stand for each of their elements. Null counts as absent.
 */
export function valuesAt(document: unknown, path: readonly string[]): readonly unknown[] {
  const content = contentOf(document);
  // `event.` finds the content also where the envelope calls it `payload` (TMF666 v4.0.0).
  const fromEnvelope =
    path[0] === 'event' && content !== undefined ? follow(content, path.slice(1)) : follow(document, path);
  if (fromEnvelope.length > 0) return fromEnvelope;
  const fromContent = follow(content, path);
  return fromContent.length > 0 ? fromContent : follow(resourceOf(document), path);
}

function follow(root: unknown, path: readonly string[]): readonly unknown[] {
  let values = elementsOf([root]);
  for (const name of path) {
    if (values.length === 0) break;
    values = elementsOf(values.map((value) => memberOf(asObject(value), name)));
  }
  return values;
}

/** Flattens arrays however deep, without recursion: a document may nest deeper than the stack. */
function elementsOf(values: readonly unknown[]): readonly unknown[] {
  if (values.every((value) => !Array.isArray(value) && value !== undefined && value !== null)) return values;
  const elements: unknown[] = [];
  const waiting = [...values].reverse();
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (Array.isArray(value)) for (let i = value.length - 1; i >= 0; i -= 1) waiting.push(value[i]);
    else if (value !== undefined && value !== null) elements.push(value);
  }
  return elements;
}
