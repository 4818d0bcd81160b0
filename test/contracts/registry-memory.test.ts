/** The registry that other tests work with keeps the promises too. */
import { MemoryRegistry } from '../support/memory-registry.ts';
import { sharedRegistryContract } from './registry-shared.ts';
import { registryContract } from './registry.ts';

registryContract('memory', async () => {
  let store = new MemoryRegistry();
  return {
    get store() {
      return store;
    },
    reopen: async (changed) => {
      await store.close();
      store = store.replica();
      if (changed) store.follow(changed);
      await store.open();
      return store;
    },
    cleanup: () => store.close(),
  };
});

sharedRegistryContract('memory', async () => {
  const first = new MemoryRegistry();
  const another = async (changed: Parameters<MemoryRegistry['follow']>[0]) => {
    const replica = first.replica();
    replica.follow(changed);
    await replica.open();
    return replica;
  };
  return { another, cleanup: async () => undefined };
});
