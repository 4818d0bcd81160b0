/** Sentences for a person at 3 a.m.: which key, what is expected, what was given, and where. */
import type { z } from 'zod';
import type { CheckParams } from './checks.ts';
import { nearest } from './nearest.ts';
import type { Key, Note } from './setting.ts';

type Path = readonly PropertyKey[];

export interface Given {
  /** The values that were checked, as written. */
  readonly tree: unknown;
  /** Where the value at a path comes from: a line of the file, an environment variable; undefined = a default. */
  readonly origin: (path: Path) => string | undefined;
}

/** One sentence for most issues, one per key for unknown keys. */
export function sentences(issue: z.core.$ZodIssue, keys: readonly Key[], given: Given): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((name) => unknownKey([...issue.path, name], keys, given));
  }
  const { tree, origin } = given;
  const note = noteFor(issue.path, keys);
  const written = at(tree, issue.path);
  const value = written === undefined ? note?.standard : written;
  const shown = value === undefined ? 'nothing' : note?.secret ? 'a value that is not shown' : show(value);
  const from = written === undefined && value !== undefined ? 'by default' : origin(issue.path);
  return [sentence(issue.path, expectedFor(issue, keys, tree, note), shown, from)];
}

export function sentence(path: Path, expected: string, given: string, from: string | undefined): string {
  return `${spell(path)}: expected ${expected}; given ${given}${from ? ` ${from}` : ''}`;
}

function expectedFor(
  issue: z.core.$ZodIssue,
  keys: readonly Key[],
  tree: unknown,
  note: Note | undefined,
): string {
  const params = (issue.code === 'custom' ? issue.params : undefined) as CheckParams | undefined;
  if (params?.comparedWith !== undefined) {
    const path = params.comparedWith.split('.');
    const other = at(tree, path) ?? noteFor(path, keys)?.standard;
    return `${params.expected} ${params.comparedWith} (${show(other)})`;
  }
  if (params !== undefined) return params.expected;
  const inList = typeof issue.path.at(-1) === 'number';
  return (inList ? note?.each : note?.expected) ?? 'something else';
}

function unknownKey(path: Path, keys: readonly Key[], { origin }: Given): string {
  const key = spell(path);
  const known = keys.map((candidate) => candidate.key);
  const last = String(path.at(-1));
  const near =
    nearest(generic(path), known) ??
    known.filter((candidate) => candidate.split('.').at(-1) === last).join(' or ');
  const from = origin(path);
  return `${key}: no such key${from ? ` (given ${from})` : ''}${near ? `; did you mean ${near}?` : ''}`;
}

/** The note of the setting, or of the list that the path leads into. */
function noteFor(path: Path, keys: readonly Key[]): Note | undefined {
  const key = generic(path);
  const found = keys.find((candidate) => candidate.key === key || `${candidate.key}[]` === key);
  return found === undefined || found.kind === 'section' ? undefined : found.note;
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

/** Short, on one line, without the password of a URL. */
function show(value: unknown): string {
  const text = JSON.stringify(value).replace(/\/\/[^/@\s"]*@/g, '//***@');
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}
