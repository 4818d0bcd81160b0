import { LONGEST_HELD_MS } from '../../src/brokers/rabbitmq/queues/queue-feed.ts';
import type { DeadLetter } from '../../src/brokers/broker.ts';
import { sleep } from '../../src/time.ts';
import { rabbitmqctl, startRabbitmq, type Rabbitmq } from '../../scripts/services/rabbitmq.ts';
import { until } from '../sqlite/until.ts';
import { FeedsSite, MINUTE, idsOf, type FeedsReplica } from './rabbitmq-feeds-site.ts';

let server: Rabbitmq;
let site: FeedsSite;
const policies: string[] = [];

beforeAll(async () => {
  server = await startRabbitmq();
}, 120_000);
afterAll(() => server.end());
beforeEach(async () => {
  site = await FeedsSite.on(server);
});
afterEach(async () => {
  for (const name of policies.splice(0)) await ctl('clear_policy', name);
  await site.close();
});

const ctl = (...args: string[]): Promise<string> => rabbitmqctl(server.control, args);

/** As an operator does, for one subscription's queue. */
async function setPolicy(subscriptionId: string, definition: object): Promise<void> {
  const queue = site.queueOf(subscriptionId);
  policies.push(queue);
  await ctl('set_policy', '--apply-to', 'queues', queue, `^${queue}$`, JSON.stringify(definition));
}

async function deadLetters(replica: FeedsReplica, count: number): Promise<readonly DeadLetter[]> {
  let letters: readonly DeadLetter[] = [];
  await until(async () => {
    // While the connection is away, nobody can look at them.
    const list = await replica.broker.deadLetters.list({}, { offset: 0, limit: 100 }).catch(() => undefined);
    letters = list?.items.toReversed() ?? [];
    return letters.length >= count;
  });
  return letters;
}

describe('RULES 21: what is held for too long', () => {
  test('is given back before the server closes the channel: in order, with its attempts', async () => {
    const timeout = Number(await ctl('eval', 'element(2, application:get_env(rabbit, consumer_timeout)).'));
    expect(LONGEST_HELD_MS).toBeLessThanOrEqual(timeout / 2);
    const replica = await site.replica();
    const outlet = await replica.attach('a');
    const ids = await site.produceMany('e', 20);
    await until(() => outlet.offered.length === 20);
    for (const i of [2, 9, 19]) outlet.settle(outlet.offered[i]!);
    for (const [i, delivery] of outlet.offered.slice(4, 8).entries()) {
      delivery.attempts = i + 1;
      delivery.history = [{ n: i + 1, at: '2026-01-01T00:00:00.000Z', status: 500, durationMs: 1 }];
      delivery.feed.attempted(delivery);
    }
    replica.clock.leap(LONGEST_HELD_MS + MINUTE);
    const owed = ids.filter((_, i) => ![2, 9, 19].includes(i));
    await until(() => outlet.offered.length >= 20 + owed.length);
    const again = outlet.offered.slice(20);
    expect(idsOf(again)).toEqual(owed);
    expect(again.map(({ attempts }) => attempts).slice(0, 8)).toEqual([0, 0, 0, 1, 2, 3, 4, 0]);
    expect(again[3]!.history).toHaveLength(1);
    expect(replica.said('rabbitmq.held-too-long')).toEqual([{ subscriptionId: 'a' }]);
    // The former ones are dead: RabbitMQ is told nothing of them.
    expect(outlet.offered[0]!.feed.mayAttempt()).toBe(false);
    expect(again[0]!.feed.mayAttempt()).toBe(true);
  });

  test('is what was held so long, not what was settled and followed by others', async () => {
    const replica = await site.replica();
    const outlet = await replica.attach('a');
    await site.produceMany('early', 5);
    await until(() => outlet.offered.length === 5);
    replica.clock.leap(LONGEST_HELD_MS - 2 * MINUTE);
    await site.produceMany('late', 5);
    await until(() => outlet.offered.length === 10);
    for (const delivery of outlet.offered.slice(0, 5)) outlet.settle(delivery);
    // It looks every ten seconds.
    const looked = sleep(replica.clock, 11_000);
    replica.clock.leap(3 * MINUTE);
    await looked;
    expect(replica.said('rabbitmq.held-too-long')).toEqual([]);
    replica.clock.leap(LONGEST_HELD_MS);
    await until(() => outlet.offered.length === 15);
    expect(outlet.ids.slice(10)).toEqual(outlet.ids.slice(5, 10));
    expect(replica.said('rabbitmq.held-too-long')).toHaveLength(1);
  });

  test('and the channel is closed by the server all the same: it is had again, in order, with its attempts', async () => {
    const set = (timeout: number, lookEvery: number): Promise<string> => {
      const settings = { consumer_timeout: timeout, channel_tick_interval: lookEvery };
      const calls = Object.entries(settings).map(
        ([name, ms]) => `application:set_env(rabbit, ${name}, ${ms})`,
      );
      return ctl('eval', `${calls.join(', ')}.`);
    };
    await set(1_500, 500);
    try {
      const replica = await site.replica();
      const outlet = await replica.attach('a');
      const ids = await site.produceMany('e', 10);
      await until(() => outlet.offered.length === 10);
      outlet.offered[4]!.attempts = 2;
      outlet.offered[4]!.feed.attempted(outlet.offered[4]!);
      outlet.settle(outlet.offered[6]!);
      await until(() => outlet.offered.length >= 19);
      const again = outlet.offered.slice(10, 19);
      expect(idsOf(again)).toEqual(ids.filter((_, i) => i !== 6));
      expect(again[4]!.attempts).toBe(2);
      expect(replica.said('rabbitmq.held-too-long')).toEqual([]);
    } finally {
      await set(30 * MINUTE, MINUTE);
    }
  }, 60_000);
});

