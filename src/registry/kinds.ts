import type { DocumentStore, Kept, RegistryStore, Subscription, Topic, TopicStore } from './store.ts';

/** So often a topic may be held by others between a look and its removal; more would be no accident. */
const MOST_ROUNDS = 20;

/** The one place where topics and subscriptions, which share a store, are told apart: each side sees its own. */
export function registryOf(store: DocumentStore<Kept>): RegistryStore {
  let tellTopic: Parameters<TopicStore['follow']>[0] = () => undefined;
  let tellSubscription: Parameters<RegistryStore['follow']>[0] = () => undefined;
  const followStore = (): void =>
    store.follow((entry) => {
      const { id, subscription: document } = entry;
      const topic = asTopic(document);
      // A tombstone does not say of what: each side knows its own ids.
      if (document === null || topic !== undefined) tellTopic(id, topic);
      if (topic === undefined) tellSubscription({ ...entry, subscription: asSubscription(document) ?? null });
    });
  return {
    get registryId() {
      return store.registryId;
    },
    get isShared() {
      return store.isShared;
    },
    notes: store.notes,
    open: () => store.open(),
    close: () => store.close(),
    load: async () => subscriptionsAmong(await store.load()),
    find: async (id) => asSubscription(await store.find(id)),
    follow(changed) {
      tellSubscription = changed;
      followStore();
    },
    insert: (subscription, uniqueKey) => inserted(store, subscription, uniqueKey),
    update: async (id, change, ifVersion) => asSubscription(await store.update(id, change, ifVersion)),
    remove: (id, ifVersion) => store.remove(id, ifVersion),
    catchUp: () => store.catchUp(),
    health: () => store.health(),
    topics: {
      ...topicsOf(store),
      follow(changed) {
        tellTopic = changed;
        followStore();
      },
    },
  };
}

async function inserted(store: DocumentStore<Kept>, given: Subscription, uniqueKey: string | null) {
  const { created, subscription } = await store.insert(given, uniqueKey);
  return { created, subscription: asSubscription(subscription) ?? given };
}

function topicsOf(store: DocumentStore<Kept>): Omit<TopicStore, 'follow'> {
  return {
    load: async () => (await store.load()).flatMap((one) => asTopic(one) ?? []),
    find: async (id) => asTopic(await store.find(id)),
    async insert(topic) {
      await store.insert(topic, null);
    },
    hold: async (id) => (await store.update(id, {})) !== undefined,
    /**
     * Whoever makes a subscription inserts it and then holds the topic. If the hold came before the look at the topic,
     * the subscription is counted; if it came after, the version is another one, or the topic is gone for the hold.
     */
    async remove(id) {
      for (let round = 0; round < MOST_ROUNDS; round++) {
        const topic = asTopic(await store.find(id));
        if (topic === undefined) return 'unknown';
        await store.catchUp();
        const hubs = subscriptionsAmong(await store.load()).filter(({ scope }) => scope.topic?.id === id);
        if (hubs.length > 0) return hubs.length;
        if (await store.remove(id, topic.version)) return 'removed';
      }
      throw new Error(`subscriptions of the topic ${id} come and go all the time`);
    },
  };
}

function asTopic(document: Kept | null | undefined): Topic | undefined {
  return document != null && 'kind' in document ? document : undefined;
}

function subscriptionsAmong(documents: readonly Kept[]): Subscription[] {
  return documents.flatMap((one) => asSubscription(one) ?? []);
}

function asSubscription(document: Kept | null | undefined): Subscription | undefined {
  return document == null || 'kind' in document ? undefined : document;
}
