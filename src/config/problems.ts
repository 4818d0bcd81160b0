/** Sentences for a person at 3 a.m.: which key, what is expected, what was given, and where. */
import type { z } from 'zod';
import type { CheckParams } from './checks.ts';
import { nearest } from './nearest.ts';
import { isDocumented, type Key, type Note } from './setting.ts';

export type Path = readonly PropertyKey[];

/** In place of a value. */
export const HIDDEN = 'a value that is not shown';

export interface Given {
  /** The values that were checked, as written. */
  readonly tree: unknown;
  /** Where the value at a path comes from: a line of the file, an environment variable; undefined = a default. */
  readonly origin: (path: Path) => string | undefined;
  /** May the value at a path not be shown, whatever setting it is of? */
  readonly isHidden: (path: Path) => boolean;
  /** Was it told already that the value at a path could not be had? */
  readonly isMissing: (path: Path) => boolean;
}

/** One sentence for most issues, one per key for unknown keys. */
export function sentences(issue: z.core.$ZodIssue, keys: readonly Key[], given: Given): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((name) => unknownKey([...issue.path, name], keys, given));
  }
  const { tree, origin, isHidden, isMissing } = given;
  const note = noteFor(issue.path, keys);
  const path = placeOf(issue.path, keys, tree);
  if (isMissing(path)) return [];
  const written = at(tree, path);
  const value = written === undefined ? note?.standard : written;
  const hidden = note?.secret === true || isHidden(path);
  const shown = value === undefined ? 'nothing' : hidden ? HIDDEN : show(value);
  const from = written === undefined && value !== undefined ? 'by default' : origin(path);
  const expected = expectedFor(issue, keys, given);
  // Why a text is no expression is said with all of it.
  const tells = hidden && typeof value === 'string' && expected.includes(value);
  return [sentence(path, tells ? kindOf(issue.path, note) : expected, shown, from)];
}

/** Where the value stands: a source has those of the section that it does not override. */
function placeOf(path: Path, keys: readonly Key[], tree: unknown): Path {
  const shared = keyFor(path, keys)?.path;
  const isShared = shared && at(tree, path) === undefined && at(tree, shared) !== undefined;
  return isShared ? shared : path;
}

export function sentence(path: Path, expected: string, given: string, from: string | undefined): string {
  return `${spell(path)}: expected ${expected}; given ${given}${from ? ` ${from}` : ''}`;
}

function expectedFor(issue: z.core.$ZodIssue, keys: readonly Key[], { tree, isHidden }: Given): string {
  const params = (issue.code === 'custom' ? issue.params : undefined) as CheckParams | undefined;
  if (params?.comparedWith !== undefined) {
    const path = pathOf(params.comparedWith);
    const other = at(tree, path) ?? noteFor(path, keys)?.standard;
    return `${params.expected} ${params.comparedWith} (${isHidden(path) ? HIDDEN : show(other)})`;
  }
  return params?.expected ?? kindOf(issue.path, noteFor(issue.path, keys));
}

function kindOf(path: Path, note: Note | undefined): string {
  const inList = typeof path.at(-1) === 'number';
  return (inList ? note?.each : note?.expected) ?? 'something else';
}

function unknownKey(path: Path, keys: readonly Key[], { origin }: Given): string {
  const key = spell(path);
  const known = keys.map((candidate) => candidate.key);
  const last = String(path.at(-1));
  const near =
    nearest(generic(path), known) ??
    keys
      .filter((candidate) => isDocumented(candidate) && candidate.key.split('.').at(-1) === last)
      .map((candidate) => candidate.key)
      .join(' or ');
  const from = origin(path);
  return `${key}: no such key${from ? ` (given ${from})` : ''}${near ? `; did you mean ${near}?` : ''}`;
}

/** The setting, or the list that the path leads into. */
function keyFor(path: Path, keys: readonly Key[]): Key | undefined {
  const key = generic(path);
  return keys.find((candidate) => candidate.key === key || `${candidate.key}[]` === key);
}

/** What is known of the setting at a path, or of the list that the path leads into. */
export function noteFor(path: Path, keys: readonly Key[]): Note | undefined {
  const found = keyFor(path, keys);
  return found === undefined || found.kind === 'section' ? undefined : found.note;
}

/** The other way round: of `sources[1].prefix`. */
function pathOf(key: string): PropertyKey[] {
  return key.split(/\]?[.[]/).map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}

/** `subscriptions[0].callback` */
function spell(path: Path): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '');
}

/** `subscriptions[].callback` */
function generic(path: Path): string {
  return spell(path).replace(/\[\d+\]/g, '[]');
}

function at(tree: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) => (value as Record<PropertyKey, unknown> | undefined)?.[step],
    tree,
  );
}

/** Short, on one line, without the password of a URL, however it is spelled, and the keys of signatures. */
function show(value: unknown): string {
  const text = JSON.stringify(value)
    .replace(/\/\/[^\s"]*@/g, '//***@')
    .replace(/whsec_[^\s"\\]*/g, 'whsec_***');
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}
