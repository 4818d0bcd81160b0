import fc from 'fast-check';
import { RE2JS } from 're2js';
import {
  compilePattern,
  LARGEST_PATTERNS,
  LONGEST_TEXT,
  sizeOf,
} from '../../../src/tmf/query/regular-expression.ts';
import { compileQuery } from '../../../src/tmf/query/query.ts';

const test1 = (pattern: string, text: string): boolean => {
  const compiled = compilePattern(pattern);
  if (typeof compiled !== 'function') throw new Error(compiled.why);
  return compiled(text);
};

describe('regular expressions', () => {
  test('match anywhere unless anchored', () => {
    expect(test1('b', 'abc')).toBe(true);
    expect(test1('^b', 'abc')).toBe(false);
    expect(test1('^a.c$', 'abc')).toBe(true);
    expect(test1('', '')).toBe(true);
    expect(test1('\\bd', 'abc def')).toBe(true);
    expect(test1('ü💥', 'xü💥')).toBe(true);
  });

  test('agree with those of JavaScript', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', '(a|b)', '(?:ab)', '^', '$', '\\b');
    const piece = fc
      .tuple(atom, fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,3}', '{0,}'))
      .map(([one, times]) => (/^(?:\^|\$|\\b)$/.test(one) ? one : one + times));
    const pattern = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '1', ' '), maxLength: 12 });
    fc.assert(
      fc.property(pattern, text, (given, value) => {
        expect(test1(given, value)).toBe(new RegExp(given).test(value));
      }),
      { numRuns: 5_000 },
    );
  });

  test.each(['(a+)+$', '(a|aa)+$', '(.*)*x', '^(([a-z])+.)+[A-Z]([a-z])+$', '(a?){100}a{100}$'])(
    'a pattern that hangs others is decided: %s',
    (pattern) => {
      // JavaScript's own engine would not end within the age of the universe.
      expect(test1(pattern, `${'a'.repeat(100_000)}!`)).toBe(false);
    },
  );

  test('more text than anybody filters by is not looked at', () => {
    const note = compileQuery('note.regex=b', { knownEventTypes: null });
    const matches = (...values: readonly string[]) => note.ok && note.query.matches?.({ note: values });
    const long = 'a'.repeat(LONGEST_TEXT - 1);
    expect(matches(`${long}b`)).toBe(true);
    expect(matches(`${long}ab`)).toBe(false);
    expect(matches(long, 'b')).toBe(true);
    expect(matches(long, 'c', 'b')).toBe(false);
    expect(matches('b', `${long}ab`)).toBe(true);
  });
});

describe('what compiling may cost', () => {
  test.each([
    ['abc', 3],
    ['a{3}', 3],
    ['a{2,5}', 5],
    ['a{7,}', 7],
    ['a{0}', 1],
    ['(ab){10}', 30],
    ['((a{10}){10}){10}', 1000],
    ['[a-z]{4}', 4],
    ['[]a]{4}', 4],
    ['[^]{(]{4}', 4],
    ['[[:alpha:]\\]]{4}', 4],
    ['\\({4}', 4],
    ['\\Q(((\\E)', 5],
    ['\\pL{3}', 30],
    ['[\\p{Greek}a]', 11],
    ['\\p{Greek}{3}', 30],
    ['\\x{41}{3}', 3],
    ['\\x{1000}', 1],
    ['a{,5}', 5],
    ['(a', 2],
  ])('%s: at least %i', (pattern, size) => {
    const estimate = sizeOf(pattern);
    expect(estimate).toBeGreaterThanOrEqual(size);
    expect(estimate).toBeLessThanOrEqual(Math.max(pattern.length, size * 1.5 + 10));
  });

  test('the estimate bounds what the compiler makes of any pattern', () => {
    const token = fc.constantFrom(
      ...[
        'a',
        '.',
        '(',
        ')',
        '(?:',
        '|',
        '[',
        ']',
        '[a-',
        '^',
        '\\',
        '\\Q',
        '\\E',
        '\\pL',
        '[:alpha:]',
        '{2}',
        '{3,5}',
        '{4,}',
      ],
      ...['{', '}', '*', '+?', '(?i)', '$', '{10}', '(?P<n>', ',', '-', 'ü'],
    );
    fc.assert(
      fc.property(
        fc.array(token, { maxLength: 14 }).map((tokens) => tokens.join('')),
        (pattern) => {
          const estimate = sizeOf(pattern);
          fc.pre(estimate <= 10 * LARGEST_PATTERNS);
          if (typeof compilePattern(pattern) !== 'function') return;
          // A piece takes an instruction, and at most three more for what stands around it.
          expect(RE2JS.compile(pattern).programSize()).toBeLessThanOrEqual(4 * estimate + 10);
        },
      ),
      { numRuns: 20_000 },
    );
  });

  test.each([
    ['a{1001}', /invalid repeat count/],
    ['a**', /invalid nested repetition/],
    ['[b-a]', /invalid character class range/],
    ['\\', /trailing backslash/],
  ])('refused: %.40s', (pattern, why) => {
    expect(compilePattern(pattern)).toMatchObject({ why: expect.stringMatching(why) as string });
  });
});
