import type { Logger } from '../../logger.ts';
import { sleep, type Clock } from '../../time.ts';
import { RegistryUnavailable, type RedisConnection } from './connection.ts';
import type { KnownEntries } from './known.ts';
import { OtherRegistry, type Reconciliation } from './reconciliation.ts';
import type { Row } from './row.ts';
import type { Pulse, RegistryTable } from './table.ts';

/** After so long without a change, whether Redis still holds the registry is looked at. */
const BLOCK_MS = 400;
const ANSWER_MS = 2_000;
const MOST_AT_ONCE = 500;
/** What nobody announced (an entry that was evicted or deleted by hand) is found by then. */
const RECONCILE_EVERY_MS = 30_000;
const PAUSE_MS = 250;

interface Message {
  readonly id: string;
  readonly message: { readonly id?: string; readonly version?: string };
}

export interface ChangesOptions {
  /** Its own: a read that waits holds up everything behind it. */
  readonly connection: RedisConnection;
  readonly table: RegistryTable;
  readonly known: KnownEntries;
  readonly reconciliation: Reconciliation;
  readonly accept: (row: Row) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Follows what other replicas write. Their changes are numbered, so whatever may have been missed (the connection was
 * lost, a number is left out or comes again, the registry was flushed) is recognised and mended by a reconciliation.
 */
export class Changes {
  readonly #options: ChangesOptions;
  /** Where it stands; undefined: to be found out by a reconciliation. */
  #position: Pulse | undefined;
  #reconciledAt = 0;
  #trouble: string | undefined;
  /** Reasons that were logged since all was well. */
  readonly #said = new Set<string>();
  #needsOperator = false;
  #stopped = false;

  constructor(options: ChangesOptions) {
    this.#options = options;
  }

  /** Why others' changes are not heard of; undefined while they are. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** From the position of a reconciliation just done; an error: there was none yet, for that reason. */
  start(from: Pulse | RegistryUnavailable): void {
    if (from instanceof RegistryUnavailable) this.#failed(from);
    else this.#position = from;
    this.#reconciledAt = this.#options.clock.monotonic();
    void this.#follow();
  }

  stop(): void {
    this.#stopped = true;
  }

  async #follow(): Promise<void> {
    const { clock } = this.#options;
    while (!this.#stopped) {
      try {
        if (this.#isDue()) this.#position = undefined;
        const hasRead = this.#position !== undefined;
        this.#position = await this.#next(this.#position);
        const { refusal } = this.#options.table;
        if (refusal !== undefined) this.#failed(refusal);
        // Who may reconcile may not be let read the changes.
        else if (hasRead || !this.#needsOperator) this.#works();
      } catch (error) {
        this.#position = undefined;
        this.#failed(error);
        await sleep(clock, PAUSE_MS);
      }
    }
  }

  #isDue(): boolean {
    return this.#options.clock.monotonic() - this.#reconciledAt >= RECONCILE_EVERY_MS;
  }

  /** Undefined when something may have been missed. */
  async #next(position: Pulse | undefined): Promise<Pulse | undefined> {
    const { table } = this.#options;
    if (position === undefined) {
      const pulse = await this.#options.reconciliation.run();
      this.#reconciledAt = this.#options.clock.monotonic();
      if (pulse.registryId !== undefined) await table.probe(pulse.registryId);
      return pulse;
    }
    const changes = await this.#read(position.changes);
    if (changes === undefined) return undefined;
    if (table.refusal !== undefined && position.registryId !== undefined)
      await table.probe(position.registryId);
    const pulse = await table.pulse();
    const same = pulse.registryId === position.registryId && pulse.life === position.life;
    return same && pulse.changes >= changes ? { ...position, changes } : undefined;
  }

  /** The number of the last change after the reading; undefined when there is one missing in between. */
  async #read(after: number): Promise<number | undefined> {
    const { connection, table, known, accept } = this.#options;
    const from = { key: table.changesKey, id: `${after}-0` };
    const how = { BLOCK: BLOCK_MS, COUNT: MOST_AT_ONCE };
    const answer = await connection.call((client) => client.xRead(from, how), BLOCK_MS + ANSWER_MS);
    const messages = (answer?.[0]?.messages ?? []) as Message[];
    let last = after;
    const newer = new Set<string>();
    for (const { id: number, message } of messages) {
      if (Number.parseInt(number) !== ++last) return undefined;
      const { id = '', version = '' } = message;
      if (Number(version) > (known.get(id)?.entry.version ?? 0)) newer.add(id);
    }
    for (const row of await table.read([...newer])) accept(row);
    return last;
  }

  #works(): void {
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#said.clear();
    this.#needsOperator = false;
    this.#options.logger.info({}, 'registry.back');
  }

  /** Says so once; of what an operator has to mend, each thing once. */
  #failed(error: unknown): void {
    const { logger } = this.#options;
    const reason = error instanceof Error ? error.message : String(error);
    if (this.#trouble === reason || this.#stopped) return;
    this.#needsOperator = error instanceof RegistryUnavailable && error.needsOperator;
    const isFirst = this.#trouble === undefined;
    this.#trouble = reason;
    if (this.#said.has(reason)) return;
    this.#said.add(reason);
    if (error instanceof OtherRegistry) logger.error({ reason }, 'registry.other');
    else if (this.#needsOperator) logger.error({ reason }, 'registry.refused');
    else if (isFirst) logger.warn({ reason }, 'registry.away');
  }
}
