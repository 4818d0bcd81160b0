import fc from 'fast-check';
import {
  coordinatesOf,
  propertiesOf,
  recordOf,
  streamOffsetOf,
} from '../../src/brokers/rabbitmq/wire/message.ts';
import { messageOf, overTheWire } from './rabbitmq-codec-site.ts';

const NOW = Date.UTC(2026, 0, 1);
const LONGEST_NAME = 255;

const text = fc.string({ unit: 'binary', maxLength: 40 });
/** `__proto__` does not survive the client's own decoding. */
const name = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
    fc.constantFrom('eventType', 'constructor', 'x-vendor'),
  )
  .filter((one) => Buffer.byteLength(one) <= LONGEST_NAME && one !== '__proto__');
const record = fc.record({
  topic: fc.constant('tmf.events'),
  key: text,
  value: fc.uint8Array({ maxLength: 200 }),
  headers: fc.dictionary(name, text),
});

describe('what is published', () => {
  test('is read as it was, over the wire', () => {
    const stamps = fc.integer({ min: 1, max: Date.UTC(2100, 0, 1) });
    fc.assert(
      fc.property(record, fc.uuid(), stamps, (published, id, stampedAt) => {
        const properties = overTheWire(propertiesOf(published, id, stampedAt));
        expect(recordOf('rabbit', messageOf(Buffer.from(published.value), properties), NOW)).toEqual({
          source: {
            broker: 'rabbit',
            topic: 'tmf.events',
            routingKey: 'ProductOrderCreateEvent',
            messageId: id,
          },
          key: published.key,
          value: Buffer.from(published.value),
          headers: { ...published.headers },
          timestamp: stampedAt,
        });
      }),
      { numRuns: 300 },
    );
  });

  test('is persistent, must find a queue, and is stamped for AMQP in seconds', () => {
    const properties = propertiesOf(
      { topic: 't', key: 'order-1', value: Buffer.from('{}'), headers: { eventType: 'E' } },
      'id-1',
      1_234_567_890_987,
    );
    expect(properties).toEqual({
      mandatory: true,
      persistent: true,
      contentType: 'application/json',
      messageId: 'id-1',
      timestamp: 1_234_567_890,
      headers: { eventType: 'E', orderingKey: 'order-1', timestamp_in_ms: '1234567890987' },
    });
  });

  test('has the key and the time of the record, whatever headers of these names say', () => {
    const headers = { orderingKey: 'another', timestamp_in_ms: '7' };
    const published = { topic: 't', key: 'order-1', value: Buffer.from('{}'), headers };
    const read = recordOf('rabbit', messageOf(Buffer.from('{}'), propertiesOf(published, 'id', 5_000)), NOW);
    expect(read).toMatchObject({ key: 'order-1', timestamp: 5_000 });
    expect(read.headers).toEqual({});
  });
});

describe('a message without an id', () => {
  const content = Buffer.from('{"eventType":"ProductOrderCreateEvent"}');
  const idOf = (routingKey: string, bytes: Buffer, properties: object = {}): string | undefined =>
    coordinatesOf('rabbit', messageOf(bytes, properties, { routingKey })).messageId;

  test('gets one that follows from its routing key and content alone', () => {
    const id = idOf('key', content);
    expect(id).toMatch(/^[\w-]{22}$/);
    expect(idOf('key', Buffer.from(content), { headers: { 'x-death': [] }, timestamp: 5 })).toBe(id);
    expect(idOf('other', content)).not.toBe(id);
    expect(idOf('key', Buffer.from(`${content.toString()} `))).not.toBe(id);
  });

  test.each([undefined, null, '', 7, Buffer.from('id')])('as one with %p for an id does', (messageId) => {
    expect(idOf('key', content, { messageId })).toBe(idOf('key', content));
  });

  test('no two share one, wherever the routing key ends and the content begins', () => {
    const parts = fc.tuple(fc.stringMatching(/^[ab\n]{0,4}$/), fc.stringMatching(/^[ab\n]{0,4}$/));
    // A routing key with a line break in it is nobody's.
    const valid = parts.filter(([key]) => !key.includes('\n'));
    fc.assert(
      fc.property(valid, valid, ([key, body], [otherKey, otherBody]) => {
        const isSame = key === otherKey && body === otherBody;
        expect(idOf(key, Buffer.from(body)) === idOf(otherKey, Buffer.from(otherBody))).toBe(isSame);
      }),
      { numRuns: 500 },
    );
  });
});

