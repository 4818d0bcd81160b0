import { readFileSync, writeFileSync } from 'node:fs';
import type { Logger } from '../../../logger.ts';

/** Under which name this gateway was a member of its group when it ended without leaving. */
export interface FormerMember {
  /** Undefined when there was none, or nobody knows. */
  load(): string | undefined;
  save(memberId: string): void;
}

/**
 * Remembers it in a file. A gateway that was killed and is back would else wait until the group misses the member that
 * it was: a session's time, in which nobody delivers the events of its partitions.
 *
 * The file must be in a folder that one process at a time can have: only then is it sure that the former one is dead.
 */
export class FormerMemberFile implements FormerMember {
  readonly #file: string;
  readonly #group: string;
  readonly #logger: Logger;

  constructor(file: string, group: string, logger: Logger) {
    this.#file = file;
    this.#group = group;
    this.#logger = logger;
  }

  load(): string | undefined {
    try {
      const { group, memberId } = JSON.parse(readFileSync(this.#file, 'utf8')) as Record<string, unknown>;
      return group === this.#group && typeof memberId === 'string' ? memberId : undefined;
    } catch {
      // None, or not readable: the group will miss the member by itself.
      return undefined;
    }
  }

  save(memberId: string): void {
    try {
      writeFileSync(this.#file, JSON.stringify({ group: this.#group, memberId }));
    } catch (error) {
      this.#logger.warn({ file: this.#file, error: String(error) }, 'group.member-not-remembered');
    }
  }
}
