import { type Environment, readEnvironment } from './environment.ts';
import { type ConfigFile, noFile, readConfigFile } from './file.ts';
import { sentence, sentences } from './problems.ts';
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
 * The configuration: the defaults, over them the YAML file (when one is named), over it the environment. Never
 * throws. A key without a value counts as not written.
 */
export function loadConfig(from: { file?: string | undefined; env: Environment }): LoadedConfig {
  const file = from.file === undefined ? noFile : readConfigFile(from.file);
  const environment = readEnvironment(
    from.env,
    keys.filter((key) => key.kind === 'setting'),
  );
  const problems = [...file.problems, ...environment.problems];
  const origin = originOf(file, environment.set);

  const tree = complete(schema, file.tree, ({ path, expected, given }) => {
    problems.push(sentence(path, expected, given, origin(path)));
  });
  for (const { key, value } of environment.set) put(tree, key.path, value);
  if (isList(tree['sources']) && tree['broker'] !== undefined) {
    problems.push(sentence(['broker'], BESIDE_SOURCES, JSON.stringify(tree['broker']), origin(['broker'])));
  }
  for (const bound of bounds) giveWay(schema, tree, bound);

  const parsed = schema.safeParse(tree);
  const issues = parsed.success ? [] : parsed.error.issues;
  problems.push(...issues.flatMap((issue) => sentences(issue, allKeys, { tree, origin })));
  return parsed.success && problems.length === 0
    ? { ok: true, config: parsed.data }
    : { ok: false, problems: [...new Set(problems)] };
}

function isList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

/** Where the value at a path comes from, as the end of a sentence; undefined for a default. */
function originOf(file: ConfigFile, set: ReturnType<typeof readEnvironment>['set']) {
  return (path: readonly PropertyKey[]): string | undefined => {
    const setting = set.find(({ key }) => key.path.every((step, index) => path[index] === step));
    const place = file.place(path);
    return setting !== undefined ? `by ${setting.variable}` : place && `in ${place}`;
  };
}
