import { setImmediate } from 'node:timers/promises';
import type { TestOutlet } from './broker-outlet.ts';
import type { GivenStage } from './broker-stage.ts';

/** Publishing and attaching: what is owed to whom, from which moment on. */
export function attaching(given: GivenStage): void {
  describe('publish', () => {
    test('is durable when it resolves, and keeps bytes, key and headers', async () => {
      const stage = given();
      await stage.attach('a', 'new', { settles: false });
      const value = Uint8Array.from({ length: 300_000 }, (_, i) => i % 256);
      const before = Date.now();
      const headers = { 'X-Mixed': 'Grüße, ✓', empty: '' };
      const at = await stage.publish('e', { key: 'schlüssel ✓', value, headers });
      await stage.crash();
      const outlet = await stage.attach('a', 'known');
      await stage.untilOffered(outlet, ['e']);
      const { record } = outlet.offered[0]!;
      expect(record.source).toEqual(at);
      expect(at).toMatchObject({ broker: stage.broker.name, topic: stage.topic });
      expect(record.key).toBe('schlüssel ✓');
      expect(record.headers).toEqual({ eventId: 'e', ...headers });
      expect(Buffer.compare(record.value, value)).toBe(0);
      if (stage.passesByItself) expect(record.timestamp).toBeGreaterThanOrEqual(before - 1_000);
    });

    test('of an empty value and an empty key is fine', async () => {
      const stage = given();
      const outlet = await stage.attach('a');
      await stage.publish('e', { key: '', value: new Uint8Array() });
      await stage.untilOffered(outlet, ['e']);
      expect(outlet.offered[0]!.record.value).toHaveLength(0);
    });

    test('of many at once keeps the order of equal keys', async () => {
      const stage = given();
      const outlet = await stage.attach('a');
      const ids = await stage.publishMany('e', 1_000);
      await stage.untilOffered(outlet, ids);
      for (let key = 0; key < 10; key++) {
        const ofKey = outlet.offered.filter(({ record }) => record.key === `key ${key}`);
        expect(ofKey.map(({ event }) => event.id)).toEqual(ids.filter((_, i) => i % 10 === key));
      }
    });
  });

  describe('attach', () => {
    test('of a new subscription starts at the end: nothing from before', async () => {
      const stage = given();
      const early = await stage.attach('early');
      const before = await stage.publishMany('before', 20);
      const outlet = await stage.attach('a');
      const after = await stage.publishMany('after', 20);
      await stage.untilOffered(early, [...before, ...after]);
      await stage.untilOffered(outlet, after);
    });

    test('RULES 2 and 3: all that is accepted after it resolved is offered, while events keep coming', async () => {
      const stage = given();
      await stage.attach('first');
      let published = 0;
      let more = true;
      const publisher = async (): Promise<void> => {
        while (more) {
          await stage.publish(`e${published++}`, { key: `key ${published % 10}` });
          await setImmediate();
        }
      };
      const publishers = [publisher(), publisher(), publisher()];
      const owed: { outlet: TestOutlet; from: number }[] = [];
      for (let i = 0; i < 30; i++) {
        const outlet = await stage.attach(`s${i}`);
        owed.push({ outlet, from: published });
        const enough = published + 10;
        await stage.until(() => published > enough);
      }
      more = false;
      await Promise.all(publishers);
      await stage.until(() =>
        owed.every(({ outlet, from }) => {
          const seen = new Set(outlet.ids);
          return Array.from({ length: published - from }, (_, i) => `e${from + i}`).every((id) =>
            seen.has(id),
          );
        }),
      );
    });

    test('before start is as good as after it', async () => {
      const stage = given();
      await stage.attach('a', 'new', { settles: false });
      await stage.crash(async () => {
        await stage.attach('a', 'known');
      });
      const ids = await stage.publishMany('e', 20);
      await stage.untilOffered(stage.outlet('a'), ids);
    });

    test('of a known one resumes where it stood', async () => {
      const stage = given();
      const outlet = await stage.attach('a');
      await stage.untilOffered(outlet, await stage.publishMany('before', 20));
      await stage.broker.stop();
      await stage.crash();
      const meanwhile = await stage.publishMany('meanwhile', 20);
      const again = await stage.attach('a', 'known');
      await stage.untilOffered(again, [...meanwhile, ...(await stage.publishMany('after', 20))]);
    });

    test('RULES 5: of a known one without a position starts at the beginning of what is there', async () => {
      const stage = given();
      const before = await stage.publishMany('before', 20);
      const outlet = await stage.attach('forgotten', 'known');
      const after = await stage.publishMany('after', 20);
      // Where each subscription has its own queue, a queue that is lost leaves nothing to begin with.
      const owed = stage.broker.capabilities.sharedLog ? [...before, ...after] : after;
      await stage.untilOffered(outlet, owed);
    });

    test('offers each event to those that want it, and to no other', async () => {
      const stage = given();
      const [a, b, all] = [await stage.attach('a'), await stage.attach('b'), await stage.attach('all')];
      await stage.publish('1', { to: ['a', 'all'] });
      await stage.publish('2', { to: ['b', 'all'] });
      await stage.publish('3', { to: ['a', 'b', 'all'] });
      await stage.publish('4', { to: [] });
      await stage.publish('5', { to: ['all'] });
      await stage.untilOffered(all, ['1', '2', '3', '5']);
      await stage.untilOffered(a, ['1', '3']);
      await stage.untilOffered(b, ['2', '3']);
    });

    test('PITFALLS 15: takes 1,001 subscriptions at once', async () => {
      const stage = given();
      const names = Array.from({ length: 1_001 }, (_, i) => `s${i}`);
      const wants = (name: string) => ({ eventTypes: ['everybody', name] });
      const outlets = await Promise.all(names.map((name) => stage.attach(name, 'new', wants(name))));
      await stage.publish('for all', { headers: { eventType: 'everybody' } });
      await Promise.all(
        names.map((name) =>
          stage.publish(`for ${name}`, { key: name, to: [name], headers: { eventType: name } }),
        ),
      );
      for (const [i, outlet] of outlets.entries()) {
        await stage.untilOffered(outlet, ['for all', `for ${names[i]}`]);
      }
    });

    test('a topic that comes to be later is read from its beginning', async () => {
      const stage = given();
      const outlet = await stage.attach('a');
      if (!stage.broker.capabilities.sharedLog) {
        // RULES 20: nobody's queue is bound to it, so a record that nobody would get must not be accepted.
        await expect(stage.publish('1', { topic: stage.newTopic })).rejects.toMatchObject({
          name: 'PublishRefused',
        });
        return;
      }
      await stage.publish('1', { topic: stage.newTopic });
      await stage.publish('2', { topic: stage.newTopic });
      await stage.untilOffered(outlet, ['1', '2']);
      await stage.broker.stop();
      await stage.crash();
      const again = await stage.attach('a', 'known');
      await stage.publish('3', { topic: stage.newTopic });
      await stage.untilOffered(again, ['3']);
    });
  });

  describe('detach', () => {
    test('stops the feed and forgets the position', async () => {
      const stage = given();
      // So that the position it forgets is not the beginning.
      await stage.publishMany('early', 20);
      const [a, b] = [await stage.attach('a'), await stage.attach('b')];
      await stage.untilOffered(a, await stage.publishMany('before', 20));
      await stage.detach('a');
      expect(stage.broker.status('a')).toBeUndefined();
      await stage.publishMany('after', 20);
      await stage.until(() => b.offered.length === 40);
      expect(a.offered).toHaveLength(20);
      await stage.broker.stop();
      await stage.crash();
      const owed = stage.broker.capabilities.sharedLog ? 60 : 0;
      const again = await stage.attach('a', 'known');
      await stage.publish('last');
      await stage.until(() => again.ids.includes('last') && again.offered.length > owed);
      expect(again.offered).toHaveLength(owed + 1);
    });

    test('lets what is in flight go: no attempt any more, and its settlement moves nothing', async () => {
      const stage = given();
      const outlet = await stage.attach('a', 'new', { settles: false });
      await stage.publish('1');
      await stage.untilOffered(outlet, ['1']);
      const [delivery] = outlet.offered;
      expect(delivery!.feed.mayAttempt()).toBe(true);
      await stage.detach('a');
      expect(delivery!.feed.mayAttempt()).toBe(false);
      const anew = await stage.attach('a', 'new', { settles: false });
      outlet.settle(delivery!);
      await stage.publish('2');
      await stage.untilOffered(anew, ['2']);
      await stage.broker.stop();
      await stage.crash();
      await stage.untilOffered(await stage.attach('a', 'known'), ['2']);
    });

    test('of one that is not attached resolves', async () => {
      await given().detach('nobody');
    });
  });
}
