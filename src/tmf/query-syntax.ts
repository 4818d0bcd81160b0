/**
 * Reads the text of a `query` (HUB-CONTRACT 3). Split first, percent-decode after: what a client encoded is data.
 *
 * This part of the grammar is understood: conditions `attribute=value` (also `==` and `.eq=`), joined by `&`; several
 * values of one attribute by `,`, by `;` or by repeating the attribute; an event type alone. Everything else is
 * refused with its place, never ignored.
 */
import { canonicalEventType, looksLikeEventType } from './event-names.ts';
import { findOperator, SUFFIX_OPERATORS, type Operator } from './query-operators.ts';

/** Why a query is not accepted. */
export interface QueryRefusal {
  readonly ok: false;
  /** 400: wrong or not understood. 501: valid, but never supported. */
  readonly status: 400 | 501;
  /** A sentence for the engineer who wrote the query. */
  readonly reason: string;
  /** Index in the text where the trouble starts. */
  readonly position: number;
}

/** One attribute and the values of which it must have one. */
export interface Condition {
  readonly attribute: string;
  readonly values: Set<string>;
}

/** A trimmed part of the query and where it starts. */
interface Part {
  readonly text: string;
  readonly at: number;
}

/** Event types that a query may name, canonical form to spelling; null accepts any. */
export type KnownEventTypes = ReadonlyMap<string, string> | null;

/** Thrown inside this file only: a refusal ends the reading wherever it is noticed. */
class Refused extends Error {
  readonly refusal: QueryRefusal;
  constructor(reason: string, part: Part) {
    super(reason);
    this.refusal = { ok: false, status: 400, reason, position: part.at };
  }
}

/**
 * The conditions of a query by attribute, all of which must hold; none for a blank text. Runs in time linear in the
 * text and never throws.
 */
export function readConditions(
  text: string,
  known: KnownEventTypes,
): { readonly ok: true; readonly conditions: ReadonlyMap<string, Condition> } | QueryRefusal {
  const whole = trimmed(text, 0);
  const conditions = new Map<string, Condition>();
  try {
    if (/^(?:\$|%24)/.test(whole.text)) throw new Refused('JSONPath is not supported yet', whole);
    if (whole.text !== '') for (const part of split(whole, '&')) readPart(part, conditions, known);
    return { ok: true, conditions };
  } catch (error) {
    if (error instanceof Refused) return error.refusal;
    throw error;
  }
}

/** What stands between two `&`: alternatives of one attribute, separated by `;`. */
function readPart(part: Part, conditions: Map<string, Condition>, known: KnownEventTypes): void {
  let condition: Condition | undefined;
  for (const alternative of split(part, ';')) {
    if (alternative.text === '') throw new Refused('a condition is missing here', alternative);
    const operator = findOperator(alternative.text);
    if (operator === undefined) {
      refuseUnsupported(alternative);
      if (condition === undefined) {
        condition = conditionOf('eventType', conditions);
        for (const word of split(alternative, ',')) condition.values.add(bareEventType(word, known));
        continue;
      }
      addValues(condition, alternative, known);
      continue;
    }
    const attribute = readAttribute(alternative, operator);
    if (condition !== undefined && condition.attribute !== attribute) {
      throw new Refused(
        `';' joins values of one attribute: alternatives of ${condition.attribute} and ${attribute} are not supported yet`,
        alternative,
      );
    }
    condition = conditionOf(attribute, conditions);
    addValues(condition, sub(alternative, operator.end), known);
  }
}

/** The same attribute again, anywhere in the query, adds values. */
function conditionOf(attribute: string, conditions: Map<string, Condition>): Condition {
  const existing = conditions.get(attribute);
  if (existing !== undefined) return existing;
  const condition = { attribute, values: new Set<string>() };
  conditions.set(attribute, condition);
  return condition;
}

/** The attribute of an equality; refuses all other operators by name. */
function readAttribute(part: Part, operator: Operator): string {
  const written = part.text.slice(operator.start, operator.end);
  const place = sub(part, operator.start);
  if (operator.symbol === undefined) throw new Refused(`'${written}' is no operator`, place);
  if (operator.symbol !== '=' && operator.symbol !== '==') {
    throw new Refused(`the operator ${operator.symbol} is not supported yet, only equality is`, place);
  }
  const name = decode({ text: part.text.slice(0, operator.start), at: part.at }).trim();
  const dot = name.lastIndexOf('.');
  const suffix = name.slice(dot + 1);
  if (dot === -1 || !SUFFIX_OPERATORS.has(suffix)) return attributeNamed(name, part);
  if (suffix !== 'eq') throw new Refused(`the operator .${suffix} is not supported yet, only .eq is`, part);
  return attributeNamed(name.slice(0, dot), part);
}

