/**
 * Reads a JSONPath filter, `$[?(@.eventType=='X' && @.event.productOrder.state=='completed')]`, into the conditions
 * that a TMF630 filter would give (docs/query.md). What is wrong is refused with 400, what is JSONPath but more than
 * this with 501.
 */
import { and, not, or, presence, type Attribute, type Condition } from './conditions.ts';
import { Cursor } from './cursor.ts';
import { readPath } from './json-path-names.ts';
import {
  expect,
  isNameCharacter,
  readName,
  readNumber,
  readPattern,
  readString,
  takes,
  unsupported,
} from './json-path-text.ts';
import type { OperatorName } from './operators.ts';
import type { Piece } from './pieces.ts';
import { quoted, Refused } from './refusal.ts';
import { attributeAt, compare, type Reading } from './terms.ts';

/** Brackets inside brackets: reading them recurses. */
const DEEPEST = 32;
/** Longer signs first. */
const SIGNS = ['===', '!==', '==', '!=', '<=', '>=', '=~', '~=', '<', '>', '='] as const;
const OPERATORS: Readonly<Record<string, OperatorName>> = {
  '==': 'eq',
  '!=': 'ne',
  '<=': 'lte',
  '>=': 'gte',
  '<': 'lt',
  '>': 'gt',
};
/** `'x' < @.a` says `@.a > 'x'`. */
const MIRRORED: Readonly<Record<string, string>> = { '<': '>', '>': '<', '<=': '>=', '>=': '<=' };
const OTHER_WORDS = new Set(['contains', 'subsetof', 'anyof', 'noneof', 'size', 'sizeof', 'empty', 'all']);

/** Throws `Refused`. Work is linear in the text. */
export function readJsonPath(text: string, reading: Reading): Condition {
  return new JsonPathReader(text, reading).read();
}

/** A value in a comparison; null is none. */
type Literal = Piece | null;

class JsonPathReader {
  readonly #cursor: Cursor;
  readonly #reading: Reading;
  #depth = 0;

  constructor(text: string, reading: Reading) {
    this.#cursor = new Cursor(text, reading.steps);
    this.#reading = reading;
  }

