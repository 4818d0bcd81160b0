/**
 * The holes of a position as text: what stands ahead of the committed offset and is not settled, with the attempts
 * made so far (RULES 7: holes, never what is settled). Kafka keeps it in the commit metadata, the embedded log in
 * a column.
 *
 * Base64url of unsigned varints: `next - offset`, then for each run of adjacent holes with equal attempts
 * `gap to the end of the run before, length, attempts`. The first run starts at `offset`.
 */
export interface Holes {
  /** Everything below was looked at; from here on all is new. */
  readonly next: number;
  /** Unsettled offsets below `next` in ascending order, with the attempts made. */
  readonly holes: readonly (readonly [offset: number, attempts: number])[];
}

/** Upper bound of the characters that one hole adds: a gap below 2^21, one length, one attempt count. */
export const BYTES_PER_HOLE = 7;

/** More than memory would be given to the events of one subscription; corrupt text must not ask for more. */
const MOST_HOLES = 1_000_000;

export function encodeHoles({ next, holes }: Holes): string {
  const first = holes[0];
  if (!first) return '';
  const bytes: number[] = [];
  writeVarint(bytes, next - first[0]);
  let end = first[0];
  for (let i = 0; i < holes.length;) {
    const [offset, attempts] = holes[i] as readonly [number, number];
    let length = 1;
    while (holes[i + length]?.[0] === offset + length && holes[i + length]?.[1] === attempts) length++;
    writeVarint(bytes, offset - end);
    writeVarint(bytes, length);
    writeVarint(bytes, attempts);
    end = offset + length;
    i += length;
  }
  return Buffer.from(bytes).toString('base64url');
}

/** The inverse; `offset` is the committed one. Throws RangeError on text that `encodeHoles` did not write. */
export function decodeHoles(offset: number, text: string): Holes {
  if (text === '') return { next: offset, holes: [] };
  const reader = { bytes: Buffer.from(text, 'base64url'), at: 0 };
  const next = offset + readVarint(reader);
  const holes: [number, number][] = [];
  let end = offset;
  while (reader.at < reader.bytes.length) {
    const start = end + readVarint(reader);
    const length = readVarint(reader);
    const attempts = readVarint(reader);
    end = start + length;
    if (holes.length + length > MOST_HOLES) throw new RangeError('there are too many holes');
    for (let i = 0; i < length; i++) holes.push([start + i, attempts]);
  }
  if (end > next || encodeHoles({ next, holes }) !== text)
    throw new RangeError('the text is not of these holes');
  return { next, holes };
}

function writeVarint(bytes: number[], value: number): void {
  while (value > 127) {
    bytes.push((value % 128) + 128);
    value = Math.floor(value / 128);
  }
  bytes.push(value);
}

function readVarint(reader: { bytes: Buffer; at: number }): number {
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = reader.bytes[reader.at++];
    if (byte === undefined) throw new RangeError('the text ends inside a number');
    value += (byte & 127) * scale;
    if (!Number.isSafeInteger(value)) throw new RangeError('a number is too large');
    if (byte < 128) return value;
  }
}
