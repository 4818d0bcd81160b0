import { setImmediate } from 'node:timers/promises';
import { sharedRabbitmq } from '../support/rabbitmq.ts';
import { until } from '../sqlite/until.ts';
import { FeedsSite, type FeedsReplica } from './rabbitmq-feeds-site.ts';

/** As often as the driver looks for what is missing, milliseconds. */
const LOOK_MS = 10_000;

const SPELLINGS: Readonly<Record<string, readonly string[]>> = {
  order: ['#.ProductOrderCreateEvent', '#.productOrderCreateEvent'],
  ticket: ['#.TroubleTicketCreateEvent'],
};
const routingKeys = (types: ReadonlySet<string> | null): readonly string[] =>
  types ? [...types].flatMap((type) => SPELLINGS[type] ?? ['#']) : ['#'];

let site: FeedsSite;

beforeAll(sharedRabbitmq, 120_000);
beforeEach(async () => {
  site = await FeedsSite.on(await sharedRabbitmq());
});
afterEach(() => site.close());

/** Until it is so, the driver looks again and again. */
async function untilLooked(replica: FeedsReplica, condition: () => boolean): Promise<void> {
  await until(() => {
    if (condition()) return true;
    replica.clock.leap(LOOK_MS / 5);
    return false;
  });
}

describe('RULES 20: an exchange that is missing', () => {
  test('refuses registrations, which leave nothing behind, and health names it', async () => {
    const replica = await site.replica({ declare: false });
    await expect(replica.attach('a')).rejects.toThrow(`exchanges are missing: ${site.exchange}`);
    expect(replica.broker.health()).toEqual({ ok: false, reason: `exchanges are missing: ${site.exchange}` });
    expect(replica.said('rabbitmq.exchanges-missing')).toEqual([{ exchanges: [site.exchange] }]);
    expect(replica.broker.keptSubscriptions()).toEqual([]);
    const at = { topic: site.exchange, key: 'k', value: Buffer.from('1'), headers: {} };
    await expect(replica.broker.publish(at)).rejects.toThrow('is missing');
  });

  test('is bound when it comes to be: who was there before and who registers then are served', async () => {
    const known = await (await site.replica()).attach('known');
    expect(known.offered).toEqual([]);
    await site.admin.deleteExchange(site.exchange);
    const replica = await site.replica({ declare: false });
    const again = await replica.attach('known', 'known');
    await expect(replica.attach('new')).rejects.toThrow('exchanges are missing');
    await site.admin.assertExchange(site.exchange, 'topic', { durable: true });
    await untilLooked(replica, () => replica.broker.health().ok);
    const registered = await replica.attach('new');
    await site.produce('e');
    await until(() => again.offered.length + known.offered.length === 1 && registered.offered.length === 1);
  });

  test('is made where that is allowed, and made again with its bindings after somebody deleted it', async () => {
    const replica = await site.replica();
    const outlet = await replica.attach('a');
    await site.admin.deleteExchange(site.exchange);
    const exists = async (): Promise<boolean> => {
      replica.clock.leap(LOOK_MS / 5);
      const at = { topic: site.exchange, key: 'k', value: Buffer.from('1'), headers: { eventId: 'e' } };
      return replica.broker.publish(at).then(
        () => true,
        () => false,
      );
    };
    await until(exists);
    await until(() => outlet.ids.includes('e'));
  });

  test('that producers made in their own way is used as it is', async () => {
    await site.admin.assertExchange(site.exchange, 'fanout', { durable: false });
    const replica = await site.replica();
    const outlet = await replica.attach('a');
    await site.produce('e');
    await until(() => outlet.ids.includes('e'));
    expect(replica.broker.health()).toEqual({ ok: true });
  });
});

