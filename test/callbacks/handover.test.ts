import type { Delivery, Feed } from '../../src/brokers/broker.ts';
import { Capacity } from '../../src/delivery/capacity.ts';
import { Dialect } from '../../src/delivery/dialect.ts';
import { Dispatcher } from '../../src/delivery/dispatcher.ts';
import { systemClock } from '../../src/time.ts';
import { createProfiles } from '../../src/tmf/profiles.ts';
import { QUIET, SETTINGS, subscription } from '../support/sim-gateway.ts';
import { listen, makeSender, until } from './setting.ts';

/** A subscription's deliveries over real sockets, of a feed that only writes down what it is told. */
function dispatching(callback: string) {
  const capacity = new Capacity({ memory: 1 << 20, slots: 8 }, systemClock);
  const deps = {
    ...{ clock: systemClock, random: () => 0.5, sender: makeSender(), settings: SETTINGS, capacity },
    ...{ observer: QUIET, roomAgain: () => undefined, stopped: () => undefined },
    lettersOf: () => {
      throw new Error('nothing dies here');
    },
  };
  const one = subscription('a', { callback });
  const dialect = new Dialect(createProfiles().standard, one.scope, { eventOf: () => undefined }, undefined);
  const dispatcher = new Dispatcher(one, deps, dialect);
  const settled: string[] = [];
  const feed: Feed = {
    ...{ attempted: () => undefined, evicted: () => undefined, mayAttempt: () => true },
    settle: ({ event }, fate) => void settled.push(`${event.id} ${fate}`),
  };
  const offer = (id: string): void => {
    const event = { id, type: 'x', bytes: Buffer.from('{}'), orderingKey: id, time: 0 };
    dispatcher.offer({ event, feed, replay: false, attempts: 0 } as unknown as Delivery);
  };
  return { capacity, dispatcher, feed, settled, offer };
}

test('RULES 9: released, an attempt in flight ends with its socket; one that is answered in time is settled', async () => {
  const answers = new Map<string, () => void>();
  const listener = await listen((request, response) => {
    const id = String(request.headers['webhook-id']);
    answers.set(id, () => void response.writeHead(204).end());
  });
  const { capacity, dispatcher, feed, settled, offer } = dispatching(listener.url);
  for (const id of ['quick', 'hangs']) offer(id);
  await until(() => answers.size === 2);
  const released = dispatcher.release(feed, 200);
  answers.get('quick:a')?.();
  await released;
  expect(settled).toEqual(['quick delivered']);
  expect([capacity.bytes, capacity.slotsInUse]).toEqual([0, 0]);
  // What is left is the connection of the one that was answered, kept for others.
  await until(() => listener.open.size === 1);
  offer('later');
  await until(() => answers.has('later:a'));
  expect(listener.accepted()).toBe(2);
  await dispatcher.release(feed, 0);
  await until(() => listener.open.size === 0);
  expect(settled).toEqual(['quick delivered']);
});
