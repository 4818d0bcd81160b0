import type { RegistryEntry } from '../../src/registry/store.ts';
import { subscription } from '../contracts/registry.ts';
import { StateSite, TOPIC } from './kafka-state-site.ts';

let site: StateSite;

beforeEach(() => {
  site = new StateSite();
});

afterEach(() => site.close());

function entry(id: string, version: number, isThere = true): RegistryEntry {
  return { id, version, uniqueKey: null, subscription: isThere ? subscription(id, { version }) : null };
}

describe('RULES 19: the registry once more, in a topic of the broker', () => {
  test('is read by other replicas, after a restart and after a compaction; what was removed stays removed', async () => {
    const [one, other] = [await site.started(), await site.started()];
    expect(await one.copy.load()).toEqual({ registryId: undefined, entries: [] });
    await one.copy.keep('r', entry('a', 1));
    await one.copy.keep('r', entry('b', 1));
    await one.copy.keep('r', entry('a', 2));
    await one.copy.keep('r', entry('b', 2, false));
    const kept = { registryId: 'r', entries: [entry('a', 2), entry('b', 2, false)] };
    expect(await one.copy.load()).toEqual(kept);
    await site.clock.until(() => other.copy.ids().join() === 'a', 5_000);
    site.topics.compact(TOPIC, { all: true });
    expect(await (await site.started()).copy.load()).toEqual(kept);
  });

  test('of two versions the higher one stays, whichever replica was the last to write', async () => {
    const [one, other] = [await site.started(), await site.started()];
    await Promise.all([one.copy.keep('r', entry('a', 3)), other.copy.keep('r', entry('a', 2))]);
    await one.copy.keep('r', entry('a', 1));
    site.topics.compact(TOPIC, { all: true });
    expect((await (await site.started()).copy.load()).entries).toEqual([entry('a', 3)]);
  });

  test('takes nothing of another registry', async () => {
    const { copy } = await site.started();
    await copy.keep('r', entry('a', 1));
    await expect(copy.keep('another', entry('b', 1))).rejects.toThrow('has a copy of the registry r already');
    expect((await copy.load()).entries).toEqual([entry('a', 1)]);
  });

  test('of two registries that claim it at once one gets it', async () => {
    const [one, other] = [await site.started(), await site.started()];
    const claims = await Promise.allSettled([
      one.copy.keep('r', entry('a', 1)),
      other.copy.keep('s', entry('b', 1)),
    ]);
    const { registryId, entries } = await (await site.started()).copy.load();
    const winner = registryId === 'r' ? 0 : 1;
    expect(claims.map(({ status }) => status)[winner]).toBe('fulfilled');
    expect(entries).toContainEqual(winner === 0 ? entry('a', 1) : entry('b', 1));
  });

  test('is written again when the topic was made anew', async () => {
    const { copy } = await site.started();
    await copy.keep('r', entry('a', 1));
    await copy.keep('r', entry('b', 2, false));
    site.topics.create(TOPIC, 1);
    await site.clock.until(() => site.topics.content(TOPIC).length >= 3, 60_000);
    expect(await (await site.started()).copy.load()).toEqual({
      registryId: 'r',
      entries: [entry('a', 1), entry('b', 2, false)],
    });
  });

  test('an entry that cannot be read is reported, and hides no other', async () => {
    const { copy, said } = await site.started();
    await copy.keep('r', entry('a', 1));
    site.topics.append(TOPIC, 'registry:b', Buffer.from('{'));
    await site.clock.until(() => said.includes('registry-entry.unreadable'), 5_000);
    expect((await copy.load()).entries).toEqual([entry('a', 1)]);
  });
});
