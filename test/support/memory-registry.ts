import type { Health } from '../../src/health.ts';
import { registryOf } from '../../src/registry/kinds.ts';
import type {
  DocumentStore,
  FeedNotes,
  Kept,
  RegistryEntry,
  RegistryStore,
  Subscription,
  SubscriptionChange,
  TopicStore,
} from '../../src/registry/store.ts';
import { MemoryNotes } from './memory-notes.ts';

type Call = 'load' | 'find' | 'insert' | 'update' | 'remove' | 'catchUp';
type Entry = RegistryEntry<Kept>;

let made = 0;

/** What the replicas of a registry have in common. */
class SharedMemory {
  readonly registryId = `registry-in-memory-${++made}`;
  readonly entries = new Map<string, Entry>();
  readonly notes = new MemoryNotes();
  readonly replicas = new Set<MemoryDocuments>();
  isShared = false;
}

/**
 * A registry in memory, with the promises of the seam. It outlives the gateways of a test, so that a second one on
 * the same registry is a restart (the latest listener is told). Calls named in `failing` reject, before or after
 * they took effect.
 *
 * `replica` gives another process's view of it: a store of its own that knows of others' writes when it hears of
 * them, soon or when the test says so.
 */
export class MemoryRegistry implements RegistryStore {
  readonly topics: TopicStore;
  readonly #memory: SharedMemory;
  readonly #documents: MemoryDocuments;
  readonly #registry: RegistryStore;

  constructor(memory = new SharedMemory()) {
    this.#memory = memory;
    this.#documents = new MemoryDocuments(memory);
    this.#registry = registryOf(this.#documents);
    this.topics = this.#registry.topics;
  }

