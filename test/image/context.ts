/** The build context: the files of a folder that its .dockerignore lets through. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

export interface Context {
  readonly folder: string;
  /** Whether a path relative to the folder is in the context, should it exist. */
  has(path: string): boolean;
  /** All files in it, relative to the folder. */
  readonly files: readonly string[];
}

interface Rule {
  readonly lets: boolean;
  readonly pattern: RegExp;
}

/** Throws where the .dockerignore has a pattern that this cannot read. */
export function readContext(folder: string): Context {
  const rules = readFileSync(join(folder, '.dockerignore'), 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(ruleOf);
  const has = (path: string) => isLetThrough(path, rules);
  return { folder, has, files: [...filesBelow(folder, '', has)] };
}

/** The last rule that speaks of the path, or of a folder that it lies in, counts. */
function isLetThrough(path: string, rules: readonly Rule[]): boolean {
  const steps = path.split('/');
  const paths = steps.map((_, index) => steps.slice(0, index + 1).join('/'));
  return rules.findLast(({ pattern }) => paths.some((one) => pattern.test(one)))?.lets ?? true;
}

function ruleOf(line: string): Rule {
  const lets = line.startsWith('!');
  const path = posix.normalize(lets ? line.slice(1) : line).replace(/^\/|\/$/g, '');
  if (/[[\]\\{}?]/.test(path)) throw new Error(`.dockerignore: ${line} is not understood`);
  const source = path
    .replace(/[.+^$()|]/g, '\\$&')
    .replace(/\*\*\/|\*\*|\*/g, (stars) => ({ '**/': '(?:.*/)?', '**': '.*' })[stars] ?? '[^/]*');
  return { lets, pattern: new RegExp(`^${source}$`) };
}

/** A folder that is kept out is not looked into: what a later rule lets through in it is missing here, loudly. */
function* filesBelow(folder: string, path: string, has: Context['has']): Generator<string> {
  for (const entry of readdirSync(join(folder, path), { withFileTypes: true })) {
    const below = posix.join(path, entry.name);
    if (!has(below)) continue;
    if (entry.isDirectory()) yield* filesBelow(folder, below, has);
    else yield below;
  }
}
