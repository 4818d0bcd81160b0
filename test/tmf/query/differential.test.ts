/** Queries made up at random, asked of documents made up at random, against an evaluator that takes no short cut. */
import fc from 'fast-check';
import { canonicalEventType } from '../../../src/tmf/event-names.ts';
import { compileQuery, type Query } from '../../../src/tmf/query/query.ts';
import { holds, TYPES, withRepetitionAsOr, type Asked, type Operator, type Parts } from './naive.ts';

const of = fc.constantFrom;
const type = of(...Object.keys(TYPES));

const plain = of<unknown>(
  ...[
    '1',
    1,
    '1.0',
    '1e0',
    true,
    'true',
    false,
    null,
    'null',
    'a',
    'A',
    '10',
    10,
    '9',
    1.5,
    -0,
    '',
    'é',
    '💥',
  ],
  ...['2024-06-01', '2024-06-01T00:00:00Z', '2024-06-01T02:00:00+02:00', '2024-05-31T23:30:00-02:00'],
  ...['2024-06-01T00:00:00', {}, [], [1, ['a', [null, true]]], [{ a: '1' }, { a: [2, 'a'] }, 3]],
);
const name = of('a', 'state', 'id', 'on', '__proto__', 'constructor', 'eventType');
/** By entries: `__proto__` must become a member of its own, as `JSON.parse` makes it. */
const objectOf = (value: fc.Arbitrary<unknown>): fc.Arbitrary<object> =>
  fc.array(fc.tuple(name, value), { maxLength: 4 }).map((entries) => Object.fromEntries(entries));
const inner = objectOf(fc.oneof(plain, fc.array(plain, { maxLength: 3 })));
const outer = objectOf(fc.oneof({ weight: 3, arbitrary: plain }, { weight: 1, arbitrary: inner }));
const content = fc.oneof(outer, fc.record({ order: outer }), fc.record({ first: inner, order: outer }));
const document = fc
  .tuple(outer, type, of('event', 'event', 'payload'), content)
  .map(([members, eventType, carrier, carried]) => ({ ...members, eventType, [carrier]: carried }));

const path = of(
  ...['a', 'state', 'id', 'on', 'event.order.a', 'order.a', 'order.state', 'a.a', 'event.state', 'event'],
  ...['payload.order.id', '__proto__', 'constructor.a', 'order.eventType'],
);
const wanted = of(
  ...[
    '1',
    '1.0',
    '1e0',
    'true',
    'null',
    'a',
    'A',
    '10',
    '9',
    '9.5',
    '-0',
    'é',
    '💥',
    ' ',
    '&;,=',
    '2024-06-01',
  ],
  ...['2024-06-01T00:00:00Z', '2024-06-01T02:00:00+02:00', '2024-06-01T01:30:00Z', '2024-06-01T00:00:00'],
);
const someOf = (value: fc.Arbitrary<string>) => fc.array(value, { minLength: 1, maxLength: 3 });
const asked: fc.Arbitrary<Asked> = fc.oneof(
  fc.record({
    path,
    operator: of<Operator>('eq', 'eq', 'ne', 'gt', 'gte', 'lt', 'lte'),
    values: someOf(wanted),
  }),
  fc.record({
    path,
    operator: fc.constant<Operator>('regex'),
    values: of('a', '^1', '0$', '.', '[0-9]{2,}', '^.$').map((pattern) => [pattern]),
  }),
  fc.record({ path: fc.constant('eventType'), operator: of<Operator>('eq', 'ne'), values: someOf(type) }),
);
const parts: fc.Arbitrary<Parts> = fc.array(fc.array(asked, { minLength: 1, maxLength: 2 }), {
  minLength: 1,
  maxLength: 3,
});

const SIGNS: Readonly<Record<Operator, readonly string[]>> = {
  eq: ['=', '==', '.eq=', '%3D', ' = ', '.eq%3D'],
  ne: ['!=', '.ne=', '%21='],
  gt: ['>', '.gt=', ' %3E '],
  gte: ['>=', '.gte=', '%3E%3D'],
  lt: ['<', '.lt=', '%3C'],
  lte: ['<=', '.lte=', '%3C='],
  regex: ['=~', '*=', '.regex=', '%3D~'],
};

/** The query as TMF630 writes it; `choice` picks among the spellings. */
function asFilter(all: Parts, choice: number): string {
  const written = ({ path: attribute, operator, values }: Asked): string => {
    const list = values.map(encodeURIComponent);
    if (operator === 'eq' && choice % 7 === 0) return `${attribute} in (${list.join(' , ')})`;
    return `${attribute}${SIGNS[operator][choice % SIGNS[operator].length] ?? ''}${list.join(',')}`;
  };
  return all.map((alternatives) => alternatives.map(written).join(';')).join('&');
}

function asJsonPath(all: Parts): string {
  const written = ({ path: attribute, operator, values }: Asked): string => {
    const place = `@${attribute
      .split('.')
      .map((one) => `['${one}']`)
      .join('')}`;
    const texts = values.map((value) => JSON.stringify(value));
    if (operator === 'eq' || operator === 'ne')
      return `${place} ${operator === 'eq' ? 'in' : 'nin'} [${texts.join()}]`;
    return texts.map((text) => `${place} ${SIGNS[operator][0] ?? ''} ${text}`).join(' || ');
  };
  return `$[?(${all.map((alternatives) => `(${alternatives.map(written).join(' || ')})`).join(' && ')})]`;
}

function compiled(text: string): Query {
  const result = compileQuery(text, { knownEventTypes: null });
  if (!result.ok) throw new Error(`${text} refused: ${result.reason}`);
  return result.query;
}

/** As delivery asks: the index by event type first, then the rest. */
function wants({ eventTypes, matches }: Query, given: { readonly eventType: string }): boolean {
  const indexed = eventTypes?.has(canonicalEventType(given.eventType)) ?? true;
  return indexed && (matches?.(given) ?? true);
}

const documents = fc.array(document, { minLength: 5, maxLength: 5 });

test('a filter and a JSONPath match what a naive reading of the contract matches', () => {
  const answers = { true: 0, false: 0 };
  fc.assert(
    fc.property(parts, fc.nat(100), documents, (all, choice, given) => {
      const filter = compiled(asFilter(all, choice));
      const jsonPath = compiled(asJsonPath(all));
      for (const one of given) {
        const wished = holds(withRepetitionAsOr(all), one);
        answers[`${wished}`] += 1;
        const explained = filter.explain(one) === undefined;
        expect([wants(filter, one), explained]).toEqual([wished, wished]);
        expect(wants(jsonPath, one)).toBe(holds(all, one));
      }
    }),
    { numRuns: 1_500 },
  );
  // It would prove little if nearly all were the same.
  expect(Math.min(...Object.values(answers))).toBeGreaterThan(500);
});

test('queries of one canonical form ask the same', () => {
  const given = fc.sample(document, { numRuns: 60, seed: 1 });
  const known = new Map<string, readonly boolean[]>();
  let repeated = 0;
  fc.assert(
    fc.property(parts, fc.nat(100), fc.boolean(), (all, choice, isFilter) => {
      const query = compiled(isFilter ? asFilter(all, choice) : asJsonPath(all));
      const answers = given.map((one) => wants(query, one));
      const before = known.get(query.canonical);
      if (before) repeated += 1;
      expect(answers).toEqual(before ?? answers);
      known.set(query.canonical, answers);
    }),
    { numRuns: 3_000 },
  );
  expect(repeated).toBeGreaterThan(50);
});
