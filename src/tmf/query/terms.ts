/** One comparison as either language says it, checked: its attribute, its operator and its values. */
import { canonicalEventType } from '../event-names.ts';
import {
  EVENT_TYPE,
  equality,
  expression,
  not,
  or,
  range,
  type Attribute,
  type Condition,
} from './conditions.ts';
import type { Steps } from './cursor.ts';
import type { OperatorName } from './operators.ts';
import type { Part } from './paths.ts';
import { encodedIndex, isSimpleName, type Piece } from './pieces.ts';
import { listed, quoted, Refused } from './refusal.ts';
import { compilePattern, LARGEST_PATTERNS, sizeOf, type TextTest } from './regular-expression.ts';

/** Event types that a query may name, canonical form to spelling; null accepts any. */
export type KnownEventTypes = ReadonlyMap<string, string> | null;

/** What reading a query needs beside its text. */
export interface Reading {
  readonly known: KnownEventTypes;
  readonly part: Part;
  readonly steps: Steps;
  /** Size of the regular expressions so far. */
  patterns: number;
}

/** Names on one path; each may cost a look at every element of the arrays before it. */
const LONGEST_PATH = 32;

export function attributeAt(path: readonly string[], at: number, { part }: Reading): Attribute {
  const [first = ''] = path;
  if (path.length > LONGEST_PATH) throw new Refused(`this path has more than ${LONGEST_PATH} names`, at);
  if (path.length === 1 && first !== EVENT_TYPE && first.toLowerCase() === 'eventtype') {
    throw new Refused(
      `${quoted(first)} must be written eventType: names of attributes are case-sensitive`,
      at,
    );
  }
  if (path.length === 1 && first === EVENT_TYPE && part === 'content') {
    throw new Refused(
      'eventType stands in the envelope: a contentQuery cannot ask for it, a headerQuery can',
      at,
    );
  }
  return { attribute: path.map(shownName).join('.'), path };
}

/** Names that no TMF630 path can have are shown as JSONPath writes them. */
function shownName(name: string): string {
  return isSimpleName(name) ? name : `[${JSON.stringify(name)}]`;
}

/** `at` is the place of the operator; the values are decoded. */
export function compare(
  attribute: Attribute,
  operator: OperatorName,
  values: readonly Piece[],
  at: number,
  reading: Reading,
): Condition {
  const isEventType = attribute.attribute === EVENT_TYPE;
  const texts = values.map(({ text }) => text);
  switch (operator) {
    case 'eq':
    case 'ne': {
      if (isEventType) for (const value of values) checkEventType(value, reading.known);
      const equal = equality(attribute, isEventType ? texts.map((text) => text.trim()) : texts);
      return operator === 'ne' ? not(equal) : equal;
    }
    case 'regex':
      return or(values.map((value) => expression(attribute, value.text, testOf(value, reading))));
    default:
      if (isEventType) throw new Refused('event types have no order: compare them with = or !=', at);
      return range(attribute, operator, texts);
  }
}

function testOf({ text, at, written = text }: Piece, reading: Reading): TextTest {
  reading.steps.count += text.length;
  reading.patterns += sizeOf(text);
  if (reading.patterns > LARGEST_PATTERNS) {
    const reason = `the regular expressions of one query are larger than ${LARGEST_PATTERNS} characters`;
    throw new Refused(`${reason}, their repetitions written out`, at);
  }
  const test = compilePattern(text);
  if (typeof test === 'function') return test;
  const index = written === text ? test.at : encodedIndex(written, test.at);
  throw new Refused(`the regular expression ${quoted(text)} ${test.why}`, at + index);
}

export function isKnownEventType(name: string, known: KnownEventTypes): boolean {
  return known === null || known.has(canonicalEventType(name.trim()));
}

function checkEventType({ text, at }: Piece, known: KnownEventTypes): void {
  if (known === null || isKnownEventType(text, known)) return;
  throw new Refused(`the event type ${quoted(text)} is not known here; known are ${listed(known)}`, at);
}
