import { setTimeout as pause } from 'node:timers/promises';
import type { Coordinates } from '../../src/brokers/broker.ts';
import { sharedRabbitmq } from '../support/rabbitmq.ts';
import { until } from '../sqlite/until.ts';
import { FeedsSite, type FeedsReplica } from './rabbitmq-feeds-site.ts';

const WAIT_MS = 10_000;

let site: FeedsSite;

beforeAll(sharedRabbitmq, 120_000);
beforeEach(async () => {
  site = await FeedsSite.on(await sharedRabbitmq());
});
afterEach(() => site.close());

function publish(replica: FeedsReplica, id: string, bytes = 10, topic = site.exchange): Promise<Coordinates> {
  const headers = { eventId: id, eventType: 'ProductOrderCreateEvent' };
  return replica.broker.publish({ topic, key: 'k', value: Buffer.alloc(bytes, 'x'), headers });
}

/** Of a publication: `undefined` while it is under way. */
function outcomeOf(work: Promise<unknown>): { error: Error | undefined; isDone: boolean } {
  const outcome = { error: undefined as Error | undefined, isDone: false };
  work.then(
    () => (outcome.isDone = true),
    (error: unknown) => Object.assign(outcome, { error, isDone: true }),
  );
  return outcome;
}

const refusal = (message: string): object => ({
  name: 'PublishRefused',
  message: expect.stringContaining(message) as unknown,
});

test('an event for an exchange that is no source is refused', async () => {
  const replica = await site.replica();
  await expect(publish(replica, 'e', 1, 'amq.topic')).rejects.toMatchObject(
    refusal('amq.topic is no exchange of this source'),
  );
});

test('an event that no queue takes is refused: nobody would have got it', async () => {
  const replica = await site.replica();
  await publish(replica, 'routed');
  await site.admin.unbindExchange(`${site.prefix}.intake`, site.exchange, '#');
  await expect(publish(replica, 'lost')).rejects.toMatchObject(refusal('no queue took it'));
  // What others published at the same moment is not affected.
  await site.admin.assertQueue(`${site.prefix}.other`, { durable: true });
  await site.admin.bindQueue(`${site.prefix}.other`, site.exchange, 'ProductOrderCreateEvent');
  await publish(replica, 'taken');
  await site.admin.deleteQueue(`${site.prefix}.other`);
});

test('an event that a queue refuses is refused, with what the server said; others after it are fine', async () => {
  const replica = await site.replica();
  const full = `${site.prefix}.full`;
  const settings = { 'x-max-length': 1, 'x-overflow': 'reject-publish' };
  await site.admin.assertQueue(full, { durable: true, arguments: settings });
  await site.admin.bindQueue(full, site.exchange, '#');
  await publish(replica, 'fits');
  await expect(publish(replica, 'too many')).rejects.toMatchObject(refusal('RabbitMQ refused it'));
  await site.admin.deleteQueue(full);
  await publish(replica, 'fits again');
});

test('PITFALLS 22: what is not confirmed when the connection ends is refused at once; later ones are fine', async () => {
  const replica = await site.replica();
  const outlet = await replica.attach('a');
  await publish(replica, 'before');
  replica.process.proxy.freeze();
  const outcomes = ['1', '2', '3'].map((id) => outcomeOf(publish(replica, id)));
  await pause(50);
  expect(outcomes.some(({ isDone }) => isDone)).toBe(false);
  replica.process.proxy.drop();
  await until(() => outcomes.every(({ isDone }) => isDone));
  for (const { error } of outcomes)
    expect(error).toMatchObject(refusal('the connection closed before the event was confirmed'));
  replica.process.proxy.thaw();
  await until(() => replica.broker.health().ok);
  await publish(replica, 'after');
  await until(() => outlet.ids.includes('after'));
});

test('nothing waits longer than it may: for a confirmation, or for a connection', async () => {
  const replica = await site.replica();
  await publish(replica, 'before');
  replica.process.proxy.freeze();
  const unconfirmed = outcomeOf(publish(replica, 'unconfirmed'));
  await pause(50);
  replica.clock.leap(WAIT_MS - 2_000);
  await pause(50);
  expect(unconfirmed.isDone).toBe(false);
  replica.clock.leap(2_000);
  await until(() => unconfirmed.isDone);
  expect(unconfirmed.error).toMatchObject(refusal(`within ${WAIT_MS} ms`));
  replica.process.proxy.thaw();
  replica.process.proxy.cut();
  await until(() => !replica.broker.health().ok);
  const unconnected = outcomeOf(publish(replica, 'unconnected'));
  await pause(50);
  expect(unconnected.isDone).toBe(false);
  replica.clock.leap(WAIT_MS);
  await until(() => unconnected.isDone);
  expect(unconnected.error).toMatchObject(refusal(`within ${WAIT_MS} ms`));
  replica.process.proxy.open();
  await until(() => replica.broker.health().ok);
  await publish(replica, 'after');
});

test('bytes that wait for their confirmation are bounded, and make room when they have it or never get it', async () => {
  const replica = await site.replica({ publish: { waitMs: WAIT_MS, queueBytes: 1_000 } });
  replica.process.proxy.freeze();
  const waiting = outcomeOf(publish(replica, 'waiting', 600));
  await expect(publish(replica, 'one more', 600)).rejects.toMatchObject(refusal('too many events wait'));
  const small = outcomeOf(publish(replica, 'small', 400));
  await pause(20);
  expect([waiting.isDone, small.isDone]).toEqual([false, false]);
  replica.clock.leap(WAIT_MS);
  await until(() => waiting.isDone && small.isDone);
  replica.process.proxy.thaw();
  await until(() => replica.broker.health().ok);
  for (let i = 0; i < 5; i++) await publish(replica, `e${i}`, 600);
  // One that is larger than all of it is taken when nothing waits.
  await publish(replica, 'large', 5_000);
});

test('PITFALLS 22: a gateway that stops while the server is away is not held up by what was to be published', async () => {
  const replica = await site.replica();
  replica.process.proxy.cut();
  await until(() => !replica.broker.health().ok);
  const unconnected = outcomeOf(publish(replica, 'e'));
  const stopping = outcomeOf(replica.broker.stop());
  await pause(50);
  replica.clock.leap(WAIT_MS);
  await until(() => unconnected.isDone && stopping.isDone);
  expect(stopping.error).toBeUndefined();
});
