import type { RegistryStore, Topic } from '../../registry/store.ts';

/**
 * The topics as far as this replica has heard of them, so that an event posted to one need not wait for the registry.
 * To be made before the registry is opened: it begins to follow it.
 */
export class TopicRoster {
  readonly #store: RegistryStore;
  readonly #known = new Map<string, Topic>();

  constructor(store: RegistryStore) {
    this.#store = store;
    store.topics.follow((id, topic) => {
      if (topic === undefined) this.#known.delete(id);
      else this.#known.set(id, topic);
    });
  }

  /** Once the registry is open: what it had then is known when it resolves. */
  async start(): Promise<void> {
    for (const topic of await this.#store.topics.load()) {
      // One that was told of meanwhile is newer.
      if (!this.#known.has(topic.id)) this.#known.set(topic.id, topic);
    }
  }

  /** One that is not known here may be another replica's that was not told yet. Rejects when the registry is away. */
  async find(id: string): Promise<Topic | undefined> {
    const known = this.#known.get(id);
    if (known !== undefined || !this.#store.isShared) return known;
    return this.#store.topics.find(id);
  }

  /** In the order of creation. */
  all(): Topic[] {
    return [...this.#known.values()].sort(byCreation);
  }
}

function byCreation(a: Topic, b: Topic): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}
