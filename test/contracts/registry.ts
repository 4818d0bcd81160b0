import type { RegistryEntry, RegistryStore, Subscription } from '../../src/registry/store.ts';
import { notesContract } from './registry-notes.ts';
import { topicsContract } from './registry-topics.ts';

/** A store that is open, a way to be the next process on the same storage, and a way to leave nothing behind. */
export interface RegistrySetting {
  readonly store: RegistryStore;
  /** Closes the store in use and opens another on the same storage, which tells `changed`. */
  reopen(changed?: (entry: RegistryEntry) => void): Promise<RegistryStore>;
  cleanup(): Promise<void>;
}

export function subscription(id: string, more: Partial<Subscription> = {}): Subscription {
  return {
    id,
    scope: { basePath: '/tmf-api/productOrderingManagement/v4', api: 'TMF622', major: 4 },
    callback: `https://listener.example/${id}?a=1`,
    query: 'eventType=ProductOrderCreateEvent&event.productOrder.state=completed',
    ordering: 'key',
    state: 'pending',
    stateReason: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    version: 1,
    ...more,
  };
}

/** What every store of the registry promises (src/registry/store.ts). A new store's test file is a call of this. */
export function registryContract(name: string, make: () => Promise<RegistrySetting>): void {
  describe(`the registry in ${name}`, () => {
    let setting: RegistrySetting;
    let store: RegistryStore;

    beforeEach(async () => {
      setting = await make();
      store = setting.store;
    });

    afterEach(() => setting.cleanup());

    const ids = async () => (await store.load()).map(({ id }) => id);

    test('begins empty and healthy', async () => {
      expect(await store.load()).toEqual([]);
      expect(store.health()).toEqual({ ok: true });
    });

    test('RULES 1: has an identity that is made once and kept', async () => {
      const { registryId } = store;
      expect(registryId).not.toBe('');
      expect((await setting.reopen()).registryId).toBe(registryId);
    });

    test('another storage has another identity', async () => {
      const other = await make();
      expect(other.store.registryId).not.toBe(store.registryId);
      await other.cleanup();
    });

    test('keeps a subscription with all its members over a restart, in the order of creation', async () => {
      const global = subscription('b', {
        scope: { basePath: '', api: null, major: null },
        query: '',
        ordering: 'none',
      });
      const made = [
        global,
        subscription('a', { state: 'paused', stateReason: 'by "operator" ✓' }),
        subscription('c'),
      ];
      for (const one of made) {
        expect(await store.insert(one, `key of ${one.id}`)).toEqual({ created: true, subscription: one });
      }
      expect(await store.load()).toEqual(made);
      store = await setting.reopen();
      expect(await store.load()).toEqual(made);
    });

    test('RULES 17: of many with one unique key one creates, the others get what exists', async () => {
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, i) => store.insert(subscription(`s${i}`), 'same')),
      );
      const created = results.filter((result) => result.created);
      expect(created).toHaveLength(1);
      for (const result of results) expect(result.subscription).toEqual(created[0]?.subscription);
      expect(await store.load()).toEqual([created[0]?.subscription]);
    });

    test('the unique key holds over a restart; what exists is given as it is now', async () => {
      await store.insert(subscription('a'), 'same');
      const active = await store.update('a', { state: 'active' });
      store = await setting.reopen();
      expect(await store.insert(subscription('b'), 'same')).toEqual({ created: false, subscription: active });
      expect(await ids()).toEqual(['a']);
    });

    test('without a unique key it always creates', async () => {
      await store.insert(subscription('a'), null);
      expect((await store.insert(subscription('b'), null)).created).toBe(true);
      expect(await ids()).toEqual(['a', 'b']);
    });

    test('an update changes what it names, raises the version by one, and survives a restart', async () => {
      const original = subscription('a');
      await store.insert(original, 'key');
      await store.insert(subscription('b'), null);
      expect(await store.update('a', { state: 'suspended', stateReason: 'five days' })).toEqual({
        ...original,
        ...{ state: 'suspended', stateReason: 'five days', version: 2 },
      });
      const resumed = { ...original, state: 'active', stateReason: null, version: 3 };
      expect(await store.update('a', { state: 'active', stateReason: null })).toEqual(resumed);
      store = await setting.reopen();
      expect(await store.load()).toEqual([resumed, subscription('b')]);
    });

    test('no update is lost among concurrent ones', async () => {
      await store.insert(subscription('a'), null);
      const versions = await Promise.all(
        Array.from(
          { length: 20 },
          async (_, i) => (await store.update('a', { stateReason: `r${i}` }))?.version,
        ),
      );
      expect(versions.sort((a = 0, b = 0) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 2));
    });

    test('an update of one version changes nothing when there is another, or none', async () => {
      await store.insert(subscription('a'), null);
      expect(await store.update('a', { state: 'active' }, 2)).toBeUndefined();
      expect(await store.update('a', { state: 'active' }, 1)).toMatchObject({ state: 'active', version: 2 });
      expect(await store.update('a', { state: 'paused' }, 1)).toBeUndefined();
      expect(await store.find('a')).toMatchObject({ state: 'active', version: 2 });
      await store.remove('a');
      expect(await store.update('a', { state: 'active' }, 3)).toBeUndefined();
      expect(await store.update('nobody', { state: 'active' }, 1)).toBeUndefined();
    });

    test('of many updates of one version one is made', async () => {
      await store.insert(subscription('a'), null);
      const made = await Promise.all(
        Array.from({ length: 20 }, (_, i) => store.update('a', { stateReason: `r${i}` }, 1)),
      );
      const [winner, ...others] = made.filter((result) => result !== undefined);
      expect(others).toEqual([]);
      expect(await store.find('a')).toEqual(winner);
    });

    test('a removed subscription is gone for good, and its unique key is free', async () => {
      await store.insert(subscription('a'), 'key');
      expect(await store.remove('a')).toBe(true);
      expect(await store.remove('a')).toBe(false);
      expect(await ids()).toEqual([]);
      expect((await store.insert(subscription('b'), 'key')).created).toBe(true);
      store = await setting.reopen();
      expect(await ids()).toEqual(['b']);
      expect(await store.remove('a')).toBe(false);
    });

    test('RULES 19: neither an update nor another insert brings a removed subscription back', async () => {
      await store.insert(subscription('a'), 'key');
      await store.remove('a');
      for (let round = 0; round < 2; round++) {
        expect(await store.update('a', { state: 'active' })).toBeUndefined();
        await expect(store.insert(subscription('a'), 'key')).rejects.toThrow();
        expect(await ids()).toEqual([]);
        store = await setting.reopen();
      }
    });

    test('one that is made again under its id in a later version lives, and is the new one', async () => {
      await store.insert(subscription('a'), 'key');
      await store.remove('a');
      const again = { ...subscription('a'), version: 100, stateReason: 'again' };
      expect(await store.insert(again, 'key')).toEqual({ created: true, subscription: again });
      store = await setting.reopen();
      expect(await store.load()).toEqual([again]);
      expect(await store.update('a', { state: 'active' })).toMatchObject({ state: 'active', version: 101 });
    });

    test('the key that it had before it was removed and made again is free', async () => {
      await store.insert(subscription('a'), 'old');
      await store.remove('a');
      await store.insert(subscription('a', { version: 100 }), 'new');
      expect((await store.insert(subscription('b'), 'old')).created).toBe(true);
      expect((await store.insert(subscription('c'), 'new')).created).toBe(false);
    });

    test('a version may be as large as a time in milliseconds', async () => {
      const version = Date.UTC(2026, 0, 1);
      await store.insert(subscription('a', { version }), null);
      expect(await store.update('a', { state: 'active' })).toMatchObject({ version: version + 1 });
      store = await setting.reopen();
      expect(await store.find('a')).toMatchObject({ state: 'active', version: version + 1 });
      await store.remove('a');
      await expect(store.insert(subscription('a', { version: version + 2 }), null)).rejects.toThrow();
      expect((await store.insert(subscription('a', { version: version + 3 }), null)).created).toBe(true);
    });

    test('an update of what never was changes nothing', async () => {
      expect(await store.update('nobody', { state: 'active' })).toBeUndefined();
      expect(await store.load()).toEqual([]);
    });

    test('PITFALLS 15: there is no ceiling at some round number', async () => {
      const made = Array.from({ length: 1_001 }, (_, i) => subscription(`s${i}`));
      await Promise.all(made.map((one) => store.insert(one, one.id)));
      store = await setting.reopen();
      expect(await store.load()).toHaveLength(1_001);
    });

    test('finds one as it is now, and none that was removed or never was', async () => {
      await store.insert(subscription('a'), null);
      const paused = await store.update('a', { state: 'paused', stateReason: 'by hand' });
      expect(await store.find('a')).toEqual(paused);
      store = await setting.reopen();
      expect(await store.find('a')).toEqual(paused);
      await store.remove('a');
      expect(await store.find('a')).toBeUndefined();
      expect(await store.find('nobody')).toBeUndefined();
    });

    test('tells of each write of its own, and not of what it found when it was opened', async () => {
      await store.insert(subscription('before'), 'key of before');
      const told: RegistryEntry[] = [];
      store = await setting.reopen((entry) => told.push(entry));
      const written: RegistryEntry[] = [];
      const write = (entry: RegistryEntry) => {
        written.push(entry);
        expect(told).toEqual(written);
      };
      const made = subscription('a');
      await store.insert(made, 'key');
      write({ id: 'a', version: 1, uniqueKey: 'key', subscription: made });
      await store.update('a', { state: 'active' });
      const active = { ...made, state: 'active', version: 2 } as const;
      write({ id: 'a', version: 2, uniqueKey: 'key', subscription: active });
      await store.insert(subscription('b'), 'key');
      await store.update('nobody', { state: 'active' });
      await store.remove('nobody');
      await store.remove('a');
      write({ id: 'a', version: 3, uniqueKey: null, subscription: null });
    });

    notesContract(() => setting);
    topicsContract(() => setting);

    test('is not healthy once it is closed', async () => {
      await store.close();
      expect(store.health().ok).toBe(false);
    });
  });
}
