/** Files of values: those that the chart must take, and those that it must refuse. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';

export interface ValueSet {
  /** Of the file, without its ending. */
  readonly name: string;
  readonly file: string;
  readonly values: unknown;
  /** The comment on the first line. */
  readonly comment: string;
}

/** Those of a folder, by name. Throws on a file that does not begin with a comment that says what it is for. */
export async function valueSets(directory: string): Promise<ValueSet[]> {
  const files = (await readdir(directory)).filter((name) => name.endsWith('.yaml')).toSorted();
  return Promise.all(
    files.map(async (name) => {
      const file = path.join(directory, name);
      const text = await readFile(file, 'utf8');
      const comment = /^# (.+)/.exec(text)?.[1];
      if (comment === undefined)
        throw new Error(`${file}: its first line must be a comment that says what it is for`);
      return { name: path.basename(name, '.yaml'), file, values: parse(text) as unknown, comment };
    }),
  );
}

/** What Helm's message must have of a wrong set, which says so as "# refused: <text>". Throws on one that does not. */
export function refusal({ file, comment }: ValueSet): string {
  const text = /^refused: (.+)/.exec(comment)?.[1];
  if (text === undefined) throw new Error(`${file}: its first line must be "# refused: <what Helm says>"`);
  return text;
}
