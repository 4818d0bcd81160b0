import { compileQuery, type Query } from '../../../src/tmf/query/query.ts';

function compiled(text: string): Query {
  const result = compileQuery(text, { knownEventTypes: null });
  if (!result.ok) throw new Error(`refused: ${result.reason}`);
  return result.query;
}

/** Index, predicate and explanation must agree; says what they say. */
function wants(text: string, document: object): boolean {
  const query = compiled(text);
  const explained = query.explain(document) === undefined;
  const types = [...(query.eventTypes ?? ['productorderstatechange'])];
  expect(types.includes('productorderstatechange') && (query.matches?.(document) ?? true)).toBe(explained);
  return explained;
}

const order = {
  eventType: 'ProductOrderStateChangeEvent',
  eventTime: '2024-06-01T12:00:00.000Z',
  domain: 'Paris',
  event: {
    productOrder: {
      id: '4711',
      state: 'completed',
      priority: 4,
      amount: '250',
      version: '1.10',
      expedited: true,
      startDate: '2024-06-01',
      local: '2024-06-01T12:00:00',
      note: 'a=b (c)',
      sizes: [1, 5, [9]],
      tags: ['red', 'blue'],
      relatedParty: [{ role: 'customer' }, { role: ['seller', 'payer'] }, {}],
    },
  },
};

describe('every spelling of every operator', () => {
  const spellings = {
    eq: ['=', ' = ', '==', '%3D', '%3D%3D', '%3d=', '.eq=', '.eq%3D', ' .eq= '],
    ne: ['!=', ' != ', '%21=', '!%3D', '%21%3D', '.ne=', '.ne%3D'],
    gt: ['>', ' > ', '%3E', '%3e', '.gt=', '.gt%3D'],
    gte: ['>=', '%3E=', '>%3D', '%3E%3D', '.gte='],
    lt: ['<', '%3C', '.lt='],
    lte: ['<=', '%3C=', '<%3D', '%3C%3D', '.lte='],
  };
  const holds = {
    eq: [false, true, false],
    ne: [true, false, true],
    gt: [true, false, false],
    gte: [true, true, false],
    lt: [false, false, true],
    lte: [false, true, true],
  };
  const table = Object.entries(spellings).flatMap(([name, signs]) =>
    signs.map((sign) => [`priority${sign}`, holds[name as keyof typeof holds]] as const),
  );
  test.each(table)('%s', (start, expected) => {
    expect([3, 4, 5].map((bound) => wants(`${start}${bound}`, order))).toEqual(expected);
  });

  test.each(['.regex=', '*=', '=~', ' *= ', '%2A=', '%2A%3D', '%3D~', '%3D%7E', '.regex%3D'])(
    'state%s',
    (sign) => {
      expect(wants(`state${sign}^com`, order)).toBe(true);
      expect(wants(`state${sign}^let`, order)).toBe(false);
    },
  );

  test.each([
    'state in (held,completed)',
    'state in ( held , completed )',
    'state IN(held,completed)',
    'state%20in%20(held,completed)',
    'state%20in%20%28held,completed%29',
  ])('%s', (text) => {
    expect(compiled(text).canonical).toBe(compiled('state=completed,held').canonical);
    expect(wants(text, order)).toBe(true);
    expect(wants(text.replace('completed', 'x'), order)).toBe(false);
  });

  test('what is encoded in a list is data', () => {
    expect(wants('note in (a%3Db (c%29)', order)).toBe(true);
    expect(wants('note in (a%3Db%2C,x)', order)).toBe(false);
  });
});

