import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createCatalogue } from '../../src/tmf/catalogue.ts';
import { catalogueRows } from '../../src/tmf/catalogue.data.ts';
import { project } from '../../src/tmf/projection.ts';
import { MOST_CONDITIONS } from '../../src/tmf/query/conditions.ts';
import { compileQuery, type Query } from '../../src/tmf/query/query.ts';
import { LARGEST_PATTERNS, LONGEST_TEXT } from '../../src/tmf/query/regular-expression.ts';

const PAGE = readFileSync(path.join(import.meta.dirname, '../../docs/query.md'), 'utf8');
const known = createCatalogue(catalogueRows).knownEventTypes;

/** The rows of all tables with these headings, without the backticks and the backslashes of Markdown. */
function rows(...headings: readonly string[]): readonly (readonly string[])[] {
  const cells = (line: string): string[] =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) =>
        cell
          .trim()
          .replaceAll('\\|', '|')
          .replace(/^`(.*)`$/s, '$1'),
      );
  const found: string[][] = [];
  let wanted = false;
  for (const line of PAGE.split('\n')) {
    if (!line.startsWith('|')) wanted = false;
    else if (cells(line).join() === headings.join()) wanted = true;
    else if (wanted && !line.startsWith('| --')) found.push(cells(line));
  }
  return found;
}

/** The events that the page shows, by their names. */
const events = new Map(
  [...PAGE.matchAll(/^`(\w+)`\n\n```json\n(.*?)```/gms)].map(([, name = '', text = '']) => [name, text]),
);

const read = (text: string) => compileQuery(text, { knownEventTypes: known });

function compiled(text: string): Query {
  const result = read(text);
  if (!result.ok) throw new Error(`refused: ${result.reason}`);
  return result.query;
}

test.each(rows('query', 'event', 'matches'))('%s of %s: %s', (text, event = '', matches) => {
  const document: unknown = JSON.parse(events.get(event)!);
  expect(compiled(text).explain(document) === undefined ? 'yes' : 'no').toBe(matches);
});

test.each(rows('query', 'event', 'is sent'))('%s of %s sends %s', (text, event = '', sent = '') => {
  const left = project(events.get(event)!, compiled(text).projection!);
  expect(JSON.parse(left)).toEqual(JSON.parse(sent));
});

test.each(rows('query', 'is the same as'))('%s is %s', (one, other) => {
  expect(compiled(one).canonical).toBe(compiled(other).canonical);
});

test.each(rows('query', 'answer', 'character', 'message'))(
  '%s: %s, character %s',
  (text, status, at, message) => {
    const result = read(text);
    if (result.ok) throw new Error('accepted');
    expect([String(result.status), String(result.position + 1)]).toEqual([status, at]);
    expect(result.reason.startsWith(message)).toBe(true);
  },
);

test('the page has its examples and limits', () => {
  expect([...events.keys()]).toEqual(['order', 'alarm']);
  expect(rows('query', 'event', 'matches').length).toBeGreaterThan(40);
  expect(rows('query', 'event', 'is sent').length).toBeGreaterThan(2);
  expect(rows('query', 'answer', 'character', 'message').length).toBeGreaterThan(12);
  expect(PAGE).toContain(`${LARGEST_PATTERNS} characters, with`);
  expect(PAGE).toContain(`at most ${MOST_CONDITIONS} conditions`);
  expect(PAGE).toContain(`${LONGEST_TEXT.toLocaleString('en')} characters`);
});
