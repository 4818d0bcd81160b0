import { allOf } from '../../../src/tmf/query/all-of.ts';
import type { Part } from '../../../src/tmf/query/paths.ts';
import { compileQuery, type Query } from '../../../src/tmf/query/query.ts';

function compiled(text: string, part: Part = 'document'): Query {
  const result = compileQuery(text, { knownEventTypes: null, part });
  if (!result.ok) throw new Error(`refused: ${result.reason}`);
  return result.query;
}

const types = (query: Query) => query.eventTypes && [...query.eventTypes].sort();

describe('event types that must hold', () => {
  test.each([
    ['eventType in (ACreateEvent,BCreateEvent)', ['acreate', 'bcreate'], true],
    ["$[?(@.eventType=='ACreateEvent')]", ['acreate'], true],
    ["$[?(@.eventType=='ACreateEvent' && @.state=='x')]", ['acreate'], false],
    [
      "$[?(@.eventType in ['ACreateEvent','BCreateEvent'] && 'BCreateEvent'==@.eventType)]",
      ['bcreate'],
      true,
    ],
    ["$[?(@.eventType=='ACreateEvent' && @.eventType=='BCreateEvent')]", [], true],
    ['eventType=ACreateEvent;state=x', null, false],
    ['eventType!=ACreateEvent', null, false],
    ['eventType=~^A', null, false],
    [
      "$[?(@.eventType=='ACreateEvent' && @.a==1 || @.eventType=='BCreateEvent')]",
      ['acreate', 'bcreate'],
      false,
    ],
    ["$[?(@.eventType=='ACreateEvent' && @.a==1 || @.b==2)]", null, false],
    ["$[?(!(@.eventType!='ACreateEvent'))]", ['acreate'], true],
  ])('%s: %j', (text, expected, nothingElse) => {
    const query = compiled(text);
    expect(types(query)).toEqual(expected);
    expect(query.matches === undefined).toBe(nothingElse);
  });
});

describe('an equality that must hold', () => {
  test.each([
    ['state=a', ['state'], ['a'], []],
    ['event.productOrder.state=a,4', ['event', 'productOrder', 'state'], ['a', '4'], [4]],
    ['XCreateEvent&state=a,b&domain=c', ['domain'], ['c'], []],
    ['state=a&relatedParty.id=1,2,3', ['relatedParty', 'id'], ['1', '2', '3'], [1, 2, 3]],
    ['state!=a&domain=c', ['domain'], ['c'], []],
    ['state=a;domain=b&x=y', ['x'], ['y'], []],
    ["$[?(@.state=='a' && @.priority>3)]", ['state'], ['a'], []],
    ['expedited=true', ['expedited'], ['true'], []],
  ])('%s', (text, path, texts, numbers) => {
    const { equality } = compiled(text);
    expect(equality).toMatchObject({ path, part: 'document' });
    expect([...(equality?.texts ?? [])]).toEqual(texts);
    expect([...(equality?.numbers ?? [])]).toEqual(numbers);
  });

  test.each([
    '',
    'XCreateEvent',
    'eventType=XCreateEvent',
    'state!=a',
    'state>a',
    'state=~a',
    'state=a;domain=b',
    'fields=a',
    // Many spellings of one instant are equal: no look-up finds them.
    'eventTime=2024-01-01T00:00:00Z',
    'startDate=2024-01-01,x',
  ])('none for %j', (text) => {
    expect(compiled(text).equality).toBeUndefined();
  });

  test('the rest is what else is asked', () => {
    expect(compiled('XCreateEvent&state=a').equality?.rest).toBeUndefined();
    const rest = compiled('state=a&priority>3&domain=b,c').equality?.rest;
    expect(rest?.({ domain: 'b', priority: 4 })).toBe(true);
    expect(rest?.({ domain: 'b', priority: 3 })).toBe(false);
    expect(rest?.({ domain: 'x', priority: 4 })).toBe(false);
  });
});

