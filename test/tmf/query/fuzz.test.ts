import { createCatalogue } from '../../../src/tmf/catalogue.ts';
import { catalogueRows } from '../../../src/tmf/catalogue.data.ts';
import type { Part } from '../../../src/tmf/query/paths.ts';
import { compileQuery } from '../../../src/tmf/query/query.ts';

const known = createCatalogue(catalogueRows).hubAt('/tmf-api/productOrderingManagement/v4')!.knownEventTypes;

const TOKENS = [
  [
    'eventType',
    'ProductOrderCreateEvent',
    'state',
    'event.productOrder.id',
    'relatedParty.role',
    '@type',
    'fields',
  ],
  [
    '=',
    '=',
    '==',
    '!=',
    '>',
    '>=',
    '<',
    '<=',
    '=~',
    '*=',
    '!',
    '~',
    '*',
    '.eq=',
    '.ne=',
    '.gt=',
    '.regex=',
    '.lte=',
  ],
  [
    '%3D',
    '%3E',
    '%3C%3D',
    '%21%3D',
    '%2A',
    '%7E',
    '%',
    '%C3',
    '%C3%BC',
    '%28',
    '%29',
    '%2C',
    '%26',
    '%zz',
    '%24',
  ],
  ['&', '&', ';', ',', ' in (', ')', '(', ' in', '.', ' ', '\n', '"', "'", 'none'],
  [
    'a',
    'x',
    '1',
    '-0',
    '4.50',
    '1e999',
    'true',
    'null',
    '2024-01-01T00:00:00Z',
    '2024-13-45',
    'ü',
    '💥',
    '\ud800',
    '\0',
  ],
  ['__proto__', 'constructor', 'toString', '__proto__.x'],
  ['(a+)+$', '[a-z', 'a{9}', '\\pL', '(?i)', '(?=', '\\', '|', '^', '.*'],
  [
    '$[?(',
    ')]',
    '@.',
    '@',
    '@.a',
    "@['a']",
    '[*]',
    '[0]',
    '..',
    '&&',
    '||',
    '!',
    '(@.a',
    ' in [',
    ' nin [',
    ']',
    ' == ',
  ],
  ["'x'", '"y', '=~ /a/i', '=~ /', '$', '$.', '@.eventType==', "'ProductOrderCreateEvent'", 'length(', '{'],
].flat();

/** Grammar that mostly makes sense, so that what is accepted is met too. */
const NAMES = [
  'state',
  'eventType',
  'productOrder.state',
  'relatedParty.role',
  'priority',
  'event.productOrder.x.y',
];
const SIGNS = ['=', '==', '!=', '>', '<=', '.ne=', '.gt=', '%3D', ' = ', '=~', '*='];
const VALUES = [
  'a',
  'completed',
  '4',
  'ProductOrderCreateEvent',
  '2024-01-01T00:00:00Z',
  'a%2Cb',
  '^c.*d$',
  'x,y',
];
const PATHS = ['@.state', '@.eventType', "@.a['b']", '@.relatedParty[*].role'];
const LITERALS = ["'completed'", '4', 'true', 'null', "'ProductOrderCreateEvent'", '-1.5e3'];

/** Seeded (mulberry32): a failure comes again. */
function randomness(seed: number) {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return { below, of: <T>(list: readonly T[]): T => list[below(list.length)] as T };
}

function queries(seed: number) {
  const { below, of } = randomness(seed);
  const many = (most: number, one: () => string, separator = ''): string =>
    Array.from({ length: below(most) + 1 }, one).join(separator);
  const comparison = (): string => `${of(PATHS)}${of(['==', '!=', '<', ' >= ', ' == '])}${of(LITERALS)}`;
  const term = (depth: number): string => {
    if (depth === 0 || below(3) > 0) return comparison();
    return `${of(['', '!'])}(${many(3, () => term(depth - 1), of([' && ', '||']))})`;
  };
  const kinds = [
    () => many(14, () => of(TOKENS)),
    () => many(30, () => String.fromCharCode(below(of([128, 256, 0x10000])))),
    () => many(4, () => many(3, () => of(NAMES) + of(SIGNS) + of(VALUES), ';'), '&'),
    () => `$[?(${many(3, () => term(3), ' && ')})]`,
    () => encodeURIComponent(`$[?(${term(2)})]`),
    () => {
      const text = many(3, () => of(NAMES) + of(SIGNS) + of(VALUES), '&');
      const at = below(text.length);
      return text.slice(0, at) + of(TOKENS) + text.slice(at + below(3));
    },
  ];
  return () => of(kinds)();
}

