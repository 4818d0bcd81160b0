import { silentLogger } from '../../src/logger.ts';
import { SharedEntries } from '../../src/registry/redis/entries.ts';
import { KeptCopy } from '../../src/registry/redis/kept-copy.ts';
import type { RegistryEntry } from '../../src/registry/store.ts';
import { subscription } from '../contracts/registry.ts';
import { SimClock } from '../support/sim-clock.ts';
import { MemoryCopy } from './memory-copy.ts';

const entry = (id: string, version: number): RegistryEntry => ({
  ...{ id, version, uniqueKey: null },
  subscription: { ...subscription(id), version },
});

describe('a copy that is kept', () => {
  let clock: SimClock;
  let copy: MemoryCopy;
  let kept: KeptCopy;

  beforeEach(async () => {
    clock = new SimClock();
    copy = new MemoryCopy();
    kept = new KeptCopy({ copy, clock, logger: silentLogger, loaded: () => undefined });
  });

  const begin = async () => {
    await kept.load();
    kept.begin('r');
  };

  test('is given nothing before it was read and the registry is known, then all', async () => {
    copy.entries.set('a', entry('a', 2));
    for (const one of [entry('a', 1), entry('b', 1)]) expect(await kept.keep(one)).toBe(false);
    await kept.load();
    expect(copy.given).toEqual([]);
    kept.begin('r');
    await clock.advance(0);
    expect(copy.given).toEqual(['b 1']);
  });

  test('is tried again after pauses that grow from 1 s to 30 s, and from 1 s again once it worked', async () => {
    await begin();
    copy.failing.keep = true;
    expect(await kept.keep(entry('a', 1))).toBe(false);
    const tries: number[] = [];
    for (let second = 1; second <= 95; second++) {
      const before = copy.given.length;
      await clock.advance(1_000);
      if (copy.given.length > before) tries.push(second);
    }
    expect(tries).toEqual([1, 3, 7, 15, 31, 61, 91]);
    copy.failing.keep = false;
    await clock.advance(30_000);
    expect(copy.summary()).toEqual(['a 1 pending']);
    copy.failing.keep = true;
    expect(await kept.keep(entry('a', 2))).toBe(false);
    copy.failing.keep = false;
    await clock.advance(1_000);
    expect(copy.summary()).toEqual(['a 2 pending']);
  });

  test('that cannot be read is read again later', async () => {
    copy.failing.load = true;
    await begin();
    expect(kept.isRead).toBe(false);
    expect(await kept.keep(entry('a', 1))).toBe(false);
    copy.failing.load = false;
    await clock.advance(1_000);
    expect(kept.isRead).toBe(true);
    expect(copy.summary()).toEqual(['a 1 pending']);
  });

  test('of versions that come while one is being written only the latest is given', async () => {
    await begin();
    const versions = [1, 2, 3, 4].map((version) => kept.keep(entry('a', version)));
    expect(await Promise.all(versions)).toEqual([true, true, true, true]);
    expect(copy.given).toEqual(['a 1', 'a 4']);
  });

  test('is given fifty at a time, and in the end all', async () => {
    await begin();
    let [atOnce, most] = [0, 0];
    const keep = copy.keep.bind(copy);
    copy.keep = async (...given) => {
      most = Math.max(most, ++atOnce);
      await keep(...given);
      atOnce--;
    };
    const all = Array.from({ length: 500 }, (_, i) => kept.keep(entry(`s${i}`, 1)));
    expect(new Set(await Promise.all(all))).toEqual(new Set([true]));
    expect(most).toBe(50);
    expect(copy.entries.size).toBe(500);
  });

  test('nobody waits for it any more once it is closed', async () => {
    await begin();
    copy.stuck = true;
    const waiting = kept.keep(entry('a', 1));
    kept.close();
    expect(await waiting).toBe(false);
  });
});

describe('a write', () => {
  async function waits(copies: readonly MemoryCopy[]): Promise<number> {
    const clock = new SimClock();
    const entries = new SharedEntries({ copies, clock, logger: silentLogger, belongsTo: () => undefined });
    await entries.readCopies();
    entries.begin('r');
    let done = false;
    void entries.wrote({ entry: entry('a', 1), seq: 1 }).then(() => (done = true));
    const from = clock.monotonic();
    await clock.until(() => done, 60_000);
    return clock.monotonic() - from;
  }

  test('waits five seconds for a copy that does not answer, and not for one that fails', async () => {
    const [stuck, failing, good] = [new MemoryCopy(), new MemoryCopy(), new MemoryCopy()];
    stuck.stuck = true;
    failing.failing.keep = true;
    expect(await waits([good, failing])).toBe(0);
    expect(good.summary()).toEqual(['a 1 pending']);
    expect(await waits([good, stuck])).toBe(5_000);
  });
});
