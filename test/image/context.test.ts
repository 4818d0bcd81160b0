import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readContext } from './context.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'context-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function filesWith(rules: string[], files: string[]): readonly string[] {
  for (const [name, text] of [
    ['.dockerignore', rules.join('\n')],
    ...files.map((file) => [file, '']),
  ] as const) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return readContext(folder)
    .files.filter((file) => file !== '.dockerignore')
    .toSorted();
}

const FILES = ['a.ts', 'b/a.ts', 'b/c/a.ts', 'b/c/.env'];

test.each([
  ['nothing', [], FILES],
  ['comments and blank lines', ['# a.ts', '', ' '], FILES],
  ['a name, at the top alone', ['a.ts'], ['b/a.ts', 'b/c/a.ts', 'b/c/.env']],
  ['a folder with all in it', ['b'], ['a.ts']],
  ['a folder with slashes', ['/b/c/'], ['a.ts', 'b/a.ts']],
  ['a star, for one step', ['*/a.ts'], ['a.ts', 'b/c/a.ts', 'b/c/.env']],
  ['two stars, for any steps', ['**/a.ts'], ['b/c/.env']],
  ['two stars and a part of a name', ['**/.*'], ['a.ts', 'b/a.ts', 'b/c/a.ts']],
  ['all but a folder', ['*', '!b'], ['b/a.ts', 'b/c/a.ts', 'b/c/.env']],
  ['the last rule, whatever stands before', ['*', '!b', '**/.env', '**/c/a.ts'], ['b/a.ts']],
  ['a dot, that stands for no other letter', ['b.a.ts'], FILES],
])('.dockerignore keeps out by %s', (_what, rules, expected) => {
  expect(filesWith(rules, FILES)).toEqual(expected.toSorted());
});

test.each(['a[bc]', 'a?', 'a\\b', '{a,b}'])('the pattern %s is refused', (rule) => {
  expect(() => filesWith([rule], [])).toThrow(`.dockerignore: ${rule} is not understood`);
});
