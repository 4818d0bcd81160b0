import fc from 'fast-check';
import { project } from '../../src/tmf/projection.ts';
import { compileQuery } from '../../src/tmf/query/query.ts';
import { jsonObject } from './json-text.ts';

/** What `fields=` leaves of a text. */
function projected(text: string, fields: string): string {
  const result = compileQuery(`fields=${fields}`, { knownEventTypes: null });
  if (!result.ok || !result.query.projection) throw new Error('refused');
  return project(text, result.query.projection);
}

const order = `{
  "eventId": "e1", "eventTime":"2024-01-01T00:00:00Z",
  "eventType" : "ProductOrderCreateEvent",
  "@type":"ProductOrderCreateEvent",
  "description": "of the envelope",
  "priority": 12345678901234567890,
  "event": { "source": "crm", "productOrder": {
    "id": "4711", "href":"/x/4711", "@type":"ProductOrder",
    "state" : "comp\\u006ceted", "description": "of the order",
    "total": 1.10, "big": 12345678901234567890.10, "nothing": null, "empty": [],
    "relatedParty": [ {"id":"1", "role":"customer"}, {"role":["seller"], "id":2}, "text", {"x":1} ]
  } }
}`;

const parties = [{ id: '1', role: 'customer' }, { role: ['seller'], id: 2 }, 'text', { x: 1 }];
const parsed = (fields: string): unknown => JSON.parse(projected(order, fields));
const envelope = {
  eventId: 'e1',
  eventTime: '2024-01-01T00:00:00Z',
  eventType: 'ProductOrderCreateEvent',
  '@type': 'ProductOrderCreateEvent',
};
const kept = { id: '4711', href: '/x/4711', '@type': 'ProductOrder' };
const withOrder = (members: object) => ({ ...envelope, event: { productOrder: { ...kept, ...members } } });

test('none: what names the event and the resource, byte for byte', () => {
  expect(projected(order, 'none')).toBe(`{
  "eventId": "e1", "eventTime":"2024-01-01T00:00:00Z",
  "eventType" : "ProductOrderCreateEvent",
  "@type":"ProductOrderCreateEvent",
  "event": { "productOrder": {
    "id": "4711", "href":"/x/4711", "@type":"ProductOrder"
  } }
}`);
});

test('numbers, escapes and blanks of what is kept are as they were', () => {
  const text = projected(order, 'total,big,priority,state');
  expect(text).toContain('"total": 1.10, "big": 12345678901234567890.10');
  expect(text).toContain('"priority": 12345678901234567890,');
  expect(text).toContain('"state" : "comp\\u006ceted"');
});

test.each([
  ['event.productOrder.state', { state: 'completed' }],
  ['productOrder.state', { state: 'completed' }],
  ['state', { state: 'completed' }],
  ['event.state', { state: 'completed' }],
  ['eventType,event.id', {}],
  ['state,total', { state: 'completed', total: 1.1 }],
  ['unknown,event.unknown.x,state.x,productOrder.state.x', {}],
  ['nothing,empty', { nothing: null, empty: [] }],
  ['relatedParty.id', { relatedParty: [{ id: '1' }, { id: 2 }, {}] }],
  [
    'relatedParty.id,event.productOrder.relatedParty.role',
    { relatedParty: [{ id: '1', role: 'customer' }, { role: ['seller'], id: 2 }, {}] },
  ],
  ['relatedParty.id,relatedParty', { relatedParty: parties }],
  ['relatedParty,relatedParty.id', { relatedParty: parties }],
])('fields=%s', (fields, members) => {
  expect(parsed(fields)).toEqual(withOrder(members));
});

test('several choices add up, `none` adds nothing', () => {
  const result = compileQuery('fields=state&eventType=XEvent&fields=none,total', { knownEventTypes: null });
  const projection = (result.ok ? result.query.projection : undefined) ?? { fields: [] };
  expect(JSON.parse(project(order, projection))).toEqual(withOrder({ state: 'completed', total: 1.1 }));
});

test('tried in turn from the envelope, its content, the resource, as conditions are', () => {
  expect(parsed('description')).toEqual({ ...withOrder({}), description: 'of the envelope' });
  expect(parsed('productOrder.description')).toEqual(withOrder({ description: 'of the order' }));
  expect(parsed('source')).toEqual({ ...envelope, event: { source: 'crm', productOrder: kept } });
});