describe('what the operators mean', () => {
  test.each([
    // Not equal: none of the values; what is absent is not equal.
    ['state.ne=held', true],
    ['state.ne=held,completed', false],
    ['state!=held&state!=completed', false],
    ['absent.ne=x', true],
    ['absent!=x,y', true],
    ['tags.ne=red', false],
    ['tags.ne=green', true],
    ['relatedParty.role!=payer', false],
    ['relatedParty.role!=owner', true],
    // Several values: one is enough. Repeated equality: or. Repeated ranges: and.
    ['priority.gt=9,3', true],
    ['state=held&state=completed', true],
    ['priority.gt=3&priority.lt=5', true],
    ['priority.gt=3&priority.gt=4', false],
    ['priority.gte=4&priority.lte=4', true],
    // Arrays: any element.
    ['sizes.gt=8', true],
    ['sizes.gt=9', false],
    ['sizes.gt=4&sizes.lt=2', true],
    ['tags=~^bl', true],
    ['relatedParty.role*=^pay', true],
    ['relatedParty.role in (payer)', true],
    // Numbers as numbers, also where the event has them as text and a range asks.
    ['priority>3.9', true],
    ['priority<1e1', true],
    ['amount>99', true],
    ['amount<99', false],
    ['amount=250.0', false],
    ['priority>x', false],
    ['priority<x', false],
    // Dates as instants.
    ['eventTime.gt=2024-01-01T00:00:00Z', true],
    ['eventTime>2024-06-01T13:59:59%2B02:00', true],
    ['eventTime>2024-06-01T14:00:00+02:00', false],
    ['eventTime>=2024-06-01T14:00:00+02:00', true],
    ['eventTime>2024-06-01', true],
    ['eventTime<2024-06-02', true],
    ['startDate=2024-06-01T00:00:00Z', true],
    ['startDate>2024-05-31T23:00:00-02:00', false],
    // The rest as text.
    ['state>comp', true],
    ['state<comp', false],
    ['version>1.9', false],
    ['version=~^1[.]', true],
    ['local=2024-06-01T12:00:00Z', false],
    ['local>2024-05-31T12:00:00', true],
    ['domain>paris', false],
    ['expedited>false', false],
    ['expedited!=true', false],
    ['absent>1', false],
    ['absent=~.', false],
    ['productOrder>1', false],
    ['productOrder=~.', false],
    // Expressions: anywhere, case-sensitive; commas and brackets are theirs.
    ['state.regex=plete', true],
    ['state.regex=^plete', false],
    ['state.regex=PLETE', false],
    ['state.regex=(?i)PLETE', true],
    ['state.regex=^(held|completed)$', true],
    ['state.regex=^[a-z]{5,20}$', true],
    ['priority.regex=^4$', true],
    ['expedited.regex=^t', true],
    ['note.regex=a%3Db', true],
    // And, or.
    ['state=held;domain=Paris', true],
    ['state=held;domain=Rome', false],
    ['state=held;domain=Paris&priority=4', true],
    ['state=held;domain=Paris&priority=5', false],
    ['priority=5&state=held;domain=Paris', false],
    ['state=held;completed', true],
    ['state.ne=completed;priority.gt=3', true],
    ['state=held;domain=Paris&state=held', false],
  ])('%s: %s', (text, expected) => {
    expect(wants(text, order)).toBe(expected);
  });

  test('dates that are none are text', () => {
    expect(wants('a=2024-13-01T00:00:00Z', { a: '2024-14-01T00:00:00Z' })).toBe(false);
    expect(wants('a=2024-13-01', { a: '2024-13-01' })).toBe(true);
    expect(wants('a>2024-13-01', { a: '2024-14-01' })).toBe(true);
  });
});

describe('event types compare across their dialects with every operator that has a meaning for them', () => {
  test.each([
    ['eventType=productOrderStatusChangeNotification', true],
    ['eventType!=productOrderStatusChangeNotification', false],
    ['eventType.ne=XCreateEvent,productOrderStateChangeEvent', false],
    ['eventType!=ProductOrderCreateEvent', true],
    ['eventType in (io.x.ProductOrderStateChangeNotification)', true],
    ['eventType=~StateChangeEvent$', true],
    ['eventType=~StatusChange', false],
    ['eventType=XCreateEvent;state=completed', true],
    ['eventType=ProductOrderStateChangeEvent;state=held', true],
    ['eventType=XCreateEvent;state=held', false],
    ["$[?(@.eventType != 'ProductOrderStateChangeNotification')]", false],
  ])('%s: %s', (text, expected) => {
    expect(wants(text, order)).toBe(expected);
  });

  test('the type stands in the envelope, not in what it carries', () => {
    const inside = { eventType: 'XEvent', event: { thing: { id: '1', eventType: 'YEvent' } } };
    expect(compiled('eventType=~^Y').matches?.(inside)).toBe(false);
    expect(compiled('eventType=~^X').matches?.({ event: inside })).toBe(false);
    expect(compiled('thing.eventType=YEvent').matches?.(inside)).toBe(true);
  });
});

describe('explain: what was asked and what was there', () => {
  test.each([
    ['state!=completed', "state is 'completed'; the query wants anything but 'completed'"],
    ['tags.ne=red,green', "tags is 'red', 'blue'; the query wants anything but 'red' or 'green'"],
    ['priority>5', "priority is 4; the query wants more than '5'"],
    ['priority.gte=5,6', "priority is 4; the query wants at least '5' or '6'"],
    ['priority.lt=4', "priority is 4; the query wants less than '4'"],
    ['priority<=3', "priority is 4; the query wants at most '3'"],
    ['state=~^x', "state is 'completed'; the query wants a match of '^x'"],
    ['$[?(!(@.state =~ /com/))]', "state is 'completed'; the query wants no match of 'com'"],
    ['$[?(!(@.priority > 3))]', "priority is 4; the query wants nothing more than '3'"],
    ['$[?(@.absent)]', 'absent is absent; the query wants it present'],
    ['$[?(!@.priority)]', 'priority is 4; the query wants it absent'],
    [
      'domain=Paris&state=held;priority=5',
      "no alternative holds: state is 'completed'; the query wants 'held' / priority is 4; the query wants '5'",
    ],
  ])('%s', (text, words) => {
    expect(compiled(text).explain(order)).toBe(words);
  });

  test('long lists are cut short', () => {
    const values = Array.from({ length: 30 }, (_, i) => `v${i}`);
    expect(compiled(`state=${values.join()}`).explain(order)).toMatch(/'v0' or .*'v9', \.\.\.$/);
    const alternatives = values.map((value) => `${value}=1`).join(';');
    expect(compiled(alternatives).explain(order)).toMatch(/v0 is absent.*v9 is absent.* \/ \.\.\.$/);
  });
});
