import type { RegistryEntry } from '../../src/registry/store.ts';
import type { GivenStage } from './broker-stage.ts';
import { subscription } from './registry.ts';

/** Held against brokers that have a copy of the registry: those that several replicas share. */
export function registryCopy(given: GivenStage): void {
  test('RULES 19: there is one where replicas can share the broker; what was kept is there after a crash', async () => {
    const stage = given();
    expect(stage.broker.registryCopy !== undefined).toBe(stage.broker.capabilities.replicas);
    if (!stage.broker.registryCopy) return;
    const entry = (id: string, version: number): RegistryEntry => ({
      ...{ id, version, uniqueKey: `key of ${id}` },
      subscription: version > 2 ? null : subscription(id, { version }),
    });
    for (const [id, version] of [
      ['a', 1],
      ['b', 1],
      ['a', 2],
      ['b', 3],
    ] as const)
      await stage.broker.registryCopy.keep('registry', entry(id, version));
    await stage.crash();
    expect(await stage.broker.registryCopy.load()).toEqual({
      registryId: 'registry',
      entries: expect.arrayContaining([entry('a', 2), entry('b', 3)]) as RegistryEntry[],
    });
    await expect(stage.broker.registryCopy.keep('another registry', entry('c', 1))).rejects.toThrow(
      'already',
    );
  });
}