describe('parts of an event (TMF688)', () => {
  const event = {
    eventType: 'XCreateEvent',
    domain: 'Paris',
    state: 'envelope',
    event: { source: 'content', order: { id: '1', state: 'resource', domain: 'Rome' } },
  };
  const matches = (text: string, part: Part, document: object = event) =>
    compiled(text, part).explain(document) === undefined;

  test('a header sees the envelope without what it carries', () => {
    expect(matches('state=envelope', 'header')).toBe(true);
    expect(matches('state=resource', 'header')).toBe(false);
    expect(matches('eventType=XCreateEvent&domain=Paris', 'header')).toBe(true);
    for (const text of ['event.source=content', 'source=content', 'event.order.state=resource', 'order.id=1'])
      expect(matches(text, 'header')).toBe(false);
    expect(matches('payload.a=1', 'header', { payload: { a: 1 } })).toBe(false);
    expect(matches('$[?(@.event)]', 'header')).toBe(false);
  });

  test('a content sees what is carried, and the resource in it', () => {
    expect(matches('domain=Rome', 'content')).toBe(true);
    expect(matches('domain=Paris', 'content')).toBe(false);
    expect(matches('domain!=Paris', 'content')).toBe(true);
    for (const text of ['source=content', 'event.source=content', 'state=resource', 'order.state=resource'])
      expect(matches(text, 'content')).toBe(true);
    expect(matches('eventId!=x', 'content', { eventId: 'x', event: {} })).toBe(true);
    const payload = { payload: { account: { id: '1', state: 'a' } } };
    for (const text of ['payload.account.state=a', 'event.account.state=a', 'account.state=a', 'state=a'])
      expect(matches(text, 'content', payload)).toBe(true);
    expect(matches('state=a', 'content', { event: 'a text' })).toBe(false);
  });

  test('the part is in what is looked up, and in the canonical form', () => {
    expect(compiled('domain=Rome', 'content').equality?.part).toBe('content');
    const forms = (['document', 'header', 'content'] as const).map((part) => compiled('a=1', part).canonical);
    expect(new Set(forms).size).toBe(3);
    expect(compiled('', 'header').canonical).toBe('');
  });

  test('all of them must match', () => {
    const header = compiled('domain=Paris', 'header');
    const content = compiled('state=resource', 'content');
    const hub = compiled('XCreateEvent&order.id=1');
    const all = allOf([header, content, hub]);
    expect(all.explain(event)).toBeUndefined();
    expect(all.matches?.(event)).toBe(true);
    expect(types(all)).toEqual(['xcreate']);
    const changed = [
      { ...event, domain: 'Rome' },
      { ...event, event: { order: { id: '1', state: 'x' } } },
      { ...event, event: { order: { id: '2', state: 'resource' } } },
    ];
    for (const other of changed) {
      expect(all.matches?.(other)).toBe(false);
      expect(all.explain(other)).toMatch(/the query wants/);
    }
    expect(all.explain({ ...event, eventType: 'YEvent' })).toMatch(/^eventType is 'YEvent'/);
    // Looked up by the first of them that can be, and the rest is still asked.
    expect(all.equality).toMatchObject({ path: ['domain'], part: 'header' });
    expect(all.equality?.rest?.(event)).toBe(true);
    expect(all.equality?.rest?.(changed[1])).toBe(false);
    expect(all.equality?.rest?.(changed[2])).toBe(false);
  });

  test('event types are those that all of them name', () => {
    const ab = compiled('eventType=ACreateEvent,BCreateEvent', 'header');
    const bc = compiled('eventType=BCreateEvent,CCreateEvent');
    expect(types(allOf([ab, compiled('', 'content'), bc]))).toEqual(['bcreate']);
    expect(types(allOf([ab, compiled('eventType=CCreateEvent')]))).toEqual([]);
    expect(types(allOf([compiled('a=1')]))).toBeNull();
  });

  test('what is sent is the choice of the last that has one', () => {
    const [a, b, none] = ['fields=a', 'fields=b', 'x=1'].map((text) => compiled(text)) as [
      Query,
      Query,
      Query,
    ];
    expect(allOf([a, b, none]).projection).toEqual(b.projection);
    expect(allOf([none, a]).projection).toEqual(a.projection);
    expect(allOf([none]).projection).toBeUndefined();
  });

  test('of none, or of everything, it is everything', () => {
    for (const all of [allOf([]), allOf([compiled('', 'header'), compiled(' ')])]) {
      expect(all).toMatchObject({ text: '', canonical: '', eventTypes: null, matches: undefined });
      expect(all.equality).toBeUndefined();
      expect(all.explain({})).toBeUndefined();
    }
    const one = compiled('state=a&fields=b');
    expect(allOf([compiled('', 'header'), one]).canonical).toBe(one.canonical);
    expect(allOf([compiled('x=1', 'header'), one]).canonical).not.toBe(
      allOf([compiled('x=1', 'content'), one]).canonical,
    );
  });
});
