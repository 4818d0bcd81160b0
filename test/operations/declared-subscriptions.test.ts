import {
  declaredSubscriptions,
  type DeclaredSubscription,
} from '../../src/operations/declared-subscriptions.ts';
import { systemClock } from '../../src/time.ts';
import { catalogue, ORDERS_V4, ORDERS_V5, startParts, type Parts } from '../hub/gateway-parts.ts';
import { MemoryRegistry } from '../support/memory-registry.ts';

const declare = (given: Partial<DeclaredSubscription> = {}): DeclaredSubscription => ({
  callback: 'https://billing.example/listener',
  query: '',
  ordering: 'key',
  ...given,
});
const apply = (parts: Parts, ...declared: DeclaredSubscription[]) =>
  declaredSubscriptions(declared, catalogue, parts.registrations, systemClock);
const scopes = (parts: Parts) => parts.registry.rows().map(({ scope }) => scope);

describe('subscriptions of the configuration', () => {
  test('exist from the start, active, as they are declared', async () => {
    const parts = await startParts();
    await apply(parts, declare({ query: 'eventType=ProductOrderCreateEvent', ordering: 'none' }));
    expect(parts.registry.rows()).toMatchObject([
      {
        callback: 'https://billing.example/listener',
        query: 'eventType=ProductOrderCreateEvent',
        ordering: 'none',
        state: 'active',
        scope: { basePath: '', api: null, major: null },
      },
    ]);
    expect(parts.feeds.attached.size).toBe(1);
  });

  test.each([
    [{ api: 'TMF622', version: '4' }, ORDERS_V4, 4],
    [{ api: 'TMF622', version: '5' }, ORDERS_V5, 5],
    [{ api: 'TMF622' }, ORDERS_V5, 5],
    [{ basePath: ORDERS_V4 }, ORDERS_V4, 4],
  ])('%j is the hub at %s', async (where, basePath, major) => {
    const parts = await startParts();
    await apply(parts, declare(where));
    expect(scopes(parts)).toEqual([{ basePath, api: 'TMF622', major }]);
  });

  test('a whole version is that version, and a part of a number is none', async () => {
    const versions = catalogue.hubAt(ORDERS_V4)?.versions ?? [];
    const parts = await startParts();
    await apply(parts, declare({ api: 'TMF622', version: versions[0] as string }));
    expect(scopes(parts)).toMatchObject([{ basePath: ORDERS_V4 }]);
    await expect(apply(parts, declare({ api: 'TMF622', version: '40' }))).rejects.toThrow('subscriptions[0]');
  });

  test.each([{ api: 'TMF999' }, { api: 'TMF622', version: '77' }, { basePath: '/tmf-api/nonsense/v4' }])(
    '%j: an error that names the entry, so that no listener is missing in silence',
    async (where) => {
      const parts = await startParts();
      await expect(apply(parts, declare(), declare(where))).rejects.toThrow(
        'subscriptions[1]: the catalogue has no such API, version or base path.',
      );
    },
  );

  test('what the hub refuses is an error that names the entry, its callback and why', async () => {
    const parts = await startParts({ refusal: () => 'this address may not be called' });
    await expect(apply(parts, declare())).rejects.toThrow(
      'subscriptions[0] (https://billing.example/listener): this address may not be called',
    );
    const others = await startParts();
    await expect(
      apply(others, declare({ api: 'TMF622', query: 'eventType=NoSuchThingEvent' })),
    ).rejects.toThrow(/subscriptions\[0\] .*NoSuchThingEvent/);
  });

  test.each(['fiware', 'openslice'])(
    'may ask for a profile (%s) and a secret; another one in the next configuration is told, not ignored',
    async (profile) => {
      const secret = (byte: number) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`;
      const registry = new MemoryRegistry();
      const start = async (byte: number) =>
        apply(await startParts({ registry }), declare({ profile, secret: secret(byte) }));
      await start(1);
      await start(1);
      expect(registry.rows()).toMatchObject([{ extensions: { profile, secret: secret(1) } }]);
      await expect(start(2)).rejects.toThrow(/subscriptions\[0\] .*another "secret": delete it/);
    },
  );

  test('of two replicas that start at once with different secrets one is told: neither is ignored', async () => {
    const secret = (byte: number) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`;
    const registry = new MemoryRegistry();
    const other = registry.replica();
    other.hears = 'by hand';
    const [one, two] = [await startParts({ registry }), await startParts({ registry: other })];
    await apply(one, declare({ secret: secret(1) }));
    await expect(apply(two, declare({ secret: secret(2) }))).rejects.toThrow(/another "secret"/);
    await apply(two, declare({ secret: secret(1) }));
  });

  test.each(['idempotent', 'conflict', 'allow'] as const)(
    'a restart makes no duplicates (%s)',
    async (duplicates) => {
      const registry = new MemoryRegistry();
      const declared = [
        declare(),
        declare({ api: 'TMF622' }),
        declare({ api: 'TMF622', query: 'state=done' }),
      ];
      for (let start = 0; start < 3; start++)
        await apply(await startParts({ registry, duplicates }), ...declared);
      expect(registry.rows()).toHaveLength(3);
      expect(new Set(registry.rows().map(({ version }) => version)).size).toBe(1);
    },
  );

  test('one that an operator paused stays paused over a restart', async () => {
    const registry = new MemoryRegistry();
    const first = await startParts({ registry });
    await apply(first, declare());
    await first.registrations.setState(registry.rows()[0]!.id, 'paused', 'Paused by an operator.');
    await apply(await startParts({ registry }), declare());
    expect(registry.rows()).toMatchObject([{ state: 'paused' }]);
  });

  test('one that is no longer declared stays: only DELETE removes', async () => {
    const registry = new MemoryRegistry();
    await apply(await startParts({ registry }), declare());
    await apply(await startParts({ registry }));
    expect(registry.rows()).toHaveLength(1);
  });

  test('another ordering than the existing one has is an error, not ignored', async () => {
    const registry = new MemoryRegistry();
    await apply(await startParts({ registry }), declare());
    await expect(apply(await startParts({ registry }), declare({ ordering: 'none' }))).rejects.toThrow(
      'subscriptions[0]',
    );
  });

  test('has the same id in every replica, whose registries know nothing of each other', async () => {
    const replicas = [await startParts(), await startParts()];
    const declared = [declare({ api: 'TMF622' }), declare({ ordering: 'none' })];
    for (const parts of replicas) await apply(parts, ...declared);
    const [one, other] = replicas.map((parts) => parts.registry.rows().map(({ id }) => id));
    expect(one).toEqual(other);
    expect(new Set(one).size).toBe(2);
  });

  test('RULES 18: a crash between feed and registry leaves nothing to undo: the other replica delivers from that feed', async () => {
    const parts = await startParts();
    parts.registry.failing.set('insert', 'before');
    let inserts = 0;
    parts.registry.onCall = async (call) => {
      if (call === 'insert' && ++inserts === 2) parts.registry.failing.clear();
    };
    await apply(parts, declare());
    expect(inserts).toBe(2);
    expect(parts.feeds.calls).not.toContain('detach');
    expect(parts.registry.rows()).toMatchObject([{ state: 'active' }]);
  });
});