describe('RULES 21: what RabbitMQ dead-letters by itself is a dead letter of ours', () => {
  test('after a time to live', async () => {
    const replica = await site.replica();
    await replica.attach('a', 'new', { room: 0 });
    replica.process.kill();
    await setPolicy('a', { 'message-ttl': 1 });
    const value = Buffer.from([0, 1, 255]);
    await site.produce('e', { key: 'order 1', value });
    const again = await site.replica();
    const [letter] = await deadLetters(again, 1);
    expect(letter).toMatchObject({
      ...{ reason: 'expired', subscriptionId: 'a', eventId: 'e', eventType: 'ProductOrderCreateEvent' },
      ...{ callback: null, attempts: [], retryCount: 0, state: 'open' },
      error: 'RabbitMQ took it out of the queue by itself: expired.',
      source: {
        ...{ broker: 'rabbitmq', topic: site.exchange, routingKey: 'ProductOrderCreateEvent' },
        ...{ messageId: 'e', key: 'order 1', headers: { eventId: 'e' } },
      },
    });
    expect(Buffer.from(letter!.body)).toEqual(value);
    expect(again.said('dead-letter.by-the-broker')).toHaveLength(1);
    const left = `${site.prefix}.dead-lettered`;
    await until(async () => (await site.admin.checkQueue(left)).messageCount === 0);
  });

  test('after more returns than it allows', async () => {
    const replica = await site.replica();
    const outlet = await replica.attach('a');
    await setPolicy('a', { 'delivery-limit': 2 });
    await site.produce('e');
    for (let returns = 1; returns <= 3; returns++) {
      await until(() => outlet.offered.length === returns);
      replica.process.proxy.drop();
    }
    const [letter] = await deadLetters(replica, 1);
    expect(letter).toMatchObject({ reason: 'exhausted', subscriptionId: 'a', eventId: 'e' });
    expect(outlet.offered).toHaveLength(3);
  });

  test('once, and surely, though connections break and a gateway is killed before it acknowledged them', async () => {
    let replica = await site.replica();
    await replica.attach('a', 'new', { room: 0 });
    replica.process.kill();
    await setPolicy('a', { 'message-ttl': 1 });
    const ids = await site.produceMany('e', 60);
    replica = await site.replica();
    for (let breaks = 1; breaks <= 4; breaks++) {
      const { length } = replica.said('dead-letter.by-the-broker');
      await until(() => replica.said('dead-letter.by-the-broker').length >= length + 8);
      if (breaks % 2 === 1) {
        replica.process.proxy.drop();
      } else {
        replica.process.kill();
        replica = await site.replica();
      }
    }
    const letters = await deadLetters(replica, 60);
    expect(letters.map(({ eventId }) => eventId).toSorted()).toEqual(ids.toSorted());
    const left = `${site.prefix}.dead-lettered`;
    await until(async () => (await site.admin.checkQueue(left)).messageCount === 0);
    expect((await replica.broker.deadLetters.list({}, { offset: 0, limit: 1 })).total).toBe(60);
  }, 60_000);
});

test('RULES 21: an event that is returned often is not dead-lettered: on no version of the server', async () => {
  const replica = await site.replica();
  const outlet = await replica.attach('a');
  await site.produce('e');
  for (let returns = 1; returns <= 25; returns++) {
    await until(() => outlet.offered.length === returns);
    replica.clock.leap(LONGEST_HELD_MS + MINUTE);
  }
  await until(() => outlet.offered.length === 26);
  expect((await replica.broker.deadLetters.list({}, { offset: 0, limit: 1 })).total).toBe(0);
  // From 4.0 on there is a limit of 20 where none is set.
  const queues = await ctl('list_queues', 'name', 'arguments');
  const [own] = queues.split('\n').filter((line) => line.startsWith(site.queueOf('a')));
  expect(own).toMatch(/x-delivery-limit\W+(?:signedint\W+)?1000000000/);
});
