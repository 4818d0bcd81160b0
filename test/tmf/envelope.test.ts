import fc from 'fast-check';
import type { EnvelopeVersion } from '../../src/tmf/event.ts';
import { completeEnvelope, envelopeFor } from '../../src/tmf/envelope.ts';
import { topLevelMembers } from '../../src/tmf/members.ts';
import { jsonObject } from './json-text.ts';

const convert = (text: string, version: EnvelopeVersion, type = 'ProductOrderCreateEvent'): string =>
  Buffer.from(envelopeFor(Buffer.from(text), version, type)).toString();

describe('HUB-CONTRACT 5: the envelope of a v4 hub', () => {
  test('one c in timeOcurred, and no type members', () => {
    const v5 =
      '{ "@type" : "X", "eventId":"1",\n "timeOccurred":"t" , "@baseType":"Event", "event":{"@type":"keep"},"@schemaLocation":"s" }';
    expect(convert(v5, 'v4')).toBe('{ "eventId":"1",\n "timeOcurred":"t", "event":{"@type":"keep"} }');
  });

  test('what is v4 already is the same array', () => {
    const bytes = Buffer.from('{"eventId":"1","timeOcurred":"t","event":{"@type":"a","timeOccurred":1}}');
    expect(envelopeFor(bytes, 'v4', 'X')).toBe(bytes);
  });

  test('both spellings: the right one stays', () => {
    expect(convert('{"timeOccurred":"wrong","timeOcurred":"right"}', 'v4')).toBe('{"timeOcurred":"right"}');
  });

  test('nothing but type members leaves an empty object', () => {
    expect(convert('{"@type":"X"}', 'v4')).toBe('{}');
  });
});

describe('HUB-CONTRACT 5: the envelope of a v5 hub', () => {
  test('two c, @type as produced and @baseType', () => {
    expect(
      convert('{"eventId":"1","timeOcurred":"t","event":{}}', 'v5', 'ProductOrderCreationNotification'),
    ).toBe(
      '{"eventId":"1","timeOccurred":"t","event":{},"@type":"ProductOrderCreationNotification","@baseType":"Event"}',
    );
  });

  test('what is there stays', () => {
    const bytes = Buffer.from('{"@baseType":"Vendor","@type":"Other","timeOccurred":"t"}');
    expect(envelopeFor(bytes, 'v5', 'X')).toBe(bytes);
  });

  test('an empty object and a type beyond ASCII', () => {
    expect(convert('{ }', 'v5', 'Gerät"Event')).toBe('{"@type":"Gerät\\"Event","@baseType":"Event" }');
  });
});

test('as produced is the same array whatever it holds', () => {
  const bytes = Buffer.from('{"@type":"X","timeOcurred":"t"}');
  expect(envelopeFor(bytes, 'as-produced', 'X')).toBe(bytes);
});

test('a view into a larger buffer is read from its own start', () => {
  const large = Buffer.from('garbage{"@type":"X","a":1}garbage');
  const view = new Uint8Array(large.buffer, large.byteOffset + 7, large.byteLength - 14);
  expect(Buffer.from(envelopeFor(view, 'v4', 'X')).toString()).toBe('{"a":1}');
});

test('PITFALLS 17: the resource is byte-exact, numbers beyond doubles and bytes that are no UTF-8 included', () => {
  const resource = Buffer.concat([
    Buffer.from('{ "n": 12345678901234567890.12345678901234567890, "ü\\u00fc": "\\/'),
    Buffer.from([0xff, 0xc3]),
    Buffer.from('" }'),
  ]);
  const event = Buffer.concat([
    Buffer.from('{"@type":"X","event":'),
    resource,
    Buffer.from(',"timeOccurred":1}'),
  ]);
  for (const version of ['v4', 'v5'] as const) {
    expect(Buffer.from(envelopeFor(event, version, 'X')).includes(resource)).toBe(true);
  }
});

describe('completing what a producer left out', () => {
  test('absent, null and blank members are missing', () => {
    expect(completeEnvelope('{"event":{}}', { eventId: 'e1', eventTime: 't' })).toBe(
      '{"event":{},"eventId":"e1","eventTime":"t"}',
    );
    expect(completeEnvelope('{"eventId": null, "eventTime":" "}', { eventId: 'e1', eventTime: 't' })).toBe(
      '{"eventId":"e1", "eventTime":"t"}',
    );
    expect(completeEnvelope('{}', { eventId: 'a"b' })).toBe('{"eventId":"a\\"b"}');
  });

  test('what is there is never touched, and then the text is the same', () => {
    const text = '{ "eventId" : 7, "eventTime":"yesterday" }';
    expect(completeEnvelope(text, { eventId: 'e1', eventTime: 't' })).toBe(text);
    expect(completeEnvelope('{"a":1}', {})).toBe('{"a":1}');
  });

  test('what is no object comes back as it is', () => {
    for (const text of ['[1]', '"x"', 'null', ''])
      expect(completeEnvelope(text, { eventId: 'e' })).toBe(text);
  });
});

