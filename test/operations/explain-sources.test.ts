import type { Broker, SourceRecord } from '../../src/brokers/broker.ts';
import { failed } from '../delivery/scene.ts';
import { DeskScene } from './desk-scene.ts';
import { orderRecord, otherSource } from './other-source.ts';

async function explained(desk: DeskScene, id: string, eventId: string) {
  return desk.scene.finish(desk.operations.explain(id, eventId));
}

const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('where the broker cannot tell whether the event is settled', () => {
  const inQueue = (routingKey?: string, at?: number): SourceRecord =>
    orderRecord('e1', { broker: 'mq', ...(routingKey && { routingKey }) }, at === undefined ? {} : { at });

  /** A desk with one subscription, made 10 s after the beginning of time, and the event in a queue. */
  async function withQueue(lag: number | undefined, record = inQueue(undefined, 10_000), query = '') {
    const desk = await DeskScene.with({});
    await desk.scene.clock.advance(10_000);
    await desk.subscribe('a', () => 204, { query });
    const status = lag === undefined ? {} : { status: { lag } };
    const letsIn = (routingKey: string) => query === '' || query === `eventType=${routingKey}`;
    desk.otherSources.push(otherSource('mq', { records: [record], letsIn, ...status }));
    return desk;
  }

  test('an empty queue, and no dead letter: delivered, with a word on how that is known', async () => {
    const desk = await withQueue(0);
    expect(await explained(desk, 'a', 'e1')).toEqual({
      subscriptionId: 'a',
      eventId: 'e1',
      eventType: 'ProductOrderCreateEvent',
      source: { broker: 'mq', topic: 'bss.ordering.events' },
      verdict: 'delivered',
      reason:
        'Its queue is empty, and it is neither under way here nor a dead letter: it was delivered, or another replica is at it right now.',
    });
  });

  test('a queue with something in it: waiting, and perhaps delivered', async () => {
    const desk = await withQueue(3);
    expect(await explained(desk, 'a', 'e1')).toMatchObject({
      verdict: 'waiting',
      reason: expect.stringContaining(
        'delivered already: of its queue only the length is known, 3',
      ) as string,
    });
  });

  test('a queue that is not seen from here: waiting, and perhaps delivered', async () => {
    const desk = await withQueue(undefined);
    expect(await explained(desk, 'a', 'e1')).toMatchObject({
      verdict: 'waiting',
      reason: expect.stringContaining('does not see its queue') as string,
    });
  });

  test('what holds its other events is said first', async () => {
    const desk = await withQueue(3);
    await desk.operations.pause('a');
    expect(await explained(desk, 'a', 'e1')).toMatchObject({
      verdict: 'held',
      reason: expect.stringMatching(/^The subscription is paused.*delivered already/) as string,
    });
    await desk.operations.resume('a');
    desk.scene.behave('a', () => failed('connect'));
    await desk.scene.publish('k', 'other');
    await desk.scene.clock.advance(1_500);
    expect(await explained(desk, 'a', 'e1')).toMatchObject({
      verdict: 'held',
      reason: expect.stringMatching(/^The circuit is open.*delivered already/) as string,
    });
  });

  test('in memory here: what is known of it, whatever the queue says', async () => {
    const desk = await withQueue(0);
    desk.scene.behave('a', () => 404);
    await desk.scene.publish('k', 'e1');
    await desk.scene.clock.advance(500);
    Object.assign(desk.scene.gateway.broker, { find: () => Promise.resolve([]) });
    expect(await explained(desk, 'a', 'e1')).toMatchObject({
      verdict: 'retrying',
      reason: 'It waits for a retry, or behind an event of the same resource that does.',
    });
  });

  test('a dead letter', async () => {
    const desk = await withQueue(0);
    const letters = [{ id: 'l1', eventId: 'e1', state: 'open' as const }];
    desk.otherSources[0] = otherSource('mq', { records: [inQueue()], letters, status: { lag: 0 } });
    expect(await explained(desk, 'a', 'e1')).toMatchObject({ verdict: 'dead-letter', deadLetterId: 'l1' });
  });

  test('published before the subscription; a time is a whole second', async () => {
    expect(await explained(await withQueue(0, inQueue(undefined, 9_000)), 'a', 'e1')).toMatchObject({
      verdict: 'before-subscription',
    });
    expect(await explained(await withQueue(0, inQueue(undefined, 9_001)), 'a', 'e1')).toMatchObject({
      verdict: 'delivered',
    });
  });

  test('a queue whose length was not looked at since: waiting or held, and perhaps delivered', async () => {
    const desk = await withQueue(0);
    const published = desk.scene.clock.now();
    const lookedAt = (lagAsOf: number) =>
      (desk.otherSources[0] = otherSource('mq', {
        records: [inQueue(undefined, 10_000)],
        status: { lag: 0, lagAsOf },
      }));
    await desk.operations.pause('a');
    lookedAt(published + 1_000);
    expect(await explained(desk, 'a', 'e1')).toMatchObject({
      verdict: 'held',
      reason: expect.stringMatching(/^The subscription is paused.*was not looked at since/) as string,
    });
    lookedAt(published + 1_001);
    expect(await explained(desk, 'a', 'e1')).toMatchObject({ verdict: 'delivered' });
  });

  test('a routing key that the query does not name: it was never let in', async () => {
    const of = async (routingKey: string, query: string) =>
      explained(await withQueue(0, inQueue(routingKey, 10_000), query), 'a', 'e1');
    const query = 'eventType=ProductOrderCreateEvent';
    expect(await of('orders.created', query)).toMatchObject({
      verdict: 'filtered',
      reason: expect.stringMatching(/orders\.created.*rabbitmq\.bindings/) as string,
    });
    expect(await of('ProductOrderCreateEvent', query)).toMatchObject({ verdict: 'delivered' });
    expect(await of('orders.created', '')).toMatchObject({ verdict: 'delivered' });
  });

  test('a partition of another replica: its lag here says nothing', async () => {
    const desk = await withQueue(0);
    const record = orderRecord('e1', { broker: 'log', partition: 3, offset: 7 }, { at: 10_000 });
    desk.otherSources[0] = otherSource('log', { records: [record], status: { lag: 0 }, sharedLog: true });
    expect(await explained(desk, 'a', 'e1')).toMatchObject({
      verdict: 'waiting',
      reason: expect.stringContaining('another replica looks after bss.ordering.events:3') as string,
    });
  });
});

