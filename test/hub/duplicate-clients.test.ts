/**
 * What the clients of HUB-CONTRACT 2 do when they register again, under the profile that is made for each, and that no
 * event is sent to them twice because of it.
 */
import request from 'supertest';
import { createProfiles } from '../../src/tmf/profiles.ts';
import { ORDERS_V4, startParts } from './gateway-parts.ts';
import type { Parts } from './gateway-parts.ts';

const atOrders = (profile: string) => ({
  profiles: createProfiles([], 'tmf', [{ basePath: ORDERS_V4, profile }]),
});
const register = (parts: Parts, callback: string, query?: string) =>
  request(parts.app)
    .post(`${ORDERS_V4}/hub`)
    .send({ callback, ...(query !== undefined && { query }) });
const idOf = (answer: { body: unknown }) => (answer.body as { id: string }).id;

test('ODA Canvas identity operator: a repeat after its restart is 2xx', async () => {
  const parts = await startParts(atOrders('oda-canvas'));
  const callback = 'http://idlistkey.canvas/permissionspecificationset/listener';
  const first = await register(parts, callback);
  const again = await register(parts, callback);
  expect([first.status, again.status]).toEqual([201, 201]);
  expect(parts.registry.rows()).toHaveLength(1);
});

test('a TMF conformance kit, run twice, gets 201 both times, to a host that does not exist', async () => {
  const parts = await startParts(atOrders('tmf'));
  const run = () => register(parts, 'http://in.listener.com', 'eventType=ProductOrderCreateEvent');
  expect([(await run()).status, (await run()).status]).toEqual([201, 201]);
  expect(parts.registry.rows()).toHaveLength(1);
});

test('FIWARE contract-management: every 30 seconds for ever makes one subscription', async () => {
  const parts = await startParts(atOrders('fiware'));
  const callback = 'http://contract-management:8080/listener/event';
  const statuses = new Set<number>();
  for (let i = 0; i < 20; i += 1)
    statuses.add((await register(parts, callback, 'eventType=ProductOrderCreateEvent')).status);
  expect([...statuses]).toEqual([201, 409]);
  expect(parts.registry.rows()).toHaveLength(1);
});

test("FIWARE's own integration test: a repeat is 409; another query is none", async () => {
  const parts = await startParts(atOrders('fiware'));
  const callback = 'http://localhost:8080/callback';
  expect((await register(parts, callback, 'eventType=ProductOrderCreateEvent')).status).toBe(201);
  const again = await register(parts, callback, 'eventType=ProductOrderCreateEvent');
  expect(again.status).toBe(409);
  expect((await register(parts, callback, 'eventType=ProductOrderDeleteEvent')).status).toBe(201);
});

test('OpenSlice makes another one; MEF refuses it', async () => {
  const openslice = await startParts(atOrders('openslice'));
  const ids = [await register(openslice, 'http://l'), await register(openslice, 'http://l')].map(idOf);
  expect(new Set(ids).size).toBe(2);
  const mef = await startParts(atOrders('mef-lso'));
  await register(mef, 'http://l');
  expect((await register(mef, 'http://l')).status).toBe(409);
});

test('the profile that a registration asks for decides, not that of its hub', async () => {
  const parts = await startParts(atOrders('openslice'));
  const asking = () =>
    request(parts.app).post(`${ORDERS_V4}/hub`).send({ callback: 'http://l', profile: 'fiware' });
  expect((await asking()).status).toBe(201);
  expect((await asking()).status).toBe(409);
});

test('with a profile that says nothing of repeats, hub.duplicates decides', async () => {
  const parts = await startParts({ ...atOrders('tmf'), duplicates: 'conflict' });
  await register(parts, 'http://l');
  expect((await register(parts, 'http://l')).status).toBe(409);
});
