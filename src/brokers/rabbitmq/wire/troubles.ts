import type { Logger } from '../../../logger.ts';
import type { Failure } from './connect-failure.ts';

/**
 * Logs what is wrong with the connections to one server: once until all is well again, whichever of them met it and
 * however often. What one trouble looks like may change from attempt to attempt, and back.
 */
export class Troubles {
  readonly #logger: Logger;
  /** Purposes of the connections that there are not now. */
  readonly #missing = new Set<string>();
  readonly #said = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  met(purpose: string, { sentence: reason, isRefusal }: Failure): void {
    this.#missing.add(purpose);
    if (this.#said.has(reason)) return;
    this.#said.add(reason);
    if (isRefusal) this.#logger.error({ purpose, reason }, 'rabbitmq.refused');
    else this.#logger.warn({ purpose, reason }, 'rabbitmq.disconnected');
  }

  over(purpose: string): void {
    this.#missing.delete(purpose);
    if (this.#missing.size === 0) this.#said.clear();
  }
}
