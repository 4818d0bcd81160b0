import { type Environment, type FromEnvironment, readEnvironment } from './environment.ts';
import { type ConfigFile, noFile, readConfigFile } from './file.ts';
import { HIDDEN, noteFor, type Path, sentence, sentences } from './problems.ts';
import { followReferences, type References } from './references.ts';
import { bounds, type Config, keys, schema } from './schema.ts';
import { withStandIns } from './setting.ts';
import { complete, giveWay, put } from './tree.ts';

export type { Config } from './schema.ts';

/** With a default it is never absent after the parse: whether somebody wrote it is seen before. */
const BESIDE_SOURCES = 'nothing beside sources: it is the short form for one source';

const allKeys = withStandIns(keys);

export type LoadedConfig =
  | { readonly ok: true; readonly config: Config }
  /** Every mistake there is, one sentence each. */
  | { readonly ok: false; readonly problems: string[] };

/**
 * The configuration: the defaults, over them the YAML file (when one is named), over it the environment. A text of
 * the file that is a reference (`${NAME}`) stands for the variable of that name. Never throws. A key without a value counts as not written.
 */
export function loadConfig(from: { file?: string | undefined; env: Environment }): LoadedConfig {
  const file = from.file === undefined ? noFile : readConfigFile(from.file);
  const environment = readEnvironment(
    from.env,
    keys.filter((key) => key.kind === 'setting'),
  );
  const references = followReferences(file, {
    env: from.env,
    noteFor: (path) => noteFor(path, allKeys),
    isReplaced: (path) => setBy(path, environment.set) !== undefined,
  });
  const { isHidden, isMissing } = references;
  const problems = [...file.problems, ...environment.problems, ...references.problems];
  const origin = originOf(file, environment.set, references);

  const tree = complete(schema, references.tree, ({ path, expected, given }) => {
    if (!isMissing(path)) problems.push(sentence(path, expected, given, origin(path)));
  });
  for (const { key, value } of environment.set) put(tree, key.path, value);
  if (isList(tree['sources']) && tree['broker'] !== undefined) {
    const shown = isHidden(['broker']) ? HIDDEN : JSON.stringify(tree['broker']);
    problems.push(sentence(['broker'], BESIDE_SOURCES, shown, origin(['broker'])));
  }
  for (const bound of bounds) giveWay(schema, tree, bound);

  const parsed = schema.safeParse(tree);
  const issues = parsed.success ? [] : parsed.error.issues;
  problems.push(
    ...issues.flatMap((issue) => sentences(issue, allKeys, { tree, origin, isHidden, isMissing })),
  );
  return parsed.success && problems.length === 0
    ? { ok: true, config: parsed.data }
    : { ok: false, problems: [...new Set(problems)] };
}

function isList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

/** Where the value at a path comes from, as the end of a sentence; undefined for a default. */
function originOf(file: ConfigFile, set: readonly FromEnvironment[], references: References) {
  return (path: Path): string | undefined => {
    const setting = setBy(path, set);
    if (setting !== undefined) return `by ${setting.variable}`;
    const place = file.place(path);
    const variable = references.variableAt(path);
    return variable === undefined ? place && `in ${place}` : `by ${variable} (in ${place})`;
  };
}

function setBy(path: Path, set: readonly FromEnvironment[]): FromEnvironment | undefined {
  return set.find(({ key }) => key.path.every((step, index) => path[index] === step));
}
