import type { Logger } from '../../../logger.ts';
import type { Clock, Timer } from '../../../time.ts';
import type { ReplayPosition, ReplayPositions } from './replay-positions.ts';

export interface PositionKeeperOptions {
  readonly jobId: string;
  readonly positions: ReplayPositions;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What is durable already. */
  readonly saved: ReplayPosition | undefined;
  /** Where the replay stands now. */
  readonly current: () => ReplayPosition;
}

const SAVE_MS = 1_000;
/** RULES 8: how long settlements may wait to be saved before no attempt is begun any more. */
const UNSAVED_LIMIT_MS = 30_000;

/** Keeps the durable position of one replay where it stands, with one write a second at most. */
export class PositionKeeper {
  readonly #options: PositionKeeperOptions;
  #saved: ReplayPosition | undefined;
  #timer: Timer | undefined;
  /** Of two writes the later one must win. */
  #writing: Promise<boolean> | undefined;
  #settledSince: number | undefined;
  #savingSince: number | undefined;
  #closed = false;

  constructor(options: PositionKeeperOptions) {
    this.#options = options;
    this.#saved = options.saved;
  }

  /** Are settlements unsaved for too long? */
  get isOverdue(): boolean {
    const since = this.#savingSince ?? this.#settledSince;
    return since !== undefined && this.#options.clock.monotonic() - since >= UNSAVED_LIMIT_MS;
  }

  changed(): void {
    if (this.#closed) return;
    this.#timer ??= this.#options.clock.after(SAVE_MS, () => void this.save());
  }

  settled(): void {
    this.#settledSince ??= this.#options.clock.monotonic();
    this.changed();
  }

  /** True once it is durable where the replay stands; false when it could not be written, or is no more this one's. */
  save(): Promise<boolean> {
    this.#timer?.cancel();
    this.#timer = undefined;
    const writing = (this.#writing ?? Promise.resolve(true)).then(() => this.#save());
    this.#writing = writing;
    return writing;
  }

  /** Nothing is written any more, but for what is on its way. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  /** Resolves when nothing is on its way. */
  async idle(): Promise<void> {
    await this.#writing;
  }

  async #save(): Promise<boolean> {
    const { jobId, positions, current, logger } = this.#options;
    if (this.#closed) return false;
    const position = current();
    if (position.offset !== this.#saved?.offset || position.holes !== this.#saved.holes) {
      this.#savingSince ??= this.#settledSince;
      this.#settledSince = undefined;
      try {
        await positions.save(jobId, position);
      } catch (error) {
        logger.warn({ jobId, reason: String(error) }, 'replay-position.not-saved');
        this.changed();
        return false;
      }
      this.#saved = position;
    }
    // What was settled meanwhile is not in it.
    else this.#settledSince = undefined;
    this.#savingSince = undefined;
    return true;
  }
}