const document = {
  eventType: 'ProductOrderCreateEvent',
  event: {
    productOrder: { id: '1', state: [null, 'completed', 1, {}], relatedParty: [{ role: 'x' }, [['y']]] },
  },
};
const PARTS: readonly Part[] = ['document', 'document', 'header', 'content'];

test('100,000 queries: an answer for each, never an exception, and work linear in the text', () => {
  const query = queries(20_260_301);
  const seen = { accepted: 0, matched: 0, 400: 0, 501: 0 };
  for (let n = 0; n < 100_000; n += 1) {
    const text = query();
    const steps = { count: 0 };
    const part = PARTS[n % PARTS.length] as Part;
    const result = compileQuery(text, { knownEventTypes: n % 3 === 0 ? null : known, part, steps });
    if (steps.count > 10 * text.length + 10)
      throw new Error(`${steps.count} steps for ${JSON.stringify(text)}`);
    if (!result.ok) {
      seen[result.status] += 1;
      const { position, reason } = result;
      if (position < 0 || position > text.length || reason.length < 10) {
        throw new Error(`${JSON.stringify(text)}: ${JSON.stringify(result)}`);
      }
      continue;
    }
    seen.accepted += 1;
    const { query: compiled } = result;
    const { eventTypes, matches, equality } = compiled;
    const indexed = eventTypes?.has('productordercreate') ?? true;
    const matched = indexed && (matches?.(document) ?? true);
    if ((compiled.explain(document) === undefined) !== matched || (equality && !matches)) {
      throw new Error(`${JSON.stringify(text)}: index, predicate and explanation differ`);
    }
    if (matched) seen.matched += 1;
  }
  // It would prove little if nearly everything went the same way.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(500);
}, 60_000);

describe('work grows with the length only', () => {
  test.each([
    ['conditions', 'a=1&'],
    ['attributes', (i: number) => `a${i}=1&`],
    ['alternatives', 'a=1;'],
    ['different alternatives', (i: number) => `a${i}>1;`],
    ['values', 'a=1&a=1,1,1,'],
    ['different values', (i: number) => `a!=${i}&`],
    ['path', 'a.'],
    ['blanks', ' '],
    ['blanks inside', 'a     in'],
    ['encoded blanks', '%20in%20'],
    ['lists', 'a in (1,2)&'],
    ['brackets', '('],
    ['percent', '%3'],
    ['encoded operators', '%3D%3D'],
    ['words', 'ProductOrderCreateEvent,'],
    ['quotes', '"'],
    ['fields', 'fields=a&'],
    ['expressions', 'a=~x&'],
    ['JSONPath brackets', '$[?(((((((('],
    ['JSONPath negations', '$[?!!!!!!'],
    ['JSONPath conjunction', (i: number) => (i === 0 ? '$[?(' : `@.a${i}==1 && `)],
    ['JSONPath names', (i: number) => (i === 0 ? '$[?(' : `@.a.a && `)],
    ['JSONPath quotes', (i: number) => (i === 0 ? '$[0]' : `'`)],
    ['JSONPath escapes', (i: number) => (i === 0 ? "$[?(@.a=='" : `\\n`)],
    ['JSONPath list', (i: number) => (i === 0 ? '$[?(@.a in [' : `1,`)],
    ['JSONPath pattern', (i: number) => (i === 0 ? '$[?(@.a =~ /' : `\\/a`)],
    ['JSONPath unsupported', (i: number) => (i === 0 ? '$[0]' : `(]`)],
  ])('%s', (_, unit) => {
    const of = (length: number): string => {
      const pieces: string[] = [];
      for (let i = 0, built = 0; built < length; i += 1) {
        const piece = typeof unit === 'string' ? unit : unit(i);
        pieces.push(piece);
        built += piece.length;
      }
      return `${pieces.join('')}a=1`;
    };
    const steps = { count: 0 };
    const long = of(100_000);
    compileQuery(long, { knownEventTypes: known, steps });
    expect(steps.count).toBeLessThanOrEqual(10 * long.length);
  });
});
