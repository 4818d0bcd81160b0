import type { SourceRecord } from '../broker.ts';

export type Sought = { readonly eventId: string } | { readonly correlationId: string };

interface Said extends Pick<SourceRecord, 'headers'> {
  readonly value?: Uint8Array | undefined;
}

/** Does a record carry this id? By the header where the producer sent it, else by what the event itself says. */
export function soughtBy(by: Sought): (record: Said) => boolean {
  const [member, id] =
    'eventId' in by ? (['eventId', by.eventId] as const) : (['correlationId', by.correlationId] as const);
  // Taking every event apart costs more than reading it; only what JSON may write in several ways needs it.
  const quoted = /^[\w.:-]*$/.test(id) ? Buffer.from(`"${id}"`) : undefined;
  return ({ headers, value }) => {
    const header = headers[member];
    if (header !== undefined) return header === id;
    if (value === undefined) return false;
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    if (quoted && !bytes.includes(quoted)) return false;
    return saysSo(bytes, member, id);
  };
}

function saysSo(value: Buffer, member: string, id: string): boolean {
  try {
    const event = JSON.parse(value.toString()) as Record<string, unknown> | null;
    return event !== null && typeof event === 'object' && event[member] === id;
  } catch {
    return false;
  }
}
