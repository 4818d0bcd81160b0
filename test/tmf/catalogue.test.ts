import { createCatalogue } from '../../src/tmf/catalogue.ts';
import { catalogueRows } from '../../src/tmf/catalogue.data.ts';
import { defaultTopics, domainOf } from '../../src/tmf/domains.ts';
import { canonicalEventType, lowerFirst } from '../../src/tmf/event-names.ts';

const catalogue = createCatalogue(catalogueRows);

describe('the facts of the specifications', () => {
  test('207 API versions of 100 APIs with 1,389 event types', () => {
    expect(catalogue.apis).toHaveLength(207);
    expect(new Set(catalogue.apis.map((api) => api.apiId)).size).toBe(100);
    expect(catalogue.apis.reduce((sum, api) => sum + api.events.length, 0)).toBe(1389);
    expect(catalogue.apis.filter((api) => api.events.length === 0)).toHaveLength(57);
  });

  test('every event has a type, a kind, a listener and a member for its resource', () => {
    for (const event of catalogue.apis.flatMap((api) => api.events)) {
      expect(event.type).toMatch(/^[A-Z]\w+(Event|Notification)$/);
      expect(event.kind).toMatch(/^[A-Z]\w+$/);
      expect(event.listener).toMatch(/^[a-z]\w+(Event|Notification)$/);
      expect(event.payloadKeys.length).toBeGreaterThan(0);
      expect(event.payloadKeys).not.toContain('');
    }
  });

  test('59 event types stand in more than one API', () => {
    const owners = new Map<string, Set<string>>();
    for (const api of catalogue.apis) {
      for (const { type } of api.events) owners.set(type, (owners.get(type) ?? new Set()).add(api.apiId));
    }
    const shared = [...owners].filter(([, apis]) => apis.size > 1);
    expect(shared).toHaveLength(59);
    for (const [type, apis] of shared) {
      expect(catalogue.apisOfType(type)).toEqual(expect.arrayContaining([...apis]));
    }
    expect(catalogue.apisOfType('serviceCreateNotification')).toEqual(['TMF638', 'TMF640', 'TMF909']);
  });
});

describe('HUB-CONTRACT 1: where hubs live', () => {
  test('below topics in TMF688 and TMF915, wherever they are served, and in no API of the configuration', () => {
    const withTopics = (from: typeof catalogue) =>
      from.hubs.filter(({ hasTopics }) => hasTopics).map(({ api, basePath }) => `${api} ${basePath}`);
    expect(withTopics(catalogue)).toEqual(['TMF688 /tmf-api/event/v4', 'TMF915 /tmf-api/AiM/v4']);
    const configured = createCatalogue(catalogueRows, [
      { api: 'TMF688', version: '4.0.0', basePath: '/moved/event/v4' },
      { api: 'TMF688', version: '9.0.0', basePath: '/own/event/v9' },
    ]);
    expect(withTopics(configured)).toEqual(['TMF688 /moved/event/v4', 'TMF915 /tmf-api/AiM/v4']);
  });

  test('every base path is absolute, has no trailing slash and one API', () => {
    expect(catalogue.hubs).toHaveLength(182);
    for (const hub of catalogue.hubs) {
      expect(hub.basePath).toMatch(/^(\/[A-Za-z0-9.-]+)+$/);
      expect(catalogue.hubAt(hub.basePath)).toBe(hub);
    }
  });

  test.each([
    ['TMF622', '5.0.0', '/tmf-api/productOrderingManagement/v5'],
    ['TMF649', '4.0.0', '/tmf-api/performanceThresholding/v4'],
    ['TMF658', '5.0.0', '/tmf-api/loyalty/v5'],
    ['TMF711', '4.0.0', '/tmf-api/shipmentManagement/v4'],
    ['TMF735', '5.0.0', '/tmf-api/cdrTransactionManagement/v5'],
    ['TMF760', '5.0.0', '/tmf-api/productConfiguration/v5'],
  ])('%s %s names no base path: %s', (api, version, basePath) => {
    expect(catalogue.apis.find((one) => one.apiId === api && one.version === version)?.basePath).toBe(
      basePath,
    );
  });

  test('minor versions that share a path share a hub with the union of their types and the newest shape', () => {
    const hub = catalogue.hubAt('/tmf-api/serviceOrdering/v4');
    expect(hub).toMatchObject({ api: 'TMF641', major: 4, versions: ['4.0.0', '4.1.0'] });
    expect(hub?.eventTypes).toContain('ServiceOrderCreateEvent');
    expect(hub?.eventTypes).toContain('ServiceOrderMilestoneEvent');
    expect(catalogue.hubAt('/tmf-api/customerManagement/v3')).toMatchObject({ major: 3 });
  });

  test('a query may name the event types of all versions of the API', () => {
    const hub = catalogue.hubAt('/tmf-api/serviceOrdering/v3');
    expect(hub?.eventTypes).not.toContain('ServiceOrderMilestoneEvent');
    expect(hub?.knownEventTypes?.get(canonicalEventType('ServiceOrderMilestoneEvent'))).toBe(
      'ServiceOrderMilestoneEvent',
    );
    expect(hub?.knownEventTypes?.has(canonicalEventType('ProductOrderCreateEvent'))).toBe(false);
  });

  test('where the catalogue has no event types any is accepted', () => {
    expect(catalogue.hubAt('/tmf-api/communicationManagement/v4')?.knownEventTypes).toBeNull();
    const open = new Set(
      catalogue.hubs.filter((hub) => hub.knownEventTypes === null).flatMap((hub) => hub.api),
    );
    expect(open).toContain('TMF910');
  });

  test('an unknown path has no hub', () => {
    expect(catalogue.hubAt('/tmf-api/nothing/v4')).toBeUndefined();
    expect(catalogue.hubAt('constructor')).toBeUndefined();
  });
});

