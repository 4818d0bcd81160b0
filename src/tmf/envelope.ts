/**
 * The envelopes of TMF API versions (HUB-CONTRACT 5), made by editing the event's text: the resource inside is
 * sent byte for byte as it was produced.
 */
import type { EnvelopeVersion } from './event.ts';
import { rewriteMembers, topLevelMembers, type Member } from './members.ts';

/** Members that a strict v4 listener refuses in the envelope. */
const ONLY_V5: ReadonlySet<string> = new Set(['@type', '@baseType', '@schemaLocation']);
/** v4 spells it with one c. */
const OCCURRED = { v4: 'timeOcurred', v5: 'timeOccurred' } as const;

/**
 * The event in the envelope of one API version. `bytes` must be a JSON object in UTF-8. Answers the very same
 * array when nothing has to change, so that callers may compare and share it. `eventType` (as produced) becomes
 * `@type` where v5 wants one and there is none.
 */
export function envelopeFor(bytes: Uint8Array, version: EnvelopeVersion, eventType: string): Uint8Array {
  if (version === 'as-produced') return bytes;
  // One char per byte: JSON's structure is ASCII, and what is not touched comes back as the same bytes.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const rewritten = version === 'v4' ? toV4(text) : toV5(text, eventType);
  return rewritten === text ? bytes : Buffer.from(rewritten, 'latin1');
}

/**
 * Adds what a producer left out. A member that is absent, null or blank gets the given value; one that is there
 * is never touched. Answers the same text when nothing was missing.
 */
export function completeEnvelope(
  text: string,
  missing: { readonly eventId?: string; readonly eventTime?: string },
): string {
  const members = topLevelMembers(text);
  const replaced = new Map<string, string>();
  const additions: string[] = [];
  for (const [name, value] of Object.entries(missing)) {
    // Of duplicates the last one counts, as for JSON.parse.
    const present = members.findLast((member) => member.name === name);
    const whole = `${JSON.stringify(name)}:${JSON.stringify(value)}`;
    if (present === undefined) additions.push(whole);
    else if (isBlank(text.slice(present.valueStart, present.valueEnd))) replaced.set(name, whole);
  }
  if (replaced.size === 0 && additions.length === 0) return text;
  return rewriteMembers(text, members, (member) => replaced.get(member.name) ?? raw(text, member), additions);
}

function toV4(text: string): string {
  const members = topLevelMembers(text);
  const names = new Set(members.map((member) => member.name));
  if (!names.has(OCCURRED.v5) && ![...ONLY_V5].some((name) => names.has(name))) return text;
  const edit = (member: Member): string | undefined =>
    ONLY_V5.has(member.name) ? undefined : respell(text, member, OCCURRED.v5, OCCURRED.v4, names);
  return rewriteMembers(text, members, edit, []);
}

function toV5(text: string, eventType: string): string {
  const members = topLevelMembers(text);
  const names = new Set(members.map((member) => member.name));
  const additions: string[] = [];
  if (!names.has('@type')) additions.push(`"@type":${oneCharPerByte(JSON.stringify(eventType))}`);
  if (!names.has('@baseType')) additions.push('"@baseType":"Event"');
  if (additions.length === 0 && !names.has(OCCURRED.v4)) return text;
  const edit = (member: Member): string | undefined => respell(text, member, OCCURRED.v4, OCCURRED.v5, names);
  return rewriteMembers(text, members, edit, additions);
}

/** The member with its name respelled; left out when the other spelling is there as well. */
function respell(
  text: string,
  member: Member,
  from: string,
  to: string,
  names: ReadonlySet<string>,
): string | undefined {
  if (member.name !== from) return raw(text, member);
  return names.has(to) ? undefined : `"${to}":${text.slice(member.valueStart, member.valueEnd)}`;
}

function raw(text: string, member: Member): string {
  return text.slice(member.nameStart, member.valueEnd);
}

function isBlank(value: string): boolean {
  return value === 'null' || /^"\s*"$/.test(value);
}

function oneCharPerByte(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
