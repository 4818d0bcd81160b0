import type { RegistryEntry, RegistryStore, Subscription, Topic } from '../../src/registry/store.ts';
import { until } from '../sqlite/until.ts';
import type { SharedSetting } from './registry-shared.ts';
import { subscription, type RegistrySetting } from './registry.ts';

export function topic(id: string, more: Partial<Topic> = {}): Topic {
  return {
    kind: 'topic',
    id,
    basePath: '/tmf-api/event/v4',
    members: { name: `topic "${id}" ✓`, headerQuery: 'domain=Paris', '@type': 'Topic' },
    createdAt: '2026-01-01T00:00:00.000Z',
    version: 1,
    ...more,
  };
}

export function hubOf(topicId: string, id: string, more: Partial<Subscription> = {}): Subscription {
  const filters = { headerQuery: '', contentQuery: 'event.alarm.id=1' };
  const scope = { basePath: `/tmf-api/event/v4/topic/${topicId}`, api: null, major: 4 };
  return subscription(id, { scope: { ...scope, topic: { id: topicId, ...filters } }, ...more });
}

type Told = [id: string, topic: Topic | undefined];

/** What every store promises of topics (src/registry/store.ts). */
export function topicsContract(settingNow: () => RegistrySetting): void {
  describe('topics', () => {
    let store: RegistryStore;
    beforeEach(() => void ({ store } = settingNow()));

    test('are kept with all their members over a restart, in the order of creation', async () => {
      const made = [topic('b'), topic('a', { members: {} }), topic('c', { basePath: '/tmf-api/AiM/v4' })];
      for (const one of made) await store.topics.insert(one);
      store = await settingNow().reopen();
      expect(await store.topics.load()).toEqual(made);
      expect(await store.topics.find('a')).toEqual(made[1]);
      await expect(store.topics.insert(topic('a'))).rejects.toThrow();
    });

    test('and subscriptions do not see each other', async () => {
      const told: RegistryEntry[] = [];
      const toldTopics: Told[] = [];
      store = await settingNow().reopen((entry) => told.push(entry));
      store.topics.follow((...news) => toldTopics.push(news));
      await store.topics.insert(topic('t'));
      await store.insert(subscription('s'), null);
      for (let round = 0; round < 2; round++) {
        expect(await store.load()).toEqual([subscription('s')]);
        expect(await store.topics.load()).toEqual([topic('t')]);
        expect(await store.find('t')).toBeUndefined();
        expect(await store.topics.find('s')).toBeUndefined();
        expect(await store.topics.remove('s')).toBe('unknown');
        if (round === 0) store = await settingNow().reopen();
      }
      expect(told.map(({ id }) => id)).toEqual(['s']);
      expect(toldTopics).toEqual([['t', topic('t')]]);
    });

    test('RULES 19: one that is removed is gone for good, and that is told', async () => {
      await store.topics.insert(topic('t'));
      store = await settingNow().reopen();
      const told: Told[] = [];
      store.topics.follow((...news) => told.push(news));
      expect(await store.topics.remove('t')).toBe('removed');
      expect(told).toEqual([['t', undefined]]);
      for (let round = 0; round < 2; round++) {
        expect(await store.topics.find('t')).toBeUndefined();
        expect(await store.topics.load()).toEqual([]);
        expect(await store.topics.remove('t')).toBe('unknown');
        expect(await store.topics.hold('t')).toBe(false);
        await expect(store.topics.insert(topic('t'))).rejects.toThrow();
        store = await settingNow().reopen();
      }
    });

    test('stay while there are subscriptions of them, pending ones too', async () => {
      await store.topics.insert(topic('t'));
      await store.topics.insert(topic('other'));
      await store.insert(hubOf('t', 'a'), null);
      await store.insert(hubOf('t', 'b', { state: 'gone' }), null);
      expect(await store.topics.hold('t')).toBe(true);
      expect(await store.topics.remove('t')).toBe(2);
      await store.remove('a');
      store = await settingNow().reopen();
      expect(await store.topics.remove('t')).toBe(1);
      expect(await store.topics.find('t')).toEqual({ ...topic('t'), version: 2 });
      await store.remove('b');
      expect(await store.topics.remove('t')).toBe('removed');
      expect(await store.topics.load()).toEqual([topic('other')]);
    });

    test('a row is removed only in the version that is meant', async () => {
      await store.insert(subscription('a'), 'key');
      await store.update('a', { state: 'active' });
      expect(await store.remove('a', 1)).toBe(false);
      expect(await store.find('a')).toMatchObject({ version: 2 });
      expect(await store.remove('a', 2)).toBe(true);
      expect(await store.remove('a', 2)).toBe(false);
    });
  });
}

