import { createCatalogue } from '../../src/tmf/catalogue.ts';
import { catalogueRows } from '../../src/tmf/catalogue.data.ts';
import { asObject, memberOf, resourceOf } from '../../src/tmf/document.ts';
import { orderingKey } from '../../src/tmf/ordering.ts';
import { sampleEvent } from '../../src/tmf/sample.ts';

const catalogue = createCatalogue(catalogueRows);
const now = new Date('2026-02-03T04:05:06Z');

function counter(): () => string {
  let n = 0;
  return () => {
    n += 1;
    return `id-${n}`;
  };
}

test('a v5 event with its resource and the state it changed to', () => {
  expect(sampleEvent(catalogue, 'productOrderStateChangeEvent', { id: counter(), now })).toEqual({
    eventId: 'id-2',
    eventTime: '2026-02-03T04:05:06.000Z',
    eventType: 'ProductOrderStateChangeEvent',
    correlationId: 'id-3',
    domain: 'ProductOrdering',
    title: 'ProductOrderStateChangeEvent',
    description: 'ProductOrderStateChangeEvent of productOrder id-1',
    priority: 'Normal',
    timeOccurred: '2026-02-03T04:05:06.000Z',
    event: {
      productOrder: {
        id: 'id-1',
        href: '/tmf-api/productOrderingManagement/v5/productOrder/id-1',
        name: 'Sample productOrder',
        state: 'inProgress',
        '@type': 'ProductOrder',
      },
    },
    '@type': 'ProductOrderStateChangeEvent',
    '@baseType': 'Event',
  });
});

test('a v4 event has the v4 envelope', () => {
  const event = sampleEvent(catalogue, 'ResourceOrderCreateEvent', { id: counter(), now });
  expect(event).toHaveProperty('timeOcurred');
  expect(event).not.toHaveProperty('@type');
});

test('the API asked for decides, and one that has no such type has no sample', () => {
  const options = { id: counter(), now };
  expect(sampleEvent(catalogue, 'ServiceCreateEvent', { ...options, api: 'TMF640' })).toMatchObject({
    event: { service: { href: expect.stringContaining('ServiceActivationAndConfiguration') as string } },
  });
  expect(sampleEvent(catalogue, 'ServiceCreateEvent', { ...options, api: 'TMF622' })).toBeUndefined();
  expect(sampleEvent(catalogue, 'NoSuchEvent', options)).toBeUndefined();
});

test('a member that one version misspells is named as the event type says', () => {
  expect(sampleEvent(catalogue, 'CancelProductOrderStateChangeEvent', { id: counter(), now })).toHaveProperty(
    'event.cancelProductOrder.id',
  );
});

test('where the content is the resource itself it stands in event', () => {
  expect(
    sampleEvent(catalogue, 'ServiceQualificationCreateNotification', { id: counter(), now }),
  ).toHaveProperty('event.id', 'id-1');
});

test('a status is called status, and is one that the specification lists', () => {
  const options = { id: counter(), now };
  expect(sampleEvent(catalogue, 'GeographicSiteStatusChangeEvent', options)).toMatchObject({
    event: { geographicSite: { status: 'active' } },
  });
  expect(sampleEvent(catalogue, 'TroubleTicketStatusChangeEvent', options)).toMatchObject({
    event: { troubleTicket: { status: 'inProgress' } },
  });
});

test('an event type of the configuration has a sample too', () => {
  const extended = createCatalogue(
    [],
    [{ api: 'ACME1', version: '1', basePath: '/acme/v1', eventTypes: ['OrderLostEvent'] }],
  );
  expect(sampleEvent(extended, 'OrderLostEvent', { id: counter(), now })).toMatchObject({
    event: { orderLost: { id: 'id-1' } },
  });
});

test('every event type of every API has one, and its ordering key is its resource', () => {
  const lists: string[] = [];
  const numbered = new Set<string>();
  for (const api of new Set(catalogue.apis.map((one) => one.apiId))) {
    for (const type of catalogue.eventTypesOf(api)) {
      const event = sampleEvent(catalogue, type, { id: counter(), now, api });
      expect(event).toMatchObject({ eventId: 'id-2', eventType: expect.any(String) as string });
      const resource = asObject(resourceOf(event));
      const id = String(memberOf(resource, 'id'));
      if (resource === undefined) {
        lists.push(`${api} ${type}`);
        continue;
      }
      if (id !== 'id-1') numbered.add(api);
      expect(orderingKey(event)).toBe(id);
      expect(orderingKey(event, catalogue.payloadKeys(api, type))).toBe(id);
      expect(memberOf(resource, 'href')).toMatch(new RegExp(`^/.+/${id}$`));
    }
  }
  expect(lists).toEqual(['TMF637 ProductBatchEvent']);
  // Their alarms have numbers as ids.
  expect([...numbered]).toEqual(['TMF642', 'TMF908']);
});

test('what the schema of a specification requires is there', () => {
  const options = { id: counter(), now };
  expect(sampleEvent(catalogue, 'ProductBatchEvent', options)).toMatchObject({
    event: { product: [{ id: 'id-1', '@type': 'Product' }] },
  });
  expect(sampleEvent(catalogue, 'AppointmentCreateEvent', options)).toMatchObject({
    event: { appointment: { '@type': 'Appointment', validFor: {} } },
  });
});

test('where a specification has numbers as ids they differ as the identifiers do', () => {
  const ids = Array.from({ length: 100 }, (_, n) => {
    const event = sampleEvent(catalogue, 'AlarmCreateEvent', { id: () => `id-${n}`, now });
    return memberOf(resourceOf(event), 'id');
  });
  expect(ids.every((id) => Number.isSafeInteger(id))).toBe(true);
  expect(new Set(ids).size).toBe(100);
});