describe('for any event', () => {
  const interesting = [
    'event',
    'eventId',
    'eventTime',
    'eventType',
    'timeOcurred',
    'timeOccurred',
    '@type',
    '@baseType',
    '@schemaLocation',
    'description',
    'x\\"y',
    '@t\\u0079pe',
    'événement',
    '{',
    '__proto__',
  ];
  const version = fc.constantFrom<EnvelopeVersion>('v4', 'v5', 'as-produced');
  const rawOf = (text: string): Map<string, string> =>
    new Map(topLevelMembers(text).map((m) => [m.name, text.slice(m.valueStart, m.valueEnd)]));
  const saysNothing = (value: string): boolean => value === 'null' || /^"\s*"$/.test(value);
  const respelled = new Map([
    ['timeOcurred', 'timeOccurred'],
    ['timeOccurred', 'timeOcurred'],
  ]);

  test('the result parses, `event` keeps its text and the other members their values', () => {
    fc.assert(
      fc.property(jsonObject(interesting), version, (text, target) => {
        const before = rawOf(text);
        const after = rawOf(convert(text, target));
        const parsed = JSON.parse(convert(text, target)) as object;
        if (target === 'v4') expect(Object.keys(parsed)).not.toContain('timeOccurred');
        if (target === 'v5') expect(parsed).toHaveProperty('@type');
        expect(after.get('event')).toBe(before.get('event'));
        for (const [name, value] of before) {
          if (target === 'v4' && ['@type', '@baseType', '@schemaLocation'].includes(name)) {
            expect(after.has(name)).toBe(false);
          } else if (target === 'v5' && ['@type', '@baseType'].includes(name) && saysNothing(value)) {
            expect(saysNothing(after.get(name) as string)).toBe(false);
          } else if (!respelled.has(name)) {
            expect(after.get(name)).toBe(value);
          } else if (!after.has(name)) {
            const other = respelled.get(name)!;
            const there = before.get(other);
            // What says nothing is not in the way of what does.
            const isHeard = there !== undefined && (!saysNothing(there) || saysNothing(value));
            expect(after.get(other)).toBe(isHeard ? there : value);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('v4 and v5 are reached in one step', () => {
    fc.assert(
      fc.property(jsonObject(interesting), fc.constantFrom('v4' as const, 'v5' as const), (text, target) => {
        const once = envelopeFor(Buffer.from(text), target, 'X');
        expect(envelopeFor(once, target, 'X')).toBe(once);
      }),
      { numRuns: 1000 },
    );
  });

  test('completing adds the two members and changes nothing else', () => {
    fc.assert(
      fc.property(jsonObject(interesting), (text) => {
        const result = completeEnvelope(text, { eventId: 'made', eventTime: '2026-01-01T00:00:00Z' });
        const before = rawOf(text);
        const after = rawOf(result);
        const parsed = JSON.parse(result) as Record<string, unknown>;
        const old = (JSON.parse(text) as Record<string, unknown>)['eventId'];
        const missing = old === undefined || old === null || (typeof old === 'string' && old.trim() === '');
        expect(parsed['eventId']).toEqual(missing ? 'made' : old);
        expect(Object.hasOwn(parsed, 'eventTime')).toBe(true);
        for (const [name, value] of before) {
          if (name !== 'eventId' && name !== 'eventTime') expect(after.get(name)).toBe(value);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a member that is null says nothing: it is not in the way of one that says it', () => {
  test('of the content', () => {
    const text = '{"event":null,"payload":{"a":1},"timeOcurred":"t"}';
    expect(convert(text, 'v4')).toBe('{"event":{"a":1},"timeOcurred":"t"}');
    expect(convert('{"event":{"a":1},"payload":null,"timeOcurred":"t"}', 'v4')).toBe(
      '{"event":{"a":1},"payload":null,"timeOcurred":"t"}',
    );
  });

  test('of the time', () => {
    expect(convert('{"timeOcurred":null,"timeOccurred":"t"}', 'v4')).toBe('{"timeOcurred":"t"}');
    expect(convert('{"@type":"X","@baseType":"Event","timeOcurred":"t","timeOccurred":null}', 'v5')).toBe(
      '{"@type":"X","@baseType":"Event","timeOccurred":"t"}',
    );
  });

  test('of the type, which v5 wants', () => {
    expect(convert('{"@type":null,"@baseType":null,"event":{}}', 'v5', 'X')).toBe(
      '{"event":{},"@type":"X","@baseType":"Event"}',
    );
  });
});
