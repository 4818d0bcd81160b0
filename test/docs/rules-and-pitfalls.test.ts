/**
 * The design's rules ("histories that go wrong without them") and pitfalls ("how others lose events") are promises:
 * each has a test whose title names it, as in `RULES 11: ...` or `PITFALLS 4, 6: ...`. This test
 * reads the titles of all tests and fails when one has none, so that none gets lost when tests are rewritten.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { titlesIn, namedIn } from './titles.ts';

const COUNT = 26;

const root = join(import.meta.dirname, '..');
const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(root, name), 'utf8'));
const titles = sources.flatMap(titlesIn);

describe.each(['RULES', 'PITFALLS'] as const)('%s', (kind) => {
  const named = namedIn(kind, titles);

  test('each is named by a test', () => {
    const all = Array.from({ length: COUNT }, (_, i) => i + 1);
    expect(all.filter((number) => !named.has(number))).toEqual([]);
  });

  test('a title names none that does not exist', () => {
    expect([...named].filter((number) => number < 1 || number > COUNT)).toEqual([]);
  });
});

describe('what counts as a title', () => {
  const named = (source: string) => [...namedIn('RULES', titlesIn(source))];

  test.each([
    ["test('RULES 1: a', () => {});", [1]],
    ['it(`RULES 2: ${"a"}`, () => {});', [2]],
    ["describe('a, RULES 3, 4 and 5: b', () => {});", [3, 4, 5]],
    ["test.each([['http://a']])('RULES 6, PITFALLS 7: %s', () => {});", [6]],
    ["test.each`a\n${1}`('RULES 7: $a', () => {});", [7]],
    ["describe.each([1])('RULES 8: %d', () => { test('a', () => {}); });", [8]],
    ["describe('a', () => { test('RULES 9', async () => {}); });", [9]],
  ])('%s', (source, numbers) => {
    expect(named(source)).toEqual(numbers);
  });

  test.each([
    "// test('RULES 1: a', () => {});",
    "/** RULES 1 */ test('a', () => {});",
    "const text = 'RULES 1';",
    "test.skip('RULES 1: a', () => {});",
    "test.todo('RULES 1: a');",
    "test.failing('RULES 1: a', () => {});",
    "describe.skip('a', () => { test('RULES 1: b', () => {}); });",
    "xtest('RULES 1: a', () => {});",
    "test('GROUND RULES 1: a', () => {});",
    "test.each([['RULES 1: a']])('%s', () => {});",
  ])('not %s', (source) => {
    expect(named(source)).toEqual([]);
  });
});
