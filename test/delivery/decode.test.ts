import type { SourceRecord } from '../../src/brokers/broker.ts';
import { decode, type Decoded, type DecodeKnowledge } from '../../src/delivery/decode.ts';

const BOTH = ['TMF620', 'TMF622'];
const knowledge: DecodeKnowledge = {
  apisOfType: (type) => (type === 'XCreateEvent' ? BOTH : []),
  payloadKeys: (api) => (api === 'TMF620' ? ['second'] : []),
};
const STAMP = Date.UTC(2026, 0, 1);

function record(value: unknown, headers: Record<string, string> = {}): SourceRecord {
  const bytes =
    value instanceof Uint8Array
      ? value
      : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  const source = { broker: 'main', topic: 'tmf.events', partition: 3, offset: 42 };
  return { source, key: 'k', value: bytes, headers, timestamp: STAMP };
}

function readable(given: SourceRecord): Decoded {
  const decoded = decode(given, knowledge);
  if ('unreadable' in decoded) throw new Error(decoded.unreadable);
  return decoded;
}

const whole = {
  eventId: 'e1',
  eventTime: '2026-02-03T04:05:06+01:00',
  eventType: 'XCreateEvent',
  correlationId: 'c1',
  event: { x: { id: 'x1' } },
};

describe('an event', () => {
  test('has its facts from the document', () => {
    const { event, document } = readable(record(whole, { traceparent: '00-aa-bb-01' }));
    expect(event).toMatchObject({
      id: 'e1',
      type: 'XCreateEvent',
      apis: BOTH,
      orderingKey: 'x1',
      correlationId: 'c1',
      traceparent: '00-aa-bb-01',
      time: Date.UTC(2026, 1, 3, 3, 5, 6),
    });
    expect(document).toEqual(whole);
  });

  test('has them from the headers where the document is silent, and from the document where it is not', () => {
    const headers = { eventId: 'h', eventType: 'HEvent', correlationId: 'hc', tmfApi: 'tmf700' };
    expect(readable(record({ event: {} }, headers)).event).toMatchObject({
      id: 'h',
      type: 'HEvent',
      correlationId: 'hc',
      apis: ['TMF700'],
    });
    expect(readable(record(whole, headers)).event).toMatchObject({
      id: 'e1',
      type: 'XCreateEvent',
      correlationId: 'c1',
    });
  });

  test('belongs to the API of its header, else to all that have its type, else to none', () => {
    expect(readable(record(whole, { tmfApi: 'TMF622' })).event.apis).toEqual(['TMF622']);
    expect(readable(record(whole, { tmfApi: '' })).event.apis).toEqual(BOTH);
    expect(readable(record({ ...whole, eventType: 'YEvent' })).event.apis).toEqual([]);
  });

  test('is ordered by its resource, as the catalogue names it; else by correlation id, else by itself', () => {
    const two = { first: { id: '1' }, second: { id: '2' } };
    expect(readable(record({ ...whole, event: two })).event.orderingKey).toBe('2');
    expect(readable(record({ ...whole, event: two }, { tmfApi: 'TMF622' })).event.orderingKey).toBe('1');
    expect(readable(record({ ...whole, event: { x: {} } })).event.orderingKey).toBe('c1');
    const { correlationId: _, ...alone } = whole;
    expect(readable(record({ ...alone, event: {} })).event.orderingKey).toBe('e1');
  });

  test('may say payload instead of event (TMF666 v4.0.0)', () => {
    const { event: content, ...rest } = whole;
    expect(readable(record({ ...rest, payload: content })).event.orderingKey).toBe('x1');
  });

  test('without a usable time has the time of its record', () => {
    for (const eventTime of [undefined, null, '', 'yesterday', 5])
      expect(readable(record({ ...whole, eventTime })).event.time).toBe(STAMP);
  });
});

describe('RULES 15: a missing event id', () => {
  test('is derived from where the record stands, the same at each reading', () => {
    for (const eventId of [undefined, null, '', '  ', {}, false]) {
      const twice = [0, 1].map(() => readable(record({ ...whole, eventId })).event);
      expect(twice.map(({ id }) => id)).toEqual(['main:tmf.events:3:42', 'main:tmf.events:3:42']);
      expect(twice[0]?.bytes).toEqual(twice[1]?.bytes);
    }
  });

  test('is completed in what is sent, with everything else as it was', () => {
    const { event } = readable(record('{ "eventType":"XCreateEvent", "event":{"x":{"n":1.10}}}'));
    const text = Buffer.from(event.bytes).toString();
    expect(JSON.parse(text)).toMatchObject({
      eventId: 'main:tmf.events:3:42',
      eventTime: new Date(STAMP).toISOString(),
    });
    expect(text).toContain('"event":{"x":{"n":1.10}}');
  });

  test('what was completed is noted, for the log; a whole envelope is not touched', () => {
    expect(readable(record({ ...whole, eventId: null, eventTime: ' ' })).event.completed).toEqual([
      ...['eventId', 'eventTime'],
    ]);
    expect(readable(record(whole)).event.completed).toBeUndefined();
  });

  test('TMF909 v3 has only an event: its type comes from the record, and is written in as well', () => {
    const { event, document } = readable(
      record('{"event":{"serviceCategory":{"id":"7"}}}', { eventType: 'ServiceCategoryCreateEvent' }),
    );
    expect(document).toEqual(JSON.parse(Buffer.from(event.bytes).toString()));
    expect(event.completed).toEqual(['eventId', 'eventTime', 'eventType']);
    expect(JSON.parse(Buffer.from(event.bytes).toString())).toMatchObject({
      ...{ eventType: 'ServiceCategoryCreateEvent', event: { serviceCategory: { id: '7' } } },
    });
  });

  test('a number is an id', () => {
    expect(readable(record({ ...whole, eventId: 17 })).event.id).toBe('17');
  });
});

