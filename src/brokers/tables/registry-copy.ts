import type { Logger } from '../../logger.ts';
import type { Kept, RegistryCopy, RegistryEntry } from '../../registry/store.ts';
import type { CompactedTopic, Table } from './compacted-topic.ts';
import type { KeyedRecord } from './topic-access.ts';

const PREFIX = 'registry:';
const ID = 'registry-id';

/**
 * The registry once more, in a topic of the broker (RULES 19): keys `registry:{subscription}` with the entry as JSON, and
 * `registry-id`. What was removed stays as an entry without a subscription, so that nothing comes back.
 *
 * Replicas write at the same time, so a version may come behind a higher one in the topic, which keeps what is last.
 * Whoever wrote the lower one then writes the higher one again.
 */
export class TopicRegistryCopy implements RegistryCopy, Table {
  readonly #topic: CompactedTopic;
  readonly #logger: Logger;
  readonly #entries = new Map<string, RegistryEntry<Kept>>();
  /** Those whose last record in the topic has a lower version. */
  readonly #overtaken = new Set<string>();
  readonly #owner: Owner;

  constructor(topic: CompactedTopic, logger: Logger) {
    this.#topic = topic;
    this.#logger = logger;
    this.#owner = new Owner(topic, logger);
    topic.keep(PREFIX, this);
  }

  /** Rejects while not all of it is known: then nothing can be said of what is missing. */
  async load(): Promise<{ registryId: string | undefined; entries: readonly RegistryEntry<Kept>[] }> {
    if (!this.#topic.isLoaded) throw new Error(`${this.#topic.name} is not read to its end yet`);
    return { registryId: this.#owner.registryId, entries: [...this.#entries.values()] };
  }

  /** Rejects when it is another registry's. */
  async keep(registryId: string, entry: RegistryEntry<Kept>): Promise<void> {
    await this.#owner.claim(registryId);
    const { id, version } = entry;
    if (this.#versionOf(id) >= version) return;
    await this.#write(entry);
    const newer = this.#entries.get(id);
    if (newer && this.#overtaken.has(id)) await this.#write(newer);
  }

  /** Of all that is not removed. */
  ids(): string[] {
    return [...this.#entries.values()].flatMap(({ id, subscription }) => (subscription ? [id] : []));
  }

  changed(id: string, { value }: KeyedRecord): void {
    const entry = value && this.#parse(id, value);
    if (!entry) return;
    this.#overtaken.delete(id);
    if (entry.version >= this.#versionOf(id)) this.#entries.set(id, entry);
    else this.#overtaken.add(id);
  }

  startedOver(_partition: number, present: ReadonlySet<string>): void {
    const lost = [...this.#entries.values()].filter(({ id }) => !present.has(id) || this.#overtaken.has(id));
    this.#topic.writeBack(lost.map((entry) => [PREFIX + entry.id, encode(entry)]));
  }

  #versionOf(id: string): number {
    return this.#entries.get(id)?.version ?? 0;
  }

  async #write(entry: RegistryEntry<Kept>): Promise<void> {
    await this.#topic.put(PREFIX + entry.id, encode(entry));
  }

  #parse(id: string, value: Uint8Array): RegistryEntry<Kept> | undefined {
    try {
      return JSON.parse(Buffer.from(value).toString()) as RegistryEntry<Kept>;
    } catch (error) {
      this.#logger.error({ subscriptionId: id, reason: String(error) }, 'registry-entry.unreadable');
      return undefined;
    }
  }
}

/** Whose copy it is: the registry that said so first. */
class Owner implements Table {
  readonly #topic: CompactedTopic;
  readonly #logger: Logger;
  #first: string | undefined;
  #last: string | undefined;
  #claiming: { readonly by: string; readonly done: Promise<unknown> } | undefined;

  constructor(topic: CompactedTopic, logger: Logger) {
    this.#topic = topic;
    this.#logger = logger;
    topic.keep(ID, this);
  }

  get registryId(): string | undefined {
    return this.#first;
  }

  async claim(registryId: string): Promise<void> {
    if (this.#last !== registryId && (this.#first ?? registryId) === registryId)
      await this.#write(registryId);
    if (this.#first !== registryId)
      throw new Error(`${this.#topic.name} has a copy of the registry ${this.#first ?? ''} already`);
  }

  changed(_key: string, { value }: KeyedRecord): void {
    if (!value) return;
    this.#last = Buffer.from(value).toString();
    this.#first ??= this.#last;
    if (this.#last !== this.#first)
      this.#logger.error({ topic: this.#topic.name, registryId: this.#last }, 'registry-copy.two-registries');
  }

  startedOver(_partition: number, present: ReadonlySet<string>): void {
    const lost = this.#first !== undefined && (!present.has('') || this.#last !== this.#first);
    if (lost) this.#topic.writeBack([[ID, Buffer.from(this.#first ?? '')]]);
  }

  /** Once, for all who wait for it. */
  async #write(registryId: string): Promise<void> {
    if (this.#claiming?.by !== registryId) {
      const done = this.#topic.put(ID, Buffer.from(registryId)).finally(() => (this.#claiming = undefined));
      this.#claiming = { by: registryId, done };
    }
    await this.#claiming.done;
  }
}

function encode(entry: RegistryEntry<Kept>): Uint8Array {
  return Buffer.from(JSON.stringify(entry));
}
