import { createCatalogue } from '../../src/tmf/catalogue.ts';
import { catalogueRows } from '../../src/tmf/catalogue.data.ts';
import { compileQuery } from '../../src/tmf/query/query.ts';
import type { QueryRefusal } from '../../src/tmf/query/refusal.ts';

const hub = createCatalogue(catalogueRows).hubAt('/tmf-api/productOrderingManagement/v4');
const known = hub!.knownEventTypes;

function refusal(text: string, knownEventTypes = known): QueryRefusal {
  const result = compileQuery(text, { knownEventTypes });
  if (result.ok) throw new Error(`accepted: ${result.query.canonical}`);
  return result;
}

describe('HUB-CONTRACT 3: what is not understood is refused, never ignored', () => {
  test.each([
    ['state!x', 5, /'!' is no operator/],
    ['state~x', 5, /'~' is no operator/],
    ['*', 0, /'\*' is no operator/],
    ['fields', 6, /'fields' is followed by '='/],
    ['fields>a', 6, /'fields' is followed by '='/],
    ['fields (a)', 7, /'fields' is followed by '='/],
    ['fields=a;state=x', 0, /'fields' stands alone/],
    ['state=x;fields=a', 8, /'fields' stands alone/],
    ['fields=', 7, /a value of fields is missing/],
    ['fields=a,,b', 9, /a value of fields is missing/],
    ['fields=a..b', 7, /'a\.\.b' is not the name/],
    ['fields=$.a', 7, /'\$\.a' is not the name/],
    ['state in a', 0, /'state in a' is neither/],
    ['state (a)', 6, /'\(' is no operator: a list is written/],
    ['in (a)', 3, /'\(' is no operator/],
    ['state in (a', 11, /the list lacks its '\)'/],
    ['state in (a;b)', 11, /the list lacks its '\)'/],
    ['state%20in%20%28a,b)', 20, /the list lacks its '%29'/],
    ['state in (a) x', 13, /'&' or ';' is missing/],
    ['state in ()', 10, /a value of state is missing/],
    ['priority.gt>3', 11, /'\.gt' and '>' are two operators/],
    ['state.ne!=a', 8, /two operators/],
    ['priority.gt=3;5', 14, /'5' is neither/],
    ['state.ne=a;b', 11, /'b' is neither/],
    ['priority.gt=', 12, /a value of priority is missing/],
    ['eventType>A', 9, /event types have no order/],
    ['eventType.lte=A', 13, /event types have no order/],
    ['state.regex=', 12, /a value of state is missing/],
    ['state.regex=a(b', 12, /'a\(b' is not understood.*missing closing \)/],
    ['state=~a)b', 7, /unexpected \)/],
    ['state*=xa{3,2}', 9, /invalid repeat count/],
    ['state.regex=(%3F%3Da)', 12, /invalid or unsupported Perl syntax/],
    ['state.regex=(a)\\1', 15, /invalid escape/],
    ['state.regex=(?=a)', 14, /'=' inside a value/],
    ['state.regex=a.{0,300}b', 12, /larger than 500/],
    ['state.regex=((a{100}){100}){100}', 12, /regular expressions of one query are larger than 500/],
    [`state.regex=${'[ab]'.repeat(125)}c`, 12, /larger than 500/],
    [`${'a.regex=x{100}&'.repeat(5)}a=1;a.regex=x`, 87, /larger than 500/],
    [`domain=x&${'a.'.repeat(32)}b=1`, 9, /more than 32 names/],
    ['data', 0, /'data' is neither a condition/],
    ['domain=x&data', 9, /'data'/],
    ['ProductOrderCreateEvent,data', 24, /'data'/],
    ['ServiceOrderCreateEvent', 0, /'ServiceOrderCreateEvent' is neither/],
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
    ['state=ok%20%ff', 11, /percent-encoded/],
    ['state=%C3%BC%E2%82&a=1', 12, /percent-encoded/],
    ['state.ne in (a)', 12, /two operators/],
    ['state=~%20%C3%BC\\1', 16, /invalid escape/],
    [`  ${Array.from({ length: 201 }, (_, i) => `a${i}=1`).join('&')}`, 2, /more than 200 conditions/],
    [Array.from({ length: 201 }, (_, i) => `a>${i}`).join(';'), 0, /more than 200 conditions/],
    [`a>${Array.from({ length: 201 }, (_, i) => i).join()}`, 0, /more than 200 conditions/],
    [`$[?(${Array.from({ length: 201 }, (_, i) => `@.a${i}`).join('||')})]`, 0, /more than 200 conditions/],
    [`fields=${Array.from({ length: 201 }, () => 'abc').join()}`, 807, /more than 200 fields/],
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

  test('many values of one attribute are one condition', () => {
    const many = (join: string) => Array.from({ length: 5_000 }, (_, i) => `a=${i}`).join(join);
    for (const text of [many('&'), many(';'), many(',').replaceAll(',a=', ',')]) {
      expect(compileQuery(text, { knownEventTypes: null }).ok).toBe(true);
    }
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

describe('parts of an event (TMF688)', () => {
  test('a contentQuery cannot ask for what stands in the envelope', () => {
    for (const text of ['eventType=XCreateEvent', 'XCreateEvent', "$[?(@.eventType=='XCreateEvent')]"]) {
      const result = compileQuery(text, { knownEventTypes: null, part: 'content' });
      expect(result).toMatchObject({ ok: false, status: 400 });
      expect(!result.ok && result.reason).toMatch(/eventType stands in the envelope/);
      expect(compileQuery(text, { knownEventTypes: null, part: 'header' }).ok).toBe(true);
    }
  });
});