describe('messages of other producers', () => {
  const read = (headers: Record<string, unknown> | undefined, properties: object = {}) =>
    recordOf('rabbit', messageOf(Buffer.from('{}'), { headers, ...properties }), NOW);

  test('have headers of all types that AMQP knows, each as a text', () => {
    const sent = overTheWire({
      headers: {
        text: 'ä',
        bytes: Buffer.from('öl'),
        int: -7,
        long: 2 ** 40,
        float: 1.5,
        yes: true,
        no: false,
        nothing: null,
        when: { '!': 'timestamp', value: 1_700_000_000 },
        price: { '!': 'decimal', value: { places: 2, digits: 995 } },
        list: [1, 'two', { three: [3] }],
        table: { inner: { text: 'x', list: [Buffer.from('y')] } },
      },
    });
    const { headers } = read(sent.headers);
    expect(headers).toMatchObject({
      ...{ text: 'ä', bytes: 'öl', int: '-7', long: `${2 ** 40}`, float: '1.5', yes: 'true', no: 'false' },
      list: '[1,"two",{"three":[3]}]',
    });
    expect(headers).not.toHaveProperty('nothing');
    for (const value of Object.values(headers)) expect(typeof value).toBe('string');
  });

  test('never make it throw, whatever is in them', () => {
    const anything = fc.anything({
      maxDepth: 3,
      maxKeys: 3,
      withNullPrototype: true,
      withDate: true,
      withTypedArray: true,
    });
    const properties = fc.record({ messageId: anything, timestamp: anything }, { requiredKeys: [] });
    fc.assert(
      fc.property(fc.dictionary(fc.string(), anything), properties, (headers, rest) => {
        const one = read(headers, rest);
        for (const value of Object.values(one.headers)) expect(typeof value).toBe('string');
        expect(Number.isFinite(one.timestamp)).toBe(true);
        expect(one.source.messageId).toMatch(/./);
      }),
      { numRuns: 200 },
    );
  });

  test('are read without headers, key and time too', () => {
    const { key, headers, timestamp } = read(undefined);
    expect({ key, headers, timestamp }).toEqual({ key: undefined, headers: {}, timestamp: NOW });
  });

  test.each([7, Buffer.from('order-1'), { order: 1 }, null])('%p is no ordering key', (orderingKey) => {
    const { key, headers } = read({ orderingKey });
    expect({ key, headers }).toEqual({ key: undefined, headers: {} });
  });

  test.each([
    [
      'milliseconds of the time-stamping plugin',
      { timestamp_in_ms: 1_700_000_000_123 },
      5,
      1_700_000_000_123,
    ],
    ['the same as a text', { timestamp_in_ms: '1700000000123' }, 5, 1_700_000_000_123],
    ['seconds of AMQP', {}, 1_700_000_000, 1_700_000_000_000],
    ['seconds, where the milliseconds are none', { timestamp_in_ms: 'soon' }, 5, 5_000],
    ['seconds, where the milliseconds are blank', { timestamp_in_ms: '' }, 5, 5_000],
    ['seconds, where the milliseconds are beyond all dates', { timestamp_in_ms: 1e17 }, 5, 5_000],
    ['now, where there are none', {}, 0, NOW],
    ['now, where the seconds are milliseconds beyond all dates', {}, 1e17, NOW],
  ])('are stamped with %s', (_what, headers, timestamp, expected) => {
    expect(read(headers, { timestamp }).timestamp).toBe(expected);
  });

  test('what the server wrote into them is no header of theirs', () => {
    const own = {
      'x-death': [{ count: 1, queue: 'q' }],
      'x-first-death-exchange': 'e',
      'x-last-death-reason': 'rejected',
      'x-delivery-count': 3,
      'x-acquired-count': 3,
      'x-stream-offset': 7,
    };
    expect(read({ ...own, 'x-vendor': 'kept', 'x-death-mask': 'kept' }).headers).toEqual({
      'x-vendor': 'kept',
      'x-death-mask': 'kept',
    });
    expect(streamOffsetOf(messageOf(Buffer.from(''), { headers: own }))).toBe(7);
  });
});