describe('RULES 20: a queue', () => {
  test('is bound by the spellings of its types: nothing else comes into it', async () => {
    const replica = await site.replica({ routingKeys });
    const orders = await replica.attach('orders', 'new', { room: 0, eventTypes: ['order'] });
    const both = await replica.attach('both', 'new', { room: 0, eventTypes: ['ticket', 'order'] });
    const all = await replica.attach('all', 'new', { settles: false });
    const unknown = await replica.attach('unknown', 'new', { room: 0, eventTypes: ['made up'] });
    const types = [
      'ProductOrderCreateEvent',
      'tmf622.v4.productOrderCreateEvent',
      'a.TroubleTicketCreateEvent',
    ];
    for (const type of [...types, 'PartyCreateEvent', '']) await site.produce(type, { type });
    await until(() => all.offered.length === 5);
    for (const outlet of [orders, both, unknown]) outlet.give(1_000);
    await until(() => unknown.offered.length === 5 && both.offered.length === 3);
    expect(orders.ids).toEqual(types.slice(0, 2));
    expect(both.ids).toEqual(types);
  });

  test('is bound anew at a restart: by what is wanted now, and by nothing else', async () => {
    const before = await site.replica({ routingKeys });
    const outlet = await before.attach('a', 'new', { room: 0, eventTypes: ['order', 'made up'] });
    await site.produce('party', { type: 'PartyCreateEvent' });
    before.process.kill();
    const after = await site.replica({ routingKeys });
    const again = await after.attach('a', 'known', { settles: false, eventTypes: ['ticket'] });
    await site.produce('order', { type: 'ProductOrderCreateEvent' });
    await site.produce('party again', { type: 'PartyCreateEvent' });
    await site.produce('ticket', { type: 'TroubleTicketCreateEvent' });
    await until(() => again.offered.length === 2);
    expect(again.ids).toEqual(['party', 'ticket']);
    expect(outlet.offered).toEqual([]);
    after.process.kill();
    // What replaced it is remembered, too.
    const last = await site.replica({ routingKeys });
    const lastOutlet = await last.attach('a', 'known', { settles: false, eventTypes: ['order'] });
    await site.produce('ticket again', { type: 'TroubleTicketCreateEvent' });
    await site.produce('order again', { type: 'ProductOrderCreateEvent' });
    await until(() => lastOutlet.offered.length === 3);
    expect(lastOutlet.ids).toEqual(['party', 'ticket', 'order again']);
  });

  test('that is bound anew misses nothing of what it wanted before and wants still', async () => {
    let keys = ['#.ProductOrderCreateEvent'];
    const settings = { routingKeys: () => keys };
    let replica = await site.replica(settings);
    let outlet = await replica.attach('a', 'new', { settles: true });
    const seen = new Set<string>();
    const produced: string[] = [];
    let goesOn = true;
    const producer = async (): Promise<void> => {
      while (goesOn) {
        const id = `e${produced.length}`;
        produced.push(id);
        await site.produce(id, { type: 'a.ProductOrderCreateEvent' });
        await setImmediate();
      }
    };
    const producing = [producer(), producer(), producer()];
    for (let i = 0; i < 8; i++) {
      keys = [i % 2 === 0 ? '#' : '#.ProductOrderCreateEvent'];
      await replica.broker.stop();
      for (const id of outlet.ids) seen.add(id);
      replica = await site.replica(settings);
      outlet = await replica.attach('a', 'known', { settles: true });
    }
    goesOn = false;
    await Promise.all(producing);
    await until(() => produced.every((id) => seen.has(id) || outlet.ids.includes(id)));
  });

  test('has all that comes between its declaration and the end of the registration', async () => {
    const replica = await site.replica();
    await replica.attach('first', 'new', { settles: true });
    const produced: string[] = [];
    let goesOn = true;
    const producer = async (): Promise<void> => {
      while (goesOn) {
        const id = `e${produced.length}`;
        await site.produce(id);
        produced.push(id);
        await setImmediate();
      }
    };
    const producing = producer();
    const registered: {
      readonly outlet: Awaited<ReturnType<FeedsReplica['attach']>>;
      readonly from: number;
    }[] = [];
    for (let i = 0; i < 10; i++) {
      const outlet = await replica.attach(`s${i}`, 'new', { settles: true });
      registered.push({ outlet, from: produced.length });
    }
    goesOn = false;
    await producing;
    for (const { outlet, from } of registered) {
      await until(() => outlet.ids.at(-1) === produced.at(-1));
      // Without a gap, from a moment on that lies before the registration's end.
      expect(outlet.ids).toEqual(produced.slice(-outlet.ids.length));
      expect(outlet.ids.length).toBeGreaterThanOrEqual(produced.length - from);
    }
  });
});
