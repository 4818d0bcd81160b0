import { randomUUID } from 'node:crypto';
import { startRedis, type Redis } from '../../scripts/services/redis.ts';
import { silentLogger } from '../../src/logger.ts';
import { createRedisRegistry } from '../../src/registry/redis/redis-registry.ts';
import type { RegistryEntry, RegistryStore } from '../../src/registry/store.ts';
import { systemClock } from '../../src/time.ts';
import { sharedRegistryContract } from './registry-shared.ts';
import { registryContract } from './registry.ts';

let redis: Redis;
beforeAll(async () => void (redis = await startRedis()));
afterAll(() => redis.end());

async function openUnder(prefix: string, changed?: (entry: RegistryEntry) => void): Promise<RegistryStore> {
  const store = createRedisRegistry({
    ...{ url: redis.url, prefix, copies: () => [] },
    ...{ clock: systemClock, logger: silentLogger, newId: randomUUID },
  });
  if (changed) store.follow(changed);
  await store.open();
  return store;
}

registryContract('Redis', async () => {
  const prefix = `contract-${randomUUID()}`;
  let store = await openUnder(prefix);
  return {
    get store() {
      return store;
    },
    reopen: async (changed) => {
      await store.close();
      store = await openUnder(prefix, changed);
      return store;
    },
    cleanup: () => store.close(),
  };
});

sharedRegistryContract('Redis', async () => {
  const prefix = `contract-${randomUUID()}`;
  const stores: RegistryStore[] = [];
  return {
    another: async (changed) => {
      const store = await openUnder(prefix, changed);
      stores.push(store);
      return store;
    },
    cleanup: async () => {
      for (const store of stores) await store.close();
    },
  };
});
