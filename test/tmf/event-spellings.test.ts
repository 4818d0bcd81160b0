import { catalogueRows } from '../../src/tmf/catalogue.data.ts';
import { canonicalEventType, lowerFirst, spellingsOf } from '../../src/tmf/event-names.ts';

const types = [
  ...new Set(catalogueRows.flatMap(([, , , , events]) => events.map(([type]) => type))),
].toSorted();

describe('HUB-CONTRACT 5: how producers spell an event type', () => {
  test.each([
    ['ProductOrderCreateEvent', 'productOrderCreateEvent'],
    ['ProductOrderCreateEvent', 'ProductOrderCreationNotification'],
    ['ProductOrderCreateEvent', 'productOrderCreationNotification'],
    ['ProductOrderCreateEvent', 'ProductOrderCreateNotification'],
    ['ProductOrderCreateEvent', 'ProductOrderCreationEvent'],
    ['ProductOrderCreateEvent', 'ProductOrderCreate'],
    ['ProductOrderCreationNotification', 'ProductOrderCreateEvent'],
    ['ProductOrderDeleteEvent', 'ProductOrderRemoveNotification'],
    ['ProductOrderRemoveNotification', 'productOrderDeleteEvent'],
    ['ProductOrderStateChangeEvent', 'ProductOrderStateChangeNotification'],
    ['ProductOrderStateChangeEvent', 'ProductOrderStatusChangeEvent'],
    ['IncidentStatusChangeEvent', 'incidentStateChangeNotification'],
    ['ProductOrderAttributeValueChangeEvent', 'ProductOrderAttributeValueChangeNotification'],
  ])('%s may be spelled %s', (specified, spelling) => {
    expect(spellingsOf(specified)).toContain(spelling);
  });

  test.each([
    ['ProductOrderCreateEvent', 'ServiceOrderCreateEvent'],
    ['ProductOrderCreateEvent', 'ProductOrderDeleteEvent'],
    ['ProductOrderStateChangeEvent', 'ProductOrderChangeEvent'],
  ])('%s never %s', (specified, spelling) => {
    expect(spellingsOf(specified)).not.toContain(spelling);
  });

  test('a suffix alone is a name, not nothing', () => {
    expect(spellingsOf('Event')).toEqual(expect.arrayContaining(['Event', 'event']));
    expect(spellingsOf('Event')).not.toContain('');
  });
});

describe.each([
  ['of the specification', (type: string) => type],
  ['with a small first letter', lowerFirst],
  ['as a Notification', (type: string) => type.replace(/Event$/, 'Notification')],
  ['as a small Notification', (type: string) => lowerFirst(type.replace(/Event$/, 'Notification'))],
  ['as a CreationNotification', (type: string) => type.replace(/CreateEvent$/, 'CreationNotification')],
  ['as a RemoveNotification', (type: string) => type.replace(/DeleteEvent$/, 'RemoveNotification')],
  ['as a StatusChange', (type: string) => type.replace(/StateChange/, 'StatusChange')],
  ['as a StateChange', (type: string) => type.replace(/StatusChange/, 'StateChange')],
])('the spelling %s', (_dialect, spelled) => {
  test('is one of those of every type of the catalogue', () => {
    const missing = types.filter(
      (type) =>
        canonicalEventType(spelled(type)) === canonicalEventType(type) &&
        !spellingsOf(type).includes(spelled(type)),
    );
    expect(missing).toEqual([]);
    expect(types.length).toBeGreaterThan(900);
  });
});

test('all spellings of a type mean that type, each is there once, and none is more than one word', () => {
  for (const type of types) {
    const spellings = spellingsOf(type);
    expect(new Set(spellings.map(canonicalEventType))).toEqual(new Set([canonicalEventType(type)]));
    expect(new Set(spellings).size).toBe(spellings.length);
    for (const spelling of spellings) expect(spelling).toMatch(/^\w+$/);
  }
});
