/** Pieces of the text of a query, and what is percent-encoded in them. */
import { quoted, Refused } from './refusal.ts';

/** Some text of the query, and where it starts there. */
export interface Piece {
  readonly text: string;
  readonly at: number;
  /** Before it was percent-decoded, where it was. */
  readonly written?: string;
}

export function trimmed(text: string, at: number): Piece {
  return { text: text.trim(), at: at + (text.length - text.trimStart().length) };
}

/** The trimmed pieces between the separators. */
export function split({ text, at }: Piece, separator: string): readonly Piece[] {
  let start = at;
  return text.split(separator).map((word) => {
    const piece = trimmed(word, start);
    start += word.length + separator.length;
    return piece;
  });
}

export function decode({ text, at }: Piece): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    const reason = "this '%' starts no percent-encoded UTF-8 character; a percent sign is %25";
    throw new Refused(reason, at + badPercent(text));
  }
}

/** The index of the first percent sign that starts no character. */
function badPercent(text: string): number {
  let at = text.indexOf('%');
  while (at !== -1) {
    const end = at + 3 * bytesAt(text, at);
    try {
      decodeURIComponent(text.slice(at, end));
    } catch {
      return at;
    }
    at = text.indexOf('%', end);
  }
  return 0;
}

/** How many encoded bytes make the character at an index; 0 when it is not encoded. */
function bytesAt(text: string, at: number): number {
  if (text.charAt(at) !== '%') return 0;
  const byte = parseInt(text.slice(at + 1, at + 3), 16);
  return byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
}

/** A value of an attribute, decoded. */
export function valueOf(piece: Piece, attribute: string): Piece {
  if (piece.text === '') throw new Refused(`a value of ${attribute} is missing here`, piece.at);
  const sign = /[=<>]/.exec(piece.text);
  if (sign !== null) {
    const reason = `'${sign[0]}' inside a value must be percent-encoded; conditions are joined by '&'`;
    throw new Refused(reason, piece.at + sign.index);
  }
  const first = piece.text.charAt(0);
  if (piece.text.length > 1 && (first === '"' || first === "'") && piece.text.endsWith(first)) {
    const reason = 'values are written without quotes (a quote that belongs to the value as %22 or %27)';
    throw new Refused(reason, piece.at);
  }
  return { text: decode(piece), at: piece.at, written: piece.text };
}

/** The names of a dotted path. Blanks, quotes and brackets are never part of one: they are some other language. */
export function pathOf({ text, at }: Piece): readonly string[] {
  if (text === '') throw new Refused('the name of an attribute is missing before the operator', at);
  const path = text.split('.');
  if (!path.every(isSimpleName)) {
    throw new Refused(
      `${quoted(text)} is not the name of an attribute (a path as in productOrder.state)`,
      at,
    );
  }
  return path;
}

/** Can a TMF630 path have it? */
export function isSimpleName(name: string): boolean {
  return /^[^\s.'"()[\]{}?,$]+$/.test(name);
}

/** The index in a percent-encoded text of a character of what it decodes to. */
export function encodedIndex(text: string, index: number): number {
  let at = 0;
  for (let left = index; left > 0 && at < text.length; left -= 1) {
    const bytes = bytesAt(text, at);
    at += bytes === 0 ? 1 : 3 * bytes;
    // Four bytes are two UTF-16 units.
    if (bytes === 4) left -= 1;
  }
  return Math.min(at, text.length);
}