  read(): Condition {
    const cursor = this.#cursor;
    cursor.blanks();
    cursor.take('$');
    cursor.blanks();
    const place = cursor.at;
    if (!cursor.take('[')) return this.#selection();
    cursor.blanks();
    if (!cursor.take('?')) return unsupported(this.#cursor, 'a selection that is no filter', place);
    const condition = this.#alternatives();
    expect(this.#cursor, ']');
    cursor.blanks();
    if (cursor.char === '.' || cursor.char === '[')
      return unsupported(this.#cursor, 'selecting from what a filter found');
    if (!cursor.ended) throw new Refused('nothing can follow the filter', cursor.at);
    return condition;
  }

  #selection(): never {
    const cursor = this.#cursor;
    const place = cursor.at;
    if (cursor.take('.')) {
      const descends = cursor.take('.') && cursor.char === '[';
      if (cursor.char !== '*' && !descends && readName(cursor) === '') {
        throw new Refused('a name is missing here', cursor.at);
      }
    } else if (!cursor.ended) throw new Refused("'$' is followed by a filter: $[?( ... )]", place);
    return unsupported(this.#cursor, 'a selection that is no filter', place);
  }

  #alternatives(): Condition {
    const parts = [this.#conjunction()];
    while (takes(this.#cursor, '||')) parts.push(this.#conjunction());
    return or(parts);
  }

  #conjunction(): Condition {
    const parts = [this.#term()];
    while (takes(this.#cursor, '&&')) parts.push(this.#term());
    return and(parts);
  }

  #term(): Condition {
    let negated = false;
    while (takes(this.#cursor, '!')) negated = !negated;
    const condition = takes(this.#cursor, '(') ? this.#bracketed() : this.#comparison();
    return negated ? not(condition) : condition;
  }

  #bracketed(): Condition {
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw new Refused(`brackets nest deeper than ${DEEPEST}`, this.#cursor.at - 1);
    const condition = this.#alternatives();
    expect(this.#cursor, ')');
    this.#depth -= 1;
    return condition;
  }

  #comparison(): Condition {
    if (this.#cursor.char === '@') {
      return this.#compared(this.#path());
    }
    const left = this.#literal();
    this.#cursor.blanks();
    const place = this.#cursor.at;
    const sign = this.#sign();
    if (sign === '' || sign === '=~')
      throw new Refused('an operator is missing here, or has no path before it', place);
    this.#cursor.blanks();
    if (this.#cursor.char !== '@')
      return unsupported(this.#cursor, 'comparing a value with anything but a path @.name');
    return this.#comparedWith(this.#path(), MIRRORED[sign] ?? sign, left, place);
  }

  /** Behind a path: an operator and its values; nothing asks whether there is a value at all. */
  #compared(attribute: Attribute): Condition {
    const cursor = this.#cursor;
    cursor.blanks();
    const place = cursor.at;
    const sign = this.#sign();
    if (sign === '=~') return this.#matching(attribute, place);
    if (sign !== '') return this.#comparedWith(attribute, sign, this.#literal(), place);
    const word = cursor.until((char) => !isNameCharacter(char));
    if (word === '') return presence(attribute);
    if (word === 'in' || word === 'nin') return this.#listed(attribute, word, place);
    if (OTHER_WORDS.has(word)) return unsupported(this.#cursor, `the operator ${word}`, place);
    throw new Refused(`${quoted(word)} is no operator`, place);
  }

  #comparedWith(attribute: Attribute, sign: string, literal: Literal, place: number): Condition {
    const operator = OPERATORS[sign] as OperatorName;
    if (literal !== null) return compare(attribute, operator, [literal], place, this.#reading);
    if (operator === 'ne') return presence(attribute);
    return operator === 'eq'
      ? not(presence(attribute))
      : unsupported(this.#cursor, 'the order of null', place);
  }

  /** The sign of an operator here; '' for none. */
  #sign(): string {
    const cursor = this.#cursor;
    cursor.blanks();
    const place = cursor.at;
    const sign = SIGNS.find((one) => cursor.take(one)) ?? '';
    if (sign === '~=') return unsupported(this.#cursor, 'the operator ~=', place);
    if (sign === '=' || sign === '===' || sign === '!==') {
      throw new Refused(`'${sign}' is no operator of JSONPath: write ${sign === '!==' ? '!=' : '=='}`, place);
    }
    return sign;
  }

  #matching(attribute: Attribute, place: number): Condition {
    const cursor = this.#cursor;
    cursor.blanks();
    const { at, char } = cursor;
    if (char !== '/' && char !== "'" && char !== '"')
      throw new Refused("a pattern is missing here: /text/ or 'text'", at);
    const text = char === '/' ? readPattern(cursor) : readString(cursor);
    return compare(attribute, 'regex', [{ text, at: at + 1 }], place, this.#reading);
  }

  #listed(attribute: Attribute, word: 'in' | 'nin', place: number): Condition {
    expect(this.#cursor, '[');
    const values: Piece[] = [];
    do {
      const value = this.#literal();
      if (value === null) return unsupported(this.#cursor, 'null in a list', place);
      values.push(value);
    } while (takes(this.#cursor, ','));
    expect(this.#cursor, ']');
    return compare(attribute, word === 'in' ? 'eq' : 'ne', values, place, this.#reading);
  }

  #literal(): Literal {
    const cursor = this.#cursor;
    cursor.blanks();
    const { at, char } = cursor;
    if (char === "'" || char === '"') return { text: readString(cursor), at };
    if (char === '@' || char === '$') return unsupported(this.#cursor, 'comparing two places of the event');
    const number = /[-\d]/.test(char) ? readNumber(cursor) : '';
    if (/\d$/.test(number)) return { text: number, at };
    const word = readName(cursor);
    if (word === 'null') return null;
    if (word === 'true' || word === 'false') return { text: word, at };
    if (word !== '' && cursor.char === '(') return unsupported(this.#cursor, `the function ${word}()`, at);
    throw new Refused("a value is missing here: 'text', a number, true, false or null", at);
  }

  #path(): Attribute {
    const { at } = this.#cursor;
    return attributeAt(readPath(this.#cursor), at, this.#reading);
  }
}
