/** `${NAME}` in the file: an environment variable, so that a file that anybody may read does without secrets. */
import { type Environment, isOurs } from './environment.ts';
import type { ConfigFile } from './file.ts';
import { type Path, sentence } from './problems.ts';
import type { Note } from './setting.ts';
import type { Tree } from './tree.ts';

const REFERENCE = /^\$\{(?<name>[A-Z_][A-Z0-9_]*)\}$/;
/** What would be a reference, with one `$` more in front of it than is meant. */
const ESCAPED = /^\$(?<text>\$+\{[A-Z_][A-Z0-9_]*\})$/;

/** Stands for a text that nobody knows: no check understands it. */
const UNKNOWN = Symbol('of a variable that is not set');

export interface References {
  /** The file's values with the texts of the variables in them. */
  readonly tree: Readonly<Tree>;
  /** One sentence for each reference that leads nowhere. */
  readonly problems: readonly string[];
  /** The variable that the value at a path, or one above it, is the text of. */
  readonly variableAt: (path: Path) => string | undefined;
  /** Is the value at a path, or something in it, the text of a variable? It may be a secret, whatever setting it is of. */
  readonly isHidden: (path: Path) => boolean;
  /** Has the value at a path been found missing? What else is wrong with it follows from that. */
  readonly isMissing: (path: Path) => boolean;
}

export interface ReferenceContext {
  readonly env: Environment;
  /** What is known of the setting at a path, or of the list that the path leads into. */
  readonly noteFor: (path: Path) => Note | undefined;
  /** Replaced by a variable of the setting's own: what the file says there does not count. */
  readonly isReplaced: (path: Path) => boolean;
}

export function followReferences(
  { tree, place }: Pick<ConfigFile, 'tree' | 'place'>,
  context: ReferenceContext,
): References {
  const found: { readonly path: Path; readonly name: string }[] = [];
  const missing: Path[] = [];
  const problems: string[] = [];

  const textAt = (path: Path, name: string): unknown => {
    found.push({ path, name });
    const text = isOurs(name) ? '' : (context.env[name] ?? '').trim();
    if (text !== '') return valueOf(text, path, context.noteFor(path));
    missing.push(path);
    const line = place(path);
    problems.push(sentence(path, wanted(name), `"\${${name}}"`, line && `in ${line}`));
    return UNKNOWN;
  };
  const follow = (value: unknown, path: Path, above: readonly unknown[]): unknown => {
    if (context.isReplaced(path) || above.includes(value)) return value;
    if (typeof value === 'string') {
      const name = REFERENCE.exec(value)?.groups?.['name'];
      return name === undefined ? (ESCAPED.exec(value)?.groups?.['text'] ?? value) : textAt(path, name);
    }
    const inside = [...above, value];
    if (Array.isArray(value)) return value.map((one, index) => follow(one, [...path, index], inside));
    if (!isPlain(value)) return value;
    const members = Object.entries(value).map(([key, one]) => [key, follow(one, [...path, key], inside)]);
    return Object.fromEntries(members);
  };

  return {
    tree: follow(tree, [], []) as Tree,
    problems,
    variableAt: (path) => found.find((one) => isWithin(path, one.path))?.name,
    isHidden: (path) => found.some((one) => isWithin(path, one.path) || isWithin(one.path, path)),
    isMissing: (path) => missing.some((one) => isWithin(path, one)),
  };
}

/** As it would be read from the setting's own variable; as one entry where it stands in a list. */
function valueOf(text: string, path: Path, note: Note | undefined): unknown {
  const value = note === undefined ? text : note.fromText(text);
  if (typeof path.at(-1) !== 'number' || !Array.isArray(value)) return value;
  return value.length === 1 ? (value[0] as unknown) : text;
}

function wanted(name: string): string {
  return isOurs(name)
    ? 'the name of another variable: those that begin with TMF_HUB_ set settings by themselves'
    : `the text of the environment variable ${name}, which is not set or empty`;
}

function isWithin(path: Path, above: Path): boolean {
  return above.every((step, index) => path[index] === step);
}

function isPlain(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
