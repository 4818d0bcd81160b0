import type { Logger } from '../../logger.ts';
import type { Clock, Timer } from '../../time.ts';
import type { Kept, RegistryCopy, RegistryEntry } from '../store.ts';

/** As many entries are given to a copy at the same time. */
const MOST_IN_FLIGHT = 50;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

export type Loaded = Awaited<ReturnType<RegistryCopy['load']>>;

interface Owed {
  entry: RegistryEntry<Kept>;
  inFlight: boolean;
  readonly waiting: ((kept: boolean) => void)[];
}

export interface KeptCopyOptions {
  readonly copy: RegistryCopy;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What the copy had, once it could be read. Throws when it is another registry's: then it is left alone. */
  readonly loaded: (found: Loaded) => void;
}

/**
 * A copy of the registry, which is given every entry until it has it: of each id only the latest version. It is read
 * before anything is written into it; whatever fails is tried again, after 1 s at first and up to 30 s later.
 */
export class KeptCopy {
  readonly #options: KeptCopyOptions;
  readonly #kept = new Map<string, number>();
  readonly #owed = new Map<string, Owed>();
  #registryId: string | undefined;
  #state: 'unread' | 'read' | 'closed' = 'unread';
  #failing = false;
  #pauseMs = FIRST_PAUSE_MS;
  #pause: Timer | undefined;
  #inFlight = 0;

  constructor(options: KeptCopyOptions) {
    this.#options = options;
  }

  get isRead(): boolean {
    return this.#state === 'read';
  }

  /** Resolves when it was read, or could not be: then it is tried again later. Rejects with what `loaded` throws. */
  async load(): Promise<void> {
    let found: Loaded;
    try {
      found = await this.#options.copy.load();
    } catch (error) {
      this.#failed(error, () => void this.load().catch(() => undefined));
      return;
    }
    if (this.#state === 'closed') return;
    for (const { id, version } of found.entries) this.#kept.set(id, version);
    this.#check(found);
    this.#state = 'read';
    this.#works();
    this.#pump();
  }

  /** From now on entries are kept, as this registry's. */
  begin(registryId: string): void {
    this.#registryId = registryId;
    this.#pump();
  }

  /**
   * Resolves with true once the copy has it, and with false as soon as it fails to take it: then it is given to it
   * later.
   */
  keep(entry: RegistryEntry<Kept>): Promise<boolean> {
    const { id, version } = entry;
    if ((this.#kept.get(id) ?? 0) >= version) return Promise.resolve(true);
    const owed = this.#owed.get(id) ?? { entry, inFlight: false, waiting: [] };
    if (owed.entry.version < version) owed.entry = entry;
    this.#owed.set(id, owed);
    if (this.#failing || this.#state !== 'read') {
      this.#pump();
      return Promise.resolve(false);
    }
    return new Promise((resolve) => {
      owed.waiting.push(resolve);
      this.#pump();
    });
  }

  close(): void {
    this.#state = 'closed';
    this.#pause?.cancel();
    this.#giveUpWaiting();
  }

  #pump(): void {
    const { size } = this.#owed;
    if (size === 0 || this.#state !== 'read' || this.#registryId === undefined || this.#pause) return;
    for (const owed of this.#owed.values()) {
      if (this.#inFlight >= MOST_IN_FLIGHT) return;
      if (!owed.inFlight) void this.#give(this.#registryId, owed);
    }
  }

  async #give(registryId: string, owed: Owed): Promise<void> {
    const { entry } = owed;
    owed.inFlight = true;
    this.#inFlight++;
    try {
      if ((this.#kept.get(entry.id) ?? 0) < entry.version) await this.#options.copy.keep(registryId, entry);
      this.#has(owed, entry);
      this.#works();
    } catch (error) {
      this.#failed(error, () => this.#pump());
    }
    owed.inFlight = false;
    this.#inFlight--;
    this.#pump();
  }

  #has(owed: Owed, entry: RegistryEntry<Kept>): void {
    this.#kept.set(entry.id, entry.version);
    // A later version came meanwhile: that one is given next.
    if (owed.entry !== entry) return;
    this.#owed.delete(entry.id);
    for (const tell of owed.waiting.splice(0)) tell(true);
  }

  #works(): void {
    if (!this.#failing) return;
    this.#failing = false;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#options.logger.info({ owed: this.#owed.size }, 'registry.copy.back');
  }

  #failed(error: unknown, again: () => void): void {
    if (this.#state === 'closed') return;
    if (!this.#failing) this.#options.logger.warn({ err: error }, 'registry.copy.failed');
    this.#failing = true;
    this.#giveUpWaiting();
    if (this.#pause) return;
    this.#pause = this.#options.clock.after(this.#pauseMs, () => {
      this.#pause = undefined;
      again();
    });
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
  }

  /** One that is another registry's is left alone. */
  #check(found: Loaded): void {
    try {
      this.#options.loaded(found);
    } catch (error) {
      this.close();
      this.#options.logger.error({ err: error }, 'registry.copy.other');
      throw error;
    }
  }

  #giveUpWaiting(): void {
    for (const { waiting } of this.#owed.values()) for (const tell of waiting.splice(0)) tell(false);
  }
}
