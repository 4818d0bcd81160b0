import fc from 'fast-check';
import type { Interest } from '../../src/delivery/interest.ts';
import { MatchIndex } from '../../src/delivery/match.ts';
import { compileQuery } from '../../src/tmf/query/query.ts';
import { event, naive } from './match-naive.ts';

/** What an index is for: the interest of a query that is looked up, where it can be. */
function interestOf(
  subscriptionId: string,
  query: string,
  { api = null, topic = null }: { readonly api?: string | null; readonly topic?: string | null } = {},
): Interest {
  const compiled = compileQuery(query, { knownEventTypes: null });
  if (!compiled.ok) throw new Error(compiled.reason);
  const { eventTypes, matches, equality } = compiled.query;
  return { subscriptionId, api, topic, eventTypes, matches, equality };
}

describe('queries that are looked up by a value', () => {
  const conditions = [
    'state=a',
    'state=a,b',
    'order.state=b',
    'id=1',
    'id=1,2&state=a',
    'id=1.0',
    'tags=a,b',
    'tags=1,true',
    'state=a&priority>1',
    'state!=a',
    'state=a;id=2',
    'state=~^a',
    'on=2024-01-01T00:00:00Z',
    'on=2024-01-01T01:00:00%2B01:00,a',
    '',
  ];
  const value = fc.constantFrom<unknown>(
    'a',
    'b',
    '1',
    '1.0',
    1,
    2,
    true,
    'true',
    null,
    '2024-01-01',
    '2024-01-01T02:00:00+02:00',
    {},
    [],
  );
  const values = fc.oneof(value, fc.array(value, { maxLength: 3 }));
  const resource = fc.record(
    { id: value, state: values, tags: values, on: values, priority: value },
    { requiredKeys: [] },
  );
  const given = fc.record({
    id: fc.nat(20).map((n) => `s${n}`),
    query: fc.constantFrom(...conditions, ...conditions.map((text) => `XCreateEvent&${text}`)),
    api: fc.constantFrom(null, 'TMF622'),
    topic: fc.constantFrom(null, null, 't1', 't2'),
  });
  const change = fc.oneof(
    { weight: 4, arbitrary: given.map((one) => ({ add: one })) },
    { weight: 1, arbitrary: fc.nat(20).map((n) => ({ remove: `s${n}` })) },
  );
  const sending = fc.record({
    document: resource.map((order) => ({ eventType: 'XCreateEvent', event: { order } })),
    apis: fc.constantFrom([], ['TMF622'], ['TMF622', 'TMF622'], ['TMF620']),
    topic: fc.constantFrom(undefined, undefined, 't1', 't3'),
  });

  test('find whom asking each of them would find, and count the others', () => {
    const clean = (text: string): string => text.replace(/&$/, '');
    fc.assert(
      fc.property(
        fc.array(change, { maxLength: 30 }),
        fc.array(sending, { minLength: 1, maxLength: 5 }),
        (changes, sent) => {
          const index = new MatchIndex();
          const interests = new Map<string, Interest>();
          for (const one of changes) {
            if ('remove' in one) {
              interests.delete(one.remove);
              index.remove(one.remove);
            } else {
              const { id, query, api, topic } = one.add;
              const added = interestOf(id, clean(query), { api, topic });
              interests.set(id, added);
              index.add(added);
            }
          }
          for (const { document, apis, topic } of sent) {
            const { subscriptionIds, filtered } = index.match(event('XCreateEvent', apis, topic), document);
            const found = { subscriptionIds: subscriptionIds.toSorted(), filtered };
            expect(found).toEqual(
              naive([...interests.values()], event('XCreateEvent', apis, topic), document),
            );
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('those that wait for another value are not asked', () => {
    const index = new MatchIndex();
    const refuses = (): boolean => {
      throw new Error('asked');
    };
    for (let i = 0; i < 10_000; i++) {
      const interest = interestOf(`s${i}`, `XCreateEvent&order.id=${i}&state=a`);
      const equality = interest.equality && {
        ...interest.equality,
        rest: i === 7 ? interest.equality.rest : refuses,
      };
      index.add({ ...interest, matches: refuses, equality });
    }
    const sent = (state: string) => ({ event: { order: { id: '7', state } } });
    expect(index.match(event('XCreateEvent'), sent('a'))).toEqual({
      subscriptionIds: ['s7'],
      filtered: 9_999,
    });
    expect(index.match(event('XCreateEvent'), sent('b'))).toEqual({ subscriptionIds: [], filtered: 10_000 });
  });
});

describe('topics (TMF688)', () => {
  test('what was posted to a topic reaches its hubs alone; they get what was posted to none, of any API', () => {
    const index = new MatchIndex();
    index.add(interestOf('all', ''));
    index.add(interestOf('api', '', { api: 'TMF622' }));
    index.add(interestOf('t1', '', { api: 'TMF688', topic: 't1' }));
    index.add(interestOf('t1-a', 'state=a', { api: 'TMF688', topic: 't1' }));
    index.add(interestOf('t2', 'XCreateEvent', { api: 'TMF688', topic: 't2' }));
    const to = (topic: string | undefined, apis: readonly string[]) => {
      const { subscriptionIds, filtered } = index.match(event('XCreateEvent', apis, topic), { state: 'b' });
      return [...subscriptionIds.toSorted(), filtered];
    };
    expect(to(undefined, ['TMF622'])).toEqual(['all', 'api', 't1', 't2', 1]);
    expect(to(undefined, ['TMF620'])).toEqual(['all', 't1', 't2', 1]);
    expect(to('t1', ['TMF622'])).toEqual(['t1', 1]);
    expect(to('t2', [])).toEqual(['t2', 0]);
    expect(to('unknown', ['TMF622'])).toEqual([0]);
    index.remove('t1');
    index.remove('t1-a');
    expect(to('t1', [])).toEqual([0]);
    expect(to(undefined, [])).toEqual(['all', 't2', 0]);
  });
});
