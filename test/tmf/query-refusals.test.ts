import fc from 'fast-check';
import { createCatalogue } from '../../src/tmf/catalogue.ts';
import { catalogueRows } from '../../src/tmf/catalogue.data.ts';
import { compileQuery } from '../../src/tmf/query.ts';
import type { QueryRefusal } from '../../src/tmf/query-syntax.ts';

const hub = createCatalogue(catalogueRows).hubAt('/tmf-api/productOrderingManagement/v4');
const known = hub!.knownEventTypes;

function refusal(text: string, knownEventTypes = known): QueryRefusal {
  const result = compileQuery(text, { knownEventTypes });
  if (result.ok) throw new Error(`accepted: ${result.query.canonical}`);
  return result;
}

describe('HUB-CONTRACT 3: what is not understood is refused, never ignored', () => {
  test.each([
    ['state.ne=x', 0, /\.ne is not supported yet/],
    ['domain=x&priority.gt=3', 9, /\.gt is not supported yet/],
    ['priority.gte=3', 0, /\.gte/],
    ['priority.lt=3', 0, /\.lt /],
    ['priority.lte=3', 0, /\.lte/],
    ['state.regex=a', 0, /\.regex/],
    ['priority>3', 8, /operator > /],
    ['priority >= 3', 9, /operator >= /],
    ['priority<3', 8, /operator < /],
    ['priority<=3', 8, /operator <= /],
    ['state!=x', 5, /operator != /],
    ['state*=x', 5, /operator \*= /],
    ['state=~x', 5, /operator =~ /],
    ['priority%3E3', 8, /operator > /],
    ['priority%3e=3', 8, /operator >= /],
    ['priority%3C%3D3', 8, /operator <= /],
    ['state%3D~x', 5, /operator =~ /],
    ['state!x', 5, /'!' is no operator/],
    ['state~x', 5, /'~' is no operator/],
    ['*', 0, /'\*' is no operator/],
    ['fields=eventType,event.id', 0, /'fields' is not supported yet/],
    ['fields=none', 0, /'fields'/],
    ['eventType=ProductOrderCreateEvent&fields=none', 34, /'fields'/],
    ['fields', 0, /'fields'/],
    ["$[?(@.eventType=='X')]", 0, /JSONPath is not supported yet/],
    ["  $[?(@.eventType=='X' && @.a=='b')]", 2, /JSONPath/],
    ['%24[?(@.a==1)]', 0, /JSONPath/],
    ['$.event', 0, /JSONPath/],
    ['state in (a,b)', 0, /'in \(\.\.\.\)' is not supported yet/],
    ['domain=x&state%20in%20(a,b)', 9, /'in/],
    ['data', 0, /'data' is neither a condition/],
    ['domain=x&data', 9, /'data'/],
    ['ProductOrderCreateEvent,data', 24, /'data'/],
    ['ServiceOrderCreateEvent', 0, /'ServiceOrderCreateEvent' is neither/],
    ['state=a;domain=b', 8, /alternatives of state and domain/],
    ['ProductOrderCreateEvent;state=a', 24, /alternatives of eventType and state/],
    ['state=a&', 8, /a condition is missing/],
    ['&state=a', 0, /a condition is missing/],
    ['state=a&&domain=b', 8, /a condition is missing/],
    ['state=a;', 8, /a condition is missing/],
    ['state=', 6, /a value of state is missing/],
    ['state=a,,b', 8, /a value of state is missing/],
    ['eventType=', 10, /a value of eventType is missing/],
    ['=x', 0, /name of an attribute is missing/],
    ['a..b=x', 0, /'a\.\.b' is not the name/],
    ['.eq=x', 0, /name of an attribute is missing/],
    ['a b=x', 0, /'a b' is not the name/],
    ['a[0].b=x', 0, /is not the name/],
    ['state=a=b', 7, /'=' inside a value must be percent-encoded/],
    ['state=a and domain=b', 18, /'=' inside a value/],
    ['state="completed"', 6, /without quotes/],
    ["state='completed'", 6, /without quotes/],
    ['state=100%', 9, /a percent sign is %25/],
    ['state=%zz', 6, /a percent sign is %25/],
    ['state=ok%20%ff', 8, /percent-encoded/],
    ['eventtype=ProductOrderCreateEvent', 0, /must be written eventType/],
  ])('%s', (text, position, reason) => {
    const refused = refusal(text);
    expect(refused.reason).toMatch(reason);
    expect(refused).toMatchObject({ ok: false, status: 400, position });
  });

  test('an event type that the API does not have: the ones it has are named', () => {
    const { reason, position } = refusal(
      'domain=x&eventType=ProductOrderCreateEvent,ServiceOrderCreateEvent',
    );
    expect(position).toBe(43);
    expect(reason).toContain("'ServiceOrderCreateEvent'");
    expect(reason).toContain('ProductOrderCreateEvent, ');
    expect(reason).toContain('ProductOrderMilestoneEvent');
  });

  test('long lists and long words are cut short', () => {
    const all = new Map(Array.from({ length: 500 }, (_, i) => [`t${i}`, `T${i}Event`]));
    const { reason } = refusal(`eventType=${'x'.repeat(50_000)}`, all);
    expect(reason).toMatch(/T59Event and 440 more$/);
    expect(reason.length).toBeLessThan(2000);
  });

  test('where event types are not known any is accepted, and a bare word must look like one', () => {
    const options = { knownEventTypes: null };
    expect(compileQuery('eventType=Anything', options).ok).toBe(true);
    expect(compileQuery('vendorThingHappenedEvent', options).ok).toBe(true);
    expect(refusal('data', null).reason).toMatch(/'data'/);
  });
});

describe('bad input', () => {
  const token = fc.constantFrom(
    'eventType',
    'ProductOrderCreateEvent',
    'state',
    'event.productOrder.id',
    'fields',
    'none',
    ' in (',
    ')',
    '=',
    '==',
    '!',
    '<',
    '>',
    '~',
    '*',
    '%3D',
    '%3E',
    '%2C',
    '%',
    '%C3',
    '%24',
    '$[?(',
    '&',
    ';',
    ',',
    '.',
    '.eq',
    '.gt',
    ' ',
    '\n',
    '"',
    "'",
    'ü',
    '\ud800',
    '💥',
    '\u0000',
    '__proto__',
    '1',
    '-0',
    '2024-01-01T00:00:00Z',
  );
  const text = fc.oneof(
    fc.array(token, { maxLength: 12 }).map((tokens) => tokens.join('')),
    fc.string({ unit: 'binary' }),
    fc
      .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 })
      .map((units) => String.fromCharCode(...units)),
  );
  const document = {
    eventType: 'ProductOrderCreateEvent',
    event: { productOrder: { id: '1', state: [null, 1] } },
  };

  test('20,000 random texts: an answer with a place inside the text, and never an exception', () => {
    fc.assert(
      fc.property(text, fc.boolean(), (query, any) => {
        const result = compileQuery(query, { knownEventTypes: any ? null : known });
        if (result.ok) {
          expect(typeof result.query.canonical).toBe('string');
          // What explain says and what index and predicate decide is the same.
          const indexed = result.query.eventTypes?.has('productordercreate') ?? true;
          const matched = result.query.matches?.(document) ?? true;
          expect(result.query.explain(document) === undefined).toBe(indexed && matched);
        } else {
          expect(result.position).toBeGreaterThanOrEqual(0);
          expect(result.position).toBeLessThanOrEqual(query.length);
          expect(result.reason.length).toBeGreaterThan(10);
        }
      }),
      { numRuns: 20_000 },
    );
  });

  test.each([
    ['conditions', 'a=1&'],
    ['attributes', (i: number) => `a${i}=1&`],
    ['alternatives', 'a=1;'],
    ['values', 'a=1&a=1,1,1,'],
    ['path', 'a.'],
    ['blanks', ' '],
    ['blanks inside', 'a     in'],
    ['percent', '%3'],
    ['encoded operators', '%3D%3D'],
    ['words', 'ProductOrderCreateEvent,'],
    ['quotes', '"'],
  ])('work grows with the length only: %s', (_, unit) => {
    const of = (length: number): string => {
      const piece = (i: number): string => (typeof unit === 'string' ? unit : unit(i));
      let built = '';
      for (let i = 0; built.length < length; i += 1) built += piece(i);
      return `${built}a=1`;
    };
    const time = (query: string): number => {
      const started = performance.now();
      compileQuery(query, { knownEventTypes: known });
      return performance.now() - started;
    };
    const long = of(400_000);
    time(of(1000));
    // Quadratic work on so many characters takes minutes; linear work a fraction of a second.
    expect(time(long)).toBeLessThan(5000);
  });
});
