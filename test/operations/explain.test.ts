import { answered, failed, ids } from '../delivery/scene.ts';
import { DeskScene } from './desk-scene.ts';

const slow = () => ({ answer: answered(204), after: 5_000 });

async function explained(desk: DeskScene, id: string, eventId: string) {
  return desk.scene.finish(desk.operations.explain(id, eventId));
}

describe('why was this event not delivered?', () => {
  test('delivered: it was', async () => {
    const desk = await DeskScene.with({ a: () => 204 });
    await desk.scene.publish('k', 'e1');
    await desk.scene.clock.advance(1_000);
    expect(await explained(desk, 'a', 'e1')).toEqual({
      subscriptionId: 'a',
      eventId: 'e1',
      eventType: 'ProductOrderCreateEvent',
      source: { broker: 'memory', topic: 'bss.ordering.events', partition: 0, offset: 0 },
      verdict: 'delivered',
      reason: 'The listener answered 2xx.',
    });
  });

  test('delivered, though an earlier one of another key is not', async () => {
    const desk = await DeskScene.with({ a: ({ eventId }) => (eventId === 'e1' ? 404 : 204) });
    await desk.scene.publish('k', 'e1');
    await desk.scene.publish('l', 'e2');
    await desk.scene.clock.advance(500);
    expect(await explained(desk, 'a', 'e2')).toMatchObject({ verdict: 'delivered' });
    expect(await explained(desk, 'a', 'e1')).toMatchObject({ verdict: 'retrying' });
  });

  test('unknown-event: no source has it', async () => {
    const desk = await DeskScene.with({ a: () => 204 });
    expect(await explained(desk, 'a', 'nonsense')).toMatchObject({
      verdict: 'unknown-event',
      reason: expect.stringContaining('retention') as string,
    });
  });

  test('before-subscription: it was published earlier', async () => {
    const desk = await DeskScene.with({ early: () => 204 });
    await desk.scene.publish('k', 'e1');
    await desk.scene.clock.advance(1_000);
    await desk.subscribe('a', () => 204);
    await desk.scene.clock.advance(1_000);
    expect(await explained(desk, 'a', 'e1')).toMatchObject({
      verdict: 'before-subscription',
      reason: expect.stringContaining('2026-01-01T00:00:01.000Z') as string,
    });
    expect(await explained(desk, 'early', 'e1')).toMatchObject({ verdict: 'delivered' });
  });

  test('out-of-scope: the hub is of another API', async () => {
    const desk = await DeskScene.with({});
    await desk.subscribe('a', () => 204, { scope: { basePath: '/x', api: 'TMF622', major: 4 } });
    const event = JSON.stringify({ eventId: 'e1', eventType: 'XEvent', event: { x: { id: '1' } } });
    await desk.scene.publishRaw(event, { eventId: 'e1', tmfApi: 'TMF620' });
    await desk.scene.publishRaw(event.replace('e1', 'e2'), { eventId: 'e2' });
    await desk.scene.clock.advance(1_000);
    expect(await explained(desk, 'a', 'e1')).toMatchObject({
      verdict: 'out-of-scope',
      reason: 'The hub is of TMF622, the event of TMF620.',
    });
    expect(await explained(desk, 'a', 'e2')).toMatchObject({
      verdict: 'out-of-scope',
      reason: 'The hub is of TMF622, the event of no known API.',
    });
  });

  test('filtered: the type, or another condition that says what it found', async () => {
    const desk = await DeskScene.with({});
    await desk.subscribe('typed', () => 204, { query: 'eventType=OtherEvent' });
    await desk.subscribe('valued', () => 204, { query: 'productOrder.id=4711' });
    await desk.scene.publish('k', 'e1');
    await desk.scene.clock.advance(1_000);
    expect(await explained(desk, 'typed', 'e1')).toMatchObject({
      verdict: 'filtered',
      reason: 'The query names other event types than ProductOrderCreateEvent.',
    });
    expect(await explained(desk, 'valued', 'e1')).toMatchObject({
      verdict: 'filtered',
      reason: expect.stringMatching(/productOrder\.id is 'k'; the query wants '4711'/) as string,
    });
  });

  test('an event whose type stands in a header only is not called filtered when it was delivered', async () => {
    const desk = await DeskScene.with({});
    await desk.subscribe('a', () => 204, { query: 'eventType=XEvent' });
    await desk.scene.publishRaw('{"eventId":"e1","event":{"x":{"id":"1"}}}', {
      eventId: 'e1',
      eventType: 'XEvent',
    });
    await desk.scene.clock.advance(1_000);
    expect(desk.scene.seen('a')).toEqual(['e1']);
    expect(await explained(desk, 'a', 'e1')).toMatchObject({ verdict: 'delivered' });
  });

  test.each(['paused', 'gone', 'suspended'] as const)('held: the subscription is %s', async (state) => {
    const desk = await DeskScene.with({});
    await desk.subscribe('a', () => 204, { state });
    await desk.scene.publish('k', 'e1');
    await desk.scene.clock.advance(1_000);
    expect(await explained(desk, 'a', 'e1')).toMatchObject({
      verdict: 'held',
      reason: `The subscription is ${state}: events wait for it.`,
    });
  });

  test('held: the circuit is open', async () => {
    const desk = await DeskScene.with({ a: () => failed('connect') });
    await desk.scene.publish('k', 'e1');
    await desk.scene.clock.advance(1_500);
    expect(await explained(desk, 'a', 'e1')).toMatchObject({
      verdict: 'held',
      reason: expect.stringContaining('circuit') as string,
    });
  });

  test('retrying: it, or one before it', async () => {
    const desk = await DeskScene.with({ a: () => 404 });
    await desk.scene.publish('k', 'e1', 'e2');
    await desk.scene.clock.advance(500);
    for (const id of ['e1', 'e2'])
      expect(await explained(desk, 'a', id)).toMatchObject({ verdict: 'retrying' });
  });

  test('one in flight is not called retrying because another one is', async () => {
    const desk = await DeskScene.with({ a: ({ eventId }) => (eventId === 'e1' ? 404 : slow()) });
    await desk.scene.publish('k', 'e1');
    await desk.scene.publish('l', 'e2');
    await desk.scene.clock.advance(500);
    expect(await explained(desk, 'a', 'e2')).not.toMatchObject({ verdict: 'retrying' });
  });

  test('in flight, and waiting behind it', async () => {
    const desk = await DeskScene.with({ a: slow });
    await desk.scene.publish('k', 'e1', 'e2');
    await desk.scene.clock.advance(500);
    expect(await explained(desk, 'a', 'e1')).toMatchObject({ verdict: 'in-flight' });
    expect(await explained(desk, 'a', 'e2')).toMatchObject({ verdict: 'waiting' });
  });

  test('dead-letter: and which', async () => {
    const desk = await DeskScene.with({ a: () => 422, b: () => 204 });
    await desk.scene.publish('k', 'e1');
    await desk.scene.clock.advance(500);
    expect(await explained(desk, 'a', 'e1')).toMatchObject({
      verdict: 'dead-letter',
      deadLetterId: desk.scene.letters()[0]?.id,
    });
    expect(await explained(desk, 'b', 'e1')).toMatchObject({ verdict: 'delivered' });
  });

  test('dead-letter: also when the log no longer has the event', async () => {
    const desk = await DeskScene.with({ a: () => 422 });
    await desk.scene.publish('k', 'e1');
    await desk.scene.clock.advance(500);
    desk.scene.gateway.log.truncate({ topic: 'bss.ordering.events', partition: 0 }, 1);
    expect(await explained(desk, 'a', 'e1')).toMatchObject({
      verdict: 'dead-letter',
      deadLetterId: desk.scene.letters()[0]?.id,
      reason: 'It became a dead letter, and the log no longer has it.',
    });
  });

  test('dead-letter: a record that could not be read', async () => {
    const desk = await DeskScene.with({ a: () => 204 });
    await desk.scene.publishRaw('{', { eventId: 'e1' });
    await desk.scene.clock.advance(500);
    expect(await explained(desk, 'a', 'e1')).toMatchObject({
      verdict: 'dead-letter',
      reason: expect.stringContaining('no JSON') as string,
    });
  });

  test('a letter that was replayed was delivered', async () => {
    const desk = await DeskScene.with({ a: ({ time }) => (time === 1 ? 422 : 204) });
    await desk.scene.publish('k', 'e1');
    await desk.scene.clock.advance(500);
    await desk.operations.deadLetters.replay(desk.scene.letters()[0]!.id);
    await desk.scene.clock.advance(500);
    expect(await explained(desk, 'a', 'e1')).toMatchObject({ verdict: 'delivered' });
  });

  test('one whose dead letter was discarded is not called delivered', async () => {
    const desk = await DeskScene.with({ a: () => 422 });
    await desk.scene.publish('k', 'e1');
    await desk.scene.clock.advance(500);
    await desk.operations.deadLetters.discard(desk.scene.letters()[0]!.id);
    expect(await explained(desk, 'a', 'e1')).toMatchObject({ verdict: 'dead-letter' });
  });
});