  /** From then on the registry is a shared one. The new replica knows all that was written so far. */
  replica(): MemoryRegistry {
    this.#memory.isShared = true;
    return new MemoryRegistry(this.#memory);
  }

  get failing(): Map<Call, 'before' | 'after'> {
    return this.#documents.failing;
  }

  /** Work to do inside each call, e.g. to look at the state or to wait. */
  set onCall(work: (call: Call) => Promise<void> | void) {
    this.#documents.onCall = work;
  }

  /** When this replica hears what others wrote: in the next microtask, or in `hear`. */
  set hears(when: 'soon' | 'by hand') {
    this.#documents.hears = when;
  }

  /** Tells of everything that others wrote and this replica has not heard of. */
  hear = () => this.#documents.hear();

  get registryId(): string {
    return this.#memory.registryId;
  }

  get isShared(): boolean {
    return this.#memory.isShared;
  }

  set isShared(shared: boolean) {
    this.#memory.isShared = shared;
  }

  get notes(): FeedNotes {
    return this.#memory.notes;
  }

  open = () => this.#registry.open();
  close = () => this.#registry.close();
  follow = (changed: (entry: RegistryEntry) => void) => this.#registry.follow(changed);
  load = () => this.#registry.load();
  find = (id: string) => this.#registry.find(id);
  insert = (subscription: Subscription, uniqueKey: string | null) =>
    this.#registry.insert(subscription, uniqueKey);
  update = (id: string, change: SubscriptionChange, ifVersion?: number) =>
    this.#registry.update(id, change, ifVersion);
  remove = (id: string, ifVersion?: number) => this.#registry.remove(id, ifVersion);
  catchUp = () => this.#registry.catchUp();
  health = () => this.#registry.health();

  /** What is stored, without asking through the seam. */
  rows(): Subscription[] {
    return living(this.#memory.entries).filter((one): one is Subscription => !('kind' in one));
  }

  /** The topics that are stored. */
  topicIds(): string[] {
    return living(this.#memory.entries).flatMap((one) => ('kind' in one ? [one.id] : []));
  }
}

class MemoryDocuments implements DocumentStore<Kept> {
  readonly failing = new Map<Call, 'before' | 'after'>();
  onCall: (call: Call) => Promise<void> | void = () => undefined;
  hears: 'soon' | 'by hand' = 'soon';
  readonly registryId: string;
  readonly notes: FeedNotes;
  readonly #memory: SharedMemory;
  readonly #known: Map<string, Entry>;
  #news: Entry[] = [];
  #closed = false;
  #changed: (entry: Entry) => void = () => undefined;

  constructor(memory: SharedMemory) {
    this.registryId = memory.registryId;
    this.notes = memory.notes;
    this.#memory = memory;
    this.#known = new Map(memory.entries);
    memory.replicas.add(this);
  }

  get isShared(): boolean {
    return this.#memory.isShared;
  }

  async open(): Promise<void> {
    this.#closed = false;
    this.#news = [];
    for (const [id, entry] of this.#memory.entries) this.#known.set(id, entry);
  }

  /** It hears nothing any more, until it is opened again. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#changed = () => undefined;
  }

  follow(changed: (entry: Entry) => void): void {
    this.#changed = changed;
  }

  hear(): void {
    for (const entry of this.#news.splice(0)) this.#learn(entry);
  }

  load(): Promise<Kept[]> {
    return this.#call('load', () => living(this.#known));
  }

  find(id: string): Promise<Kept | undefined> {
    return this.#call('find', () => this.#memory.entries.get(id)?.subscription ?? undefined);
  }

  insert(subscription: Kept, uniqueKey: string | null): Promise<{ created: boolean; subscription: Kept }> {
    return this.#call('insert', () => {
      const existing = uniqueKey === null ? undefined : this.#holderOf(uniqueKey);
      if (existing !== undefined) return { created: false, subscription: existing };
      const { id, version } = subscription;
      const former = this.#memory.entries.get(id);
      if (former !== undefined && (former.subscription !== null || former.version >= version))
        throw new Error(`the subscription ${id} exists or was removed`);
      this.#memory.entries.delete(id);
      this.#write({ id, version, uniqueKey, subscription });
      return { created: true, subscription };
    });
  }

  update(id: string, change: SubscriptionChange, ifVersion?: number): Promise<Kept | undefined> {
    return this.#call('update', () => {
      const before = this.#memory.entries.get(id);
      if (before?.subscription == null || before.version !== (ifVersion ?? before.version)) return undefined;
      const version = before.version + 1;
      const subscription = { ...before.subscription, ...change, version };
      this.#write({ ...before, version, subscription });
      return subscription;
    });
  }

  remove(id: string, ifVersion?: number): Promise<boolean> {
    return this.#call('remove', () => {
      const before = this.#memory.entries.get(id);
      if (before?.subscription == null || before.version !== (ifVersion ?? before.version)) return false;
      this.#write({ id, version: before.version + 1, uniqueKey: null, subscription: null });
      return true;
    });
  }

  catchUp(): Promise<void> {
    return this.#call('catchUp', () => this.hear());
  }

  health(): Health {
    if (this.#closed) return { ok: false, reason: 'the registry is closed' };
    return this.failing.size === 0 ? { ok: true } : { ok: false, reason: 'the test made the registry fail' };
  }

  async #call<T>(call: Call, work: () => T): Promise<T> {
    await Promise.resolve();
    await this.onCall(call);
    if (this.failing.get(call) === 'before') throw new Error(`${call} fails before it does anything`);
    const result = work();
    if (this.failing.get(call) === 'after') throw new Error(`${call} fails after it was done`);
    return result;
  }

  #holderOf(uniqueKey: string): Kept | undefined {
    for (const entry of this.#memory.entries.values()) {
      if (entry.uniqueKey === uniqueKey && entry.subscription !== null) return entry.subscription;
    }
    return undefined;
  }

  #write(entry: Entry): void {
    this.#memory.entries.set(entry.id, entry);
    for (const replica of this.#memory.replicas) if (replica !== this) replica.#hearOf(entry);
    this.#learn(entry);
  }

  #hearOf(entry: Entry): void {
    this.#news.push(entry);
    queueMicrotask(() => {
      if (this.hears === 'soon') this.hear();
    });
  }

  #learn(entry: Entry): void {
    if (entry.version <= (this.#known.get(entry.id)?.version ?? 0)) return;
    if (this.#known.get(entry.id)?.subscription === null) this.#known.delete(entry.id);
    this.#known.set(entry.id, entry);
    this.#changed(entry);
  }
}

function living(entries: ReadonlyMap<string, Entry>): Kept[] {
  return [...entries.values()].flatMap(({ subscription }) => (subscription === null ? [] : [subscription]));
}
