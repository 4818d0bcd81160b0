import { letsIn, routingKeysOf } from '../../src/brokers/rabbitmq/queues/routing-keys.ts';
import { createCatalogue } from '../../src/tmf/catalogue.ts';
import { catalogueRows } from '../../src/tmf/catalogue.data.ts';
import { canonicalEventType } from '../../src/tmf/event-names.ts';

const catalogue = createCatalogue(catalogueRows);
const { bound: keysOf, published } = routingKeysOf(catalogue);

const canonical = (...types: string[]): ReadonlySet<string> => new Set(types.map(canonicalEventType));

/** What a topic exchange does: `*` is one word, `#` any number of them. */
function lets(bindings: readonly string[], routingKey: string): boolean {
  const words = routingKey.split('.');
  const fits = (pattern: readonly string[], at: number): boolean => {
    const [first, ...rest] = pattern;
    if (first === undefined) return at === words.length;
    if (first === '#')
      return words.slice(at).some((_, skip) => fits(rest, at + skip)) || fits(rest, words.length);
    return at < words.length && (first === '*' || first === words[at]) && fits(rest, at + 1);
  };
  return bindings.some((binding) => fits(binding.split('.'), 0));
}

describe('RULES 20: what is bound for an event type', () => {
  test.each([
    ['ProductOrderCreateEvent', 'ProductOrderCreateEvent'],
    ['ProductOrderCreateEvent', 'productOrderCreateEvent'],
    ['ProductOrderCreateEvent', 'ProductOrderCreationNotification'],
    ['ProductOrderCreateEvent', 'ProductOrderCreateNotification'],
    ['ProductOrderDeleteEvent', 'ProductOrderRemoveNotification'],
    ['ProductOrderStateChangeEvent', 'ProductOrderStateChangeNotification'],
    ['ProductOrderStateChangeEvent', 'ProductOrderStatusChangeEvent'],
    ['ServiceOrderCreateEvent', 'io.x.ServiceOrderCreateNotification'],
    ['ServiceOrderCreateEvent', 'tmf641.v4.serviceOrderCreateEvent'],
  ])('%s lets %s in', (type, routingKey) => {
    expect(lets(keysOf(canonical(type)), routingKey)).toBe(true);
  });

  test.each([
    ['ProductOrderCreateEvent', 'ProductOrderDeleteEvent'],
    ['ProductOrderCreateEvent', 'ServiceOrderCreateEvent'],
    ['ProductOrderCreateEvent', 'ProductOrderCreateEvent.eu'],
    ['ProductOrderCreateEvent', 'XProductOrderCreateEvent'],
    ['ProductOrderCreateEvent', ''],
  ])('%s keeps %p out', (type, routingKey) => {
    expect(lets(keysOf(canonical(type)), routingKey)).toBe(false);
  });

  test('every type of the catalogue, as any of its APIs spells it', () => {
    const shut = catalogueRows.flatMap(([api, , version, , events]) =>
      events
        .filter(([type]) => !lets(keysOf(canonical(type)), type))
        .map(([type]) => `${api} ${version} ${type}`),
    );
    expect(shut).toEqual([]);
  });

  test('of several types, each; and no key twice', () => {
    const keys = keysOf(
      canonical('ProductOrderCreateEvent', 'ProductOrderCreationNotification', 'QuoteDeleteEvent'),
    );
    expect(lets(keys, 'ProductOrderCreateEvent') && lets(keys, 'quoteRemoveNotification')).toBe(true);
    expect(lets(keys, 'QuoteCreateEvent')).toBe(false);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('the spelling of an API in the configuration, beside that of the catalogue', () => {
    const own = {
      ...{ api: 'TMF622', version: '9.0.0', basePath: '/own/ordering/v9' },
      eventTypes: ['ProductorderCreateEvent', 'VendorThingHappenedEvent'],
    };
    const { bound: keys } = routingKeysOf(createCatalogue(catalogueRows, [own]));
    const ordering = keys(canonical('ProductOrderCreateEvent'));
    expect(lets(ordering, 'ProductorderCreateEvent') && lets(ordering, 'ProductOrderCreateEvent')).toBe(true);
    expect(lets(keys(canonical('VendorThingHappenedEvent')), 'vendorThingHappenedNotification')).toBe(true);
    expect(keys(canonical('VendorThingHappenedEvent'))).not.toContain('#');
  });
});

describe('RULES 20: where routing keys cannot be listed everything is let in', () => {
  test('when all types are wanted', () => {
    expect(keysOf(null)).toEqual(['#']);
  });

  test.each([[['vendorThing']], [['productordercreate', 'vendorThing']], [['']]])(
    'when a type is not known: %p',
    (types) => {
      expect(keysOf(new Set(types))).toEqual(['#']);
    },
  );

  test('and nothing, where nothing is wanted', () => {
    expect(keysOf(new Set())).toEqual([]);
  });
});

test('the same query gets the same keys in the same order: bindings are compared as they are kept', () => {
  const types = canonical('ProductOrderCreateEvent', 'QuoteDeleteEvent');
  expect(routingKeysOf(createCatalogue(catalogueRows)).bound(types)).toEqual(keysOf(types));
});

describe('RULES 20: the key that an event is published with', () => {
  test.each(['productordercreateevent', 'PRODUCTORDERCREATEEVENT', 'productOrderCreationNotification'])(
    'of %s is let in where its type is wanted',
    (said) => {
      expect(lets(keysOf(canonical('ProductOrderCreateEvent')), published(said))).toBe(true);
    },
  );

  test('of any type of the catalogue is let in where it is wanted, in whatever case it is said', () => {
    const types = catalogueRows.flatMap(([, , , , events]) => events.map(([type]) => type));
    const said = types.flatMap((type) => [type, type.toLowerCase(), type.toUpperCase()]);
    expect(said.filter((type) => !lets(keysOf(canonical(type)), published(type)))).toEqual([]);
    expect(said.length).toBeGreaterThan(1_000);
  });

  test('of a type of its own is the type, if a key can be so long', () => {
    expect(published('acme.WeatherEvent')).toBe('acme.WeatherEvent');
    expect(published('é'.repeat(128))).toBe('');
  });
});

test.each([
  'SiteVisitedEvent',
  'a.b.Strange',
  'any text',
  'é'.repeat(128),
  'AlarmCreateEvent',
  'alarmCreationNotification',
])(
  'an event of type %s, which a topic takes, is let in where the hub of the topic wants that type or all',
  (type) => {
    for (const wanted of [canonical(type), canonical(type, 'AlarmDeleteEvent'), null])
      expect(lets(keysOf(wanted), published(type)) && letsIn(keysOf(wanted), published(type))).toBe(true);
  },
);

test('what bindings let in is told as the exchange decides it', () => {
  const bindings = [
    ['#'],
    keysOf(canonical('ProductOrderCreateEvent')),
    keysOf(canonical('QuoteDeleteEvent')),
  ];
  const keys = ['ProductOrderCreateEvent', 'io.x.productOrderCreateNotification', 'QuoteRemoveEvent', ''];
  for (const bound of bindings)
    for (const key of [...keys, 'ProductOrderCreateEvent.eu', 'orders.created'])
      expect([bound.length, key, letsIn(bound, key)]).toEqual([bound.length, key, lets(bound, key)]);
});
