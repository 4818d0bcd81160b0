/** What a registration asked for beside the hub resource (HUB-CONTRACT 6) is what its listener gets. */
import { Scene } from './scene.ts';

test('its own retry schedule, while another subscription has that of the gateway', async () => {
  const scene = await Scene.with({ usual: () => 500 });
  await scene.subscribe('impatient', () => 500, { extensions: { retry: { delays: ['200ms'] } } });
  await scene.publish('order-1', 'e1');
  await scene.clock.advance(1_000);
  expect(scene.to('impatient').map(({ at }) => at)).toEqual([0, 201]);
  expect(scene.letters().map(({ subscriptionId, reason }) => [subscriptionId, reason])).toEqual([
    ['impatient', 'exhausted'],
  ]);
  await scene.clock.advance(40_000);
  expect(scene.to('usual')).toHaveLength(4);
});

test('no pauses at all: one attempt', async () => {
  const scene = await Scene.with({});
  await scene.subscribe('once', () => 500, { extensions: { retry: { delays: [] } } });
  await scene.publish('order-1', 'e1');
  await scene.clock.advance(100_000);
  expect(scene.to('once')).toHaveLength(1);
  expect(scene.letters()).toHaveLength(1);
});

test('retries of what others would reject, and rejections of what others would retry', async () => {
  const scene = await Scene.with({});
  await scene.subscribe('patient', ({ time }) => (time < 3 ? 400 : 204), {
    extensions: { retry: { rejectStatuses: [] } },
  });
  await scene.subscribe('strict', () => 404, { extensions: { retry: { rejectStatuses: [404] } } });
  await scene.publish('order-1', 'e1');
  await scene.clock.advance(100_000);
  expect(scene.seen('patient')).toEqual(['e1', 'e1', 'e1']);
  expect(scene.letters()).toMatchObject([{ subscriptionId: 'strict', reason: 'rejected', retryCount: 0 }]);
});

test('its headers, which never stand in for those of the gateway', async () => {
  const scene = await Scene.with({});
  const headers = { 'x-tenant': 'retail', authorization: 'Bearer t', 'webhook-id': 'forged' };
  await scene.subscribe('a', () => 204, { extensions: { headers } });
  await scene.publish('order-1', 'e1');
  await scene.clock.advance(10);
  expect(scene.to('a')[0]?.headers).toMatchObject({
    ...{ 'x-tenant': 'retail', authorization: 'Bearer t', 'webhook-id': 'e1:a' },
  });
});

test('its profile, at each attempt', async () => {
  const scene = await Scene.with({});
  await scene.subscribe('a', ({ time }) => (time === 1 ? 500 : 204), {
    extensions: { profile: 'openslice' },
  });
  await scene.publishRaw(
    '{"eventId":"e1","eventTime":"2026-01-01T00:00:00Z","eventType":"OrderRemoveNotification","@type":"Order","event":{"order":{"id":"1"}}}',
  );
  await scene.clock.advance(2_000);
  const calls = scene.to('a').map(({ url, body }) => [url, body.toString()]);
  const sent =
    '{"eventId":"e1","eventTime":"2026-01-01T00:00:00Z","eventType":"OrderDeleteEvent","event":{"order":{"id":"1"}}}';
  expect(calls).toEqual(Array(2).fill(['http://a.example/listener/orderDeleteEvent', sent]));
});

test('only the members that its query names, while another one gets the whole event', async () => {
  const scene = await Scene.with({ whole: () => 204 });
  await scene.subscribe('some', () => 204, { query: 'fields=state' });
  const event =
    '{"eventId":"e1","eventTime":"2026-01-01T00:00:00Z","eventType":"OrderCreateEvent","domain":"x","event":{"order":{"id":"1","state":"new","big":1.10}}}';
  await scene.publishRaw(event);
  await scene.clock.advance(10);
  expect(scene.to('whole')[0]?.body.toString()).toBe(event);
  expect(scene.to('some')[0]?.body.toString()).toBe(
    '{"eventId":"e1","eventTime":"2026-01-01T00:00:00Z","eventType":"OrderCreateEvent","event":{"order":{"id":"1","state":"new"}}}',
  );
});
