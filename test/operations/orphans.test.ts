import type { Broker } from '../../src/brokers/broker.ts';
import { Orphans } from '../../src/operations/orphans.ts';
import { loudLogger } from '../support/fake-topic.ts';
import { SimClock } from '../support/sim-clock.ts';

/** Brokers that keep something for some ids, and a registry that knows others. */
class Site {
  readonly clock = new SimClock();
  readonly kept: Record<string, Set<string>> = { first: new Set(), second: new Set() };
  readonly served = new Set<string>();
  readonly rows = new Set<string>();
  isRegistryAway = false;
  readonly detached: string[] = [];
  readonly log = loudLogger();
  readonly orphans: Orphans;

  constructor() {
    const brokers = Object.entries(this.kept).map(([name, ids]) => ({
      name,
      keptSubscriptions: () => [...ids],
      detach: async (id: string) => {
        this.detached.push(`${name} ${id}`);
        ids.delete(id);
      },
    }));
    this.orphans = new Orphans({
      brokers: brokers as unknown as Broker[],
      isKnown: (id) => this.served.has(id),
      isRegistered: async (id) => {
        if (this.isRegistryAway) throw new Error('Redis is away');
        return this.rows.has(id);
      },
      ...{ clock: this.clock, logger: this.log.logger },
    });
    this.orphans.start();
  }
}

let site: Site;

beforeEach(() => {
  site = new Site();
});

afterEach(() => site.orphans.stop());

describe('RULES 19: what brokers keep and the registry does not know', () => {
  test('turns readiness red after a while, is said once, and is never removed by itself', async () => {
    site.kept['first']!.add('s1').add('s2');
    site.kept['second']!.add('s1');
    site.served.add('s2');
    await site.clock.advance(29_000);
    expect(site.orphans.health()).toEqual({ ok: true });
    await site.clock.advance(31_000);
    expect(site.orphans.health()).toMatchObject({
      ok: false,
      reason: expect.stringContaining('s1') as string,
    });
    expect(site.orphans.list()).toEqual([{ subscriptionId: 's1', sources: ['first', 'second'] }]);
    await site.clock.advance(600_000);
    expect(site.log.said.filter((message) => message === 'subscription.orphaned')).toHaveLength(1);
    expect(site.detached).toEqual([]);
  });

  test('is none while it is on its way: pending in the registry, or removed a moment ago', async () => {
    site.kept['first']!.add('pending').add('ending');
    site.rows.add('pending');
    await site.clock.advance(25_000);
    site.kept['first']!.delete('ending');
    await site.clock.advance(300_000);
    expect(site.orphans.list()).toEqual([]);
  });

  test('is none any more once it is known', async () => {
    site.kept['first']!.add('s1');
    await site.clock.advance(60_000);
    expect(site.orphans.health().ok).toBe(false);
    site.served.add('s1');
    await site.clock.advance(10_000);
    expect(site.orphans.health()).toEqual({ ok: true });
  });

  test('a registry that is away makes none, and acquits none', async () => {
    site.kept['first']!.add('s1');
    await site.clock.advance(60_000);
    site.kept['first']!.add('s2');
    site.isRegistryAway = true;
    await site.clock.advance(120_000);
    expect(site.orphans.list().map(({ subscriptionId }) => subscriptionId)).toEqual(['s1']);
    await expect(site.orphans.remove('s1')).rejects.toMatchObject({ status: 503 });
    expect(site.detached).toEqual([]);
  });

  test('ends at all sources when an operator says so', async () => {
    site.kept['first']!.add('s1');
    expect(await site.orphans.remove('s1')).toBe(false);
    await site.clock.advance(60_000);
    expect(await site.orphans.remove('s1')).toBe(true);
    expect(site.detached).toEqual(['first s1', 'second s1']);
    expect(site.orphans.health()).toEqual({ ok: true });
  });

  test('is not ended when the registry knows it again', async () => {
    site.kept['first']!.add('s1');
    await site.clock.advance(60_000);
    site.rows.add('s1');
    await expect(site.orphans.remove('s1')).rejects.toMatchObject({ status: 409 });
    expect(site.detached).toEqual([]);
  });
});