test.each([
  [
    'big numbers',
    '{"eventId":"e","eventTime":"2026-01-01T00:00:00Z","eventType":"X","event":{"a":{"id":12345678901234567890,"b":1e400,"c":0.10}}}',
  ],
  [
    'whitespace',
    '\n\t{ "eventId" : "e" ,\r\n "eventTime":"2026-01-01T00:00:00Z","eventType":"X" , "event" : { "a" : 1 } }\n\n',
  ],
  [
    'unicode and escapes',
    '{"eventId":"e","eventTime":"2026-01-01T00:00:00Z","eventType":"X","event":{"a":"ünï🎉 \\u00fc \\ud83c\\udf89 \\/"}}',
  ],
  [
    'unknown and double members',
    '{"z":1,"z":2,"eventId":"e","eventTime":"2026-01-01T00:00:00Z","eventType":"X","event":{},"__proto__":{}}',
  ],
])('PITFALLS 17: %s stay byte for byte', (_, text) => {
  const given = record(text);
  const { event } = readable(given);
  expect(event.bytes).toBe(given.value);
});

describe('what is no event says why', () => {
  test.each([
    ['', 'it is empty'],
    ['{"eventType":"X"', /^it is no JSON: /],
    ['null', 'it is JSON, but no object'],
    ['[1]', 'it is JSON, but no object'],
    ['"text"', 'it is JSON, but no object'],
    ['{}', 'it has no eventType, neither inside nor as a header'],
    ['{"eventType":"  ","event":{}}', 'it has no eventType, neither inside nor as a header'],
    ['{"eventType":"X"}', 'it has no event object'],
    ['{"eventType":"X","event":[]}', 'it has no event object'],
    ['{"eventType":"X","event":null}', 'it has no event object'],
  ])('%j', (text, why) => {
    const decoded = decode(record(text), knowledge);
    expect(decoded).toMatchObject({
      unreadable: typeof why === 'string' ? why : (expect.stringMatching(why) as string),
      record: { source: { offset: 42 } },
    });
  });

  test('bytes that are no text', () => {
    expect(decode(record(Buffer.from([0x7b, 0xff, 0x7d])), knowledge)).toMatchObject({
      unreadable: 'it is no UTF-8 text',
    });
  });

  test('however deep it is nested', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(decode(record(deep), knowledge)).toHaveProperty('unreadable');
    expect(readable(record(`{"eventType":"X","event":{"a":${deep}}}`)).event.type).toBe('X');
  });
});

describe('RULES 25, PITFALLS 18: credentials in headers', () => {
  const credentials = [
    'authorization',
    'Authorization',
    'proxy-authorization',
    'x-authorization',
    'X-Forwarded-Authorization',
    'cookie',
    'Set-Cookie',
    'Cookie2',
    'x-api-key',
    'apikey',
    'API_KEY',
    'X-Auth-Token',
    'access_token',
    'clientSecret',
    'dbPassword',
    'x-amz-security-token',
    'aws-credentials',
  ];

  test.each(credentials)('%s is dropped, of events and of what is none', (name) => {
    const headers = { [name]: 'Bearer s3cret', tmfApi: 'TMF622', 'x-shop': 'north' };
    const kept = { tmfApi: 'TMF622', 'x-shop': 'north' };
    expect(decode(record(whole, headers), knowledge).record.headers).toEqual(kept);
    expect(decode(record('no event', headers), knowledge).record.headers).toEqual(kept);
  });

  test('nothing else is, and the record given is not changed', () => {
    const headers = {
      eventType: 'X',
      eventId: '1',
      correlationId: 'c',
      traceparent: 't',
      'content-type': 'j',
      author: 'a',
    };
    const given = record(whole, headers);
    expect(decode(given, knowledge).record).toBe(given);
    const withCookie = record(whole, { cookie: 'c' });
    decode(withCookie, knowledge);
    expect(withCookie.headers).toEqual({ cookie: 'c' });
  });
});

describe('what was posted to a topic', () => {
  const headers = { tmfTopic: 't1', eventType: 'XCreateEvent' };

  test('is of that topic, and of no API', () => {
    expect(readable(record(whole, headers)).event).toMatchObject({
      topic: 't1',
      apis: [],
      orderingKey: 'x1',
    });
    expect(readable(record(whole, { ...headers, tmfApi: 'TMF620' })).event.apis).toEqual([]);
    expect(readable(record(whole)).event).toMatchObject({ topic: undefined, apis: BOTH });
    expect(readable(record(whole, { tmfTopic: '' })).event).toMatchObject({ topic: undefined, apis: BOTH });
  });

  test.each([['a text'], [[1]], [0], [false]])('may carry %j', (event) => {
    const { document, event: decoded } = readable(record({ ...whole, event }, headers));
    expect(document).toMatchObject({ event });
    expect(decoded.orderingKey).toBe('c1');
    expect(decode(record({ ...whole, event }), knowledge)).toHaveProperty('unreadable');
  });

  test('carries something', () => {
    expect(decode(record({ ...whole, event: null }, headers), knowledge)).toHaveProperty('unreadable');
  });
});

test('a byte order mark, which JSON does not allow and some producers write, is no part of the event', () => {
  const text = JSON.stringify(whole);
  const { event, record: kept } = readable(record(`\ufeff${text}`));
  expect(Buffer.from(event.bytes).toString('latin1')).toBe(text);
  expect(Buffer.from(kept.value).toString()).toBe(`\ufeff${text}`);
});
