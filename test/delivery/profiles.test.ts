import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Delivery } from '../../src/brokers/broker.ts';
import { requestOf, targetOf } from '../../src/delivery/attempt.ts';
import { Dialects } from '../../src/delivery/dialect.ts';
import type { HubScope } from '../../src/registry/store.ts';
import { createCatalogue } from '../../src/tmf/catalogue.ts';
import { catalogueRows } from '../../src/tmf/catalogue.data.ts';
import type { TmfEvent } from '../../src/tmf/event.ts';
import { builtInProfiles, createProfiles } from '../../src/tmf/profiles.ts';
import type { Profile } from '../../src/tmf/profiles.ts';
import { subscription } from '../support/sim-gateway.ts';

/** What a listener with a profile is sent for an event; see the files in `profiles/`. */
interface Golden {
  readonly why: string;
  readonly hub: HubScope;
  readonly callback: string;
  readonly eventType: string;
  readonly event: string;
  readonly listenerBase?: string;
  readonly sent: { readonly url: string; readonly contentType: string; readonly body: string };
}

const folder = path.join(import.meta.dirname, 'profiles');
const catalogue = createCatalogue(catalogueRows);
const dialects = new Dialects(catalogue);

function eventOf(text: string, type: string, api: string | null): TmfEvent {
  return {
    ...{ id: 'e-1', type, apis: api === null ? ['TMF622'] : [api], orderingKey: '4711', time: 0 },
    ...{ correlationId: undefined, traceparent: undefined, topic: undefined, bytes: Buffer.from(text) },
  };
}

function sentBy(profile: Profile, { hub, callback, eventType, event }: Omit<Golden, 'why' | 'sent'>) {
  const target = targetOf(subscription('s', { scope: hub, callback }), dialects.of(profile, hub, undefined));
  const delivery = { event: eventOf(event, eventType, hub.api), attempts: 0, replay: false } as Delivery;
  const { url, headers, body } = requestOf(delivery, target, 0);
  return { url, contentType: headers['content-type'], body: Buffer.from(body).toString() };
}

const goldens = readdirSync(folder).flatMap((file) => {
  const name = path.basename(file, '.json');
  return (JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Golden[]).map((golden) => ({
    ...golden,
    name,
  }));
});

test.each(goldens)('HUB-CONTRACT 6: $name: $why', ({ name, sent, ...golden }) => {
  const { listenerBase, hub } = golden;
  const profiles = createProfiles([], name, [
    { basePath: hub.basePath, ...(listenerBase !== undefined && { listenerBase }) },
  ]);
  expect(sentBy(profiles.of(hub.basePath, undefined) as Profile, golden)).toEqual(sent);
});

test('every built-in profile has fixtures, and every fixture a profile', () => {
  expect([...new Set(goldens.map(({ name }) => name))].toSorted()).toEqual(
    builtInProfiles.map(({ name }) => name).toSorted(),
  );
});

test('a profile of the configuration is data: nothing is known of it but what it says', () => {
  const carrier: Profile = {
    ...{ name: 'carrier', callback: 'append', listenerBase: '/hooks/{resource}', eventNames: 'notification' },
    ...{ envelope: 'v5', without: ['domain'] },
  };
  const profiles = createProfiles([carrier], 'tmf', [{ basePath: '/orders', profile: 'carrier' }]);
  const hub = { basePath: '/orders', api: 'TMF622', major: 4 };
  const event = '{"eventType":"ProductOrderCreateEvent","domain":"x","event":{}}';
  expect(
    sentBy(profiles.of('/orders', undefined) as Profile, {
      ...{ hub, callback: 'http://l/', eventType: 'ProductOrderCreateEvent', event },
    }),
  ).toEqual({
    url: 'http://l/hooks/productOrder/listener/productOrderCreationNotification',
    contentType: 'application/json',
    body: '{"eventType":"ProductOrderCreationNotification","event":{},"@type":"ProductOrderCreationNotification","@baseType":"Event"}',
  });
  const typed =
    '{"@type":"ProductOrderCreate\\u0045vent","@baseType":"Event","eventType":"ProductOrderCreateEvent","event":{"@type":"ProductOrderCreateEvent"}}';
  const renamed = sentBy(profiles.of('/orders', undefined) as Profile, {
    ...{ hub, callback: 'http://l/', eventType: 'ProductOrderCreateEvent', event: typed },
  });
  expect(renamed.body).toBe(
    '{"@type":"ProductOrderCreationNotification","@baseType":"Event","eventType":"ProductOrderCreationNotification","event":{"@type":"ProductOrderCreateEvent"}}',
  );
  expect(profiles.of('/orders', 'fiware')?.name).toBe('fiware');
  expect(profiles.of('', undefined)?.name).toBe('tmf');
  expect(profiles.of('', 'nobody')).toBeUndefined();
});

