/**
 * What a subscription gets of an event (`fields=`), made by editing the event's text: what is kept is sent byte for
 * byte as it was produced.
 */
import { asObject, contentOf, memberOf, resourceOf } from './document.ts';
import { rewriteMembers, topLevelElements, topLevelMembers, type Member } from './members.ts';
import { follow } from './query/paths.ts';

export interface Projection {
  /** Paths of what is sent, besides what always is; empty for `fields=none`. */
  readonly fields: readonly (readonly string[])[];
}

/** What is always sent: without it a listener could not know what happened to what. */
const OF_ENVELOPE = ['eventId', 'eventTime', 'eventType', '@type'];
const OF_RESOURCE = ['id', 'href', '@type'];

/** The members to keep, and what to keep of them; 'all' of it. */
type Selection = Map<string, Selection | 'all'>;

/**
 * The event with nothing but the fields. `text` must be a JSON object, as text or with one character per byte of its
 * UTF-8; the answer is in the same form. Unknown fields select nothing. Throws a SyntaxError for what is no JSON.
 */
export function project(text: string, { fields }: Projection): string {
  const document: unknown = JSON.parse(text);
  const content = contentOf(document);
  const resource = resourceOf(document);
  const toContent = content === undefined ? undefined : [nameOf(document, content)];
  const toResource =
    toContent && resource && resource !== content ? [...toContent, nameOf(content, resource)] : toContent;

  const selection: Selection = new Map();
  for (const name of OF_ENVELOPE) select(selection, [name]);
  if (toContent) selection.set(toContent[0] as string, new Map());
  if (toResource && resource) for (const name of OF_RESOURCE) select(selection, [...toResource, name]);
  for (const field of fields.flatMap(spellings)) {
    const within = field[0] === 'event' ? field.slice(1) : field;
    const places: (readonly string[] | undefined)[] = [
      toContent && field[0] === 'event' ? [...toContent, ...within] : field,
      toContent && [...toContent, ...field],
      toResource && [...toResource, ...within],
    ];
    for (const place of places) {
      if (!place || !isThere(document, place)) continue;
      select(selection, place);
      // Null decides nothing, as in conditions: producers write it for what they left out of the envelope.
      if (follow(document, place).length > 0) break;
    }
  }
  return edited(text, selection, 0) ?? text;
}

/** A name may be spelled by its characters (also as escapes) or by its bytes, one character each. */
function spellings(field: readonly string[]): readonly (readonly string[])[] {
  const bytes = field.map((name) => Buffer.from(name, 'utf8').toString('latin1'));
  return bytes.join() === field.join() ? [field] : [field, bytes];
}

function nameOf(owner: unknown, value: unknown): string {
  const object = asObject(owner) ?? {};
  return Object.keys(object).find((name) => object[name] === value) ?? '';
}

/** Also where the value is null or an empty list. */
function isThere(document: unknown, path: readonly string[]): boolean {
  const last = path.at(-1) ?? '';
  return follow(document, path.slice(0, -1)).some((parent) => memberOf(asObject(parent), last) !== undefined);
}

function select(selection: Selection, path: readonly string[]): void {
  let level = selection;
  for (const name of path.slice(0, -1)) {
    let next = level.get(name);
    if (next === 'all') return;
    if (next === undefined) level.set(name, (next = new Map()));
    level = next;
  }
  level.set(path.at(-1) ?? '', 'all');
}

/** Lists in lists beyond this depth are sent whole: a document may nest deeper than the stack. */
const DEEPEST = 64;

/** What is left of an object; of a list, of its objects and lists. Undefined for a plain value: it has no members. */
function edited(text: string, selection: Selection, depth: number): string | undefined {
  const first = /^\s*[[{]/.exec(text)?.[0].at(-1);
  if (first === undefined) return undefined;
  if (depth > DEEPEST) return text;
  if (first === '[') {
    const kept = topLevelElements(text).map((element) => edited(element, selection, depth + 1));
    return `[${kept.filter((element) => element !== undefined).join(',')}]`;
  }
  const edit = ({ name, nameStart, valueStart, valueEnd }: Member): string | undefined => {
    const within = selection.get(name);
    if (within === undefined) return undefined;
    if (within === 'all') return text.slice(nameStart, valueEnd);
    const value = edited(text.slice(valueStart, valueEnd), within, depth + 1);
    return value === undefined ? undefined : text.slice(nameStart, valueStart) + value;
  };
  return rewriteMembers(text, topLevelMembers(text), edit, []);
}
