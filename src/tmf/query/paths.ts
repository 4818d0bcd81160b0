/** The values at a dotted path of a parsed event (HUB-CONTRACT 3). */
import { asObject, contentOf, memberOf, resourceOf } from '../document.ts';

/**
 * Where a query looks: `document` is the whole event, `header` the members of the envelope without what it carries,
 * `content` what it carries (TMF688: `headerQuery`, `contentQuery`).
 */
export type Part = 'document' | 'header' | 'content';

const NONE: readonly unknown[] = [];

/**
 * Looked for from the envelope, then from its content, then from the resource; the first of the three that has any
 * value wins. Arrays on the way stand for each of their elements. Null counts as absent.
 */
export function valuesAt(
  document: unknown,
  path: readonly string[],
  part: Part = 'document',
): readonly unknown[] {
  const carrier = path[0] === 'event' || path[0] === 'payload';
  if (part === 'header') return carrier ? NONE : follow(document, path);
  const content = contentOf(document);
  const named = path[0] === 'event' || (carrier && part === 'content');
  // `event.` finds the content also where the envelope calls it `payload` (TMF666 v4.0.0).
  const first =
    named && content !== undefined
      ? follow(content, path, 1)
      : part === 'document'
        ? follow(document, path)
        : NONE;
  if (first.length > 0) return first;
  const fromContent = follow(content, path);
  return fromContent.length > 0 ? fromContent : follow(resourceOf(document), path);
}

/** The values below `root` at the names of `path` from the index `from` on; null and undefined are no values. */
export function follow(root: unknown, path: readonly string[], from = 0): readonly unknown[] {
  let value = root;
  for (let i = from; i < path.length; i += 1) {
    if (Array.isArray(value)) return followAll(value, path, i);
    value = memberOf(asObject(value), path[i] as string);
    if (value === undefined) return NONE;
  }
  return Array.isArray(value) ? elementsOf([value]) : value === null || value === undefined ? NONE : [value];
}

function followAll(root: unknown, path: readonly string[], from: number): readonly unknown[] {
  let values = elementsOf([root]);
  for (let i = from; i < path.length && values.length > 0; i += 1) {
    values = elementsOf(values.map((value) => memberOf(asObject(value), path[i] as string)));
  }
  return values;
}

/** Flattens arrays however deep, without recursion: a document may nest deeper than the stack. */
function elementsOf(values: readonly unknown[]): readonly unknown[] {
  const elements: unknown[] = [];
  const [only] = values;
  if (values.length === 1 && Array.isArray(only) && only.every(isElement)) return only;
  const waiting = [...values].reverse();
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (Array.isArray(value)) for (let i = value.length - 1; i >= 0; i -= 1) waiting.push(value[i]);
    else if (value !== undefined && value !== null) elements.push(value);
  }
  return elements;
}

function isElement(value: unknown): boolean {
  return value !== undefined && value !== null && !Array.isArray(value);
}
