/**
 * How a record lies in the file and travels between the threads: one after the other in one buffer, so that
 * thousands of them cost one copy.
 *
 *     length of all this  key's length  headers' length  timestamp  key    headers  value
 *     u32                 u32           u32              f64        UTF-8  JSON     bytes    (little endian)
 */
const FIXED = 20;

/** A record on its way into the log. */
export interface Unwritten {
  readonly key: string;
  /** As JSON. */
  readonly headers: string;
  readonly value: Uint8Array;
}

export interface Written {
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A view on the buffer. */
  readonly value: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
}

/** The bytes that `writeRecord` needs at most: three for each UTF-16 unit of the texts. */
export function roomFor({ key, headers, value }: Unwritten): number {
  return FIXED + 3 * (key.length + headers.length) + value.byteLength;
}

/** Returns the place after the record. */
export function writeRecord(into: Buffer, at: number, record: Unwritten, timestamp: number): number {
  const keyLength = into.write(record.key, at + FIXED);
  const headersLength = into.write(record.headers, at + FIXED + keyLength);
  const valueAt = at + FIXED + keyLength + headersLength;
  into.set(record.value, valueAt);
  const end = valueAt + record.value.byteLength;
  into.writeUInt32LE(end - at, at);
  into.writeUInt32LE(keyLength, at + 4);
  into.writeUInt32LE(headersLength, at + 8);
  into.writeDoubleLE(timestamp, at + 12);
  return end;
}

export function lengthOfRecord(from: Buffer, at: number): number {
  return from.readUInt32LE(at);
}

export function headersOfRecord(from: Buffer, at: number): Readonly<Record<string, string>> {
  const headersAt = at + FIXED + from.readUInt32LE(at + 4);
  const json = from.toString('utf8', headersAt, headersAt + from.readUInt32LE(at + 8));
  return JSON.parse(json) as Record<string, string>;
}

export function readRecord(from: Buffer, at: number): Written {
  const keyAt = at + FIXED;
  const headersAt = keyAt + from.readUInt32LE(at + 4);
  const valueAt = headersAt + from.readUInt32LE(at + 8);
  return {
    key: from.toString('utf8', keyAt, headersAt),
    headers: headersOfRecord(from, at),
    value: from.subarray(valueAt, at + lengthOfRecord(from, at)),
    timestamp: from.readDoubleLE(at + 12),
  };
}