function attributeNamed(name: string, part: Part): string {
  if (name === '') throw new Refused('the name of an attribute is missing before the operator', part);
  if (name === 'fields') throw new Refused("'fields' is not supported yet: events are sent whole", part);
  // Blanks, quotes and brackets are never part of a path: they are somebody's other query language.
  if (!/^[^\s.'"()[\]{}?,$]+(?:\.[^\s.'"()[\]{}?,$]+)*$/.test(name)) {
    throw new Refused(
      `${quoted(name)} is not the name of an attribute (a path as in productOrder.state)`,
      part,
    );
  }
  if (name !== 'eventType' && name.toLowerCase() === 'eventtype') {
    throw new Refused(
      `${quoted(name)} must be written eventType: names of attributes are case-sensitive`,
      part,
    );
  }
  return name;
}

function addValues(condition: Condition, list: Part, known: KnownEventTypes): void {
  for (const item of split(list, ',')) {
    const value = readValue(item, condition.attribute);
    if (condition.attribute === 'eventType') checkEventType(value, item, known);
    condition.values.add(value);
  }
}

function readValue(item: Part, attribute: string): string {
  if (item.text === '') throw new Refused(`a value of ${attribute} is missing here`, item);
  const operator = /[=<>]/.exec(item.text);
  if (operator !== null) {
    throw new Refused(
      `'${operator[0]}' inside a value must be percent-encoded; conditions are joined by '&'`,
      sub(item, operator.index),
    );
  }
  if (/^(["']).*\1$/s.test(item.text)) {
    throw new Refused(
      'values are written without quotes (a quote that belongs to the value as %22 or %27)',
      item,
    );
  }
  return decode(item);
}

function checkEventType(name: string, item: Part, known: KnownEventTypes): void {
  if (known === null || known.has(canonicalEventType(name))) return;
  throw new Refused(`the event type ${quoted(name)} is not known here; known are ${listed(known)}`, item);
}

/** A word alone counts when it is an event type; `data` of the v5 specifications' sample is none. */
function bareEventType(word: Part, known: KnownEventTypes): string {
  const name = decode(word).trim();
  const isEventType = known === null ? looksLikeEventType(name) : known.has(canonicalEventType(name));
  if (isEventType) return name;
  throw new Refused(
    `${quoted(name)} is neither a condition (attribute=value) nor an event type that is known here`,
    word,
  );
}

/** Forms of the grammar without an operator sign, so that they are refused by their name. */
function refuseUnsupported(part: Part): void {
  if (/^\S+\s+in\s*\(/i.test(part.text.replace(/%20/g, ' '))) {
    throw new Refused("'in (...)' is not supported yet: write attribute=a,b", part);
  }
  if (part.text === 'fields') throw new Refused("'fields' is not supported yet: events are sent whole", part);
}

function decode(part: Part): string {
  try {
    return decodeURIComponent(part.text);
  } catch {
    const percent = /%(?![0-9a-f]{2})/i.exec(part.text)?.index ?? part.text.indexOf('%');
    throw new Refused(
      "this '%' starts no percent-encoded UTF-8 character; a percent sign is %25",
      sub(part, percent),
    );
  }
}

function split(part: Part, separator: string): Part[] {
  let at = part.at;
  return part.text.split(separator).map((text) => {
    const piece = trimmed(text, at);
    at += text.length + separator.length;
    return piece;
  });
}

function sub(part: Part, from: number): Part {
  return trimmed(part.text.slice(from), part.at + from);
}

function trimmed(text: string, at: number): Part {
  return { text: text.trim(), at: at + (text.length - text.trimStart().length) };
}

const SHOWN_LENGTH = 60;
const SHOWN_NAMES = 60;

function quoted(text: string): string {
  return text.length > SHOWN_LENGTH ? `'${text.slice(0, SHOWN_LENGTH)}...'` : `'${text}'`;
}

function listed(known: ReadonlyMap<string, string>): string {
  const names = [...known.values()];
  const more = names.length - SHOWN_NAMES;
  return more > 0 ? `${names.slice(0, SHOWN_NAMES).join(', ')} and ${more} more` : names.join(', ');
}
