/**
 * Reads a `query` in the grammar of TMF630 filters (docs/query.md):
 *
 *     query       = part *( "&" part )                         all must hold
 *     part        = fields | alternative *( ";" alternative )  one is enough
 *     alternative = attribute operator value *( "," value )    one value is enough
 *                 | attribute "in" "(" value *( "," value ) ")"
 *                 | value *( "," value )                       of the equality before, else event types
 *     fields      = "fields" "=" path *( "," path )
 *
 * Split first, percent-decode after: what a client encoded is data.
 */
import { looksLikeEventType } from '../event-names.ts';
import {
  and,
  EVENT_TYPE,
  joinEqualities,
  MOST_CONDITIONS,
  or,
  type Attribute,
  type Comparison,
  type Condition,
} from './conditions.ts';
import { Cursor } from './cursor.ts';
import { isSuffix, signAt, SIGNS, type OperatorName } from './operators.ts';
import { decode, pathOf, split, trimmed, valueOf, type Piece } from './pieces.ts';
import { quoted, Refused } from './refusal.ts';
import { attributeAt, compare, isKnownEventType, type Reading } from './terms.ts';

/** A query as it was read. */
export interface ReadQuery {
  readonly condition: Condition;
  /** Paths of what is to be sent; undefined when the query does not say. */
  readonly fields: readonly (readonly string[])[] | undefined;
}

/** Throws `Refused`. Work is linear in the text. */
export function readFilter(text: string, reading: Reading): ReadQuery {
  return new FilterReader(text, reading).read();
}

type Ends = (char: string, at: number) => boolean;

class FilterReader {
  readonly #cursor: Cursor;
  readonly #reading: Reading;
  #fields: (readonly string[])[] | undefined;

  constructor(text: string, reading: Reading) {
    this.#cursor = new Cursor(text, reading.steps);
    this.#reading = reading;
  }

