/** Settings and sections: what the schema is built of, and the list of all keys that is read off it. */
import { z } from 'zod';
import type { Kind } from './kinds.ts';

/** What zod cannot keep with a schema; what a setting means stands in its description. */
export interface Note extends Omit<Kind, 'schema'> {
  /** The default as a person writes it; undefined when there is none. */
  readonly standard?: unknown;
  /** May not be absent. */
  readonly required?: boolean;
  /** For settings without default: a value to show. */
  readonly example?: string;
  /** Never shown in an error message. */
  readonly secret?: boolean;
}

const notes = new WeakMap<z.ZodType, Note>();

function noted<S extends z.ZodType>(schema: S, note: Note): S {
  notes.set(schema, note);
  return schema;
}

/** A setting with a default, written as it would stand in the file; it is checked like any other value. */
export function setting<S extends z.ZodType>(
  kind: Kind<S>,
  means: string,
  standard: Exclude<z.input<S>, undefined>,
  extra: Pick<Note, 'secret'> = {},
): z.ZodPrefault<S> {
  return noted(z.prefault(kind.schema, standard).describe(means), { ...kind, standard, ...extra });
}

/** A setting that may be absent. */
export function optional<S extends z.ZodType>(
  kind: Kind<S>,
  means: string,
  extra: Pick<Note, 'example' | 'secret'> = {},
): z.ZodOptional<S> {
  return noted(z.optional(kind.schema).describe(means), { ...kind, ...extra });
}

/** A member that an entry of a list must have. */
export function required<S extends z.ZodType>(kind: Kind<S>, means: string): S {
  return noted(kind.schema.describe(means), { ...kind, required: true });
}

export function section<S extends z.ZodRawShape>(means: string, shape: S): z.ZodObject<S, z.core.$strict> {
  return z.strictObject(shape).describe(means);
}

interface Named {
  /** Dotted; `[]` stands for any entry of a list: `subscriptions[].callback`. */
  readonly key: string;
  readonly path: readonly string[];
  /** One sentence. */
  readonly means: string;
}
interface SectionKey extends Named {
  readonly kind: 'section';
}
export interface SettingKey extends Named {
  readonly kind: 'setting';
  /** Environment variables that set it: the documented one first. */
  readonly variables: readonly [string, ...string[]];
  readonly note: Note;
}
/** A member of the entries of a list of objects; it has no environment variable of its own. */
export interface MemberKey extends Named {
  readonly kind: 'member';
  readonly note: Note;
}
export type Key = SectionKey | SettingKey | MemberKey;

/** Every key of a schema, sections before their settings, in the order they are declared. */
export function keysOf(schema: z.ZodObject, above: readonly string[] = []): Key[] {
  return Object.entries(schema.shape).flatMap(([name, child]): Key[] => {
    const path = [...above, name];
    if (child instanceof z.ZodObject) {
      return [{ kind: 'section', ...named(path, child) }, ...keysOf(child, path)];
    }
    const note = noteOf(child as z.ZodType, path);
    const members = Object.entries(note.entry?.shape ?? {}).map(([member, schema]): MemberKey => {
      const memberPath = [...above, `${name}[]`, member];
      const inner = schema as z.ZodType;
      return { kind: 'member', ...named(memberPath, inner), note: noteOf(inner, memberPath) };
    });
    return [
      { kind: 'setting', ...named(path, child as z.ZodType), variables: variablesOf(path), note },
      ...members,
    ];
  });
}

/**
 * The keys, and beside them those of the sections that may stand in an entry of a list (`sources[].kafka.brokers`).
 * These have the path of the section, where the value is as long as the entry does not say otherwise.
 */
export function withStandIns(keys: readonly Key[]): Key[] {
  return keys.flatMap((key): Key[] => {
    const section = key.kind === 'member' ? key.note.like : undefined;
    if (section === undefined) return [key];
    const inSection = keys.filter((other) => other.key.startsWith(`${section}.`));
    return [key, ...inSection.map((other) => standIn(other, key.key + other.key.slice(section.length)))];
  });
}

function standIn(other: Key, key: string): MemberKey {
  const note: Note =
    other.kind === 'section'
      ? { expected: `keys of the section ${other.key}`, fromText: (written) => written, secret: true }
      : other.note;
  return { kind: 'member', key, path: other.path, means: other.means, note };
}

/** Is it a key of its own, none that stands in for one? */
export function isDocumented({ key, path }: Key): boolean {
  return key === path.join('.');
}

function named(path: readonly string[], schema: z.ZodType): Named {
  return { key: path.join('.'), path, means: schema.description ?? '' };
}

function noteOf(schema: z.ZodType, path: readonly string[]): Note {
  const note = notes.get(schema);
  if (note !== undefined) return note;
  throw new Error(`${path.join('.')} is declared without setting, optional or required`);
}

/** `circuit.suspendAfter`: TMF_HUB_CIRCUIT_SUSPENDAFTER, and with the words apart TMF_HUB_CIRCUIT_SUSPEND_AFTER. */
function variablesOf(path: readonly string[]): [string, ...string[]] {
  const joined = `TMF_HUB_${path.join('_').toUpperCase()}`;
  const apart = `TMF_HUB_${path.join('_').replace(/[A-Z]/g, '_$&').toUpperCase()}`;
  return joined === apart ? [joined] : [joined, apart];
}
