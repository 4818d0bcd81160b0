import { randomUUID } from 'node:crypto';
import { createClient } from 'redis';
import type { Logger } from '../../src/logger.ts';
import { createRedisRegistry } from '../../src/registry/redis/redis-registry.ts';
import type { RegistryCopy, RegistryEntry, RegistryStore } from '../../src/registry/store.ts';
import { systemClock, type Clock } from '../../src/time.ts';

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: object;
}

/** One process's view of the registry. */
export interface Replica {
  readonly store: RegistryStore;
  readonly told: RegistryEntry[];
  readonly logged: LogLine[];
  ids(): Promise<string[]>;
  /** How often something was logged. */
  said(message: string): number;
}

interface ReplicaOptions {
  readonly url?: string;
  readonly copies?: readonly RegistryCopy[];
  readonly clock?: Clock;
}

/** A registry in Redis under a name of its own, its replicas, and hands that reach into its keys. */
export class RedisSite {
  readonly prefix = `test-${randomUUID()}`;
  readonly url: string;
  readonly #client: ReturnType<typeof createClient>;
  readonly #stores: RegistryStore[] = [];

  private constructor(url: string) {
    this.url = url;
    this.#client = createClient({ url });
    this.#client.on('error', () => undefined);
  }

  static async at(url: string): Promise<RedisSite> {
    const site = new RedisSite(url);
    await site.#client.connect();
    return site;
  }

  /** Not opened yet. */
  replica({ url = this.url, copies = [], clock = systemClock }: ReplicaOptions = {}): Replica {
    const told: RegistryEntry[] = [];
    const logged: LogLine[] = [];
    const { prefix } = this;
    const logger = recorder(logged);
    const store = createRedisRegistry({
      ...{ url, prefix, copies: () => copies, clock, logger, newId: randomUUID },
    });
    store.follow((entry) => told.push(entry));
    this.#stores.push(store);
    return {
      ...{ store, told, logged },
      ids: async () => (await store.load()).map(({ id }) => id),
      said: (message) => logged.filter((line) => line.message === message).length,
    };
  }

  async opened(options?: ReplicaOptions): Promise<Replica> {
    const replica = this.replica(options);
    await replica.store.open();
    return replica;
  }

  /** All keys are gone in one moment, as after FLUSHALL. */
  async flush(): Promise<void> {
    const keys = await this.#client.keys(`{${this.prefix}}:*`);
    if (keys.length > 0) await this.#client.del(keys);
  }

  /** All keys as they are now. `back` makes Redis have them again, and nothing else: it lost what came later. */
  async remember(): Promise<() => Promise<void>> {
    const keys = await this.#client.keys(`{${this.prefix}}:*`);
    const saved = await Promise.all(keys.map(async (key) => [key, await this.#dump(key)] as const));
    return async () => {
      const present = await this.#client.keys(`{${this.prefix}}:*`);
      const all = this.#client.multi().del([...present, this.key('registry')]);
      for (const [key, dump] of saved) all.addCommand(['RESTORE', key, '0', dump]);
      await all.exec();
    };
  }

  /** Ids, with version and state as Redis has them. */
  async rows(): Promise<string[]> {
    const ids = await this.#client.zRange(`{${this.prefix}}:subscriptions`, 0, -1);
    return Promise.all(
      ids.map(async (id) => {
        const { version = '', document = '' } = await this.#client.hGetAll(this.key(`subscription:${id}`));
        const state = document === '' ? 'ended' : (JSON.parse(document) as { state: string }).state;
        return `${id} ${version} ${state}`;
      }),
    );
  }

  key(name: string): string {
    return `{${this.prefix}}:${name}`;
  }

  async command(...args: string[]): Promise<unknown> {
    return this.#client.sendCommand(args);
  }

  async close(): Promise<void> {
    for (const store of this.#stores) await store.close();
    this.#client.destroy();
  }

  /** Bytes, which must not be read as text. */
  async #dump(key: string): Promise<Buffer> {
    const client = this.#client.withTypeMapping({ [36]: Buffer });
    return client.dump(key);
  }
}

function recorder(lines: LogLine[]): Logger {
  const at = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, message, fields });
  return {
    ...{ debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    isLevelEnabled: () => true,
  };
}
