import type { Database } from '../../sqlite/database.ts';
import type { Logger } from '../../logger.ts';
import type { Clock, Timer } from '../../time.ts';
import type { LogProcedures } from './storage/storage.ts';
import type { Topics } from './topics.ts';

const EVERY_MS = 5_000;
/** Between two slices, so that appends come in between. */
const SLICE_PAUSE_MS = 20;

export interface RetentionLimits {
  /** Milliseconds that a record stays at least; it goes within seconds after. */
  readonly ageMs?: number;
  /** Bytes of records, over all topics, that stay at most; the oldest go first. The file is some percent larger. */
  readonly bytes?: number;
}

/** Removes old records every few seconds, in slices of some milliseconds. */
export class Retention {
  readonly #database: Database<LogProcedures>;
  readonly #topics: Topics;
  readonly #limits: RetentionLimits;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(
    database: Database<LogProcedures>,
    topics: Topics,
    limits: RetentionLimits,
    clock: Clock,
    logger: Logger,
  ) {
    this.#database = database;
    this.#topics = topics;
    this.#limits = limits;
    this.#clock = clock;
    this.#logger = logger;
  }

  start(): void {
    if (this.#limits.ageMs !== undefined || this.#limits.bytes !== undefined) this.#later(0);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #later(ms: number): void {
    this.#timer = this.#clock.after(ms, () => {
      void this.#slice()
        .catch((error: unknown) => {
          this.#logger.warn({ error: String(error) }, 'retention.failed');
          return false;
        })
        .then((more) => {
          if (!this.#stopped) this.#later(more ? SLICE_PAUSE_MS : EVERY_MS);
        });
    });
  }

  async #slice(): Promise<boolean> {
    const { ageMs, bytes } = this.#limits;
    const { starts, records, more } = await this.#database.call('records.retire', {
      before: ageMs === undefined ? null : this.#clock.now() - ageMs,
      maxBytes: bytes ?? null,
    });
    for (const { partitionId, start } of starts) this.#topics.byId(partitionId)?.retired(start);
    if (records > 0) this.#logger.debug({ records }, 'retention.removed');
    return more;
  }
}
