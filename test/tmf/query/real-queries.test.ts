import { createCatalogue } from '../../../src/tmf/catalogue.ts';
import { catalogueRows } from '../../../src/tmf/catalogue.data.ts';
import { compileQuery, type Query } from '../../../src/tmf/query/query.ts';

const known = createCatalogue(catalogueRows).knownEventTypes;

function compiled(text: string): Query {
  const result = compileQuery(text, { knownEventTypes: known });
  if (!result.ok) throw new Error(`refused: ${result.reason}`);
  return result.query;
}

const event = (eventType: string, resource: object, envelope: object = {}) => ({
  eventId: 'e',
  eventType,
  ...envelope,
  event: resource,
});

/** Queries that clients really send (HUB-CONTRACT 3): an event that they want, and one that they do not. */
test.each([
  [
    'eventType=ProductOrderCreateEvent,ProductOrderDeleteEvent',
    event('ProductOrderRemoveNotification', {}),
    event('ProductOrderStateChangeEvent', {}),
  ],
  [
    'eventType=ProductOrderCreateEvent;eventType=ProductOrderDeleteEvent',
    event('ProductOrderCreateEvent', {}),
    event('ProductOrderStateChangeEvent', {}),
  ],
  [
    'eventType=ProductOrderCreateEvent&eventType=ProductOrderDeleteEvent',
    event('ProductOrderDeleteEvent', {}),
    event('ProductOrderStateChangeEvent', {}),
  ],
  [
    'eventType = productOrderStateChangeEvent',
    event('ProductOrderStateChangeEvent', {}),
    event('ProductOrderCreateEvent', {}),
  ],
  [
    'eventType=ProductCreateEvent&event.product.name=Some&fields=event.product.id',
    event('ProductCreateEvent', { product: { id: '1', name: 'Some' } }),
    event('ProductCreateEvent', { product: { id: '1', name: 'Other' } }),
  ],
  [
    'event.alarm.alarmType=QualityOfServiceAlarm',
    event('AlarmCreateEvent', { alarm: { id: '1', alarmType: 'QualityOfServiceAlarm' } }),
    event('AlarmCreateEvent', { alarm: { id: '1', alarmType: 'EquipmentAlarm' } }),
  ],
  [
    'event.alarm.perceivedSeverity=CRITICAL&domain=Paris',
    event('AlarmCreateEvent', { alarm: { id: '1', perceivedSeverity: 'CRITICAL' } }, { domain: 'Paris' }),
    event('AlarmCreateEvent', { alarm: { id: '1', perceivedSeverity: 'CRITICAL' } }, { domain: 'Rome' }),
  ],
  [
    'eventTime.gt=2024-01-01T00:00:00Z',
    event('AlarmCreateEvent', {}, { eventTime: '2024-01-01T01:00:00.000+00:30' }),
    event('AlarmCreateEvent', {}, { eventTime: '2024-01-01T01:00:00.000+01:00' }),
  ],
  [
    'event.productOrder.state=completed,cancelled',
    event('ProductOrderStateChangeEvent', { productOrder: { id: '1', state: 'cancelled' } }),
    event('ProductOrderStateChangeEvent', { productOrder: { id: '1', state: 'held' } }),
  ],
  [
    "$[?(@.eventType=='ProductOrderStateChangeEvent' && @.event.productOrder.state=='completed')]",
    event('ProductOrderStateChangeEvent', { productOrder: { id: '1', state: 'completed' } }),
    event('ProductOrderStateChangeEvent', { productOrder: { id: '1', state: 'held' } }),
  ],
  [
    'CatalogStateChangeEvent&status=active',
    event('CatalogStateChangeEvent', { catalog: { id: '1', status: 'active' } }),
    event('CatalogStateChangeEvent', { catalog: { id: '1', status: 'retired' } }),
  ],
])('%s', (text, wanted, unwanted) => {
  const query = compiled(text);
  expect(query.text).toBe(text);
  expect(query.explain(wanted)).toBeUndefined();
  expect(query.explain(unwanted)).toMatch(/; the query wants /);
});

test.each([
  ['fields=eventType,event.id', [['eventType'], ['event', 'id']]],
  ['fields=none', []],
  ['eventType=ProductCreateEvent&fields=event.product.id', [['event', 'product', 'id']]],
  ['fields=a,b&state=x&fields=c', [['a'], ['b'], ['c']]],
  ['fields = event.productOrder.state , none', [['event', 'productOrder', 'state']]],
  ['', undefined],
  ['state=x', undefined],
  ['$[?(@.state)]', undefined],
])('what is sent for %s', (text, fields) => {
  expect(compiled(text).projection).toEqual(fields && { fields });
});

test('a choice of fields is no condition', () => {
  const query = compiled('fields=eventType,event.id');
  expect(query).toMatchObject({ eventTypes: null, matches: undefined, equality: undefined });
  expect(query.explain({})).toBeUndefined();
});
