/** `hub.registration: closed`: subscriptions are those of the configuration. */
import request from 'supertest';
import { ORDERS_V4, ORDERS_V5, startParts } from './gateway-parts.ts';
import { CALLBACK, expectCode, expectError, expectGoesOn, json, type Refused } from './refused.ts';

const TOPICS = '/tmf-api/event/v4/topic';
const IN_THE_CONFIGURATION = /declared in the configuration/;
const GLOBAL = { basePath: '', api: null, major: null };

async function startClosed() {
  const parts = await startParts({ registration: 'closed' });
  const declared = await parts.registrations.declare(GLOBAL, { callback: CALLBACK });
  if (!declared.ok) throw new Error(declared.message);
  return { parts, declared: declared.subscription };
}

test.each(['', ORDERS_V4, ORDERS_V5])('POST %s/hub is 403, and nothing is registered', async (base) => {
  const { parts, declared } = await startClosed();
  const answer = await json(base, parts).send({ '@type': 'Hub', callback: 'http://a.example/other' });
  expectError(answer, 403, IN_THE_CONFIGURATION);
  expectCode(answer, 403, 'forbidden');
  expect((answer.body as Refused)['@type']).toBe(base === ORDERS_V5 ? 'Error' : undefined);
  expect(parts.registrations.all()).toEqual([declared]);
});

test('a body is not even read: one that is none gets the same answer', async () => {
  const { parts } = await startClosed();
  expectError(await json(ORDERS_V4, parts).send('{'), 403, IN_THE_CONFIGURATION);
});

test('DELETE is 403, with a reason: a declared subscription would come back', async () => {
  const { parts, declared } = await startClosed();
  expectError(await request(parts.app).delete(`/hub/${declared.id}`), 403, /come back at its next start/);
  expect(parts.registrations.all()).toEqual([declared]);
});

test('no topics are made, and no hubs below those that there are', async () => {
  const open = await startParts();
  const made = await request(open.app).post(TOPICS).send({ name: 'alarms' });
  const topic = `${TOPICS}/${(made.body as { id: string }).id}`;
  const parts = await startParts({ registry: open.registry, registration: 'closed' });
  expectError(await request(parts.app).post(TOPICS).send({ name: 'more' }), 403, IN_THE_CONFIGURATION);
  expectError(await json(topic, parts).send({ callback: CALLBACK }), 403, IN_THE_CONFIGURATION);
  expect((await request(parts.app).get(TOPICS)).body).toMatchObject([{ name: 'alarms' }]);
  expect((await request(parts.app).delete(topic)).status).toBe(204);
});

test('all else is as ever: looking, publishing, the paths of listeners, 405', async () => {
  const { parts, declared } = await startClosed();
  const { app } = parts;
  const event = { eventType: 'ProductOrderCreateEvent', event: { productOrder: { id: '1' } } };
  expect((await request(app).get('/hub')).body).toMatchObject([{ id: declared.id }]);
  expect((await request(app).get(`/hub/${declared.id}`)).status).toBe(200);
  expect((await request(app).post(`${ORDERS_V4}/event`).send(event)).status).toBe(201);
  const listener = `${ORDERS_V4}/listener/productOrderCreateEvent`;
  expect((await request(app).post(listener).send(event)).status).toBe(201);
  expect((await request(app).put('/hub')).status).toBe(405);
});

test('open is what it was', async () => {
  await expectGoesOn(await startParts());
});