/** What stores promise of topics that several replicas share. */
export function sharedTopicsContract(name: string, make: () => Promise<SharedSetting>): void {
  describe(`topics of the registry in ${name}, shared by two replicas`, () => {
    let setting: SharedSetting;
    let here: RegistryStore;
    let there: RegistryStore;
    const told: RegistryEntry[] = [];

    beforeEach(async () => {
      told.length = 0;
      setting = await make();
      here = await setting.another(() => undefined);
      there = await setting.another((entry) => told.push(entry));
    });

    afterEach(() => setting.cleanup());

    test('one that was made or removed here is found there at once, and told to topics alone', async () => {
      const toldTopics: Told[] = [];
      there.topics.follow((...news) => toldTopics.push(news));
      await here.topics.insert(topic('t'));
      expect(await there.topics.find('t')).toEqual(topic('t'));
      await until(() => toldTopics.length === 1);
      expect(await there.topics.load()).toEqual([topic('t')]);
      expect(await here.topics.remove('t')).toBe('removed');
      expect(await there.topics.find('t')).toBeUndefined();
      await until(() => toldTopics.length === 2);
      expect(toldTopics).toEqual([
        ['t', topic('t')],
        ['t', undefined],
      ]);
      expect(told.filter((entry) => entry.subscription !== null)).toEqual([]);
    });

    test('what the other wrote is known after catching up, told of it or not', async () => {
      const made = Array.from({ length: 20 }, (_, i) => subscription(`s${i}`));
      await Promise.all(made.map((one) => here.insert(one, null)));
      await there.catchUp();
      expect((await there.load()).map(({ id }) => id).sort()).toEqual(made.map(({ id }) => id).sort());
    });

    test('one stays for a subscription that the other made a moment ago', async () => {
      await here.topics.insert(topic('t'));
      expect(await there.topics.find('t')).toBeDefined();
      await here.insert(hubOf('t', 'a'), null);
      expect(await here.topics.hold('t')).toBe(true);
      expect(await there.topics.remove('t')).toBe(1);
    });

    test('of a removal and a subscription made at the same moment, one at least fails', async () => {
      const outcomes = new Set<string>();
      for (let round = 0; round < 30; round++) {
        const id = `t${round}`;
        const hub = hubOf(id, `hub of ${id}`);
        await here.topics.insert(topic(id));
        const subscribe = async () => {
          await here.insert(hub, null);
          const held = await here.topics.hold(id);
          if (!held) await here.remove(hub.id);
          return held;
        };
        const remove = async () => {
          for (let wait = 0; wait < round % 10; wait++) await there.topics.find(id);
          return there.topics.remove(id);
        };
        const [held, removed] = await Promise.all([subscribe(), remove()]);
        expect([held, removed]).not.toEqual([true, 'removed']);
        expect((await here.topics.find(id)) !== undefined).toBe(removed !== 'removed');
        expect((await here.find(hub.id)) !== undefined).toBe(held);
        outcomes.add(`${held} ${removed}`);
      }
      expect([...outcomes]).toContain('true 1');
    });
  });
}
