import type { Logger } from '../../logger.ts';
import { sleep, type Clock } from '../../time.ts';
import type { Kept, RegistryCopy, RegistryEntry } from '../store.ts';
import { KeptCopy, type Loaded } from './kept-copy.ts';
import { KnownEntries } from './known.ts';
import type { Row } from './row.ts';

/** A registration waits no longer than this for the copies; they are given the entry all the same. */
const KEEP_MS = 5_000;
/** A copy that takes longer to read is gone without at the start. */
const READ_MS = 10_000;

export interface SharedEntriesOptions {
  readonly copies: readonly RegistryCopy[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whose entries a copy holds. Throws when it is another registry than ours. */
  readonly belongsTo: (registryId: string) => void;
}

/** What is known of the registry here, who is told of it, and the copies that are to have it too. */
export class SharedEntries {
  readonly known = new KnownEntries();
  readonly #options: SharedEntriesOptions;
  readonly #copies: readonly KeptCopy[];
  #changed: ((entry: RegistryEntry<Kept>) => void) | undefined;
  #tells = false;

  constructor(options: SharedEntriesOptions) {
    const { clock, logger } = options;
    this.#options = options;
    this.#copies = options.copies.map(
      (copy) => new KeptCopy({ copy, clock, logger, loaded: (found) => this.#loaded(found) }),
    );
  }

  follow(changed: (entry: RegistryEntry<Kept>) => void): void {
    this.#changed = changed;
  }

  /** Resolves when all copies were read, or failed to be, or take too long. Rejects when one is another registry's. */
  async readCopies(): Promise<void> {
    const reading = this.#copies.map((copy) => copy.load());
    await Promise.race([Promise.all(reading), sleep(this.#options.clock, READ_MS)]);
  }

  /** False while a copy may still bring what nobody else knows. */
  get copiesAreRead(): boolean {
    return this.#copies.every(({ isRead }) => isRead);
  }

  /** From now on what is new is told, and the copies are brought up to date. */
  begin(registryId: string): void {
    this.#tells = true;
    for (const copy of this.#copies) {
      copy.begin(registryId);
      for (const { entry } of this.known.all()) void copy.keep(entry);
    }
  }

  /** Takes over what is newer than what is known, and tells of it. */
  accept(row: Row): void {
    if (!this.known.learn(row) || !this.#tells) return;
    this.#changed?.(row.entry);
    for (const copy of this.#copies) void copy.keep(row.entry);
  }

  /** The same for what this process wrote: resolves when the copies that work have it, after 5 s at the latest. */
  async wrote(row: Row): Promise<void> {
    this.accept(row);
    if (this.#copies.length === 0) return;
    const kept = this.#copies.map((copy) => copy.keep(row.entry));
    await Promise.race([Promise.all(kept), sleep(this.#options.clock, KEEP_MS)]);
  }

  close(): void {
    this.#tells = false;
    for (const copy of this.#copies) copy.close();
  }

  #loaded({ registryId, entries }: Loaded): void {
    if (registryId !== undefined) this.#options.belongsTo(registryId);
    for (const entry of entries) this.accept({ entry, seq: undefined });
  }
}
