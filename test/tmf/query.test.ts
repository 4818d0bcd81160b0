import { createCatalogue } from '../../src/tmf/catalogue.ts';
import { catalogueRows } from '../../src/tmf/catalogue.data.ts';
import { compileQuery, type Query } from '../../src/tmf/query/query.ts';

const known = createCatalogue(catalogueRows).knownEventTypes;

function compiled(text: string): Query {
  const result = compileQuery(text, { knownEventTypes: known });
  if (!result.ok) throw new Error(`refused: ${result.reason}`);
  return result.query;
}

/** As the delivery does it: the index first, then the rest. */
function wants(text: string, document: object): boolean {
  const query = compiled(text);
  return query.explain(document) === undefined;
}

const order = {
  eventId: 'e1',
  eventTime: '2024-01-01T00:00:00Z',
  eventType: 'ProductOrderStateChangeEvent',
  description: 'envelope',
  domain: 'Paris',
  event: {
    productOrder: {
      id: '4711',
      state: 'completed',
      description: 'resource',
      priority: 4,
      expedited: true,
      note: 'a=b, c;d&e 100% "q"',
      nothing: null,
      relatedParty: [
        { id: '1', role: 'customer' },
        { id: '2', role: ['seller', 'payer'] },
      ],
    },
  },
};

describe('HUB-CONTRACT 3: everything', () => {
  test.each(['', ' ', '\t\n '])('%j', (text) => {
    const query = compiled(text);
    expect(query).toMatchObject({ text, canonical: '', eventTypes: null });
    expect(query.matches).toBeUndefined();
    expect(query.explain({})).toBeUndefined();
  });
});

describe('HUB-CONTRACT 3: event types are for the index', () => {
  const create = 'productordercreate';
  const change = 'productorderstatechange';
  test.each([
    ['eventType=ProductOrderCreateEvent', [create]],
    ['eventType = productOrderStateChangeEvent', [change]],
    ['eventType=ProductOrderCreateEvent,ProductOrderStateChangeEvent', [create, change]],
    ['eventType = ProductOrderCreateEvent , ProductOrderStateChangeEvent ', [create, change]],
    ['eventType=ProductOrderCreateEvent;eventType=ProductOrderStateChangeEvent', [create, change]],
    ['eventType=ProductOrderCreateEvent;ProductOrderStateChangeEvent', [create, change]],
    ['eventType=ProductOrderCreateEvent&eventType=ProductOrderStateChangeEvent', [create, change]],
    ['eventType.eq=ProductOrderCreateEvent', [create]],
    ['eventType==ProductOrderCreateEvent', [create]],
    ['eventType%3DProductOrderCreateEvent', [create]],
    ['eventType%3D%3DProductOrderCreateEvent', [create]],
    ['eventType=Product%4FrderCreateEvent', [create]],
    ['eventType=ProductOrderCreationNotification', [create]],
    ['eventType=io.x.ProductOrderCreateNotification', [create]],
    ['ProductOrderCreateEvent', [create]],
    ['ProductOrderCreateEvent,ProductOrderStateChangeEvent', [create, change]],
    ['ProductOrderCreateEvent;eventType=ProductOrderStateChangeEvent', [create, change]],
  ])('%s', (text, types) => {
    const query = compiled(text);
    expect([...(query.eventTypes ?? [])]).toEqual(types);
    expect(query.matches).toBeUndefined();
    expect(query.text).toBe(text);
  });

  test('a bare event type AND a condition', () => {
    const query = compiled('CatalogStateChangeEvent&status=active');
    expect([...(query.eventTypes ?? [])]).toEqual(['catalogstatechange']);
    expect(query.matches?.({ event: { catalog: { id: '1', status: 'active' } } })).toBe(true);
    expect(query.matches?.({ event: { catalog: { id: '1', status: 'retired' } } })).toBe(false);
  });
});

