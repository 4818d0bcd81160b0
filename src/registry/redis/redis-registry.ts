import type { Health } from '../../health.ts';
import type { Logger } from '../../logger.ts';
import { sleep, type Clock } from '../../time.ts';
import type { Tls } from '../../tls-files.ts';
import { registryOf } from '../kinds.ts';
import type {
  DocumentStore,
  FeedNotes,
  Kept,
  RegistryCopy,
  RegistryEntry,
  RegistryStore,
  SubscriptionChange,
} from '../store.ts';
import { Changes } from './changes.ts';
import { RedisConnection, RegistryUnavailable } from './connection.ts';
import { SharedEntries } from './entries.ts';
import { RedisNotes } from './notes.ts';
import { Reconciliation } from './reconciliation.ts';
import { RegistryTable, type Pulse } from './table.ts';
import { warnOfLoss } from './warnings.ts';
import { Writes } from './writes.ts';

const TRY_AGAIN_MS = 500;
const SAY_AGAIN_MS = 30_000;

export interface RedisRegistryOptions {
  /** `redis[s]://[[user]:password@]host[:port][/database]`, Redis 6 or newer. */
  readonly url: string;
  readonly tls?: Tls;
  /** What its keys begin with: the setting `name`. */
  readonly prefix: string;
  /** Asked for once, when it is opened. */
  readonly copies: () => readonly RegistryCopy[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newId: () => string;
}

/**
 * The registry in Redis, for several replicas. Each knows all of it, so deliveries go on while Redis is away, and
 * writes it back when Redis lost it; with all replicas gone, a copy does. While Redis is away, calls that write
 * reject with RegistryUnavailable within about 2 s, and `health` says why. Whether a call that ran out of time took
 * effect is told to `follow`, once Redis is back.
 *
 * `open` waits for Redis as long as it is away, unless a copy has the registry. It rejects when Redis or a copy holds
 * another registry. Throws for a `url` that is none.
 */
export function createRedisRegistry(options: RedisRegistryOptions): RegistryStore {
  return registryOf(new RedisRegistry(options));
}

interface Parts {
  readonly entries: SharedEntries;
  readonly table: RegistryTable;
  readonly reconciliation: Reconciliation;
  readonly changes: Changes;
  readonly writes: Writes;
}

class RedisRegistry implements DocumentStore<Kept> {
  readonly isShared = true;
  readonly notes: FeedNotes;
  readonly #options: RedisRegistryOptions;
  readonly #connection: RedisConnection;
  readonly #waiting: RedisConnection;
  #parts: Parts | undefined;
  #changed: (entry: RegistryEntry<Kept>) => void = () => undefined;
  #isOpen = false;
  /** Why it is not open yet. */
  #waitsFor: string | undefined;
  #saidAt = -Infinity;
  /** That were logged while it was not open yet. */
  readonly #refusals = new Set<string>();
  #closed = false;

  constructor(options: RedisRegistryOptions) {
    const { url, tls, clock, prefix } = options;
    this.#options = options;
    this.#connection = new RedisConnection(url, clock, tls);
    this.#waiting = new RedisConnection(url, clock, tls);
    this.notes = new RedisNotes(this.#connection, prefix);
  }

  get registryId(): string {
    const registryId = this.#parts?.reconciliation.registryId;
    if (registryId === undefined) throw new Error('the registry has no id before it is open');
    return registryId;
  }

  follow(changed: (entry: RegistryEntry<Kept>) => void): void {
    this.#changed = changed;
  }

  async open(): Promise<void> {
    const parts = this.#assemble();
    this.#parts = parts;
    const from = await this.#begin(parts).catch(async (error: unknown) => {
      await this.close();
      throw error;
    });
    this.#isOpen = true;
    parts.entries.begin(this.registryId);
    parts.changes.start(from);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#parts?.changes.stop();
    this.#parts?.entries.close();
    this.#connection.close();
    this.#waiting.close();
  }

  async load(): Promise<Kept[]> {
    return this.#opened().entries.known.living();
  }