test('a profile that nothing defines is told with those that there are', () => {
  expect(() => createProfiles([], 'tfm')).toThrow(/"tfm"; there are tmf, strict-v4, oda-canvas/);
  expect(() => createProfiles([], 'tmf', [{ basePath: '/a', profile: 'x' }])).toThrow(/"x"/);
});

test('what is written alike is built once, and what changes nothing is the very same array', () => {
  const scope = { basePath: '/v4', api: 'TMF622', major: 4 };
  const profile = builtInProfiles.find(({ name }) => name === 'fiware') as Profile;
  const one = dialects.of(profile, scope, undefined);
  expect(dialects.of({ ...profile }, { ...scope }, undefined)).toBe(one);
  const plain = eventOf('{"eventType":"ProductOrderCreateEvent"}', 'ProductOrderCreateEvent', 'TMF622');
  expect(one.bytesOf(plain)).toBe(plain.bytes);
  const other = eventOf('{"eventType":"productOrderCreateEvent"}', 'productOrderCreateEvent', 'TMF622');
  expect(one.bytesOf(other)).toBe(one.bytesOf(other));
});

describe('what may stand in a callback or an event type', () => {
  const hub = { basePath: '/v4', api: 'TMF622', major: 4 };
  const appending: Profile = {
    ...{ name: 'appending', callback: 'append', listenerBase: '/{resource}', eventNames: 'as-produced' },
    ...{ envelope: 'v4', without: [] },
  };
  const urlFor = (callback: string, eventType = 'OrderCreateEvent') =>
    sentBy(appending, { hub, callback, eventType, event: '{"event":{}}' }).url;

  test.each([
    ['http://listener/orders', 'http://listener/orders/order/listener/orderCreateEvent'],
    ['http://listener/listener/x', 'http://listener/listener/x'],
    ['http://h/listener/x/?a=b', 'http://h/listener/x/?a=b'],
    ['http://h//listener/x', 'http://h//listener/x'],
    ['http://h/listener', 'http://h/listener/order/listener/orderCreateEvent'],
    ['http://h?a=/listener/x', 'http://h/order/listener/orderCreateEvent?a=/listener/x'],
    ['http://h//', 'http://h//order/listener/orderCreateEvent'],
  ])('%s: only a path that ends in /listener/<something> is left as it is', (callback, url) => {
    expect(urlFor(callback)).toBe(url);
  });

  test('an event type with characters that no URL has goes out all the same', () => {
    expect(urlFor('http://h', 'a/b?c#d CreateEvent')).toBe(
      'http://h/a%2Fb%3Fc%23d%20/listener/a%2Fb%3Fc%23d%20CreateEvent',
    );
    // Half a surrogate pair, which JSON can spell.
    expect(urlFor('http://h', 'x\ud800CreateEvent')).toBe(
      'http://h/x%EF%BF%BD/listener/x%EF%BF%BDCreateEvent',
    );
  });
});

test('`without` means what would be sent, also what the envelope of another version adds or respells', () => {
  const hub = { basePath: '/v5', api: 'TMF622', major: 5 };
  const bare: Profile = {
    ...{ name: 'bare', callback: 'exact', listenerBase: '', eventNames: 'notification', envelope: 'v5' },
    ...{ without: ['@baseType', 'timeOccurred', 'größe'] },
  };
  const event = '{"eventType":"ProductOrderCreateEvent","timeOcurred":"t","größe":1,"event":{"größe":1}}';
  expect(sentBy(bare, { hub, callback: 'http://h', eventType: 'ProductOrderCreateEvent', event }).body).toBe(
    '{"eventType":"ProductOrderCreationNotification","event":{"größe":1},"@type":"ProductOrderCreationNotification"}',
  );
});

test('every event type of the catalogue that is spelled ...Event keeps its name where listeners want that', () => {
  const fiware = builtInProfiles.find(({ name }) => name === 'fiware') as Profile;
  const renamed = catalogue.apis.flatMap(({ apiId, basePath, major, events }) => {
    const hub = { basePath, api: apiId, major };
    return events
      .filter(({ type }) => type.endsWith('Event'))
      .map(({ type }) => {
        const event = JSON.stringify({ eventType: type });
        const { body } = sentBy(fiware, { hub, callback: 'http://h', eventType: type, event });
        return [type, (JSON.parse(body) as { eventType: string }).eventType];
      })
      .filter(([produced, sent]) => produced !== sent);
  });
  expect(renamed).toEqual([]);
});
