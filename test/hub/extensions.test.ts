/** The members of `POST /hub` that strict TMF clients do not know (HUB-CONTRACT 6). */
import request from 'supertest';
import { ORDERS_V4, ORDERS_V5, startParts } from './gateway-parts.ts';
import type { Parts } from './gateway-parts.ts';
import { builtInProfiles, createProfiles } from '../../src/tmf/profiles.ts';
import { MemoryRegistry } from '../support/memory-registry.ts';

const CALLBACK = 'http://billing.example/listener';
const SECRET = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
const ALL = {
  profile: 'fiware',
  headers: { 'X-Api-Key': 'k-e-y', Authorization: 'Bearer t-o-k-e-n' },
  secret: SECRET,
  ordering: 'none',
  retry: { delays: ['500ms', '1h'], rejectStatuses: [422] },
};

const post = (parts: Parts, members: object, base = ORDERS_V4) =>
  request(parts.app)
    .post(`${base}/hub`)
    .send({ callback: CALLBACK, ...members });

test.each([ORDERS_V4, ORDERS_V5, ''])(
  'at %s all are kept; what may be secret is never shown again',
  async (base) => {
    const parts = await startParts();
    const made = await post(parts, ALL, base);
    expect(made.status).toBe(201);
    const { id } = made.body as { id: string };
    const shown = { profile: ALL.profile, ordering: 'none', retry: ALL.retry };
    expect(made.body).toMatchObject(shown);
    expect(parts.registry.rows()[0]).toMatchObject({
      extensions: {
        ...{ profile: 'fiware', secret: SECRET, retry: ALL.retry },
        headers: { 'x-api-key': 'k-e-y', authorization: 'Bearer t-o-k-e-n' },
      },
    });
    const answers = [
      made,
      await request(parts.app).get(`${base}/hub/${id}`),
      await request(parts.app).get(`${base}/hub`),
    ];
    for (const { text } of answers)
      for (const secret of ['k-e-y', 't-o-k-e-n', SECRET]) expect(text).not.toContain(secret);
    expect((answers[1] as { body: object }).body).toMatchObject(shown);
  },
);

test('what is absent or null was not asked for, and is not shown', async () => {
  const parts = await startParts();
  const made = await post(parts, { profile: null, headers: null, secret: null, retry: null, auth: null });
  expect(made.body).toEqual({ id: expect.any(String) as string, callback: CALLBACK, query: '' });
  expect(parts.registry.rows()[0]).not.toHaveProperty('extensions');
});

test.each([
  [{ profile: 'tfm' }, /no profile "tfm"; there are tmf, strict-v4/],
  [{ secret: 'topsecret' }, /"secret" must be "whsec_"/],
  [{ headers: { 'a b': 'c' } }, /"a b" is not the name of a header/],
  [{ headers: { 'Content-Type': 'text/xml' } }, /"content-type" is set by the gateway/],
  [{ headers: { 'Webhook-Id': '1' } }, /"webhook-id" is set by the gateway/],
  [{ headers: { 'X-Tmf-Hub-Attempt': '1' } }, /set by the gateway/],
  [{ headers: { Host: 'metadata' } }, /"host" is set by the gateway/],
  [{ headers: { a: 'b\r\nc: d' } }, /value of "a" must be/],
  [{ headers: { a: 'x', A: 'y' } }, /upper and lower case/],
  [{ headers: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`x-${i}`, 'y'])) }, /at most 32/],
  [{ retry: { delays: ['soon'] } }, /"retry.delays" must be/],
  [{ retry: { delays: ['25d'] } }, /"retry.delays" must be/],
  [{ retry: { rejectStatuses: [410] } }, /"retry.rejectStatuses" must be/],
  [{ retry: { rejectStatuses: [200] } }, /"retry.rejectStatuses" must be/],
])('refused with 400: %j', async (members, message) => {
  const parts = await startParts();
  const answer = await post(parts, members);
  expect(answer.status).toBe(400);
  expect((answer.body as { message: string }).message).toMatch(message);
  expect(answer.text).not.toContain('topsecret');
  expect(parts.registry.rows()).toHaveLength(0);
});

test('auth is not there yet: 501, rather than events without it', async () => {
  const parts = await startParts();
  expect((await post(parts, { auth: { type: 'basic' } })).status).toBe(501);
});

test.each([
  ['profile', { profile: 'strict-v4' }],
  ['headers', { headers: { 'x-api-key': 'other' } }],
  ['secret', { secret: `whsec_${Buffer.alloc(32, 8).toString('base64')}` }],
  ['retry', { retry: { delays: ['1s'] } }],
])('the same registration with another %s is refused, not ignored', async (name, other) => {
  const parts = await startParts();
  await post(parts, { secret: SECRET });
  const answer = await post(parts, { secret: SECRET, ...other });
  expect(answer.status).toBe(409);
  expect((answer.body as { message: string }).message).toContain(`"${name}"`);
});

test('the same registration again, with the members in another order, is the same', async () => {
  const parts = await startParts();
  const { profile: _, ...members } = ALL;
  const first = await post(parts, members);
  const headers = { authorization: 'Bearer t-o-k-e-n', 'x-api-key': 'k-e-y' };
  const again = await post(parts, { ...members, headers });
  expect(again.status).toBe(201);
  expect(again.body).toEqual(first.body);
});

test('one whose profile the configuration has no more is held, and its brokers keep for it only what it asked for', async () => {
  const registry = new MemoryRegistry();
  const carrier = { ...builtInProfiles[0]!, name: 'carrier' };
  const before = await startParts({ registry, profiles: createProfiles([carrier]) });
  const query = 'eventType=ProductOrderCreateEvent';
  const { id } = (await post(before, { profile: 'carrier', query })).body as { id: string };

  const parts = await startParts({ registry });
  const held = { state: 'suspended', stateReason: 'its profile carrier is not configured any more' };
  expect(registry.rows()).toMatchObject([held]);
  expect(parts.feeds.attached.get(id)).toMatchObject(held);
  expect([...(parts.feeds.queries.get(id)?.eventTypes ?? [])]).toEqual(['productordercreate']);

  await parts.registrations.setState(id, 'active', null);
  expect(parts.feeds.attached.get(id)).toMatchObject(held);
  const shown = await request(parts.app).get(`${ORDERS_V4}/hub/${id}`);
  expect(shown.body).toMatchObject({ profile: 'carrier', query });

  const after = await startParts({ registry, profiles: createProfiles([carrier]) });
  await after.registrations.setState(id, 'active', null);
  expect(after.feeds.attached.get(id)).toMatchObject({ state: 'active' });
});