  async find(id: string): Promise<Kept | undefined> {
    const { entries, table } = this.#opened();
    try {
      for (const row of await table.read([id])) entries.accept(row);
    } catch (error) {
      // Nobody knows whether another replica made it a moment ago.
      if (!(error instanceof RegistryUnavailable) || entries.known.get(id) === undefined) throw error;
    }
    return entries.known.get(id)?.entry.subscription ?? undefined;
  }

  async insert(document: Kept, uniqueKey: string | null): Promise<{ created: boolean; subscription: Kept }> {
    return this.#opened().writes.insert(this.registryId, document, uniqueKey);
  }

  async update(id: string, change: SubscriptionChange, ifVersion?: number): Promise<Kept | undefined> {
    return this.#opened().writes.update(this.registryId, id, change, ifVersion);
  }

  async remove(id: string, ifVersion?: number): Promise<boolean> {
    return this.#opened().writes.remove(this.registryId, id, ifVersion);
  }

  async catchUp(): Promise<void> {
    const { reconciliation } = this.#opened();
    // One that goes on already may have passed what was written since: the next one begins after this call.
    await reconciliation.run();
    await reconciliation.run();
  }

  health(): Health {
    const reason = this.#trouble();
    return reason === undefined ? { ok: true } : { ok: false, reason };
  }

  #trouble(): string | undefined {
    if (this.#closed) return 'the registry is closed';
    const { trouble } = this.#connection;
    if (trouble !== undefined) return trouble;
    if (this.#parts === undefined || !this.#isOpen) return this.#waitsFor ?? 'the registry is not open';
    const { reconciliation, changes, table } = this.#parts;
    return reconciliation.trouble ?? changes.trouble ?? table.refusal?.message;
  }

  #opened(): Parts {
    if (this.#parts === undefined || !this.#isOpen || this.#closed)
      throw new RegistryUnavailable(this.#trouble() ?? 'the registry is not open');
    return this.#parts;
  }

  #assemble(): Parts {
    const { prefix, copies, clock, logger, newId } = this.#options;
    const entries: SharedEntries = new SharedEntries({
      ...{ copies: copies(), clock, logger },
      belongsTo: (registryId) => reconciliation.belongsTo(registryId),
    });
    entries.follow((entry) => this.#changed(entry));
    const { known } = entries;
    const accept = entries.accept.bind(entries);
    const table = new RegistryTable(this.#connection, prefix);
    const notYet = () => (entries.copiesAreRead ? undefined : 'a copy of the registry cannot be read');
    const reconciliation: Reconciliation = new Reconciliation({
      ...{ table, known, prefix, accept, notYet, logger, newId },
    });
    const connection = this.#waiting;
    const changes = new Changes({ connection, table, known, reconciliation, accept, clock, logger });
    return { entries, table, reconciliation, changes, writes: new Writes(table, entries, reconciliation) };
  }

  /** With a copy it does without Redis, so that deliveries begin. */
  async #begin({ entries, reconciliation, table }: Parts): Promise<Pulse | RegistryUnavailable> {
    const { clock, logger } = this.#options;
    await Promise.all([this.#connection.open(), this.#waiting.open(), entries.readCopies()]);
    for (;;) {
      try {
        const pulse = await reconciliation.run();
        if (pulse.registryId !== undefined) await table.probe(pulse.registryId);
        void warnOfLoss(this.#connection, logger);
        return pulse;
      } catch (error) {
        if (!(error instanceof RegistryUnavailable)) throw error;
        if (reconciliation.registryId !== undefined) return error;
        if (this.#closed) throw error;
        this.#sayThatItWaits(error);
        await sleep(clock, TRY_AGAIN_MS);
      }
    }
  }

  /** What waiting can mend now and then; anything else once. */
  #sayThatItWaits({ message: reason, needsOperator }: RegistryUnavailable): void {
    const { clock, logger } = this.#options;
    this.#waitsFor = reason;
    if (needsOperator) {
      if (!this.#refusals.has(reason)) logger.error({ reason }, 'registry.refused');
      this.#refusals.add(reason);
    } else if (clock.monotonic() - this.#saidAt >= SAY_AGAIN_MS) {
      this.#saidAt = clock.monotonic();
      logger.warn({ reason }, 'registry.waiting');
    }
  }
}
