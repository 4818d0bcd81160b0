import fc from 'fast-check';
import { retryDelay } from '../../src/delivery/retry.ts';
import { SETTINGS } from '../support/sim-gateway.ts';
import { answered, failed, gaps, ids, Scene, TOPIC } from './scene.ts';

const DELAYS = [1_000, 5_000, 30_000];

describe('the retry schedule', () => {
  test('is 1 s, 5 s, 30 s; after that there is none', () => {
    const retry = { ...SETTINGS.retry, jitter: 0 };
    expect([1, 2, 3, 4].map((attempts) => retryDelay(attempts, retry, Math.random))).toEqual([
      ...DELAYS,
      undefined,
    ]);
    expect(retryDelay(1, { ...retry, delays: [] }, Math.random)).toBeUndefined();
  });

  test('jitter makes each pause up to 10 % shorter or longer, and no more', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 3), random, (attempts, at) => {
        const nominal = DELAYS[attempts - 1] as number;
        const delay = retryDelay(attempts, SETTINGS.retry, () => at) ?? 0;
        expect(delay).toBeGreaterThanOrEqual(nominal * 0.9);
        expect(delay).toBeLessThanOrEqual(nominal * 1.1);
      }),
    );
    expect(retryDelay(2, SETTINGS.retry, () => 0)).toBeCloseTo(4_500);
    expect(retryDelay(2, SETTINGS.retry, () => 0.999_999)).toBeCloseTo(5_500, 1);
  });

  test('PITFALLS 10: an event that always fails is a dead letter after four attempts, not before', async () => {
    const scene = await Scene.with({ a: () => 500 });
    await scene.publish('order-1', 'e1');
    await scene.clock.advance(36_000);
    expect(scene.to('a').map(({ at }) => at)).toEqual([0, 1_001, 6_002]);
    expect(scene.letters()).toEqual([]);
    await scene.clock.advance(100);
    expect(scene.to('a').map(({ at }) => at)).toEqual([0, 1_001, 6_002, 36_003]);
    expect(scene.letters()).toHaveLength(1);
    await scene.clock.advance(10_000_000);
    expect(scene.to('a')).toHaveLength(4);
  });

  test('the number of the attempt is said in a header, the id stays', async () => {
    const scene = await Scene.with({ a: () => 500 });
    await scene.publish('order-1', 'e1');
    await scene.clock.advance(100_000);
    const headers = scene.to('a').map((call) => call.headers);
    expect(headers.map((one) => one['x-tmf-hub-attempt'])).toEqual(['1', '2', '3', '4']);
    expect(new Set(headers.map((one) => one['webhook-id']))).toEqual(new Set(['e1:a']));
    const stamps = headers.map((one) => Number(one['webhook-timestamp']));
    expect(stamps.map((stamp) => stamp - (stamps[0] ?? 0))).toEqual([0, 1, 6, 36]);
  });

  test('an empty schedule is one attempt', async () => {
    const scene = await Scene.with({ a: () => 500 }, { retry: { delays: [] } });
    await scene.publish('order-1', 'e1');
    await scene.clock.advance(100_000);
    expect(scene.to('a')).toHaveLength(1);
    expect(scene.letters()).toMatchObject([{ reason: 'exhausted', retryCount: 0 }]);
  });
});

describe('Retry-After', () => {
  const withRetryAfter = (retryAfter: string) =>
    Scene.with({ a: ({ time }) => (time === 1 ? answered(500, { retryAfter }) : 204) });

  test('is a minimum: a longer one delays the next attempt, a shorter one changes nothing', async () => {
    const longer = await withRetryAfter('20');
    const shorter = await withRetryAfter('0');
    for (const scene of [longer, shorter]) {
      await scene.publish('order-1', 'e1');
      await scene.clock.advance(100_000);
    }
    expect(longer.to('a').map(({ at }) => at)).toEqual([0, 20_001]);
    expect(shorter.to('a').map(({ at }) => at)).toEqual([0, 1_001]);
  });

  test('is waited for no longer than the cap', async () => {
    const scene = await withRetryAfter('86400');
    await scene.publish('order-1', 'e1');
    await scene.clock.advance(86_400_000);
    expect(scene.to('a').map(({ at }) => at)).toEqual([0, 3_600_001]);
  });

  test('holds back only the lane of its event', async () => {
    const scene = await Scene.with({
      a: ({ eventId, time }) => (eventId === 'e1' && time === 1 ? answered(503, { retryAfter: '600' }) : 204),
    });
    await scene.publish('order-1', 'e1', 'e2');
    await scene.publish('order-2', 'e3');
    await scene.clock.advance(500_000);
    expect(scene.seen('a')).toEqual(['e1', 'e3']);
    await scene.clock.advance(200_000);
    expect(scene.seen('a')).toEqual(['e1', 'e3', 'e1', 'e2']);
  });
});