test('null in the envelope does not hide the value of the resource', () => {
  const text =
    '{"eventType":"x","description":null,"event":{"order":{"id":"1","description":"d","note":null}}}';
  expect(projected(text, 'description')).toBe(
    '{"eventType":"x","description":null,"event":{"order":{"id":"1","description":"d"}}}',
  );
  expect(projected(text, 'note')).toBe('{"eventType":"x","event":{"order":{"id":"1","note":null}}}');
});

test('whole objects', () => {
  const whole = JSON.parse(order) as Record<string, unknown>;
  expect(parsed('event')).toEqual({ ...envelope, event: whole['event'] });
  const { source: _, ...event } = whole['event'] as Record<string, unknown>;
  expect(parsed('productOrder')).toEqual({ ...envelope, event });
  expect(parsed('event.productOrder')).toEqual({ ...envelope, event });
});

test('content that is called payload, and content that is the resource itself', () => {
  const payload = '{"eventType":"x","payload":{"account":{"id":"1","state":"a","b":2}}}';
  for (const fields of ['state', 'event.account.state', 'payload.account.state', 'account.state']) {
    expect(projected(payload, fields)).toBe('{"eventType":"x","payload":{"account":{"id":"1","state":"a"}}}');
  }
  const itself = '{"eventType":"x","event":{"id":"1","state":"a","b":2,"c":{"d":3}}}';
  expect(projected(itself, 'none')).toBe('{"eventType":"x","event":{"id":"1"}}');
  expect(projected(itself, 'state,c.d')).toBe('{"eventType":"x","event":{"id":"1","state":"a","c":{"d":3}}}');
});

test('odd documents', () => {
  expect(projected('{}', 'a')).toBe('{}');
  expect(projected('{"a":1}', 'b')).toBe('{}');
  expect(projected(' [1] ', 'a')).toBe('[]');
  expect(projected('7', 'a')).toBe('7');
  expect(projected('{"event":"text","eventId":1}', 'a')).toBe('{"eventId":1}');
  expect(projected('{"event":{},"eventId":1}', 'a')).toBe('{"event":{},"eventId":1}');
  expect(projected('{"__proto__":{"x":1},"y":2}', '__proto__.x')).toBe('{"__proto__":{"x":1}}');
  expect(projected('{"\\u0061":1,"b":2}', 'a')).toBe('{"\\u0061":1}');
});

test('names beyond ASCII, in text, in bytes and in escapes', () => {
  const bytes = (text: string) => Buffer.from(text, 'utf8').toString('latin1');
  const text = '{"größe":"ü","x":1}';
  expect(projected(text, 'größe')).toBe('{"größe":"ü"}');
  expect(projected(bytes(text), 'größe')).toBe(bytes('{"größe":"ü"}'));
  expect(projected('{"gr\\u00f6\\u00dfe":1,"x":1}', 'größe')).toBe('{"gr\\u00f6\\u00dfe":1}');
});

test('lists in lists, deeper than any stack', () => {
  expect(projected('{"a":[[{"b":1,"c":2}],[3]]}', 'a.b')).toBe('{"a":[[{"b":1}],[]]}');
  const deep = `{"a":${'['.repeat(100_000)}{"b":1}${']'.repeat(100_000)},"c":1}`;
  expect(projected(deep, 'a.b')).toContain('{"b":1}');
});

test('of any JSON: what is left was there, and its texts are untouched', () => {
  const names = ['event', 'eventId', 'id', 'a', 'b', 'c'];
  const fields = fc.array(
    fc.constantFrom<string>('a', 'b', 'a.b', 'event.a', 'event.a.b', 'b.c.a', 'event', 'c'),
    {
      minLength: 1,
      maxLength: 4,
    },
  );
  fc.assert(
    fc.property(jsonObject(names), fields, (text, chosen) => {
      const left = JSON.parse(projected(text, chosen.join())) as Record<string, unknown>;
      const all = JSON.parse(text) as Record<string, unknown>;
      for (const name of Object.keys(left)) {
        if (chosen.includes(name) || name === 'eventId') expect(left[name]).toEqual(all[name]);
        else expect(chosen.some((field) => field.startsWith(`${name}.`)) || name === 'event').toBe(true);
      }
      for (const name of ['a', 'b', 'c'].filter((one) => chosen.includes(one) && one in all)) {
        expect(left[name]).toEqual(all[name]);
      }
      // Nothing is left to take away.
      const again = projected(text, chosen.join());
      expect(projected(again, chosen.join())).toBe(again);
    }),
    { numRuns: 3_000 },
  );
});
