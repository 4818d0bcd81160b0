import { gatewayChecks } from './validation-checks.ts';
import { Scene, TOPIC, type Behaviour } from './scene.ts';

/** An event whose order has that state; `acknowledged` is one that the schema knows. */
function order(eventId: string, state: string): string {
  const eventTime = '2026-01-01T00:00:00.000Z';
  const productOrder = { id: 'o1', state, productOrderItem: [{ id: '1', action: 'add' }] };
  return JSON.stringify({
    eventId,
    eventTime,
    eventType: 'ProductOrderCreateEvent',
    event: { productOrder },
  });
}

async function scene(
  mode: 'off' | 'warn' | 'quarantine',
  listeners: Record<string, Behaviour> = { a: () => 204 },
) {
  const told: string[] = [];
  const { checks, settings } = gatewayChecks(mode);
  const made = await Scene.with(listeners, {
    checks,
    apis: ['TMF622'],
    observer: {
      invalid: ({ id }, { api, mode, errors }, { topic }) =>
        void told.push(`${id} ${api} ${mode} ${topic} ${errors.length}`),
    },
  });
  const publish = async (...records: string[]) => {
    for (const record of records) await made.publishRaw(record, { eventType: 'ProductOrderCreateEvent' });
    await made.clock.advance(1_000);
  };
  const replay = (body?: string) =>
    made.finish(
      made.gateway.deliveries.letterReplays.request(
        made.letters()[0]!,
        made.gateway.broker,
        body === undefined ? undefined : Buffer.from(body),
      ),
    );
  return { scene: made, told, publish, replay, settings };
}

const MIXED = [order('good1', 'acknowledged'), order('bad', 'nowhere'), order('good2', 'held')];

test('off: nothing is looked at', async () => {
  const { scene: made, told, publish } = await scene('off');
  await publish(...MIXED);
  expect(made.seen('a')).toEqual(['good1', 'bad', 'good2']);
  expect(told).toEqual([]);
});

test('warn: it is told, and delivered all the same', async () => {
  const { scene: made, told, publish } = await scene('warn');
  await publish(...MIXED);
  expect(made.seen('a')).toEqual(['good1', 'bad', 'good2']);
  expect(told).toEqual([`bad TMF622 warn ${TOPIC} 1`]);
  expect(made.letters()).toEqual([]);
});

describe('quarantine', () => {
  test('makes one dead letter of it that says what is wrong, and holds up nobody', async () => {
    const { scene: made, told, publish } = await scene('quarantine', { a: () => 204, b: () => 204 });
    await publish(...MIXED);
    expect(made.seen('a')).toEqual(['good1', 'good2']);
    expect(made.seen('b')).toEqual(['good1', 'good2']);
    expect(told).toEqual([`bad TMF622 quarantine ${TOPIC} 1`]);
    expect(made.letters()).toEqual([
      expect.objectContaining({
        ...{ reason: 'unreadable', subscriptionId: null, callback: null, state: 'open', attempts: [] },
        ...{ eventId: 'bad', eventType: 'ProductOrderCreateEvent', correlationId: null },
        body: Buffer.from(order('bad', 'nowhere')),
        error: expect.stringMatching(
          /^The event does not fit the ProductOrderCreateEvent of TMF622: event\.productOrder\.state must be one of /,
        ) as string,
        source: expect.objectContaining({ broker: 'memory', topic: TOPIC, offset: 1, key: 'k' }) as object,
      }),
    ]);
    expect(made.status('a').lag).toBe(0);
  });

  test('of a record that is read again is the same letter, in the state that it was given', async () => {
    const { scene: made, publish } = await scene('quarantine');
    await publish(...MIXED);
    const [letter] = made.letters();
    made.storage.letters.set(letter!.id, { ...letter!, state: 'discarded' });
    made.storage.positions.clear();
    await made.crash();
    await made.clock.advance(1_000);
    expect(made.letters()).toMatchObject([{ state: 'discarded' }]);
  });

  test('is not passed before its letter is durable', async () => {
    let down = true;
    const { checks } = gatewayChecks('quarantine');
    const made = await Scene.with(
      { a: () => 204 },
      { checks, apis: ['TMF622'], faults: { letterFails: () => down } },
    );
    for (const record of MIXED) await made.publishRaw(record);
    await made.clock.advance(60_000);
    expect(made.seen('a')).not.toContain('good2');
    down = false;
    await made.clock.advance(60_000);
    expect(made.seen('a')).toEqual(['good1', 'good2']);
    expect(made.letters()).toHaveLength(1);
  });

  test('leaves alone what has no schema', async () => {
    const { scene: made, publish } = await scene('quarantine');
    const ours = JSON.parse(order('ours', 'nowhere')) as object;
    await publish(JSON.stringify({ ...ours, eventType: 'OurOwnEvent' }));
    expect(made.seen('a')).toEqual(['ours']);
  });
});

describe('a replay of such a letter', () => {
  test('as it is, is refused, and says why', async () => {
    const { scene: made, publish, replay } = await scene('quarantine');
    await publish(...MIXED);
    const before = made.letters();
    expect(await replay()).toEqual({
      refused: expect.stringMatching(
        /^The event does not fit .* event\.productOrder\.state must be/,
      ) as string,
    });
    expect(await replay(order('bad', 'elsewhere'))).toHaveProperty('refused');
    expect(made.letters()).toEqual(before);
  });

  test('corrected, goes to all listeners', async () => {
    const { scene: made, publish, replay } = await scene('quarantine', { a: () => 204, b: () => 204 });
    await publish(...MIXED);
    expect(await replay(order('bad', 'completed'))).toMatchObject({ state: 'replayed' });
    await made.clock.advance(1_000);
    expect(made.seen('a')).toEqual(['good1', 'good2', 'bad']);
    expect(made.seen('b')).toEqual(['good1', 'good2', 'bad']);
    expect(made.letters()).toMatchObject([{ state: 'replayed' }]);
  });

  test('goes as it is once the mode says so', async () => {
    const { scene: made, publish, replay, settings } = await scene('quarantine');
    await publish(...MIXED);
    settings.mode = 'warn';
    expect(await replay()).toMatchObject({ state: 'replayed' });
    await made.clock.advance(1_000);
    expect(made.seen('a')).toEqual(['good1', 'good2', 'bad']);
  });
});

test('what an operator sends to one listener is not judged: neither as it was, nor corrected', async () => {
  let status = 400;
  const { scene: made, publish, replay, settings } = await scene('warn', { a: () => status });
  await publish(order('bad', 'nowhere'));
  expect(made.letters()).toMatchObject([{ reason: 'rejected', subscriptionId: 'a' }]);
  settings.mode = 'quarantine';
  status = 204;
  expect(await replay(order('bad', 'elsewhere'))).not.toHaveProperty('refused');
  await made.clock.advance(10_000);
  expect(made.letters()).toMatchObject([{ state: 'replayed' }]);
  expect(made.to('a').at(-1)?.body.toString()).toContain('elsewhere');
});
