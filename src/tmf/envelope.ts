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
const CONTENT = ['payload', 'event'] as const;

/** What a profile changes in an envelope beside its version. */
export interface EnvelopeEdits {
  /** Members to take out, as the version calls them. */
  readonly without: readonly string[];
  /** The event type as it is to be written. */
  readonly eventType: string;
}

/**
 * The event in the envelope of one API version. `bytes` must be a JSON object in UTF-8. Answers the very same
 * array when nothing has to change, so that callers may compare and share it. `eventType` (as produced) becomes
 * `@type` where v5 wants one and there is none.
 */
export function envelopeFor(
  bytes: Uint8Array,
  version: EnvelopeVersion,
  eventType: string,
  edits: EnvelopeEdits = { without: [], eventType },
): Uint8Array {
  const isEdited = edits.without.length > 0 || edits.eventType !== eventType;
  if (version === 'as-produced' && !isEdited) return bytes;
  // One char per byte: JSON's structure is ASCII, and what is not touched comes back as the same bytes.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const versioned = version === 'v4' ? toV4(text) : version === 'v5' ? toV5(text, eventType) : text;
  // Last, so that it also holds for what the version adds or calls otherwise.
  const rewritten = isEdited ? edited(versioned, eventType, edits) : versioned;
  return rewritten === text ? bytes : Buffer.from(rewritten, 'latin1');
}

function edited(text: string, produced: string, { without, eventType }: EnvelopeEdits): string {
  // A name may be spelled by its bytes, one character each, or by escapes.
  const leftOut = new Set(without.flatMap((name) => [name, oneCharPerByte(name)]));
  const written = oneCharPerByte(JSON.stringify(eventType));
  return rewriteMembers(
    text,
    topLevelMembers(text),
    (member) => {
      if (leftOut.has(member.name)) return undefined;
      const value = text.slice(member.valueStart, member.valueEnd);
      const isName = member.name === 'eventType' || (member.name === '@type' && isText(value, produced));
      return isName ? text.slice(member.nameStart, member.valueStart) + written : raw(text, member);
    },
    [],
  );
}

/** Is it the JSON text of a string, in whatever way that is escaped? */
function isText(value: string, string: string): boolean {
  return value.startsWith('"') && JSON.parse(Buffer.from(value, 'latin1').toString('utf8')) === string;
}

/**
 * Adds what a producer left out. A member that is absent, null or blank gets the given value; one that is there
 * is never touched. Answers the same text when nothing was missing.
 */
export function completeEnvelope(text: string, missing: Readonly<Record<string, string>>): string {
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
  const { names, said } = presence(text, members);
  const renamed = renamings(names, said, [OCCURRED.v5, OCCURRED.v4]);
  if (renamed.size === 0 && ![...ONLY_V5].some((name) => names.has(name))) return text;
  const edit = (member: Member): string | undefined =>
    ONLY_V5.has(member.name) ? undefined : respelled(text, member, renamed);
  return rewriteMembers(text, members, edit, []);
}

function toV5(text: string, eventType: string): string {
  const members = topLevelMembers(text);
  const { names, said } = presence(text, members);
  const renamed = renamings(names, said, [OCCURRED.v4, OCCURRED.v5]);
  const additions: string[] = [];
  const wanted = { '@type': oneCharPerByte(JSON.stringify(eventType)), '@baseType': '"Event"' };
  for (const [name, value] of Object.entries(wanted)) {
    if (said.has(name)) continue;
    additions.push(`"${name}":${value}`);
    renamed.set(name, undefined);
  }
  if (additions.length === 0 && renamed.size === 0) return text;
  return rewriteMembers(text, members, (member) => respelled(text, member, renamed), additions);
}

/**
 * Names that the version does not have: the new one, or undefined where the right one is there as well. TMF666 v4.0.0
 * calls the content `payload`.
 */
function renamings(
  names: ReadonlySet<string>,
  said: ReadonlySet<string>,
  occurred: readonly [string, string],
): Map<string, string | undefined> {
  const renamed = new Map<string, string | undefined>();
  for (const [from, to] of [occurred, CONTENT] as const) {
    if (!names.has(from)) continue;
    if (!names.has(to)) renamed.set(from, to);
    // The right one is there and says nothing.
    else if (!said.has(to) && said.has(from)) renamed.set(from, to).set(to, undefined);
    else if (from !== 'payload') renamed.set(from, undefined);
  }
  return renamed;
}

/** The names of the members, and of those that say something: producers write null for what they do not have. */
function presence(text: string, members: readonly Member[]) {
  const said = members.filter(({ valueStart, valueEnd }) => !isBlank(text.slice(valueStart, valueEnd)));
  const namesOf = (some: readonly Member[]) => new Set(some.map(({ name }) => name));
  return { names: namesOf(members), said: namesOf(said) };
}

/** The member with its name respelled, where the version has another; undefined: left out. */
function respelled(
  text: string,
  member: Member,
  renamed: ReadonlyMap<string, string | undefined>,
): string | undefined {
  if (!renamed.has(member.name)) return raw(text, member);
  const name = renamed.get(member.name);
  return name === undefined ? undefined : `"${name}":${text.slice(member.valueStart, member.valueEnd)}`;
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
