import { openBundle, type SchemaBundle } from '../../src/schemas/bundle.ts';
import { createValidator } from '../../src/schemas/validator.ts';
import { changed, orderEvent } from './order.ts';

const bundle = openBundle();
const TYPE = 'ProductOrderCreateEvent';

function validator(given: Partial<Parameters<typeof createValidator>[0]> = {}) {
  const unusable: string[] = [];
  const validate = createValidator({
    bundle,
    unusable: (api, version, error) => unusable.push(`${api} ${version} ${String(error)}`),
    ...given,
  });
  return { validate, unusable };
}

const { validate } = validator();
const judged = (event: Record<string, unknown>, type = TYPE) => validate('TMF622', type, event);
const ITEM = 'event.productOrder.productOrderItem.1';

describe('an event that fits', () => {
  test.each([4, 5] as const)('a version %i of its API has nothing said against it', (major) => {
    expect(judged(orderEvent(major))).toEqual([]);
  });

  test('in any spelling of its type', () => {
    expect(judged(orderEvent(4), 'io.x.productOrderCreationNotification')).toEqual([]);
    const wrong = orderEvent(4, { state: 'nowhere' });
    expect(judged(wrong, 'io.x.productOrderCreationNotification')).toHaveLength(1);
  });

  test('fits another version than the one that it looks like', () => {
    const v4 = changed(orderEvent(4), '@type', TYPE);
    expect(judged(v4)).toEqual([]);
  });

  test('may leave out of the envelope what the gateway writes into it', () => {
    const quote = {
      '@type': 'QuoteCreateEvent',
      event: { quote: { '@type': 'Quote', id: '1', href: 'quote/1' } },
    };
    const complete = { ...quote, eventId: 'e', eventTime: '2026-03-01T00:00:00Z', eventType: quote['@type'] };
    const only5 = { ...bundle, versionsOf: () => ['5.0.0'] };
    const v5 = validator({ bundle: only5 }).validate;
    expect(v5('TMF648', 'QuoteCreateEvent', complete)).toEqual([]);
    expect(v5('TMF648', 'QuoteCreateEvent', quote)).toEqual([]);
    expect(v5('TMF622', TYPE, changed(orderEvent(5), '@type', undefined))).toEqual([]);
    expect(v5('TMF622', TYPE, changed(orderEvent(5), 'event.productOrder.@type', undefined))).toEqual([
      'event.productOrder.@type is missing',
    ]);
  });
});

describe('an event that is no creation', () => {
  test.each([4, 5] as const)('of version %i may say no more of its resource than what changed', (major) => {
    const whole = orderEvent(major);
    const typed = major === 5 ? { '@type': 'ProductOrder' } : {};
    const part = changed(whole, 'event.productOrder', { ...typed, id: '4711', state: 'held' });
    const type = 'ProductOrderStateChangeEvent';
    expect(judged(part, type)).toEqual([]);
    expect(judged(part, 'ProductOrderDeleteEvent')).toEqual([]);
    expect(judged(whole, type)).toEqual([]);
    expect(judged(changed(part, 'event.productOrder.state', 'nowhere'), type)).toHaveLength(1);
    expect(judged(changed(whole, `${ITEM}.quantity`, 'two'), type)).toHaveLength(1);
  });

  test('while a creation tells of all that must be there', () => {
    expect(judged(changed(orderEvent(4), 'event.productOrder', { id: '4711', state: 'held' }))).toEqual([
      'event.productOrder.productOrderItem is missing',
    ]);
  });
});

describe('what producers of version 4 do', () => {
  test.each([
    ['null for what they have not', 'event.productOrder.cancellationReason', null],
    ['null within a list', `${ITEM}.quantity`, null],
    ['relative references', 'event.productOrder.href', '/productOrder/4711'],
    ['times without an offset', 'event.productOrder.orderDate', '2026-03-01T11:59:58'],
    ['times with +0100', 'eventTime', '2026-03-01T11:59:58.000+0100'],
    ['members of their own', 'event.productOrder.ourOwn', { any: ['thing'] }],
    ['types of their own', 'event.productOrder.@type', 'MobileProductOrder'],
  ])('%s: is let through', (_, path, value) => {
    expect(judged(changed(orderEvent(4), path, value))).toEqual([]);
  });

  test('null for what must be there is as good as nothing', () => {
    expect(judged(changed(orderEvent(4), `${ITEM}.action`, null))).toEqual([
      'event.productOrder.productOrderItem[1].action is missing',
    ]);
  });
});