describe('the dead letter', () => {
  test('PITFALLS 5, 10: has the whole context: bytes, key, headers, coordinates and every attempt', async () => {
    const replies = [answered(500, { text: 'no such order' }), failed('timeout', 10_000), answered(404)];
    const scene = await Scene.with({
      a: ({ eventId, time }) => (eventId === 'e1' ? (replies[time - 1] ?? 500) : 204),
    });
    const document = {
      eventId: 'e1',
      eventTime: '2025-12-31T23:59:59.000Z',
      eventType: 'ProductOrderCreateEvent',
      correlationId: 'journey-7',
      event: { productOrder: { id: 'order-1', amount: 1.5 } },
    };
    const text = JSON.stringify(document, null, 2);
    await scene.publish('order-0', 'e0');
    await scene.publishRaw(text, { tmfApi: 'TMF622', 'x-shop': 'north' }, 'order-1');
    // Somebody succeeds meanwhile: the endpoint is there, the event is what is wrong.
    for (const id of ids(60, 'ok')) {
      await scene.publish(id, id);
      await scene.clock.advance(1_000);
    }
    const began = Date.UTC(2026, 0, 1);
    const at = (ms: number) => new Date(began + ms).toISOString();
    expect(scene.letters()).toEqual([
      {
        id: `a.memory.${TOPIC}.0.1.${Date.UTC(2026, 0, 1)}`,
        reason: 'exhausted',
        subscriptionId: 'a',
        callback: 'http://a.example/',
        eventId: 'e1',
        eventType: 'ProductOrderCreateEvent',
        correlationId: 'journey-7',
        attempts: [
          { n: 1, at: at(0), status: 500, durationMs: 1, answer: 'no such order' },
          { n: 2, at: at(1_001), error: 'timeout: made up', durationMs: 10_000 },
          { n: 3, at: at(16_001), status: 404, durationMs: 1 },
          { n: 4, at: at(46_002), status: 500, durationMs: 1 },
        ],
        error: 'The listener answered 500.',
        retryCount: 3,
        source: {
          broker: 'memory',
          topic: TOPIC,
          partition: 0,
          offset: 1,
          key: 'order-1',
          headers: { tmfApi: 'TMF622', 'x-shop': 'north' },
          timestamp: Date.UTC(2026, 0, 1),
        },
        body: Buffer.from(text),
        deadAt: at(46_003),
        state: 'open',
      },
    ]);
  });

  test.each([400, 413, 415, 422])('%d: at once, with one attempt', async (status) => {
    const scene = await Scene.with({ a: () => answered(status, { text: 'not like this' }) });
    await scene.publish('order-1', 'e1', 'e2');
    await scene.clock.advance(100_000);
    expect(scene.seen('a')).toEqual(['e1', 'e2']);
    expect(scene.letters()).toMatchObject([
      {
        reason: 'rejected',
        retryCount: 0,
        error: `The listener answered ${status}.`,
        attempts: [{ n: 1, status, answer: 'not like this' }],
      },
      { reason: 'rejected' },
    ]);
  });

  test('an event that is rejected after failures has all its attempts', async () => {
    const scene = await Scene.with({ a: ({ time }) => (time < 3 ? 500 : 422) });
    await scene.publish('order-1', 'e1');
    await scene.clock.advance(100_000);
    const [letter] = scene.letters();
    expect(letter).toMatchObject({ reason: 'rejected', retryCount: 2 });
    expect(gaps(letter?.attempts ?? [])).toEqual([0, 1_001, 6_002]);
  });

  test('the error says what happened when there was no answer', async () => {
    const scene = await Scene.with({ a: () => failed('protocol') });
    await scene.publish('order-1', 'e1');
    await scene.clock.advance(100_000);
    expect(scene.letters()).toMatchObject([{ reason: 'exhausted', error: 'protocol: made up' }]);
  });
});