describe('questions to an API', () => {
  test('its event types, each once, whatever the version spells', () => {
    const types = catalogue.eventTypesOf('TMF638');
    expect(types).toContain('ServiceCreateEvent');
    expect(types).not.toContain('ServiceCreateNotification');
    expect(new Set(types.map(canonicalEventType)).size).toBe(types.length);
    expect(catalogue.eventTypesOf('TMF000')).toEqual([]);
  });

  test('payload keys over versions and dialects', () => {
    expect(catalogue.payloadKeys('TMF622', 'io.x.productOrderCreationNotification')).toEqual([
      'productOrder',
    ]);
    expect(catalogue.payloadKeys('TMF622', 'CancelProductOrderStateChangeEvent')).toContain(
      'cancelProductOrder',
    );
    expect(catalogue.payloadKeys('TMF622', 'NoSuchEvent')).toEqual([]);
    expect(catalogue.payloadKeys('TMF000', 'ProductOrderCreateEvent')).toEqual([]);
  });

  test('an event by its type or by the name in a listener path', () => {
    expect(catalogue.eventOf('TMF622', 'productOrderCreateEvent')?.type).toBe('ProductOrderCreateEvent');
    expect(catalogue.eventOf('TMF637', 'productProductBatchEvent')?.type).toBe('ProductBatchEvent');
    expect(catalogue.eventOf('TMF936', 'productOfferingCreateEvent')?.type).toBe(
      'OpenGatewayProductOfferingCreateEvent',
    );
    for (const type of ['IncidentStateChangeEvent', 'IncidentStatusChangeEvent'])
      expect(catalogue.eventOf('TMF724', lowerFirst(type))?.type).toBe(type);
    expect(catalogue.eventOf('TMF622', 'serviceOrderCreateEvent')).toBeUndefined();
  });
});

describe('adding an API is a data entry', () => {
  test('a new API with its own event types', () => {
    const extended = createCatalogue(catalogueRows, [
      { api: 'ACME1', version: '2.0.0', basePath: 'acme/orders/v2/', eventTypes: ['AcmeOrderLostEvent'] },
    ]);
    expect(extended.hubAt('/acme/orders/v2')).toMatchObject({ api: 'ACME1', major: 2, title: 'ACME1' });
    expect(extended.apisOfType('acmeOrderLostNotification')).toEqual(['ACME1']);
    expect(extended.eventOf('ACME1', 'acmeOrderLostEvent')?.type).toBe('AcmeOrderLostEvent');
    expect(extended.hubs).toHaveLength(catalogue.hubs.length + 1);
  });

  test('a new version of a known API has the event types of the newest', () => {
    const extended = createCatalogue(catalogueRows, [
      { api: 'TMF622', version: '6.0.0', basePath: '/tmf-api/productOrderingManagement/v6' },
    ]);
    expect(extended.hubAt('/tmf-api/productOrderingManagement/v6')?.eventTypes).toContain(
      'ProductOrderMilestoneEvent',
    );
  });

  test.each(['4', '4.0.0'])(
    'version %s of a known API moves, and may get event types of a vendor',
    (version) => {
      const moved = createCatalogue(catalogueRows, [
        { api: 'TMF622', version, basePath: '/orders/v4', eventTypes: ['ProductOrderAuditedEvent'] },
      ]);
      expect(moved.hubAt('/tmf-api/productOrderingManagement/v4')).toBeUndefined();
      expect(moved.hubAt('/orders/v4')?.eventTypes).toEqual(
        expect.arrayContaining(['ProductOrderCreateEvent', 'ProductOrderAuditedEvent']),
      );
      expect(moved.hubs).toHaveLength(catalogue.hubs.length);
      expect(
        moved.hubAt('/tmf-api/productOrderingManagement/v5')?.knownEventTypes?.has('productorderaudited'),
      ).toBe(true);
    },
  );

  test('two APIs cannot have one base path', () => {
    expect(() =>
      createCatalogue(catalogueRows, [
        { api: 'ACME1', version: '4', basePath: '/tmf-api/productOrderingManagement/v4' },
      ]),
    ).toThrow(/ACME1.*TMF622|TMF622.*ACME1/);
  });

  test('the generated rows are not changed by it', () => {
    expect(createCatalogue(catalogueRows).hubs).toEqual(catalogue.hubs);
  });
});

describe('domains and their topics', () => {
  test.each([
    ['TMF620', 'bss.catalog.events'],
    ['TMF622', 'bss.ordering.events'],
    ['TMF632', 'bss.party.events'],
    ['TMF678', 'bss.billing.events'],
    ['TMF641', 'oss.service.events'],
    ['TMF652', 'oss.resource.events'],
    ['TMF642', 'oss.assurance.events'],
    ['TMF688', 'tmf.events'],
    ['ACME1', 'tmf.events'],
  ])('%s -> %s', (api, topic) => {
    expect(defaultTopics[domainOf(api)]).toBe(topic);
  });

  test('most APIs have a domain of their own', () => {
    const others = new Set(catalogue.apis.map((api) => api.apiId).filter((api) => domainOf(api) === 'other'));
    expect([...others]).toEqual([
      'TMF667',
      'TMF673',
      'TMF674',
      'TMF675',
      'TMF688',
      'TMF701',
      'TMF910',
      'TMF915',
    ]);
  });
});
