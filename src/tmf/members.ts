/**
 * Finds and edits the members of a JSON object (and finds the elements of an array) in its text, so that everything else stays as the producer wrote
 * it: numbers beyond double precision, whitespace, order, unknown members.
 */

/** Where one member stands; all positions are indexes into the text, ends are exclusive. */
export interface Member {
  /** With escapes resolved. */
  readonly name: string;
  /** At the quote that opens the name. */
  readonly nameStart: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const SPACE = 0x20;

/**
 * The members of the outermost object, in their order, duplicates included; none when the text is no object.
 * The text must be valid JSON; of anything else the answer is meaningless, but it is always one. One pass.
 */
export function topLevelMembers(text: string): Member[] {
  const members: Member[] = [];
  let at = skipBlanks(text, 0);
  if (text.charCodeAt(at) !== OPEN_BRACE) return members;
  at = skipBlanks(text, at + 1);
  while (text.charCodeAt(at) === QUOTE) {
    const nameStart = at;
    const nameEnd = endOfString(text, at);
    const valueStart = skipBlanks(text, skipBlanks(text, nameEnd) + 1);
    const valueEnd = endOfValue(text, valueStart);
    members.push({ name: unquote(text.slice(nameStart, nameEnd)), nameStart, valueStart, valueEnd });
    at = skipBlanks(text, valueEnd);
    if (text.charCodeAt(at) === COMMA) at = skipBlanks(text, at + 1);
  }
  return members;
}

/** The texts of the elements of the outermost array; none when the text is no array. As `topLevelMembers`. */
export function topLevelElements(text: string): string[] {
  const elements: string[] = [];
  let at = skipBlanks(text, 0);
  if (text.charCodeAt(at) !== OPEN_BRACKET) return elements;
  at = skipBlanks(text, at + 1);
  while (at < text.length && text.charCodeAt(at) !== CLOSE_BRACKET) {
    const end = endOfValue(text, at);
    elements.push(text.slice(at, end));
    at = skipBlanks(text, end);
    if (text.charCodeAt(at) === COMMA) at = skipBlanks(text, at + 1);
    // Only what is no JSON has nothing here: it must end nevertheless.
    else if (end === at) break;
  }
  return elements;
}

/**
 * Rebuilds the object. `edit` answers the text of a member (`"name":value`) or undefined to leave it out;
 * `additions` are members put behind the last. Separators and whitespace of what stays are kept. A text that is
 * no object comes back as it is.
 */
export function rewriteMembers(
  text: string,
  members: readonly Member[],
  edit: (member: Member) => string | undefined,
  additions: readonly string[],
): string {
  const open = skipBlanks(text, 0);
  if (text.charCodeAt(open) !== OPEN_BRACE) return text;
  const bodyStart = members[0]?.nameStart ?? open + 1;
  let result = text.slice(0, bodyStart);
  let previousEnd = bodyStart;
  let count = 0;
  for (const member of members) {
    const edited = edit(member);
    if (edited !== undefined) {
      if (count > 0) result += text.slice(previousEnd, member.nameStart);
      result += edited;
      count += 1;
    }
    previousEnd = member.valueEnd;
  }
  for (const addition of additions) {
    result += count > 0 ? `,${addition}` : addition;
    count += 1;
  }
  return result + text.slice(previousEnd);
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  // JSON's whitespace is all there is up to the space outside strings.
  while (at < text.length && text.charCodeAt(at) <= SPACE) at += 1;
  return at;
}

/** The position behind the closing quote of the string that opens at `open`. */
function endOfString(text: string, open: number): number {
  let quote = text.indexOf('"', open + 1);
  while (quote !== -1) {
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
    quote = text.indexOf('"', quote + 1);
  }
  return text.length;
}

function endOfValue(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === QUOTE) return endOfString(text, start);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return endOfNested(text, start);
  let at = start;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET || code <= SPACE) break;
    at += 1;
  }
  return at;
}

function endOfNested(text: string, start: number): number {
  let depth = 0;
  let at = start;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
      continue;
    }
    at += 1;
    if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return text.length;
}

function unquote(quoted: string): string {
  return quoted.includes('\\') ? unescape(quoted) : quoted.slice(1, -1);
}

function unescape(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted.slice(1, -1);
  }
}