describe('the trace of a correlation id', () => {
  const publish = async (desk: DeskScene, id: string, type: string, correlationId = 'c1') => {
    const document = {
      eventId: id,
      eventType: type,
      eventTime: '2025-12-31T00:00:00.000Z',
      correlationId,
      event: { x: { id } },
    };
    await desk.scene.publishRaw(JSON.stringify(document), { eventId: id, correlationId }, id);
    await desk.scene.clock.advance(500);
  };

  test('is every event with it, oldest first, with what became of it for each subscription that wants it', async () => {
    const desk = await DeskScene.with({ all: () => 204 });
    await desk.subscribe('orders', ({ eventId }) => (eventId === 'e1' ? 422 : 204), {
      query: 'eventType=OrderEvent',
    });
    await publish(desk, 'e1', 'OrderEvent');
    await publish(desk, 'other', 'OrderEvent', 'c2');
    await publish(desk, 'e2', 'BillEvent');
    const trace = await desk.scene.finish(desk.operations.trace('c1'));
    expect(trace).toMatchObject({
      correlationId: 'c1',
      events: [
        {
          eventId: 'e1',
          eventType: 'OrderEvent',
          eventTime: '2025-12-31T00:00:00.000Z',
          source: { offset: 0 },
          deliveries: [
            { subscriptionId: 'all', verdict: 'delivered' },
            { subscriptionId: 'orders', verdict: 'dead-letter' },
          ],
        },
        {
          eventId: 'e2',
          source: { offset: 2 },
          deliveries: [{ subscriptionId: 'all', verdict: 'delivered' }],
        },
      ],
    });
    expect(trace.events[1]?.deliveries).toHaveLength(1);
  });

  test('of one that nobody used is empty', async () => {
    const desk = await DeskScene.with({ a: () => 204 });
    expect(await desk.operations.trace('nobody')).toEqual({ correlationId: 'nobody', events: [] });
  });

  test('shows a record that could not be read', async () => {
    const desk = await DeskScene.with({ a: () => 204 });
    await desk.scene.publishRaw('{', { eventId: 'e1', eventType: 'XEvent', correlationId: 'c1' });
    await desk.scene.clock.advance(500);
    expect(await desk.scene.finish(desk.operations.trace('c1'))).toMatchObject({
      events: [{ eventId: 'e1', eventType: 'XEvent', deliveries: [{ verdict: 'dead-letter' }] }],
    });
  });

  test('decodes an event once, not once for each subscription', async () => {
    const desk = await DeskScene.with({});
    for (const id of ids(200))
      desk.registry.set(id, {
        ...desk.registry.get(id)!,
        id,
        query: 'eventType=Other',
        scope: { basePath: '', api: null, major: null },
        state: 'active',
      });
    await publish(desk, 'e1', 'XEvent');
    desk.decoded = 0;
    await desk.scene.finish(desk.operations.trace('c1'));
    expect(desk.decoded).toBeLessThan(10);
  });
});
