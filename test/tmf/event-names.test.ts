import { catalogueRows } from '../../src/tmf/catalogue.data.ts';
import { canonicalEventType, looksLikeEventType, lowerFirst } from '../../src/tmf/event-names.ts';

describe('HUB-CONTRACT 5: dialects of event types', () => {
  test.each([
    ['ProductOrderCreateEvent', 'productOrderCreateEvent'],
    ['ProductOrderCreateEvent', 'ProductOrderCreationNotification'],
    ['ProductOrderCreateEvent', 'ProductOrderCreateNotification'],
    ['ProductOrderCreateEvent', 'productordercreateevent'],
    ['ProductOrderDeleteEvent', 'ProductOrderRemoveNotification'],
    ['ProductOrderStateChangeEvent', 'ProductOrderStateChangeNotification'],
    ['ProductOrderStateChangeEvent', 'ProductOrderStatusChangeEvent'],
    ['ServiceOrderCreateEvent', 'io.x.ServiceOrderCreateNotification'],
    ['AttributeValueChangeEvent', 'AttributeValueChangeNotification'],
  ])('%s = %s', (one, other) => {
    expect(canonicalEventType(other)).toBe(canonicalEventType(one));
  });

  test.each([
    ['ProductOrderCreateEvent', 'ProductOrderDeleteEvent'],
    ['ProductOrderCreateEvent', 'ServiceOrderCreateEvent'],
    ['ProductOrderStateChangeEvent', 'ProductOrderAttributeValueChangeEvent'],
    ['ServiceCatalogChangeEvent', 'ServiceCatalogStateChangeEvent'],
    ['TestCaseExecutionStateChangeEvent', 'TestCaseStateChangeEvent'],
  ])('%s is not %s', (one, other) => {
    expect(canonicalEventType(other)).not.toBe(canonicalEventType(one));
  });

  test('a suffix alone is a name, not nothing', () => {
    expect(canonicalEventType('Event')).toBe('event');
    expect(canonicalEventType('Notification')).not.toBe(canonicalEventType('Event'));
  });

  test('answers the same before and after the cache was flooded', () => {
    const before = canonicalEventType('ProductOrderCreationNotification');
    for (let i = 0; i < 20_000; i += 1) expect(canonicalEventType(`X${i}Event`)).toBe(`x${i}`);
    expect(canonicalEventType('ProductOrderCreationNotification')).toBe(before);
    expect(canonicalEventType(`${'a'.repeat(100_000)}Event`)).toHaveLength(100_000);
  });

  test('no two types of one API version are merged, but for one the contract itself merges', () => {
    const merged = catalogueRows.flatMap(([api, , version, , events]) => {
      const types = new Map<string, string[]>();
      for (const [type] of events) {
        const canonical = canonicalEventType(type);
        types.set(canonical, [...(types.get(canonical) ?? []), type]);
      }
      return [...types.values()]
        .filter((names) => names.length > 1)
        .map((names) => `${api} ${version}: ${names.join(' = ')}`);
    });
    expect(merged).toEqual(['TMF724 4.0.0: IncidentStatusChangeEvent = IncidentStateChangeEvent']);
  });

  test('over the versions of an API only Event and Notification spellings fall together', () => {
    const names = new Map<string, Set<string>>();
    for (const [api, , , , events] of catalogueRows) {
      for (const [type] of events) {
        const key = `${api} ${canonicalEventType(type)}`;
        names.set(key, (names.get(key) ?? new Set()).add(type.replace(/(Event|Notification)$/, '')));
      }
    }
    const merged = [...names.values()]
      .filter((stems) => stems.size > 1)
      .map((stems) => [...stems].join(' = '));
    expect(merged).toEqual(['IncidentStatusChange = IncidentStateChange']);
  });
});

test('words that look like event types', () => {
  expect(looksLikeEventType('CatalogStateChangeEvent')).toBe(true);
  expect(looksLikeEventType('vendorThingHappenedNotification')).toBe(true);
  expect(looksLikeEventType('data')).toBe(false);
  expect(looksLikeEventType('Event')).toBe(false);
});

test('listener names begin small', () => {
  expect(lowerFirst('ProductOrderCreateEvent')).toBe('productOrderCreateEvent');
  expect(lowerFirst('')).toBe('');
});
