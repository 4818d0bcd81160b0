import type { RegistryCopy, RegistryEntry } from '../../src/registry/store.ts';

/** A copy of the registry in memory. `failing` calls reject; `stuck` ones never end. */
export class MemoryCopy implements RegistryCopy {
  readonly entries = new Map<string, RegistryEntry>();
  /** Every call of `keep`, as id and version. */
  readonly given: string[] = [];
  registryId: string | undefined;
  failing = { load: false, keep: false };
  stuck = false;

  constructor(registryId?: string, entries: readonly RegistryEntry[] = []) {
    this.registryId = registryId;
    for (const entry of entries) this.entries.set(entry.id, entry);
  }

  async load(): Promise<{ registryId: string | undefined; entries: RegistryEntry[] }> {
    if (this.failing.load) throw new Error('the copy cannot be read');
    return { registryId: this.registryId, entries: [...this.entries.values()] };
  }

  async keep(registryId: string, entry: RegistryEntry): Promise<void> {
    this.given.push(`${entry.id} ${entry.version}`);
    await Promise.resolve();
    if (this.stuck) await new Promise(() => undefined);
    if (this.failing.keep) throw new Error('the copy cannot be written');
    if ((this.registryId ?? registryId) !== registryId) throw new Error('another registry');
    this.registryId = registryId;
    if ((this.entries.get(entry.id)?.version ?? 0) < entry.version) this.entries.set(entry.id, entry);
  }

  /** Id and version of each, `ended` for a tombstone. */
  summary(): string[] {
    return [...this.entries.values()].map(summaryOf).sort();
  }
}

export function summaryOf({ id, version, subscription }: RegistryEntry): string {
  return `${id} ${version} ${subscription === null ? 'ended' : subscription.state}`;
}