describe('HUB-CONTRACT 3: attributes', () => {
  test.each([
    ['domain=Paris', true],
    ['domain=paris', false],
    ['event.productOrder.state=completed', true],
    ['productOrder.state=completed', true],
    ['state=completed', true],
    ['state = completed ', true],
    ['state.eq=completed', true],
    ['state==completed', true],
    ['state%3Dcompleted', true],
    ['event.productOrder.state=completed,cancelled', true],
    ['state=cancelled;completed', true],
    ['state=cancelled;state=completed', true],
    ['state=cancelled&state=completed', true],
    ['state=cancelled&domain=Paris', false],
    ['state=completed&domain=Paris', true],
    ['state=complete%64', true],
    ['st%61te=completed', true],
    ['nothing=null', false],
    ['absent=x', false],
    ['productOrder=x', false],
    ['constructor.name=Object', false],
  ])('%s: %s', (text, expected) => {
    expect(compiled(text).matches?.(order)).toBe(expected);
    expect(wants(text, order)).toBe(expected);
  });

  test('tried in turn from the envelope, its content, the resource: the first that has it decides', () => {
    expect(wants('description=envelope', order)).toBe(true);
    expect(wants('description=resource', order)).toBe(false);
    expect(wants('productOrder.description=resource', order)).toBe(true);
  });

  test('event. finds the content where the envelope calls it payload (TMF666 v4.0.0)', () => {
    const document = { payload: { partyAccount: { id: '1', state: 'active' } } };
    expect(wants('event.partyAccount.state=active', document)).toBe(true);
    expect(wants('payload.partyAccount.state=active', document)).toBe(true);
    expect(wants('state=active', document)).toBe(true);
  });

  test('arrays: any element, at any depth', () => {
    expect(wants('relatedParty.id=2', order)).toBe(true);
    expect(wants('relatedParty.role=payer', order)).toBe(true);
    expect(wants('event.productOrder.relatedParty.id=3', order)).toBe(false);
    let nested: unknown = { id: 'deep' };
    for (let i = 0; i < 50_000; i += 1) nested = [nested];
    expect(wants('list.id=deep', { event: { list: nested } })).toBe(true);
  });

  test('numbers compare as numbers, booleans by their word, times as instants', () => {
    expect(wants('priority=4', order)).toBe(true);
    expect(wants('priority=4.0', order)).toBe(true);
    expect(wants('priority=5,4e0', order)).toBe(true);
    expect(wants('priority=four', order)).toBe(false);
    expect(wants('id=4711.0', order)).toBe(false);
    expect(wants('expedited=true', order)).toBe(true);
    expect(wants('eventTime=2024-01-01T01:00:00%2B01:00', order)).toBe(true);
    expect(wants('eventTime=2024-01-01T01:00:00+01:00', order)).toBe(true);
    expect(wants('eventTime=2024-01-01T01:00:00Z', order)).toBe(false);
  });

  test('split first, decode after: what is encoded is data', () => {
    expect(wants('note=a%3Db%2C c%3Bd%26e 100%25 "q"', order)).toBe(true);
    expect(wants('state=%3Dcompleted', order)).toBe(false);
    expect(wants('x=%3Dcompleted', { event: { a: { id: '1', x: '=completed' } } })).toBe(true);
    expect(wants('x=a*b~c!', { x: 'a*b~c!' })).toBe(true);
  });

  test('what is no document matches no condition', () => {
    for (const document of [null, undefined, 'state=completed', 4, [order]]) {
      expect(compiled('productOrder.state=completed').matches?.(document)).toBe(false);
    }
  });
});

describe('canonical form: equal for the same question', () => {
  test.each([
    [
      'eventType=ProductOrderCreateEvent,ProductOrderDeleteEvent',
      'ProductOrderRemoveNotification;productOrderCreateEvent',
    ],
    ['state=a&domain=b', ' domain = b & state.eq=a '],
    ['state=a,b,a', 'state=b&state=a'],
    ['state=%61', 'state==a'],
  ])('%s ~ %s', (one, other) => {
    expect(compiled(other).canonical).toBe(compiled(one).canonical);
  });

  test.each([
    ['state=a', 'state=b'],
    ['state=a', ''],
    ['state=a,b', 'state=a%2Cb'],
    ['state=a&domain=b', 'state=a'],
    ['a=1&b=2', 'a=1%26b%3D2'],
    ['eventType=ProductOrderCreateEvent', 'eventType=ProductOrderDeleteEvent'],
  ])('%s is not %s', (one, other) => {
    expect(compiled(other).canonical).not.toBe(compiled(one).canonical);
  });
});

describe('explain: which condition failed', () => {
  test.each([
    [
      'eventType=ProductOrderCreateEvent',
      "eventType is 'ProductOrderStateChangeEvent'; the query wants 'ProductOrderCreateEvent'",
    ],
    ['state=cancelled,held', "state is 'completed'; the query wants 'cancelled' or 'held'"],
    ['domain=Paris&priority=5', "priority is 4; the query wants '5'"],
    ['relatedParty.id=9', "relatedParty.id is '1', '2'; the query wants '9'"],
    ['productOrder=9', "productOrder is no plain value; the query wants '9'"],
    ['absent=9', "absent is absent; the query wants '9'"],
  ])('%s', (text, words) => {
    expect(compiled(text).explain(order)).toBe(words);
  });

  test('nothing to explain where it matches', () => {
    expect(
      compiled('eventType=ProductOrderStatusChangeEvent&state=completed').explain(order),
    ).toBeUndefined();
  });
});
