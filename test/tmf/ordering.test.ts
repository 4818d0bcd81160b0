import { contentOf, memberOf, resourceOf } from '../../src/tmf/document.ts';
import { orderingKey } from '../../src/tmf/ordering.ts';

describe('HUB-CONTRACT 5, PITFALLS 17: the ordering key', () => {
  test.each<[string, unknown, string | undefined]>([
    ['the resource', { eventId: 'e', correlationId: 'c', event: { productOrder: { id: '4711' } } }, '4711'],
    ['a number', { eventId: 'e', event: { bill: { id: 12 } } }, '12'],
    [
      'the first object with an id',
      { event: { note: { text: 'x' }, list: [{ id: '9' }], order: { id: '1' } } },
      '1',
    ],
    ['payload of TMF666 v4.0.0', { payload: { partyAccount: { id: 'acc' } } }, 'acc'],
    ['the resource itself (TMF645 v3)', { event: { id: 'q1', relatedParty: [{ id: 'p' }] } }, 'q1'],
    [
      'else the correlation',
      { eventId: 'e', correlationId: 'c', event: { productOrder: { state: 'x' } } },
      'c',
    ],
    ['a blank id is none', { eventId: 'e', correlationId: '', event: { productOrder: { id: ' ' } } }, 'e'],
    ['a null id is none', { eventId: 'e', event: { productOrder: { id: null } } }, 'e'],
    ['else the event', { eventId: 'e', event: {} }, 'e'],
    ['no event at all', { eventId: 'e' }, 'e'],
    ['nothing', {}, undefined],
    ['no object', 'text', undefined],
    ['null', null, undefined],
  ])('%s', (_, document, key) => {
    expect(orderingKey(document)).toBe(key);
  });

  test('the catalogue names the resource among several', () => {
    const document = { event: { party: { id: 'p' }, ticket: { id: 't' } } };
    expect(orderingKey(document)).toBe('p');
    expect(orderingKey(document, ['ticket', 'informationRequired'])).toBe('t');
    expect(orderingKey(document, ['misspelt'])).toBe('p');
    expect(orderingKey({ event: { id: 'self', party: { id: 'p' } } }, ['id', 'party'])).toBe('self');
  });
});

test('what an object inherits is no member', () => {
  expect(memberOf({}, 'constructor')).toBeUndefined();
  expect(memberOf(JSON.parse('{"__proto__":1}') as object as Record<string, unknown>, '__proto__')).toBe(1);
  expect(orderingKey({ event: { constructor: 1 } })).toBeUndefined();
});

test('the resource without an id is the first object', () => {
  expect(resourceOf({ event: { n: 1, productOrder: { state: 'x' } } })).toEqual({ state: 'x' });
  expect(resourceOf({ event: { n: 1 } })).toBeUndefined();
  expect(contentOf({ event: [1] })).toBeUndefined();
});