  read(): ReadQuery {
    const parts: Condition[] = [];
    if (this.#cursor.text.trim() !== '') {
      do parts.push(...this.#part());
      while (this.#cursor.take('&'));
    }
    return { condition: and(joinEqualities(parts, false)), fields: this.#fields };
  }

  /** What stands between two `&`: one condition, or none where it was `fields=`. */
  #part(): readonly Condition[] {
    const alternatives: Condition[] = [];
    let last: Comparison | undefined;
    do {
      const name = this.#name();
      if (name.text === 'fields') return this.#readFields(name, alternatives.length === 0);
      const condition = this.#atEnd ? this.#valuesAlone(name, last) : this.#condition(name);
      last = isEquality(condition) ? condition : undefined;
      alternatives.push(condition);
    } while (this.#cursor.take(';'));
    return [or(alternatives)];
  }

  get #atEnd(): boolean {
    return this.#cursor.ended || isEnd(this.#cursor.char);
  }

  /** Up to an operator, the bracket of a list, or the end of the condition. */
  #name(): Piece {
    const { at: start, text } = this.#cursor;
    const ends: Ends = (char, at) =>
      isEnd(char) || bracketAt(text, at) !== '' || signAt(text, at) !== undefined;
    return trimmed(this.#cursor.until(ends), start);
  }

  #condition(name: Piece): Condition {
    const place = this.#cursor.at;
    const bracket = bracketAt(this.#cursor.text, place);
    if (bracket !== '') return this.#listCondition(name, bracket);
    const [attribute, operator] = this.#operator(name);
    // A comma is part of many expressions, and `|` says "or" in them.
    const values = operator === 'regex' ? [this.#value(attribute, isEnd)] : this.#values(attribute, isEnd);
    return compare(attribute, operator, values, place, this.#reading);
  }

  #operator(name: Piece): readonly [Attribute, OperatorName] {
    const place = this.#cursor.at;
    const sign = signAt(this.#cursor.text, place);
    const operator = SIGNS[sign?.plain ?? ''];
    const written = sign?.written ?? '';
    if (operator === undefined) throw new Refused(`'${written}' is no operator`, place);
    this.#cursor.next(written.length);
    const path = decode(name).trim();
    const dot = path.lastIndexOf('.');
    const suffix = path.slice(dot + 1);
    if (dot === -1 || !isSuffix(suffix)) return [this.#attribute(path, name.at), operator];
    if (operator !== 'eq') throw new Refused(`'.${suffix}' and '${written}' are two operators`, place);
    return [this.#attribute(path.slice(0, dot).trimEnd(), name.at), suffix];
  }

  #attribute(path: string, at: number): Attribute {
    return attributeAt(pathOf({ text: path, at }), at, this.#reading);
  }

  /** `state in (a,b)`, where the bracket is. An encoded one is closed by an encoded one. */
  #listCondition(name: Piece, bracket: string): Condition {
    const place = this.#cursor.at;
    const words = /^(.*\S)\s+in$/is.exec(decode(name).trim());
    if (!words) throw new Refused(`'${bracket}' is no operator: a list is written attribute in (a,b)`, place);
    const path = words[1] as string;
    const suffix = /\.([^.]*)$/.exec(path)?.[1] ?? '';
    if (isSuffix(suffix)) throw new Refused(`'.${suffix}' and 'in' are two operators`, place);
    const attribute = this.#attribute(path, name.at);
    this.#cursor.next(bracket.length);
    const close = bracket === '(' ? ')' : '%29';
    const ends: Ends = (char, at) => isEnd(char) || this.#cursor.text.startsWith(close, at);
    const values = this.#values(attribute, ends);
    if (!this.#cursor.take(close)) throw new Refused(`the list lacks its '${close}' here`, this.#cursor.at);
    this.#cursor.blanks();
    if (!this.#atEnd) throw new Refused("'&' or ';' is missing behind the list", this.#cursor.at);
    return compare(attribute, 'eq', values, place, this.#reading);
  }

  #values(attribute: Attribute, ends: Ends): readonly Piece[] {
    const values: Piece[] = [];
    do values.push(this.#value(attribute, (char, at) => char === ',' || ends(char, at)));
    while (this.#cursor.take(','));
    return values;
  }

  #value({ attribute }: Attribute, ends: Ends): Piece {
    const start = this.#cursor.at;
    return valueOf(trimmed(this.#cursor.until(ends), start), attribute);
  }

  /** No operator before the end: more values of the equality before, else event types. */
  #valuesAlone(whole: Piece, last: Comparison | undefined): Condition {
    if (whole.text === '') throw new Refused('a condition is missing here', whole.at);
    const words = split(whole, ',');
    const attribute = last ?? this.#attribute(EVENT_TYPE, whole.at);
    const values = words.map((word) => (last ? valueOf(word, last.attribute) : this.#bareEventType(word)));
    return compare(attribute, 'eq', values, whole.at, this.#reading);
  }

  /** A word alone counts when it is an event type; `data` of the v5 specifications' sample is none. */
  #bareEventType(word: Piece): Piece {
    const { known } = this.#reading;
    const text = decode(word).trim();
    if (known === null ? looksLikeEventType(text) : isKnownEventType(text, known))
      return { text, at: word.at };
    const reason = 'is neither a condition (attribute=value) nor an event type that is known here';
    throw new Refused(`${quoted(text)} ${reason}`, word.at);
  }

  #readFields(name: Piece, alone: boolean): readonly Condition[] {
    const sign = signAt(this.#cursor.text, this.#cursor.at);
    if (sign === undefined || SIGNS[sign.plain ?? ''] !== 'eq') {
      throw new Refused("'fields' is followed by '=': fields=none, or fields=a,b", this.#cursor.at);
    }
    this.#cursor.next(sign.written.length);
    const fields = (this.#fields ??= []);
    for (const { text, at } of this.#values({ attribute: name.text, path: [] }, isEnd)) {
      if (text.trim() !== 'none') fields.push(pathOf({ text: text.trim(), at }));
      if (fields.length > MOST_CONDITIONS) throw new Refused(`more than ${MOST_CONDITIONS} fields`, at);
    }
    if (!alone || this.#cursor.char === ';')
      throw new Refused("'fields' stands alone between two '&'", name.at);
    return [];
  }
}

function isEnd(char: string): boolean {
  return char === '&' || char === ';';
}

/** The bracket that opens at an index, as written; '' for none. */
function bracketAt(text: string, at: number): '(' | '%28' | '' {
  if (text.charAt(at) === '(') return '(';
  return text.startsWith('%28', at) ? '%28' : '';
}

function isEquality(condition: Condition): condition is Comparison {
  return condition.kind === 'comparison' && condition.operator === 'eq' && !condition.negated;
}