describe('an event that does not fit', () => {
  test.each([
    [4, 'event.productOrder.orderDate', 'yesterday', 'event.productOrder.orderDate must be a date-time'],
    [4, 'event.productOrder.id', 4711, 'event.productOrder.id must be string'],
    [4, `${ITEM}.quantity`, 'two', 'event.productOrder.productOrderItem[1].quantity must be integer'],
    [4, `${ITEM}.id`, undefined, 'event.productOrder.productOrderItem[1].id is missing'],
    [
      4,
      'event.productOrder.productOrderItem',
      [],
      /^event\.productOrder\.productOrderItem must NOT have fewer/,
    ],
    [4, 'event.productOrder', 'all of it', 'event.productOrder must be object'],
    [
      4,
      'event.productOrder.state',
      'nowhere',
      /^event\.productOrder\.state must be one of acknowledged, rej.*, \.\.\.$/,
    ],
    [5, 'eventTime', 5, 'eventTime must be string'],
    [
      5,
      `${ITEM}.action`,
      'paint',
      /^event\.productOrder\.productOrderItem\[1\]\.action must be one of add, /,
    ],
  ] as const)('of version %i: %s = %p', (major, path, value, sentence) => {
    const errors = judged(changed(orderEvent(major), path, value));
    expect(errors).toEqual([typeof sentence === 'string' ? sentence : expect.stringMatching(sentence)]);
  });

  test('a reference of several kinds must fit the kind that its @type names', () => {
    const party = 'event.productOrder.relatedParty.0.partyOrPartyRole';
    const event = orderEvent(5);
    expect(judged(changed(event, party, { '@type': 'PartyRef', id: 7 }))).toEqual([
      `${inBrackets(party)}.id must be string`,
    ]);
    expect(judged(changed(event, party, { id: '7' }))).toEqual([`${inBrackets(party)}.@type is missing`]);
    // An extension of somebody's own.
    expect(judged(changed(event, party, { '@type': 'OurPartyRef', id: 7 }))).toEqual([]);
  });

  test('a member whose @type names a subtype must fit that subtype', () => {
    const value = 'event.productOrder.productOrderItem.0.product.productCharacteristic.0.value';
    expect(judged(changed(orderEvent(5), value, 5))).toEqual([`${inBrackets(value)} must be string`]);
  });

  test('is told no values of the event, in sentences that are short', () => {
    const errors = judged(orderEvent(4, { state: 's3cret'.repeat(1000) })) ?? [];
    expect(errors).toHaveLength(1);
    expect(errors.join()).not.toContain('s3cret');
    expect(errors.join().length).toBeLessThanOrEqual(300);
  });

  test('nested without end is refused, and nothing is thrown', () => {
    let item: Record<string, unknown> = { id: 'x', action: 'add' };
    for (let depth = 0; depth < 50_000; depth += 1)
      item = { id: 'x', action: 'add', productOrderItem: [item] };
    expect(judged(orderEvent(4, { productOrderItem: [item] }))).toEqual(['the event is nested too deeply']);
  });
});

test('an API or a type without a schema is not judged', () => {
  expect(validate('TMF000', TYPE, orderEvent(4))).toBeUndefined();
  expect(validate('TMF622', 'OurOwnEvent', {})).toBeUndefined();
  expect(validate('TMF622', 'constructor', {})).toBeUndefined();
  expect(validate('constructor', TYPE, {})).toBeUndefined();
});

describe('schemas', () => {
  test('that cannot be compiled or read count as none, and are told of once', () => {
    const broken: SchemaBundle = {
      ...bundle,
      read(apiId, version) {
        if (version === '5.0.0') throw new Error('no such file');
        return { ...bundle.read(apiId, version), definitions: { [TYPE]: { $ref: '#/definitions/Gone' } } };
      },
    };
    const { validate: judge, unusable } = validator({ bundle: broken });
    for (let time = 0; time < 3; time += 1) expect(judge('TMF622', TYPE, orderEvent(4))).toBeUndefined();
    expect(unusable).toEqual([
      expect.stringMatching(/^TMF622 4\.0\.0 .*Gone/) as string,
      'TMF622 5.0.0 Error: no such file',
    ]);
  });

  test('are read when they are first asked for, and once', () => {
    const reads: string[] = [];
    const counting: SchemaBundle = {
      ...bundle,
      read: (apiId, version) => (reads.push(`${apiId} ${version}`), bundle.read(apiId, version)),
    };
    const { validate: judge } = validator({ bundle: counting });
    expect(reads).toEqual([]);
    for (let time = 0; time < 3; time += 1) judge('TMF622', TYPE, orderEvent(4));
    expect(reads).toEqual(['TMF622 4.0.0']);
    // Not before something is wrong is another version asked.
    for (let time = 0; time < 3; time += 1) judge('TMF622', TYPE, orderEvent(4, { id: 1 }));
    expect(reads).toEqual(['TMF622 4.0.0', 'TMF622 5.0.0']);
  });

  test('that were not used for the longest are let go of when they are too many', () => {
    const reads: string[] = [];
    const counting: SchemaBundle = {
      ...bundle,
      versionsOf: () => ['4.0.0'],
      read: (apiId, version) => (reads.push(apiId), bundle.read(apiId, version)),
    };
    const sizes = ['TMF622', 'TMF637', 'TMF648'].map((api) => bundle.read(api, '4.0.0').size);
    const { validate: judge } = validator({
      bundle: counting,
      mostKept: sizes.reduce((sum, size) => sum + size, -1),
    });
    const ask = (api: string) => judge(api, 'ProductCreateEvent', {});
    for (const api of ['TMF622', 'TMF637', 'TMF622', 'TMF648', 'TMF622', 'TMF637']) ask(api);
    expect(reads).toEqual(['TMF622', 'TMF637', 'TMF648', 'TMF637']);
  });
});

function inBrackets(path: string): string {
  return path.replace(/\.(\d+)/g, '[$1]');
}