describe('several sources', () => {
  const away = (name: string): Broker =>
    Object.assign(otherSource(name), { find: () => Promise.reject(new Error('no connection')) });

  test('an event that two of them have was delivered when one delivered it', async () => {
    const desk = await DeskScene.with({ a: () => 422 });
    await desk.scene.publish('k', 'e1');
    await desk.scene.clock.advance(500);
    expect(await explained(desk, 'a', 'e1')).toMatchObject({ verdict: 'dead-letter' });
    const record = orderRecord('e1', { broker: 'other' });
    desk.otherSources.push(otherSource('other', { records: [record], settled: true }));
    expect(await explained(desk, 'a', 'e1')).toMatchObject({
      verdict: 'delivered',
      source: { broker: 'other' },
    });
  });

  test('a dead letter of one says nothing of the event in the other', async () => {
    const desk = await DeskScene.with({ a: () => 404 });
    const letters = [{ id: 'l1', eventId: 'e1', state: 'open' as const }];
    desk.otherSources.push(otherSource('other', { letters }));
    await desk.scene.publish('k', 'e1');
    await desk.scene.clock.advance(500);
    expect(await explained(desk, 'a', 'e1')).toMatchObject({ verdict: 'retrying' });
    expect(await explained(desk, 'b', 'e1')).toBeUndefined();
  });

  test('one that cannot be asked is no "unknown event"; what another one has is told', async () => {
    const desk = await DeskScene.with({ a: () => 204 });
    await desk.scene.publish('k', 'e1');
    await desk.scene.clock.advance(500);
    desk.otherSources.push(away('other'));
    expect(await refusal(explained(desk, 'a', 'nonsense'))).toMatchObject({
      ...{ name: 'OperationRefused', status: 503 },
      message: 'The source other cannot be asked now: Error: no connection',
    });
    expect(await explained(desk, 'a', 'e1')).toMatchObject({ verdict: 'delivered' });
  });

  test('a trace has the events of all, in the order of their times, or is refused', async () => {
    const desk = await DeskScene.with({ a: () => 204 });
    const records = [
      orderRecord('e1', { broker: 'other' }, { at: 100, correlationId: 'c1' }),
      orderRecord('e3', { broker: 'other' }, { at: 300, correlationId: 'c1' }),
    ];
    desk.otherSources.push(otherSource('other', { records, settled: true }));
    await desk.scene.clock.advance(200);
    const event = JSON.stringify({ eventId: 'e2', eventType: 'XEvent', event: { x: { id: '1' } } });
    await desk.scene.publishRaw(event, { eventId: 'e2', correlationId: 'c1' });
    await desk.scene.clock.advance(500);
    const trace = await desk.scene.finish(desk.operations.trace('c1'));
    expect(trace.events.map(({ eventId, source }) => [eventId, source.broker])).toEqual([
      ['e1', 'other'],
      ['e2', 'memory'],
      ['e3', 'other'],
    ]);
    desk.otherSources.push(away('third'));
    expect(await refusal(desk.operations.trace('c1'))).toMatchObject({ status: 503 });
  });
});
